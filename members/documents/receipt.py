"""« Reçu de cotisation » (SPEC §6): its words were frozen on the day it was issued; only a cancellation is added."""

from datetime import date
from decimal import Decimal
from typing import Any

from caprural import pdf
from caprural.house.models import Organisation
from members.models import Receipt


def receipt(found: Receipt) -> bytes:
    """The document as a PDF."""
    issuer, logo = found.facts["issuer"], Organisation.current().logo_uri
    return pdf.render("pdf/receipt.html", {**receipt_context(found), "organisation": issuer, "logo": logo})


def receipt_context(found: Receipt) -> dict[str, Any]:
    """What `pdf/includes/receipt.html` shows, in the PDF and on its page: the receipt's own facts.

    Of the organisation as it is today there is the logo alone, which is not a word.
    """
    facts = found.facts
    return {
        "receipt": found,
        "facts": facts,
        "amount": Decimal(facts["amount"]),
        "paid_on": _day(facts["paid_on"]),
        "starts_on": _day(facts["campaign"]["starts_on"]),
        "ends_on": _day(facts["campaign"]["ends_on"]),
        "logo": Organisation.current().logo_url,
    }


def _day(iso: str) -> date | None:
    return date.fromisoformat(iso) if iso else None


def receipt_filename(found: Receipt) -> str:
    """« recu-2017-0001.pdf »."""
    return f"recu-{found.label}.pdf"
