"""The documents of the annual fee (SPEC §6), and those that go along with a message. WeasyPrint is loaded late."""

import logging
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from caprural.mailing.documents import Attachment, attachment
from caprural.pdf import PdfUnavailable
from members import emails
from members.documents.fee_call import fee_call, fee_call_context, fee_call_filename
from members.documents.membership_form import Applicant, filled_form, membership_form, membership_form_filename
from members.documents.receipt import receipt, receipt_context, receipt_filename
from members.models import Application, MembershipFee, Receipt

logger = logging.getLogger(__name__)


def register_attachments() -> None:
    """Tell the letter box how to make the files of our messages (R23); the key is the row's."""
    forms = Application.objects.select_related("category__campaign", "fee")
    fees = MembershipFee.objects.select_related("member", "campaign", "category")
    _attach(
        emails.FILLED_FORM,
        "bulletin de cotisation",
        forms,
        filled_form,
        lambda form: membership_form_filename(form.category.campaign),
    )
    _attach(emails.FEE_CALL, "appel de cotisation", fees, fee_call, fee_call_filename)
    _attach(emails.RECEIPT, "reçu", Receipt.objects.all(), receipt, receipt_filename)


def _attach(
    name: str, label: str, rows: QuerySet[Any], document: Callable[[Any], bytes], filename: Callable[[Any], str]
) -> None:
    """The document of a row as it is when the message leaves; none when the row is gone."""

    @attachment(name, label)
    def attached(key: str) -> Attachment | None:
        found = rows.filter(pk=key).first()
        if found is None:
            return None
        try:
            content = document(found)
        except PdfUnavailable:
            # The message says the amount and links to a page that says the rest: better without its file than never.
            logger.exception("Message without its %s", filename(found))
            return None
        return Attachment(filename(found), content, "application/pdf")
