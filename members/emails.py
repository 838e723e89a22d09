"""Every message about the annual fee: one function each, queued in the caller's transaction (R23).

Each is written to the payer. A payer without an address is written to by post: nothing is queued, and nothing is said
to have been sent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from caprural.house.models import Organisation
from caprural.mailing import outbox
from caprural.mailing.models import Message
from members.models import Application, MembershipFee, Receipt

#: Names under which `members.documents` makes the attachments.
FILLED_FORM = "filled_membership_form"  # of messages queued before 25 November 2026
FEE_CALL = "fee_call"
RECEIPT = "receipt"

#: Kind of the answer to an on-line form, and what it says of the payment: what is to be paid, that nothing is, or that
#: we look first.
APPLICATION_RECEIVED = "application_received"
PAY, ALREADY_PAID, WAIT = "pay", "already_paid", "wait"
#: Kinds of the messages that `members.reminding` sends, as their log keeps them.
MEMBERSHIP_REMINDER = "membership_reminder"


def application_received(application: Application, answer: str) -> None:
    """To the address typed in the on-line form, which nobody has proved: our own words, the reference, what to do of
    the payment (PAY, ALREADY_PAID or WAIT), and the link behind which stands what was typed (R15).
    """
    link = f"{settings.SITE_URL}{application.get_absolute_url()}"
    to_typist = _from_us(application.email, application=application, answer=answer, link=link)
    outbox.queue([outbox.compose(APPLICATION_RECEIVED, about=application, **to_typist)])


def fee_call(fee: MembershipFee, *, now: datetime, key: str = "") -> None:
    """« Appel de cotisation »: the document a public body needs before it can pay. `key` names one sending."""
    _queue(FEE_CALL, fee, now=now, key=key, attach=((FEE_CALL, fee.pk),), link=_link(FEE_CALL, fee.token))


def fee_call_to_read(fee: MembershipFee) -> Message:
    """The same call as its payer would read it, also of a fee that is not opened yet. Only reads."""
    return outbox.compose(FEE_CALL, **_from_us(fee.member.email, fee=fee, link=_link(FEE_CALL, fee.token)))


def membership_reminder(fee: MembershipFee, *, step: int, now: datetime) -> None:
    """The fee is still expected; once per step, the first being 1 (R24)."""
    _queue(
        MEMBERSHIP_REMINDER,
        fee,
        now=now,
        key=str(step),
        attach=((FEE_CALL, fee.pk),),
        step=step,
        link=_link("fee_call", fee.token),
    )


def receipt(receipt: Receipt, *, not_covered: Sequence[str] = (), now: datetime) -> None:
    """The payment has arrived: the receipt, with its number, the days it covers, and those that await another fee."""
    _queue(
        "receipt",
        receipt.fee,
        now=now,
        attach=((RECEIPT, receipt.pk),),
        receipt=receipt,
        not_covered=not_covered,
        link=_link("receipt", receipt.token),
    )


def fee_cancelled(fee: MembershipFee, *, successor: MembershipFee | None, now: datetime) -> None:
    """The fee, or its payment, no longer counts (R16). `successor`: the fee expected instead, whose call goes along.

    Its reference is on the call alone: what is read before cancelling must be, word for word, what is sent.
    """
    attach = ((FEE_CALL, successor.pk),) if successor else ()
    _queue("fee_cancelled", fee, now=now, attach=attach, receipt=fee.receipts.first(), successor=successor)


def _link(name: str, token: str) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=[token])}"


def _queue(
    name: str,
    fee: MembershipFee,
    *,
    now: datetime,
    key: str = "",
    attach: tuple[tuple[str, int], ...] = (),
    **context: Any,
) -> None:
    if not fee.member.email:
        return
    documents = [(document, str(pk)) for document, pk in attach]
    letter = _from_us(fee.member.email, fee=fee, **context)
    message = outbox.compose(name, about=fee, key=key, documents=documents, **letter)
    message.written_at = now
    outbox.queue([message])


def _from_us(to: str, **context: Any) -> dict[str, Any]:
    organisation = Organisation.current()
    return {
        "to": to,
        "context": {**context, "organisation": organisation, "site_url": settings.SITE_URL},
        "sender": organisation.name,
        "reply_to": organisation.email,
    }
