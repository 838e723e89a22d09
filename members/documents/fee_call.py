"""« Appel de cotisation » (SPEC §6)."""

from caprural import pdf
from members.models import MembershipFee, Organisation


def fee_call(fee: MembershipFee) -> bytes:
    """The document as a PDF."""
    return pdf.render("pdf/fee_call.html", {"fee": fee, "organisation": Organisation.current()})


def fee_call_filename(fee: MembershipFee) -> str:
    """« appel-de-cotisation-COT-00042.pdf »."""
    return f"appel-de-cotisation-{fee.code}.pdf"
