"""The on-line membership form, and what its sender reads (R12, R14, R15).

The private link travels by e-mail only: anybody may type anybody's address. The browser that sent the form has a page
without it, for two hours.
"""

from datetime import timedelta
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from caprural import limits, pdf
from caprural.private_pages import private
from members import applying, documents
from members.forms import ApplicationForm
from members.models import Application, FeeCategory
from members.views.fee import asked_day

#: « Too many requests »: what is answered when a limit is reached.
TOO_MANY = 429
LIFE = timedelta(hours=2)
#: The form this browser has just sent, in its Django session.
SENT = "application_sent"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """« Adhérer en ligne »: refused, the form comes back with the reason and what was typed. From a session, the scale
    that covers its day, and no other.
    """
    now = timezone.now()
    day = asked_day(request)
    offered = FeeCategory.objects.offered(timezone.localdate(now))
    categories = [category for category in offered if day is None or category.campaign.covers(day)]
    form = ApplicationForm.of(request.POST if request.method == "POST" else None, categories=categories)
    refusal, status = "", 0
    if form.is_bound and form.is_valid():
        try:
            sent = applying.apply(*form.application(), network=limits.network_of(request), now=now)
        except limits.LimitReached as refused:
            refusal, status = str(refused), TOO_MANY
        else:
            request.session[SENT] = sent.pk
            return redirect("application_sent")
    context: dict[str, Any] = {"form": form, "categories": categories, "refusal": refusal, "day": day}
    return render(request, "members/apply.html", context, status=status or form_status(form, is_refused=False))


def form_status(form: BaseForm, *, is_refused: bool) -> int:
    """What is answered with the form: 200 when nothing was sent for good, 409 refused, 422 to correct."""
    if not form.is_bound:
        return 200
    return 409 if is_refused else 422


@private
@require_safe
def application_sent(request: HttpRequest) -> HttpResponse:
    """What is expected, to the browser that sent the form: what any form is answered, thus until it is checked."""
    recent = Application.objects.to_check().filter(received_at__gt=timezone.now() - LIFE)
    application = recent.select_related("category__campaign").filter(pk=request.session.get(SENT, 0)).first()
    return render(
        request,
        "members/application_sent.html",
        {"application": application, "fee": None},
        status=200 if application else 404,
    )


@private
@require_safe
def application_detail(request: HttpRequest, token: str) -> HttpResponse:
    """What was typed, what becomes of it, what is expected and how to pay; nothing else of the payer (R14)."""
    application = _behind(token)
    return render(request, "members/application_detail.html", {"application": application, "fee": application.fee})


@private
@require_safe
def application_form(request: HttpRequest, token: str) -> HttpResponse:
    """The filled membership form."""
    application = _behind(token)
    return pdf.response(
        documents.membership_form_filename(application.category.campaign), documents.filled_form(application)
    )


def _behind(token: str) -> Application:
    """The application of a private link. Raises Http404."""
    return get_object_or_404(Application.objects.select_related("fee", "category__campaign"), token=token)
