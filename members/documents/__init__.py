"""The documents of the annual fee (SPEC §6), and those that go along with a message. WeasyPrint is loaded late."""

from caprural import emails as queue
from members import emails
from members.documents.fee_call import fee_call, fee_call_filename
from members.documents.membership_form import (
    Applicant,
    filled_form,
    filled_form_filename,
    membership_form,
    membership_form_filename,
)
from members.documents.receipt import receipt, receipt_filename
from members.models import Application, MembershipFee, Receipt

__all__ = [
    "Applicant",
    "fee_call",
    "fee_call_filename",
    "filled_form",
    "filled_form_filename",
    "membership_form",
    "membership_form_filename",
    "receipt",
    "receipt_filename",
    "register_attachments",
]

PDF = "application/pdf"


def register_attachments() -> None:
    """Tell the mail queue how to make the files of our messages (R23); the key is the row's."""
    queue.attachment(emails.FILLED_FORM)(_filled_form)
    queue.attachment(emails.FEE_CALL)(_fee_call)
    queue.attachment(emails.RECEIPT)(_receipt)


def _filled_form(key: str) -> queue.Attachment | None:
    found = Application.objects.filter(pk=key).first()
    return queue.Attachment(filled_form_filename(found), filled_form(found), PDF) if found else None


def _fee_call(key: str) -> queue.Attachment | None:
    found = MembershipFee.objects.filter(pk=key).first()
    return queue.Attachment(fee_call_filename(found), fee_call(found), PDF) if found else None


def _receipt(key: str) -> queue.Attachment | None:
    found = Receipt.objects.filter(pk=key).first()
    return queue.Attachment(receipt_filename(found), receipt(found), PDF) if found else None
