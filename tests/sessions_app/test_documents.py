"""The files that go along with the messages, made when a message leaves (R23)."""

from datetime import date, timedelta

import pytest
from icalendar import Calendar

from caprural.mailing import documents
from caprural.mailing.models import Message
from sessions_app import deciding, registering
from sessions_app.models import Registration, TrainingSession
from tests.factories import NOW, make_campaign, make_category, make_registration, make_session
from tests.support.printed import Printed, remove_pango

pytestmark = pytest.mark.django_db


def last_message() -> Message:
    return Message.objects.latest("pk")


def mimetypes(message: Message) -> list[str]:
    return [file.mimetype for file in documents.made(message)]


def test_a_confirmation_carries_the_calendar_file() -> None:
    make_registration(make_session(slug="cooperer"))

    (file,) = documents.made(last_message())

    assert (file.filename, file.mimetype) == ("cooperer.ics", "text/calendar; method=PUBLISH; charset=utf-8")
    (event,) = Calendar.from_ical(file.content).events
    assert event["URL"].endswith("/sessions/cooperer/")


def test_a_seat_that_awaits_its_fee_carries_the_form_filled() -> None:
    make_category(campaign=make_campaign())
    make_registration(make_session(fee_required=True), last_name="Étienne", first_name="Zoé")

    (file,) = documents.made(last_message())

    assert (file.filename, file.mimetype) == ("bulletin-de-cotisation-2017.pdf", "application/pdf")
    assert "Personne à contacter : Zoé Étienne" in Printed(file.content).text


def test_the_file_tells_what_is_true_when_the_message_leaves() -> None:
    registration = make_registration(make_session())
    message = last_message()
    registering.cancel(
        registration, cause=Registration.Cause.PARTICIPANT, now=NOW + timedelta(hours=1), by=registering.PARTICIPANT
    )

    (file,) = documents.made(message)

    parsed = Calendar.from_ical(file.content)
    assert file.mimetype == "text/calendar; method=CANCEL; charset=utf-8"
    assert (parsed["METHOD"], parsed.events[0]["STATUS"]) == ("CANCEL", "CANCELLED")


def test_a_session_that_found_a_new_date_meanwhile_is_not_cancelled() -> None:
    """Cancelled and moved would bear the same sequence: calendars would refuse the move."""
    session = make_session()
    make_registration(session)
    deciding.postpone(session, first_on=None, now=NOW)
    message = last_message()
    assert mimetypes(message) == ["text/calendar; method=CANCEL; charset=utf-8"]
    session.days.update(date=date(2017, 5, 10))
    TrainingSession.objects.update(status=TrainingSession.Status.PUBLISHED)

    (file,) = documents.made(message)

    assert file.mimetype == "text/calendar; method=PUBLISH; charset=utf-8"
    (event,) = Calendar.from_ical(file.content).events
    assert (event["STATUS"], event.start.date()) == ("CONFIRMED", date(2017, 5, 10))


@pytest.mark.parametrize("fee_required", [False, True])
def test_an_erased_registration_leaves_the_message_without_file(fee_required: bool) -> None:
    registration = make_registration(make_session(fee_required=fee_required))
    message = last_message()
    registering.delete([registration], now=NOW)

    assert documents.made(message) == []


def test_a_session_that_lost_its_dates_has_nothing_for_a_calendar() -> None:
    make_registration(make_session())
    TrainingSession.objects.get().days.all().delete()

    assert documents.made(last_message()) == []


def test_without_pango_the_message_leaves_without_its_form(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_registration(make_session(fee_required=True))
    remove_pango(monkeypatch)

    assert documents.made(last_message()) == []
    assert "Message without its membership form" in caplog.text
