"""Maintain, postpone or cancel a session: who keeps what, who is told what, with which calendar file (R5)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from caprural.mailing import documents
from caprural.mailing.models import Message
from members import fees
from sessions_app import deciding, registering
from sessions_app.models import Registration, TrainingSession
from tests.factories import (
    NOW,
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_session,
    make_staff,
    paris,
)
from tests.support.together import at_once
from tests.support.traces import folded, log, messages, statuses, told

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
#: When the coordinator decides: the deadline of the default session has just passed.
DECIDED = paris(2017, 4, 5, 10)
START = paris(2017, 4, 12, 9, 30)
MAY = date(2017, 5, 10)


def people_of(session: TrainingSession) -> dict[str, Registration]:
    """One of each: confirmed, awaiting their fee, waiting, cancelled; the session asks for the fee, and is full."""
    make_fee(make_member(emails=("a@collines.example",)))
    given_up = make_registration(session, last_name="Cancelled")
    registering.withdraw(given_up, now=NOW, by=registering.PARTICIPANT)
    people = {
        "Cancelled": given_up,
        "Confirmed": make_registration(session, last_name="Confirmed", email="a@collines.example"),
        "Awaiting": make_registration(session, last_name="Awaiting"),
        "Waiting": make_registration(session, last_name="Waiting"),
    }
    assert statuses(session) == [
        ("Cancelled", "cancelled"),
        ("Confirmed", "confirmed"),
        ("Awaiting", "awaiting_fee"),
        ("Waiting", "waiting"),
    ]
    return people


def full_session(**fields: Any) -> TrainingSession:
    return make_session(**{"fee_required": True, "min_participants": 2, "max_participants": 2, **fields})


def written(act: Callable[[], list[Registration]]) -> list[tuple[str, str]]:
    """The surnames of the people an act wrote to, and what it told them first; the act returns the same people."""
    before = len(messages())
    returned = act()
    said = messages()[before:]
    assert [person.email for person in returned] == [to for to, _ in said]
    surnames = dict(Registration.objects.values_list("email", "last_name"))
    return [(surnames[to], situation) for to, situation in said]


def event_for(registration: Registration) -> tuple[str, str, date, int, str] | None:
    """Method, status, day, sequence and UID of the calendar file of the last message to someone; None without one."""
    message = [email for email in Message.objects.order_by("pk") if registration.email == email.to][-1]
    files = documents.made(message)
    if not files:
        return None
    [file] = files
    calendar = Calendar.from_ical(file.content)
    [event] = calendar.events
    assert f"method={calendar['METHOD']};" in file.mimetype
    return str(calendar["METHOD"]), str(event["STATUS"]), event.start.date(), event["SEQUENCE"], str(event["UID"])


def read(session: TrainingSession) -> TrainingSession:
    """As the database has it now."""
    return TrainingSession.objects.with_seats_and_days().get(pk=session.pk)


class TestMaintaining:
    def test_whoever_holds_a_seat_is_told(self) -> None:
        session = full_session()
        people_of(session)

        assert written(lambda: deciding.maintain(session, now=DECIDED)) == [
            ("Confirmed", "Session maintenue"),
            ("Awaiting", "Session maintenue"),
        ]
        current = read(session)
        assert (current.status, current.maintained_at, current.calendar_sequence) == ("published", DECIDED, 0)
        assert [status for _, status in statuses(session)] == ["cancelled", "confirmed", "awaiting_fee", "waiting"]

    def test_it_awaits_no_decision_any_more(self) -> None:
        session = make_session(min_participants=8)
        assert read(session).awaits_decision(DECIDED)

        deciding.maintain(session, now=DECIDED)

        assert not read(session).awaits_decision(DECIDED)

    def test_before_the_deadline_and_above_the_minimum_too(self) -> None:
        session = make_session(min_participants=1)
        make_registration(session, last_name="A")

        assert written(lambda: deciding.maintain(session, now=NOW)) == [("A", "Session maintenue")]

    def test_once(self) -> None:
        session = make_session()
        registration = make_registration(session)
        deciding.maintain(session, now=DECIDED)

        with pytest.raises(deciding.DecisionRefused, match=r"^Cette session est déjà maintenue\.$"):
            deciding.maintain(session, now=DECIDED + SECOND)

        assert (told(registration)[1:], read(session).maintained_at) == (["Session maintenue"], DECIDED)


class TestPostponingToADate:
    def test_everybody_keeps_their_place_and_is_told_the_date(self) -> None:
        session = full_session()
        people = people_of(session)

        assert written(lambda: deciding.postpone(session, first_on=MAY, now=DECIDED)) == [
            ("Confirmed", "Session reportée au 10 mai 2017"),
            ("Awaiting", "Session reportée au 10 mai 2017"),
            ("Waiting", "Session reportée au 10 mai 2017"),
        ]
        assert [status for _, status in statuses(session)] == ["cancelled", "confirmed", "awaiting_fee", "waiting"]
        assert people["Waiting"].rank() == 1

    def test_every_date_keeps_its_distance(self) -> None:
        session = make_session(
            days=(date(2017, 4, 12), date(2017, 4, 13), date(2017, 4, 20)),
            fee_due_on=date(2017, 4, 3),
            joining_on=date(2017, 4, 7),
        )

        deciding.postpone(session, first_on=date(2017, 4, 13), now=NOW)

        current = read(session)
        assert [day.date for day in current.days.all()] == [date(2017, 4, 13), date(2017, 4, 14), date(2017, 4, 21)]
        assert (current.registration_deadline, current.fee_due_on, current.joining_on) == (
            date(2017, 4, 6),
            date(2017, 4, 4),
            date(2017, 4, 8),
        )
        assert current.starts_at == paris(2017, 4, 13, 9, 30)

    def test_also_to_an_earlier_date(self) -> None:
        session = make_session(days=(date(2017, 4, 12), date(2017, 4, 13)))

        deciding.postpone(session, first_on=date(2017, 4, 11), now=NOW)

        current = read(session)
        assert [day.date for day in current.days.all()] == [date(2017, 4, 11), date(2017, 4, 12)]
        assert current.registration_deadline == date(2017, 4, 4)

    def test_the_hours_stay_when_the_clocks_change_in_between(self) -> None:
        session = make_session(days=(date(2017, 3, 22),), registration_deadline=None)

        deciding.postpone(session, first_on=date(2017, 3, 29), now=NOW)

        assert read(session).starts_at == paris(2017, 3, 29, 9, 30)

    def test_registrations_reopen_and_another_decision_will_be_asked(self) -> None:
        session = make_session(min_participants=8)
        deciding.maintain(session, now=paris(2017, 4, 4))
        deciding.postpone(session, first_on=MAY, now=DECIDED)

        current = read(session)
        assert (current.status, current.maintained_at, current.state(DECIDED).code) == ("published", None, "open")
        new_deadline = paris(2017, 5, 3)
        assert [current.awaits_decision(now) for now in (DECIDED, new_deadline - SECOND, new_deadline)] == [
            False,
            False,
            True,
        ]

    def test_the_event_moves_in_the_calendar_of_whoever_has_a_seat(self) -> None:
        session = make_session(max_participants=1)
        seated, waiting = make_registration(session), make_registration(session)
        before = event_for(seated)
        assert before is not None

        deciding.postpone(session, first_on=MAY, now=DECIDED)

        moved = event_for(seated)
        assert moved is not None
        assert (before[:3], moved[:3]) == (
            ("PUBLISH", "CONFIRMED", date(2017, 4, 12)),
            ("PUBLISH", "CONFIRMED", MAY),
        )
        assert moved[3] > before[3]
        assert moved[4] == before[4]
        assert event_for(waiting) is None

    @pytest.mark.parametrize(
        ("fields", "first_on", "expected"),
        [
            ({}, MAY, date(2017, 5, 3)),
            ({}, date(2017, 4, 13), date(2017, 4, 10)),
            ({}, date(2017, 4, 8), date(2017, 4, 7)),
            ({"fee_due_on": date(2017, 4, 10)}, MAY, date(2017, 5, 8)),
            ({"days": (date(2017, 4, 20),), "fee_due_on": date(2017, 4, 12)}, date(2017, 4, 18), date(2017, 4, 12)),
            ({"fee_due_on": date(2017, 4, 11)}, date(2017, 4, 8), date(2017, 4, 7)),
            ({"fee_due_on": date(2017, 4, 30)}, MAY, date(2017, 5, 9)),
        ],
    )
    def test_fees_are_awaited_until_the_usual_date_or_longer(
        self, fields: dict[str, Any], first_on: date, expected: date
    ) -> None:
        """R15: not sooner than what the person was told, as long as it comes before the session."""
        session = make_session(fee_required=True, **fields)
        registration = make_registration(session)

        deciding.postpone(session, first_on=first_on, now=DECIDED)

        registration.refresh_from_db()
        assert registration.fee_due_on == expected

    def test_the_longer_wait_is_logged(self) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session)

        deciding.postpone(session, first_on=MAY, now=DECIDED)

        assert log(registration)[1:] == [
            (
                "awaiting_fee",
                "awaiting_fee",
                "règle automatique",
                "session déplacée, cotisation attendue jusqu’au 3 mai 2017",
            )
        ]

    def test_a_seat_left_free_since_the_deadline_is_given(self) -> None:
        """R8: its new deadline has not passed."""
        session = make_session(max_participants=1)
        seated, waiting = make_registration(session), make_registration(session)
        registering.withdraw(seated, now=DECIDED, by=registering.PARTICIPANT)
        assert told(waiting) == ["Liste d’attente (rang 1)"]

        deciding.postpone(session, first_on=MAY, now=DECIDED)

        assert told(waiting)[1:] == [
            "Session reportée au 10 mai 2017",
            "Une place s’est libérée, inscription confirmée",
        ]

    def test_a_fee_that_covers_the_new_date_confirms(self) -> None:
        """R7: the date of the session decides."""
        session = make_session(fee_required=True)
        registration = make_registration(session, email="camille@collines.example")
        next_year = make_category(campaign=make_campaign(year=2018))
        make_fee(make_member(emails=("camille@collines.example",)), category=next_year)
        assert told(registration) == ["Place retenue, cotisation attendue au plus tard le 5 avril 2017"]

        deciding.postpone(session, first_on=date(2018, 1, 10), now=DECIDED)

        assert told(registration)[1:] == ["Inscription confirmée", "Session reportée au 10 janvier 2018"]

    def test_sent_twice_it_is_refused_the_second_time(self) -> None:
        session = make_session()
        registration = make_registration(session)
        deciding.postpone(session, first_on=MAY, now=DECIDED)

        with pytest.raises(deciding.DecisionRefused, match=r"^La session commence déjà ce jour-là\.$"):
            deciding.postpone(session, first_on=MAY, now=DECIDED)

        assert told(registration)[1:] == ["Session reportée au 10 mai 2017"]
        assert read(session).calendar_sequence == 1

    @pytest.mark.parametrize("first_on", [date(2017, 4, 4), date(2017, 4, 5)])
    def test_only_to_a_day_to_come(self, first_on: date) -> None:
        session = make_session()
        make_registration(session)
        before = messages()

        with pytest.raises(deciding.DecisionRefused, match=r"^Choisissez un jour à venir\.$"):
            deciding.postpone(session, first_on=first_on, now=DECIDED)

        assert (read(session).first_date, messages()) == (date(2017, 4, 12), before)

    def test_twice_to_two_dates(self) -> None:
        session = make_session()
        registration = make_registration(session)

        deciding.postpone(session, first_on=MAY, now=DECIDED)
        deciding.postpone(session, first_on=date(2017, 6, 7), now=DECIDED)

        assert told(registration)[1:] == ["Session reportée au 10 mai 2017", "Session reportée au 7 juin 2017"]
        assert read(session).calendar_sequence == 2

        deciding.postpone(session, first_on=None, now=DECIDED)

        assert read(session).postponed_from == date(2017, 4, 12), "what was announced first"


class TestPostponingToADateToCome:
    def test_everybody_keeps_their_place_and_is_told(self) -> None:
        session = full_session()
        people_of(session)

        assert written(lambda: deciding.postpone(session, first_on=None, now=DECIDED)) == [
            ("Confirmed", "Session reportée, date à venir"),
            ("Awaiting", "Session reportée, date à venir"),
            ("Waiting", "Session reportée, date à venir"),
        ]
        assert not Message.objects.filter(
            subject__startswith="Session reportée", text__contains="faites-vous remplacer"
        ), "not while it has no date (R10)"
        current = read(session)
        assert (current.status, current.first_date, current.registration_deadline) == (
            "postponed",
            date(2017, 4, 12),
            date(2017, 4, 5),
        )
        assert [status for _, status in statuses(session)] == ["cancelled", "confirmed", "awaiting_fee", "waiting"]

    def test_nobody_waits_for_a_seat_in_it(self) -> None:
        """R8: it is not given, since nobody knows for when."""
        session = make_session(max_participants=1)
        seated, waiting = make_registration(session), make_registration(session)
        deciding.postpone(session, first_on=None, now=NOW)

        registering.cancel(seated, cause=Registration.Cause.COORDINATOR, now=NOW, by=registering.SYSTEM)

        assert told(waiting) == ["Liste d’attente (rang 1)", "Session reportée, date à venir"]

    def test_the_event_leaves_the_calendar_of_whoever_has_a_seat(self) -> None:
        session = make_session(max_participants=1)
        seated, waiting = make_registration(session), make_registration(session)
        before = event_for(seated)
        assert before is not None

        deciding.postpone(session, first_on=None, now=DECIDED)

        gone = event_for(seated)
        assert gone is not None
        assert gone[:2] == ("CANCEL", "CANCELLED")
        assert gone[3] > before[3]
        assert gone[4] == before[4]
        assert event_for(waiting) is None

    def test_once(self) -> None:
        session = make_session()
        registration = make_registration(session)
        deciding.postpone(session, first_on=None, now=DECIDED)

        for act in (
            lambda: deciding.postpone(session, first_on=None, now=DECIDED),
            lambda: deciding.maintain(session, now=DECIDED),
        ):
            with pytest.raises(deciding.DecisionRefused) as refused:
                act()
            assert folded(str(refused.value)) == (
                "Cette décision n’est plus possible. "
                "Cette session est reportée : les inscriptions reprendront à une date à venir."
            )

        assert told(registration)[1:] == ["Session reportée, date à venir"]

    def test_then_to_a_date_at_last(self) -> None:
        """Published again and its deadline moved too, even once its first date has gone by."""
        make_campaign()
        session = full_session()
        people_of(session)
        deciding.postpone(session, first_on=None, now=DECIDED)

        fixed = written(lambda: deciding.postpone(session, first_on=MAY, now=START + timedelta(days=1)))

        current = read(session)
        assert fixed == [(name, "Session reportée au 10 mai 2017") for name in ("Confirmed", "Awaiting", "Waiting")]
        assert (current.status, current.announced_on, current.registration_deadline) == (
            "published",
            MAY,
            date(2017, 5, 3),
        )
        assert current.first_planned_on == date(2017, 4, 12)
        assert {person.fee_due_on for person in current.registrations.filter(status="awaiting_fee")} == {
            date(2017, 5, 3)
        }

    @pytest.mark.parametrize("deadline", [None, date(2017, 5, 9)])
    def test_with_a_deadline_of_its_own(self, deadline: date | None) -> None:
        session = make_session()
        deciding.postpone(session, first_on=None, now=DECIDED)

        deciding.postpone(session, first_on=MAY, deadline=deadline, now=DECIDED)

        assert read(session).registration_deadline == (deadline or date(2017, 5, 3))

    def test_on_its_first_date_after_all(self) -> None:
        session = make_session()
        registration = make_registration(session)
        deciding.postpone(session, first_on=None, now=NOW)

        deciding.postpone(session, first_on=date(2017, 4, 12), now=NOW)

        assert told(registration)[2:] == ["Session à nouveau prévue le 12 avril 2017"]
        assert "aura lieu à la date annoncée d’abord" in str(Message.objects.order_by("pk").last().text)

    def test_not_without_an_hour(self) -> None:
        session = make_session(days=())
        deciding.postpone(session, first_on=None, now=NOW)

        with pytest.raises(deciding.DecisionRefused, match="une journée avec ses horaires"):
            deciding.postpone(session, first_on=MAY, now=NOW)


class TestCancelling:
    def test_everybody_is_cancelled_and_told(self, coordinator: User) -> None:
        session = full_session()
        people = people_of(session)

        assert written(lambda: deciding.cancel(session, user=coordinator, now=DECIDED)) == [
            ("Confirmed", "Session annulée"),
            ("Awaiting", "Session annulée"),
            ("Waiting", "Session annulée"),
        ]
        current = read(session)
        assert (current.status, current.seats_taken, current.waiting_count) == ("cancelled", 0, 0)
        assert list(session.registrations.order_by("pk").values_list("status", "cancellation_cause", "fee_due_on")) == [
            ("cancelled", "participant", None),
            ("cancelled", "session_cancelled", None),
            ("cancelled", "session_cancelled", None),
            ("cancelled", "session_cancelled", None),
        ]
        assert [log(people[name])[-1] for name in ("Confirmed", "Awaiting", "Waiting")] == [
            ("confirmed", "cancelled", "coordination", "session annulée"),
            ("awaiting_fee", "cancelled", "coordination", "session annulée"),
            ("waiting", "cancelled", "coordination", "session annulée"),
        ]

    def test_the_event_leaves_the_calendar_of_whoever_had_a_seat(self, coordinator: User) -> None:
        session = make_session(max_participants=1)
        seated, waiting = make_registration(session), make_registration(session)
        before = event_for(seated)
        assert before is not None

        deciding.cancel(session, user=coordinator, now=DECIDED)

        gone = event_for(seated)
        assert gone is not None
        assert gone[:3] == ("CANCEL", "CANCELLED", date(2017, 4, 12))
        assert gone[3] > before[3]
        assert gone[4] == before[4]
        assert event_for(waiting) is None

    def test_of_a_postponed_session_even_past_its_former_date(self, coordinator: User) -> None:
        session = make_session()
        registration = make_registration(session)
        deciding.postpone(session, first_on=None, now=DECIDED)

        deciding.cancel(session, user=coordinator, now=START + timedelta(days=60))

        assert told(registration)[1:] == ["Session reportée, date à venir", "Session annulée"]
        said = Message.objects.order_by("pk").last()
        assert folded(said.subject) == f"Session annulée : {session}"
        assert "nitialement prévue le mercredi 12 avril 2017" in folded(said.text)
        assert "9 h 30" not in folded(said.text)
        assert "agenda" not in said.text
        assert event_for(registration) is None

    def test_once(self, coordinator: User) -> None:
        session = make_session()
        registration = make_registration(session)
        deciding.cancel(session, user=coordinator, now=DECIDED)

        with pytest.raises(deciding.DecisionRefused) as refused:
            deciding.cancel(session, user=coordinator, now=DECIDED)

        assert folded(str(refused.value)) == "Cette session ne peut pas être annulée. Cette session est annulée."
        assert (told(registration)[1:], read(session).calendar_sequence) == (["Session annulée"], 1)

    def test_a_fee_paid_afterwards_brings_nobody_back(self, coordinator: User) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session)
        deciding.cancel(session, user=coordinator, now=DECIDED)

        fees.settle(make_fee(make_member(emails=(registration.email,)), status="due"), now=DECIDED)

        assert statuses(session) == [(registration.last_name, "cancelled")]
        assert told(registration)[-1] == "Session annulée"


class TestRefusals:
    """Nothing is decided of a session that is not announced, or has begun; the sentence says why."""

    CASES = (
        ("draft", NOW, "Cette session n’est pas encore publiée."),
        ("cancelled", NOW, "Cette session est annulée."),
        ("published", START, "Cette session a commencé : il n’est plus possible de s’inscrire."),
        ("published", START + timedelta(days=1), "Cette session a eu lieu."),
    )

    @pytest.mark.parametrize(("status", "now", "reason"), CASES)
    @pytest.mark.parametrize(
        ("beginning", "decide"),
        [
            ("Cette décision n’est plus possible.", lambda session, user, now: deciding.maintain(session, now=now)),
            (
                "Cette décision n’est plus possible.",
                lambda session, user, now: deciding.postpone(session, first_on=MAY, now=now),
            ),
            (
                "Cette décision n’est plus possible.",
                lambda session, user, now: deciding.postpone(session, first_on=None, now=now),
            ),
            (
                "Cette session ne peut pas être annulée.",
                lambda session, user, now: deciding.cancel(session, user=user, now=now),
            ),
        ],
    )
    def test_by_state(
        self,
        coordinator: User,
        status: str,
        now: datetime,
        reason: str,
        beginning: str,
        decide: Callable[[TrainingSession, User, datetime], object],
    ) -> None:
        session = make_session()
        make_registration(session, last_name="A")
        TrainingSession.objects.filter(pk=session.pk).update(status=status)
        before = messages(), statuses(session), TrainingSession.objects.values().get()

        with pytest.raises(deciding.DecisionRefused) as refused:
            decide(session, coordinator, now)

        assert folded(str(refused.value)) == f"{beginning} {reason}"
        assert (messages(), statuses(session), TrainingSession.objects.values().get()) == before

    @pytest.mark.parametrize("decision", ["maintain", "postpone", "cancel"])
    def test_until_the_last_second(self, coordinator: User, decision: str) -> None:
        session = make_session()
        registration = make_registration(session)
        now = START - SECOND

        match decision:
            case "maintain":
                deciding.maintain(session, now=now)
            case "postpone":
                deciding.postpone(session, first_on=MAY, now=now)
            case "cancel":
                deciding.cancel(session, user=coordinator, now=now)

        assert len(told(registration)) == 2


@pytest.mark.django_db(transaction=True)
class TestClickedTwiceAtOnce:
    """Two requests that both saw the session undecided: one decides, and each person is written to once."""

    @pytest.mark.parametrize(
        ("decide", "situation"),
        [
            (lambda session: deciding.maintain(session, now=DECIDED), "Session maintenue"),
            (lambda session: deciding.postpone(session, first_on=MAY, now=DECIDED), "Session reportée au 10 mai 2017"),
            (lambda session: deciding.postpone(session, first_on=None, now=DECIDED), "Session reportée, date à venir"),
            (
                lambda session: deciding.cancel(session, user=User.objects.get(), now=DECIDED),
                "Session annulée",
            ),
        ],
    )
    def test_once(self, decide: Callable[[TrainingSession], object], situation: str) -> None:
        make_staff(group="Coordination")
        session = make_session()
        people = [make_registration(session) for _ in range(5)]

        outcomes = at_once(*[lambda: decide(session)] * 2)

        assert [isinstance(outcome, deciding.DecisionRefused) for outcome in outcomes].count(True) == 1
        assert [told(person)[1:] for person in people] == [[situation]] * 5


@pytest.mark.parametrize(
    "decide",
    [
        lambda session, coordinator: deciding.maintain(session, now=DECIDED),
        lambda session, coordinator: deciding.postpone(session, first_on=MAY, now=DECIDED),
        lambda session, coordinator: deciding.cancel(session, user=coordinator, now=DECIDED),
    ],
    ids=["maintain", "postpone", "cancel"],
)
def test_as_many_queries_for_one_of_each_kind_as_for_ten(
    decide: Callable[[TrainingSession, User], list[Registration]], coordinator: User
) -> None:
    """The transaction holds the only writer of SQLite: it must not grow with the people."""
    make_category(campaign=make_campaign(year=2017))

    def cost(count: int) -> int:
        session = full_session(max_participants=2 * count)
        make_fee(make_member(emails=tuple(f"{count}-{n}@collines.example" for n in range(count))))
        for n in range(count):
            make_registration(session, email=f"{count}-{n}@collines.example")
        for _ in range(2 * count):
            make_registration(session)
        with CaptureQueriesContext(connection) as queries:
            assert len(decide(session, coordinator)) >= 2 * count
        return len(queries)

    assert cost(10) == cost(1)
