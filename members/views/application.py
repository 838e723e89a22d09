"""The on-line membership form, and the private page of whoever filled it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from caprural import pdf
from members import documents
from members.models import Application


@require_safe
def application_detail(request: HttpRequest, token: str) -> HttpResponse:
    """What was typed, what is expected and how to pay."""
    application = get_object_or_404(Application, token=token)
    return HttpResponse(application.name)


@require_safe
def application_form(request: HttpRequest, token: str) -> HttpResponse:
    """The filled membership form."""
    application = get_object_or_404(Application, token=token)
    return pdf.response(documents.filled_form_filename(application), documents.filled_form(application))
