"""« Appel de cotisation » (SPEC §6): what a payer, and their accountant, need in order to pay."""

from typing import Any

from caprural import pdf
from caprural.house.models import Organisation
from members.models import MembershipFee


def fee_call(fee: MembershipFee) -> bytes:
    """The document as a PDF."""
    found = fee_call_context(fee)
    return pdf.render("pdf/fee_call.html", {**found, "logo": found["organisation"].logo_uri})


def fee_call_context(fee: MembershipFee) -> dict[str, Any]:
    """What `pdf/includes/fee_call.html` shows, in the PDF and on its page.

    It bears the day the fee was asked, however often it is printed, and says what the fee has become: a call that was
    paid or cancelled must not be paid again. Four queries, besides the fee's own.
    """
    organisation = Organisation.current()
    return {
        "fee": fee,
        "organisation": organisation,
        "logo": organisation.logo_url,
        "people": fee.covered_people(),
        "domains": fee.covered_domains(),
        "receipt": fee.receipts.filter(voided_at__isnull=True).first(),
    }


def fee_call_filename(fee: MembershipFee) -> str:
    """« appel-de-cotisation-COT-00042.pdf »."""
    return f"appel-de-cotisation-{fee.code}.pdf"
