"""« Reçu » (SPEC §6)."""

from caprural import pdf
from members.models import Organisation, Receipt


def receipt(found: Receipt) -> bytes:
    """The document as a PDF."""
    return pdf.render("pdf/receipt.html", {"found": found, "organisation": Organisation.current()})


def receipt_filename(found: Receipt) -> str:
    """« recu-2017-0001.pdf »."""
    return f"recu-{found.label}.pdf"
