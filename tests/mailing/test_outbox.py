"""Into the letter box: what a letter is made of, and that it waits with the transaction that wrote it (R23, R24)."""

import re

import pytest
from django.db import transaction

from caprural.mailing import delivery, outbox
from caprural.mailing.models import Message
from tests.factories import NOW
from tests.mailing.greeting import queue, states
from tests.support.smtp_sink import SmtpSink
from tests.support.together import at_once

pytestmark = pytest.mark.usefixtures("greeting")


@pytest.mark.parametrize(
    ("subject", "short"),
    [
        ("Place retenue\u00a0: Coopérer – 12\u00a0avril 2027", "Place retenue\u00a0: Coopérer – 12\u00a0avril 2027"),
        (
            "Place retenue, cotisation attendue au plus tard le 5\u00a0avril 2027\u00a0: "
            "Conduire une démarche de coopération – entre acteurs – 12\u00a0avril 2027",
            "Place retenue, cotisation attendue au plus tard le 5\u00a0avril 2027\u00a0: "
            "Conduire une… – 12\u00a0avril 2027",
        ),
        (f"Convocation\u00a0: {'mot ' * 40}fin", f"Convocation\u00a0: {'mot ' * 18}mot…"),
        ("x" * 120, "x" * 120),
    ],
)
def test_a_long_subject_gives_up_the_end_of_the_title(subject: str, short: str) -> None:
    assert outbox._short(subject) == short


@pytest.mark.django_db
class TestQueue:
    def test_message_is_rendered_and_waits(self) -> None:
        email = queue()

        email.refresh_from_db()
        assert email.to == "camille@structure.example"
        assert email.subject == "Bonjour Camille\u00a0:"
        assert email.text == "Bonjour Camille,\n\nEnchanté\u202f!\n"
        assert email.html == "<p>Bonjour Camille,</p>\n<p><strong>Enchanté</strong>\u202f!</p>\n"
        assert email.reply_to == "contact@caprural.example"
        assert re.fullmatch(r"<[\w.]+@inscriptions\.caprural\.example>", email.message_id)
        assert email.state == Message.State.QUEUED
        assert email.due_at is None

    def test_two_messages_have_two_numbers(self) -> None:
        assert queue().message_id != queue().message_id

    def test_what_a_person_typed_is_not_a_template_nor_markup(self) -> None:
        name = '{{ 7|add:7 }} <b>« l\'As » & "Co"</b> *_[x](y)'

        email = queue(name=name)

        assert email.subject == f"Bonjour {name}\u00a0:"
        assert email.text == f"Bonjour {name},\n\nEnchanté\u202f!\n"
        assert email.html == (
            "<p>Bonjour {{ 7|add:7 }} &lt;b&gt;« l'As » &amp; &quot;Co&quot;&lt;/b&gt; *_[x](y),</p>\n"
            "<p><strong>Enchanté</strong>\u202f!</p>\n"
        )

    @pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
    def test_subject_is_one_line(self, line_break: str, sink: SmtpSink) -> None:
        queue(name=f"Camille{line_break}Bcc: victime@ailleurs.example")

        delivery.deliver(now=NOW)

        [message] = sink.received
        assert message["Subject"].strip() == "Bonjour Camille Bcc: victime@ailleurs.example\u00a0:"
        assert message["Bcc"] is None

    def test_nothing_is_queued_when_the_transaction_fails(self) -> None:
        @transaction.atomic
        def register() -> None:
            queue()
            raise RuntimeError

        with pytest.raises(RuntimeError):
            register()

        assert states() == []


@pytest.mark.django_db
class TestWhatIsWritten:
    def test_what_an_act_writes_is_recorded_whatever_else_is(self) -> None:
        queue("before@structure.example")
        with outbox.recording() as outer:
            queue("a@structure.example")
            with outbox.recording() as inner:
                queue("b@structure.example")
        queue("after@structure.example")

        assert [message.to for message in outer] == ["a@structure.example", "b@structure.example"]
        assert [message.to for message in inner] == ["b@structure.example"]


@pytest.mark.django_db
class TestSendAgain:
    def test_a_letter_about_nothing_goes_where_it_went(self) -> None:
        queue()
        Message.objects.update(state=Message.State.SENT)

        copy = outbox.send_again(Message.objects.get())

        assert (copy.to, copy.state, copy.copy_of_id) == ("camille@structure.example", "queued", copy.pk - 1)

    @pytest.mark.parametrize("state", [Message.State.FAILED, Message.State.TAKEN_BACK])
    def test_what_never_left_keeps_its_number(self, state: str) -> None:
        number = queue().message_id
        Message.objects.update(state=state, attempts=3)

        outbox.send_again(Message.objects.get())

        assert list(Message.objects.values_list("message_id", "state", "attempts")) == [(number, "queued", 0)]

    @pytest.mark.django_db(transaction=True)
    def test_twice_at_the_same_instant_it_leaves_once(self) -> None:
        queue()
        Message.objects.update(state=Message.State.SENT)
        message = Message.objects.get()

        outcomes = at_once(*[lambda: outbox.send_again(message)] * 3)

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Message", "NotSentAgain", "NotSentAgain"]
        assert Message.objects.count() == 2

    def test_erased_meanwhile_it_says_so(self) -> None:
        message = queue()
        Message.objects.update(state=Message.State.SENT)
        Message.objects.erase()

        with pytest.raises(outbox.NotSentAgain, match="effacé"):
            outbox.send_again(message)

    def test_what_is_written_anew_or_erased_is_not(self) -> None:
        assert outbox.can_be_sent_again(Message(kind="confirmed", text="Bonjour"))
        assert not outbox.can_be_sent_again(Message(kind="links", text="Bonjour"))
        assert not outbox.can_be_sent_again(Message(kind="confirmed"))


@pytest.mark.django_db
def test_taken_back_it_is_not_among_what_needs_somebody() -> None:
    for name in ("taken", "failed"):
        queue(f"{name}@structure.example")

    assert outbox.take_back(Message.objects.filter(to="taken@structure.example")) == 1
    Message.objects.filter(to="failed@structure.example").update(state=Message.State.FAILED, written_at=NOW)

    assert [message.to for message in Message.objects.given_up(since=NOW)] == ["failed@structure.example"]
