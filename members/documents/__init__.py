"""The documents of the annual fee (SPEC §6), and those that go along with a message. WeasyPrint is loaded late."""

import logging
from collections.abc import Callable
from typing import Any

from django.db.models import Model

from caprural.mailing.documents import Attachment, attachment
from caprural.pdf import PdfUnavailable
from members import emails
from members.documents.fee_call import fee_call, fee_call_context, fee_call_filename
from members.documents.membership_form import (
    Applicant,
    filled_form,
    filled_form_filename,
    membership_form,
    membership_form_filename,
)
from members.documents.receipt import receipt, receipt_context, receipt_filename
from members.models import Application, MembershipFee, Receipt

logger = logging.getLogger(__name__)

PDF = "application/pdf"


def register_attachments() -> None:
    """Tell the mail queue how to make the files of our messages (R23); the key is the row's."""
    attachment(emails.FILLED_FORM, "bulletin de cotisation")(_filled_form)
    attachment(emails.FEE_CALL, "appel de cotisation")(_fee_call)
    attachment(emails.RECEIPT, "reçu")(_receipt)


def _filled_form(key: str) -> Attachment | None:
    found = Application.objects.select_related("category__campaign", "fee").filter(pk=key).first()
    return _attached(filled_form_filename, filled_form, found)


def _fee_call(key: str) -> Attachment | None:
    found = MembershipFee.objects.select_related("member", "campaign", "category").filter(pk=key).first()
    return _attached(fee_call_filename, fee_call, found)


def _receipt(key: str) -> Attachment | None:
    return _attached(receipt_filename, receipt, Receipt.objects.filter(pk=key).first())


def _attached(
    filename: Callable[[Any], str], document: Callable[[Any], bytes], found: Model | None
) -> Attachment | None:
    """The document of a row as it is when the message leaves; none when the row is gone."""
    if found is None:
        return None
    try:
        content = document(found)
    except PdfUnavailable:
        # The message says the amount and links to a page that says the rest: better without its file than never.
        logger.exception("Message without its %s", filename(found))
        return None
    return Attachment(filename(found), content, PDF)
