"""What a letter remembers: what it is about, what has become of it, and what is left of it once erased (R24, R25)."""

import pytest
from django.db import IntegrityError, transaction

from caprural import typography
from caprural.mailing.models import Message
from tests.factories import NOW, make_registration, make_session

pytestmark = pytest.mark.django_db
State = Message.State


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "à envoyer"),
        ({"attempts": 2}, "à renvoyer après un échec"),
        ({"state": State.SENT, "sent_at": NOW}, f"envoyé le {typography.moment(NOW)}"),
        ({"state": State.FAILED, "attempts": 72}, "abandonné"),
        ({"state": State.TAKEN_BACK}, "retiré avant l’envoi"),
        ({"state": State.POSTED}, "par courrier"),
    ],
)
def test_what_has_become_of_it(fields: dict[str, object], said: str) -> None:
    assert Message(**fields).outcome == said


def test_a_dated_letter_is_written_once() -> None:
    """The database says so, whatever a worker does twice; letters without date are as many as one likes."""
    registration = make_registration(make_session())
    for key in ("2017-04-12", "", ""):
        Message.objects.create(about=registration, kind="x", key=key)

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(about=registration, kind="x", key="2017-04-12")

    Message.objects.create(about=registration.session, kind="x", key="2017-04-12")


class TestErasing:
    def test_the_words_go_and_the_fact_stays(self) -> None:
        registration = make_registration(make_session())
        registration.messages.update(state=State.SENT, sent_at=NOW, key="2017", last_error="550 <camille@…>")

        assert Message.objects.erase() == 1

        [message] = registration.messages.all()
        words = (message.to, message.sender, message.reply_to, message.subject, message.text, message.html)
        assert (*words, message.documents, message.last_error) == (*("",) * 6, [], "")
        assert (message.kind, message.key, message.state, message.sent_at) == ("confirmed", "2017", "sent", NOW)
        assert message.is_erased

    def test_not_of_what_is_still_to_leave(self) -> None:
        registration = make_registration(make_session())

        assert Message.objects.erase() == 0

        assert registration.messages.get().to == registration.email

    def test_nothing_is_left_about_what_is_gone(self) -> None:
        registration = make_registration(make_session())
        registration.messages.update(state=State.SENT)
        registration.delete()
        assert Message.objects.get().about is None

        Message.objects.erase()

        assert not Message.objects.exists()


def test_a_row_takes_what_was_erased_with_it_and_leaves_the_letters() -> None:
    registration = make_registration(make_session())
    for state, text in ((State.QUEUED, "a"), (State.SENT, "b"), (State.SENT, ""), (State.POSTED, "")):
        Message.objects.create(about=registration, kind="x", state=state, text=text)

    registration.delete()

    assert list(Message.objects.filter(kind="x").order_by("pk").values_list("text", flat=True)) == ["a", "b"]
