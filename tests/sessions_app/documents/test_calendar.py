"""The calendar files (R9, R19), as strict parsers read them."""

from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Any

import pytest
from dateutil.tz import tzical
from django.test import Client
from django.utils import timezone
from icalendar import Calendar, Event
from pytest_django import DjangoAssertNumQueries

from caprural.house.models import Organisation
from members import fees
from sessions_app import deciding, registering, roles
from sessions_app.documents import calendar
from sessions_app.models import Registration, TrainingSession
from tests.factories import (
    NOW,
    PARIS,
    make_campaign,
    make_category,
    make_member,
    make_registration,
    make_session,
    make_staff,
)
from tests.support.announced import open_session, today

pytestmark = pytest.mark.django_db

SITE = "https://inscriptions.caprural.example"
TWO_DAYS = (date(2017, 4, 12), date(2017, 4, 20))


def display(session: TrainingSession) -> TrainingSession:
    return TrainingSession.objects.for_display().get(pk=session.pk)


def public(session: TrainingSession) -> bytes:
    return calendar.session_calendar(display(session))


def private(registration: Registration) -> bytes:
    registration.refresh_from_db()
    return calendar.registration_calendar(registration, display(registration.session))


def events(content: bytes) -> list[Event]:
    return list(Calendar.from_ical(content).events)


def event(content: bytes) -> Event:
    (only,) = events(content)
    return only


def of_yesterday(**fields: Any) -> TrainingSession:
    """A session last changed before NOW."""
    session = make_session(**fields)
    TrainingSession.objects.filter(pk=session.pk).update(updated_at=NOW - timedelta(days=1))
    return session


def after(hours: int) -> datetime:
    return NOW + timedelta(hours=hours)


class Agenda:
    """Somebody's calendar: it reads files as RFC 5546 wants, and leaves aside what is older than what it knows."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.known: dict[str, tuple[int, datetime]] = {}

    def read(self, content: bytes) -> int:
        """Returns how many events of the file were taken."""
        parsed = Calendar.from_ical(content)
        assert parsed.errors == []
        taken = 0
        for found in parsed.events:
            # What the RFC requires in each event of both methods.
            assert {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "SUMMARY", "ORGANIZER"} <= set(found)
            assert "ATTENDEE" not in found
            assert (parsed["METHOD"] == "CANCEL") == (found["STATUS"] == "CANCELLED")
            uid, version = found["UID"], (found["SEQUENCE"], found["DTSTAMP"].dt)
            if uid in self.known and version <= self.known[uid]:
                continue
            taken += 1
            self.known[uid] = version
            if parsed["METHOD"] == "CANCEL":
                self.events.pop(uid, None)
            else:
                self.events[uid] = found
        return taken

    @property
    def dates(self) -> list[date]:
        return sorted(found.start.date() for found in self.events.values())


def text(found: Event, name: str) -> str:
    """A text of the event, its no-break spaces read as spaces."""
    return str(found[name]).replace("\u00a0", " ").replace("\u202f", " ")


class TestFormat:
    def test_lines_end_with_crlf_and_fold_at_75_octets_without_cutting_a_letter(self) -> None:
        title = "é" * 160
        content = public(make_session(title=title))

        lines = content.split(b"\r\n")

        assert lines[-1] == b""
        assert not any(b"\n" in line or b"\r" in line for line in lines)
        assert max(len(line) for line in lines) == 75
        assert all(line.decode() for line in lines[:-1])
        assert event(content)["SUMMARY"] == title

    def test_head(self) -> None:
        parsed = Calendar.from_ical(public(make_session()))

        assert (parsed["VERSION"], parsed["METHOD"]) == ("2.0", "PUBLISH")
        assert parsed["PRODID"] == "-//caprural//Inscriptions aux sessions//FR"
        assert [zone["TZID"] for zone in parsed.walk("VTIMEZONE")] == ["Europe/Paris"]
        assert parsed.errors == []

    def test_its_time_zone_is_the_one_of_paris_for_forty_years(self) -> None:
        text = public(make_session()).decode()
        zone = tzical(StringIO(text[text.index("BEGIN:VTIMEZONE") : text.index("BEGIN:VEVENT")])).get("Europe/Paris")
        noons = [datetime(2010, 1, 1, 12) + timedelta(days=n) for n in range(40 * 365)]  # noqa: DTZ001

        assert [
            noon for noon in noons if noon.replace(tzinfo=zone).utcoffset() != noon.replace(tzinfo=PARIS).utcoffset()
        ] == []

    def test_what_people_type_stays_in_its_field(self) -> None:
        title = "Eau; terre, feu \\n BEGIN:VEVENT"
        address = 'Salle « A; B »,\r\n12, rue "X"\n69700 Givors'
        session = make_session(title=title, exact_address=address, contact_name='Dominique "Do" Bernier; RH')

        found = event(private(make_registration(session)))

        assert found["SUMMARY"] == title
        assert found["LOCATION"] == 'Salle « A; B »,, 12, rue "X", 69700 Givors'
        assert 'Contact : Dominique "Do" Bernier; RH' in text(found, "DESCRIPTION")


class TestWhen:
    @pytest.mark.parametrize(
        ("day", "offset"),
        [(date(2017, 3, 24), 1), (date(2017, 3, 27), 2), (date(2017, 10, 27), 2), (date(2017, 10, 30), 1)],
    )
    def test_hours_are_those_of_paris_on_both_sides_of_a_change_of_hour(self, day: date, offset: int) -> None:
        content = public(make_session(days=(day,)))
        found = event(content)

        assert f"DTSTART;TZID=Europe/Paris:{day:%Y%m%d}T093000\r\n".encode() in content
        assert f"DTEND;TZID=Europe/Paris:{day:%Y%m%d}T173000\r\n".encode() in content
        assert found.start.utcoffset() == timedelta(hours=offset)
        assert found.end - found.start == timedelta(hours=8)

    @pytest.mark.parametrize(
        ("starts_at", "ends_at"),
        [(time(9, 30), time(17, 30)), (time(14), time(17, 30)), (time(16), time(18)), (time(23), time(23, 59, 59))],
    )
    def test_an_unknown_end_is_said_and_blocks_the_usual_day(self, starts_at: time, ends_at: time) -> None:
        found = event(public(make_session(starts_at=starts_at, ends_at=None)))

        assert found.end == datetime.combine(date(2017, 4, 12), ends_at, tzinfo=PARIS)
        assert "L’heure de fin n’est pas encore connue." in text(found, "DESCRIPTION")

    def test_one_event_a_day(self) -> None:
        session = make_session(title="Coopérer", days=(date(2017, 4, 12), date(2017, 4, 20)))
        session.days.filter(date=date(2017, 4, 20)).update(place="Lyon (69)")

        found = events(public(session))

        assert [item["SUMMARY"] for item in found] == ["Coopérer (jour 1 sur 2)", "Coopérer (jour 2 sur 2)"]
        assert [item.start.date() for item in found] == [date(2017, 4, 12), date(2017, 4, 20)]
        assert [item["LOCATION"] for item in found] == ["à proximité de Givors (69)", "Lyon (69)"]
        assert [item["UID"] for item in found] == [day.uid for day in session.days.all()]

    def test_a_day_that_moves_keeps_its_uid_and_takes_the_session_s_sequence(self) -> None:
        session = make_session()
        before = event(public(session))
        session.days.update(date=date(2017, 5, 3))
        session.calendar_sequence = 1
        session.save()

        after = event(public(session))

        assert after["UID"] == before["UID"]
        assert after["SEQUENCE"] > before["SEQUENCE"]
        assert after.start.date() == date(2017, 5, 3)

    def test_an_evening_ends_the_next_morning(self) -> None:
        content = public(make_session(starts_at=time(18), ends_at=time(0, 30)))

        assert b"DTSTART;TZID=Europe/Paris:20170412T180000\r\n" in content
        assert b"DTEND;TZID=Europe/Paris:20170413T003000\r\n" in content

    def test_a_session_without_date_has_no_event(self) -> None:
        assert events(public(make_session(days=()))) == []


class TestPublicFile:
    def test_shows_what_everybody_may_know(self) -> None:
        session = make_session(slug="cooperer", exact_address="12 rue Secrète")

        content = public(session)
        found = event(content)

        assert found["LOCATION"] == "à proximité de Givors (69)"
        assert found["URL"] == f"{SITE}/sessions/cooperer/"
        assert found["STATUS"] == "CONFIRMED"
        assert found["ORGANIZER"] == "mailto:contact@caprural.example"
        assert found["ORGANIZER"].params["CN"] == "Dominique Bernier"
        assert text(found, "DESCRIPTION") == (
            f"Présentation et inscription : {SITE}/sessions/cooperer/\n"
            "Contact : Dominique Bernier, 06 66 46 62 76, contact@caprural.example"
        )
        assert found["DTSTAMP"].dt == session.updated_at.replace(microsecond=0)
        assert "Secrète".encode() not in content

    @pytest.mark.parametrize(
        ("status", "summary"), [("postponed", "Reportée : Coopérer"), ("cancelled", "Annulée : Coopérer")]
    )
    def test_a_date_that_no_longer_holds_is_cancelled(self, status: str, summary: str) -> None:
        content = public(make_session(title="Coopérer", status=status))
        found = event(content)

        assert (found["STATUS"], text(found, "SUMMARY")) == ("CANCELLED", summary)
        assert Calendar.from_ical(content)["METHOD"] == "CANCEL"

    def test_what_was_taken_from_it_is_cancelled_in_place(self) -> None:
        session = make_session(days=TWO_DAYS)
        agenda = Agenda()
        agenda.read(public(session))
        assert agenda.dates == list(TWO_DAYS)

        deciding.cancel(session, user=make_staff(group=roles.COORDINATION), now=NOW)

        assert agenda.read(public(session)) == 2
        assert agenda.dates == []

    def test_without_contact_the_organisation_publishes(self) -> None:
        Organisation.objects.create(pk=1, name="Cap Rural", email="bonjour@caprural.example")

        found = event(public(make_session(contact_name="", contact_phone="", contact_email="")))

        assert found["ORGANIZER"] == "mailto:bonjour@caprural.example"
        assert found["ORGANIZER"].params["CN"] == "Cap Rural"
        assert "Contact" not in text(found, "DESCRIPTION")

    def test_without_any_address_nobody_is_named(self) -> None:
        assert "ORGANIZER" not in event(public(make_session(contact_email="")))


class TestPrivateFile:
    def test_confirmed(self) -> None:
        registration = make_registration(make_session(exact_address="Salle des fêtes\r\n12 rue Haute"))

        found = event(private(registration))

        assert found["URL"] == f"{SITE}{registration.session.get_absolute_url()}"
        assert registration.token not in private(registration).decode().replace("\r\n ", "")
        assert found["STATUS"] == "CONFIRMED"
        assert found["LOCATION"] == "Salle des fêtes, 12 rue Haute"
        assert text(found, "DESCRIPTION") == (
            f"Votre inscription est confirmée.\nLa session : {found['URL']}\n"
            "Pour modifier ou annuler : votre lien personnel, dans le message que vous avez reçu.\n"
            "Contact : Dominique Bernier, 06 66 46 62 76, contact@caprural.example"
        )

    def test_awaiting_the_fee(self) -> None:
        make_campaign()
        registration = make_registration(make_session(fee_required=True, exact_address="12 rue Haute"))

        found = event(private(registration))

        assert found["STATUS"] == "TENTATIVE"
        assert found["LOCATION"] == "12 rue Haute"
        assert "votre cotisation est attendue au plus tard le mercredi 5 avril 2017." in text(found, "DESCRIPTION")

    def test_waiting_people_do_not_learn_the_address(self) -> None:
        session = make_session(max_participants=1, exact_address="12 rue Secrète")
        make_registration(session)

        content = private(make_registration(session))

        assert event(content)["STATUS"] == "TENTATIVE"
        assert event(content)["LOCATION"] == "à proximité de Givors (69)"
        assert "Vous êtes sur la liste d’attente" in text(event(content), "DESCRIPTION")
        assert "Secrète".encode() not in content

    def test_cancelled_removes_the_same_event(self) -> None:
        registration = make_registration(make_session(exact_address="12 rue Secrète"))
        before = event(private(registration))
        later = registration.session.updated_at + timedelta(days=1)
        registering.cancel(registration, cause=Registration.Cause.PARTICIPANT, now=later, by=registering.PARTICIPANT)

        after = event(private(registration))

        assert after["UID"] == before["UID"]
        assert (after["STATUS"], after["SEQUENCE"] > before["SEQUENCE"]) == ("CANCELLED", True)
        assert text(after, "SUMMARY") == f"Inscription annulée : {before['SUMMARY']}"
        assert after["DTSTAMP"].dt == later.replace(microsecond=0) > before["DTSTAMP"].dt
        assert after["LOCATION"] == "à proximité de Givors (69)"
        assert "Votre inscription est annulée." in text(after, "DESCRIPTION")

    def test_has_the_uid_of_the_public_file(self) -> None:
        registration = make_registration(make_session(), now=NOW)

        assert event(private(registration))["UID"] == event(public(registration.session))["UID"]


class TestInPlace:
    """What people receive, message after message, in their own calendar."""

    def test_a_session_changed_twice_then_cancelled(self) -> None:
        session = make_session(days=TWO_DAYS)
        registration = make_registration(session)
        agenda = Agenda()
        agenda.read(private(registration))
        assert agenda.dates == list(TWO_DAYS)

        deciding.postpone(session, first_on=date(2017, 5, 10), now=NOW)
        assert agenda.read(private(registration)) == 2
        assert agenda.dates == [date(2017, 5, 10), date(2017, 5, 18)]

        deciding.postpone(session, first_on=None, now=NOW)
        assert agenda.read(private(registration)) == 2
        assert agenda.dates == []

        TrainingSession.objects.update(status=TrainingSession.Status.PUBLISHED, calendar_sequence=3)
        assert agenda.read(private(registration)) == 2
        assert agenda.dates == [date(2017, 5, 10), date(2017, 5, 18)]

        deciding.cancel(session, user=make_staff(group=roles.COORDINATION), now=NOW)
        assert agenda.read(private(registration)) == 2
        assert agenda.dates == []

    def test_cancelled_then_registered_again(self) -> None:
        session = of_yesterday(days=TWO_DAYS)
        first = make_registration(session)
        agenda = Agenda()
        assert agenda.read(private(first)) == 2

        registering.cancel(first, cause=Registration.Cause.PARTICIPANT, now=after(1), by=registering.PARTICIPANT)
        assert agenda.read(private(first)) == 2
        assert agenda.dates == []

        again = make_registration(session, email=first.email, now=after(2))
        assert agenda.read(private(again)) == 2
        assert agenda.dates == list(TWO_DAYS)
        assert agenda.read(private(first)) == 0

    def test_registered_again_with_another_address_after_the_first_was_erased(self) -> None:
        session = of_yesterday()
        first = make_registration(session)
        registering.cancel(first, cause=Registration.Cause.PARTICIPANT, now=after(1), by=registering.PARTICIPANT)
        agenda = Agenda()
        agenda.read(private(first))
        registering.delete([first], now=after(2))

        assert agenda.read(private(make_registration(session, now=after(3)))) == 1

    def test_fee_found_then_lost(self) -> None:
        registration = make_registration(of_yesterday(fee_required=True))
        fee = fees.subscribe(make_member(emails=(registration.email,)), make_category(), now=NOW)
        agenda = Agenda()
        statuses = []
        for hours, act in enumerate((fees.settle, fees.cancel), start=1):
            act(fee, now=after(hours))
            assert agenda.read(private(registration)) == 1
            statuses += [found["STATUS"] for found in agenda.events.values()]

        assert statuses == ["CONFIRMED", "TENTATIVE"]

    def test_the_same_file_read_twice_changes_nothing(self) -> None:
        registration = make_registration(make_session())
        agenda = Agenda()

        assert [agenda.read(private(registration)) for _ in range(2)] == [1, 0]

    def test_the_session_s_file_and_one_s_own_follow_each_other(self) -> None:
        session = of_yesterday(days=TWO_DAYS)
        for _ in range(3):
            make_registration(session)  # each is a line of the log
        agenda = Agenda()
        before = public(session)
        assert agenda.read(before) == 2
        registration = make_registration(session, now=after(1))
        assert agenda.read(private(registration)) == 2

        deciding.postpone(session, first_on=date(2017, 5, 10), now=after(2))
        assert agenda.read(public(session)) == 2
        assert agenda.dates == [date(2017, 5, 10), date(2017, 5, 18)]

        now = timezone.now() + timedelta(minutes=1)
        registering.cancel(registration, cause=Registration.Cause.COORDINATOR, now=now, by=registering.PARTICIPANT)
        assert agenda.read(private(registration)) == 2
        assert agenda.read(before) + agenda.read(public(session)) == 0
        assert agenda.dates == []


class TestARemovedDay:
    """It is cancelled under its own name, wherever it may be known; the other days keep theirs."""

    @pytest.mark.parametrize("removed", [0, 1])
    def test_is_cancelled_everywhere(self, client: Client, removed: int) -> None:
        days = (today(60), today(61))
        session = make_session(title="Coopérer", days=days, registration_deadline=None)
        registration = make_registration(session, now=timezone.now())
        uids = [day.uid for day in session.days.all()]
        session.days.get(date=days[removed]).delete()

        for content in (public(session), private(registration), client.get("/sessions.ics").content):
            assert {item["UID"]: (item["STATUS"], item["SUMMARY"], item.start.date()) for item in events(content)} == {
                uids[1 - removed]: ("CONFIRMED", "Coopérer", days[1 - removed]),
                uids[removed]: ("CANCELLED", "Journée annulée\u00a0: Coopérer", days[removed]),
            }

    def test_is_no_news_for_who_registered_since(self) -> None:
        session = make_session(days=TWO_DAYS, registration_deadline=None)
        session.days.get(date=TWO_DAYS[1]).delete()
        session.days.update(date=timezone.localdate() + timedelta(days=9))
        registration = make_registration(session, now=timezone.now())

        assert [item.start.date() for item in events(private(registration))] == [session.days.get().date]

    def test_put_back_on_its_date_it_is_the_same_event_again(self) -> None:
        session = make_session(days=TWO_DAYS)
        uid = session.days.get(date=TWO_DAYS[1]).uid
        session.days.get(date=TWO_DAYS[1]).delete()

        session.days.create(date=TWO_DAYS[1], starts_at=time(14))

        assert [(item["UID"], item["STATUS"]) for item in events(public(session))][1:] == [(uid, "CONFIRMED")]

    def test_of_a_draft_nobody_knows(self) -> None:
        session = make_session(days=TWO_DAYS, status=TrainingSession.Status.DRAFT)
        session.days.first().delete()

        assert session.removed_days.count() == 0


def test_a_long_session_costs_no_more_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    registration = make_registration(make_session(days=tuple(date(2017, 4, 10) + timedelta(n) for n in range(5))))
    session = display(registration.session)

    with django_assert_num_queries(1):
        calendar.session_calendar(session)
    with django_assert_num_queries(2):
        calendar.registration_calendar(registration, session)


def test_the_feed_holds_every_published_session(client: Client) -> None:
    announced, cancelled = open_session(), open_session(status=TrainingSession.Status.CANCELLED)
    open_session(status=TrainingSession.Status.DRAFT)

    response = client.get("/sessions.ics")

    events = Calendar.from_ical(response.content).walk("VEVENT")
    assert [(event["SUMMARY"], event["STATUS"]) for event in events] == [
        (announced.title, "CONFIRMED"),
        (f"Annulée\u00a0: {cancelled.title}", "CANCELLED"),
    ]


def test_the_feed_costs_the_same_for_one_session_or_three(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for sessions in (1, 2):
        for _ in range(sessions):
            open_session()
        with django_assert_num_queries(3):
            client.get("/sessions.ics")
