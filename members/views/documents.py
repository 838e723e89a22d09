"""The documents of a fee, behind their private links: each PDF has a page that says the same (SPEC §6)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from caprural import pdf
from caprural.private_pages import private
from members import documents
from members.models import MembershipFee, Receipt


@private
@require_safe
def fee_call(request: HttpRequest, token: str) -> HttpResponse:
    """« Appel de cotisation »."""
    return render(request, "members/fee_call.html", documents.fee_call_context(_fee(token)))


@private
@require_safe
def fee_call_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The same, to print or to keep."""
    fee = _fee(token)
    return pdf.response(documents.fee_call_filename(fee), documents.fee_call(fee))


@private
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """« Reçu de cotisation »."""
    found = get_object_or_404(Receipt, token=token)
    return render(request, "members/receipt.html", documents.receipt_context(found))


@private
@require_safe
def receipt_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The same, to print or to keep."""
    found = get_object_or_404(Receipt, token=token)
    return pdf.response(documents.receipt_filename(found), documents.receipt(found))


def _fee(token: str) -> MembershipFee:
    return get_object_or_404(MembershipFee.objects.select_related("member", "campaign", "category"), token=token)
