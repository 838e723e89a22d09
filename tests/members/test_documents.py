"""The files that go along with the messages of a fee, made when a message leaves (R23)."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from caprural.mailing import documents
from caprural.mailing.models import Message
from members import emails, fees
from members.models import Application, FeeCategory, Member, MembershipFee, Receipt
from tests.factories import NOW
from tests.support.printed import Printed, remove_pango

pytestmark = pytest.mark.django_db

Ask = Callable[..., MembershipFee]


@pytest.fixture
def fee(district: Member, asked: Ask) -> MembershipFee:
    return asked(district)


def application(fee: MembershipFee, scale: FeeCategory) -> Application:
    return Application.objects.create(
        fee=fee,
        category=scale,
        amount=scale.amount,
        kind="structure",
        name="Plateau",
        contact_name="Dominique Durand",
        email="dominique@plateau.example",
        method="transfer",
        submission_key=uuid4(),
        received_at=NOW,
    )


def attached() -> list[tuple[str, str, str]]:
    """Name, type and title of each file of the last message."""
    files = documents.made(Message.objects.latest("pk"))
    return [(file.filename, file.mimetype, Printed(file.content).title.partition(" – ")[0]) for file in files]


def test_the_call_and_its_reminders(fee: MembershipFee) -> None:
    expected = [
        (f"appel-de-cotisation-{fee.code}.pdf", "application/pdf", f"Appel de cotisation {fee.code}"),
    ]
    emails.fee_call(fee, now=NOW)
    assert attached() == expected
    emails.membership_reminder(fee, step=1, now=NOW)
    assert attached() == expected


def test_the_receipt(fee: MembershipFee) -> None:
    fees.settle(fee, now=NOW)

    assert attached() == [("recu-2017-0001.pdf", "application/pdf", "Reçu de cotisation n°\u00a02017-0001")]


def test_the_form_that_was_filled_is_behind_its_link_alone(fee: MembershipFee, scale: FeeCategory) -> None:
    emails.application_received(application(fee, scale), emails.PAY)

    assert attached() == []


def test_a_form_s_message_queued_before_that_still_leaves(fee: MembershipFee, scale: FeeCategory) -> None:
    form = application(fee, scale)
    emails.application_received(form, emails.PAY)
    Message.objects.update(documents=[[emails.FILLED_FORM, str(form.pk)]])

    assert attached() == [("bulletin-de-cotisation-2017.pdf", "application/pdf", "Bulletin de cotisation")]


def test_a_cancelled_fee_has_nothing_attached(fee: MembershipFee) -> None:
    fees.cancel(fee, now=NOW, is_told=True)

    assert attached() == []


def test_the_call_tells_what_is_true_when_the_message_leaves(fee: MembershipFee) -> None:
    emails.fee_call(fee, now=NOW)
    message = Message.objects.latest("pk")
    fees.settle(fee, now=NOW)

    (file,) = documents.made(message)

    assert "cet appel n’est plus à payer" in Printed(file.content).text


def test_what_is_gone_leaves_the_message_without_file(fee: MembershipFee, scale: FeeCategory) -> None:
    emails.fee_call(fee, now=NOW)
    call = Message.objects.latest("pk")
    fees.settle(fee, now=NOW)
    receipt = Message.objects.latest("pk")
    Receipt.objects.all().delete()
    MembershipFee.objects.all().delete()

    assert [documents.made(message) for message in (call, receipt)] == [[], []]


def test_without_pango_messages_leave_without_their_file(
    fee: MembershipFee, scale: FeeCategory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    emails.fee_call(fee, now=NOW)
    fees.settle(fee, now=NOW)
    remove_pango(monkeypatch)

    assert [documents.made(message) for message in Message.objects.order_by("pk")] == [[], []]
    assert [record.getMessage() for record in caplog.records] == [
        f"Message without its appel-de-cotisation-{fee.code}.pdf",
        "Message without its recu-2017-0001.pdf",
    ]
