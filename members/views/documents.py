"""The documents of a fee, behind their private links: each PDF has a page that says the same."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from caprural import pdf
from members import documents
from members.models import MembershipFee, Receipt
from members.views.private import private


@private
@require_safe
def fee_call(request: HttpRequest, token: str) -> HttpResponse:
    """« Appel de cotisation »."""
    fee = get_object_or_404(MembershipFee, token=token)
    return HttpResponse(fee.code)


@private
@require_safe
def fee_call_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The same, to print or to keep."""
    fee = get_object_or_404(MembershipFee, token=token)
    return pdf.response(documents.fee_call_filename(fee), documents.fee_call(fee))


@private
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """« Reçu »."""
    found = get_object_or_404(Receipt, token=token)
    return HttpResponse(found.label)


@private
@require_safe
def receipt_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The same, to print or to keep."""
    found = get_object_or_404(Receipt, token=token)
    return pdf.response(documents.receipt_filename(found), documents.receipt(found))
