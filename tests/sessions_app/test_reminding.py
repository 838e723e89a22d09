"""What is due at an instant, to the second, and done once (R5, R15, R19, R24)."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from caprural import agenda
from caprural.house.models import Organisation
from caprural.mailing.models import Message
from members import fees
from sessions_app import deciding, registering, reminding
from sessions_app.models import Registration, TrainingSession
from sessions_app.reminding import Act, Due
from tests.factories import (
    NOW,
    make_candidate,
    make_fee,
    make_member,
    make_registration,
    make_session,
    make_staff,
    paris,
)
from tests.support.together import at_once
from tests.support.traces import folded, log, messages, status_of, statuses, told

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
#: The dates of the default session, as `reminding` reads them: 12 April 2017 at 9 h 30, deadline on the 5th.
REMINDER = paris(2017, 4, 2, 8)
RELEASE = paris(2017, 4, 6)
DEADLINE = paris(2017, 4, 5)
JOINING = paris(2017, 4, 5, 8)
START = paris(2017, 4, 12, 9, 30)


@pytest.fixture
def coordinator() -> User:
    return make_staff(group="Coordination", username="coordination", email="coordination@caprural.example")


def plan(now: datetime) -> list[tuple[str, str]]:
    """What is due, and for whom: a surname, or the session's title."""
    surnames = dict(Registration.objects.values_list("pk", "last_name"))
    titles = dict(TrainingSession.objects.values_list("pk", "title"))
    return [
        (action.act.value, surnames[action.registration_id] if action.registration_id else titles[action.session_id])
        for action in reminding.due(now)
    ]


def acts(now: datetime) -> list[str]:
    """What is due, whoever it is for."""
    return [act for act, _ in plan(now)]


def run(now: datetime) -> list[tuple[str, str]]:
    """The messages that a worker's round writes: to whom, and what they say first."""
    before = len(messages())
    agenda.run(now=now)
    return messages()[before:]


def awaiting(session: TrainingSession | None = None, *, now: datetime = NOW, **fields: Any) -> Registration:
    """Someone who holds a seat until their fee comes: by 5 April, unless the session says otherwise."""
    return make_registration(session or make_session(fee_required=True), now=now, **{"last_name": "Durand", **fields})


def pay(registration: Registration, *, now: datetime) -> None:
    """The fee that covers this person comes in."""
    fees.settle(make_fee(make_member(emails=(registration.email,)), status="due"), now=now)


def change(session: TrainingSession, *, at: datetime) -> None:
    """The coordinator edits the place: what the admin notes of it."""
    current = TrainingSession.objects.get(pk=session.pk)
    current.changed_at, current.calendar_sequence = at, current.calendar_sequence + 1
    current.place = f"à Lyon ({current.calendar_sequence})"
    current.save()


class TestTheReminderOfTheFee:
    """R15: at 8 h in Europe/Paris, three days before the seat is released."""

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (NOW, []),
            (REMINDER - SECOND, []),
            (REMINDER, ["remind_fee"]),
            (REMINDER + timedelta(days=1), ["remind_fee"]),
            (paris(2017, 4, 5, 23, 59, 59), ["remind_fee"]),
            (RELEASE, ["release"]),
        ],
    )
    def test_to_the_second(self, now: datetime, expected: list[str]) -> None:
        awaiting(make_session(fee_required=True, joining_on=date(2017, 4, 10)))

        assert acts(now) == expected

    @pytest.mark.parametrize(
        ("due_on", "instant"),
        [
            (date(2017, 3, 28), datetime(2017, 3, 25, 7, tzinfo=UTC)),
            (date(2017, 3, 29), datetime(2017, 3, 26, 6, tzinfo=UTC)),
        ],
    )
    def test_at_8_h_whatever_the_clocks_do(self, due_on: date, instant: datetime) -> None:
        """On 26 March 2017 clocks go forward at 2 h: 8 h in Paris is one hour earlier than on the eve."""
        awaiting(make_session(fee_required=True, fee_due_on=due_on))

        assert [acts(instant - SECOND), acts(instant)] == [[], ["remind_fee"]]

    def test_it_says_until_when(self) -> None:
        registration = awaiting()

        assert run(REMINDER) == [(registration.email, "Rappel, cotisation attendue au plus tard le 5 avril 2017")]

    @pytest.mark.parametrize(
        ("given_at", "expected"), [(REMINDER - SECOND, ["remind_fee"]), (REMINDER, []), (REMINDER + SECOND, [])]
    )
    def test_not_for_a_seat_given_since(self, given_at: datetime, expected: list[str]) -> None:
        """The first message has just said it all."""
        awaiting(make_session(fee_required=True, fee_due_on=date(2017, 4, 5)), now=given_at)

        assert [acts(REMINDER + SECOND), acts(REMINDER + timedelta(days=2))] == [expected, expected]

    def test_not_for_a_seat_given_since_from_the_waiting_list(self) -> None:
        session = make_session(fee_required=True, max_participants=1, fee_due_on=date(2017, 4, 5))
        seated, _waiting = awaiting(session), awaiting(session)
        registering.withdraw(seated, now=REMINDER + SECOND, by=registering.PARTICIPANT)

        assert acts(paris(2017, 4, 4, 12)) == []

    def test_once_per_due_date(self, coordinator: User) -> None:
        registration = awaiting()
        run(REMINDER)
        assert run(REMINDER + timedelta(days=1)) == []

        registering.extend_fee_due(
            registration, until=date(2017, 4, 9), user=coordinator, now=REMINDER + timedelta(days=2)
        )

        assert [("remind_fee" in acts(now)) for now in (paris(2017, 4, 6, 8) - SECOND, paris(2017, 4, 6, 8))] == [
            False,
            True,
        ]
        assert (registration.email, "Rappel, cotisation attendue au plus tard le 9 avril 2017") in run(
            paris(2017, 4, 6, 8)
        )

    def test_not_for_a_date_extended_since(self, coordinator: User) -> None:
        """Extended to the 7th on the 5th: a reminder at once would say the same thing twice."""
        registration = awaiting(make_session(fee_required=True, joining_on=date(2017, 4, 11)))
        run(REMINDER)

        registering.extend_fee_due(registration, until=date(2017, 4, 7), user=coordinator, now=DEADLINE)

        assert [run(DEADLINE + timedelta(hours=hours)) for hours in (0, 8, 32, 56)] == [[], [], [], []]

    def test_not_for_a_fee_lost_since(self) -> None:
        session = make_session(fee_required=True, fee_due_on=date(2017, 4, 5))
        member = make_member(emails=("camille@collines.example",))
        fee = make_fee(member)
        awaiting(session, email="camille@collines.example")

        fees.cancel(fee, now=REMINDER)

        assert acts(REMINDER + SECOND) == []

    def test_not_for_a_session_moved_since(self) -> None:
        """Its message gives the new date already."""
        session = make_session(fee_required=True, joining_on=date(2017, 4, 11))
        awaiting(session)
        deciding.postpone(session, first_on=date(2017, 4, 8), now=paris(2017, 4, 4, 12))

        assert status_of(Registration.objects.get()) == "awaiting_fee"
        assert "remind_fee" not in acts(paris(2017, 4, 4, 12, 0, 1))

    def test_only_to_those_whose_fee_is_awaited(self) -> None:
        session = make_session(fee_required=True, max_participants=3)
        paid, given_up, late, waiting = (awaiting(session, last_name=name) for name in ("A", "B", "C", "D"))
        pay(paid, now=NOW)
        TrainingSession.objects.filter(pk=session.pk).update(max_participants=2)
        registering.withdraw(given_up, now=NOW, by=registering.PARTICIPANT)

        assert [status_of(row) for row in (paid, given_up, late, waiting)] == [
            "confirmed",
            "cancelled",
            "awaiting_fee",
            "waiting",
        ]
        assert plan(REMINDER) == [("remind_fee", "C")]


class TestTheRelease:
    """R15: the day after the due date, at midnight in Europe/Paris."""

    @pytest.mark.parametrize(
        ("due_on", "midnight"),
        [
            (date(2017, 3, 25), datetime(2017, 3, 25, 23, tzinfo=UTC)),
            (date(2017, 3, 26), datetime(2017, 3, 26, 22, tzinfo=UTC)),
            (date(2017, 4, 5), datetime(2017, 4, 5, 22, tzinfo=UTC)),
        ],
    )
    def test_to_the_second_and_when_the_clocks_change(self, due_on: date, midnight: datetime) -> None:
        awaiting(make_session(fee_required=True, fee_due_on=due_on, joining_on=date(2017, 4, 11)))

        assert [acts(midnight - SECOND), acts(midnight)] == [["remind_fee"], ["release"]]

    def test_the_person_is_told_and_the_log_says_why(self) -> None:
        registration = awaiting()

        assert run(RELEASE) == [(registration.email, "Inscription annulée")]
        assert log(registration)[1:] == [
            ("awaiting_fee", "cancelled", "règle automatique", "cotisation non reçue à temps")
        ]

    def test_the_seat_goes_to_the_next_person_who_then_gets_the_instructions(self) -> None:
        """One round draws the consequences of what it does."""
        session = make_session(
            fee_required=True,
            fee_due_on=date(2017, 3, 20),
            max_participants=1,
            joining_on=date(2017, 3, 10),
        )
        late, member = awaiting(session, last_name="A"), "camille@collines.example"
        make_fee(make_member(emails=(member,)))
        awaiting(session, last_name="B", email=member)

        assert [to for to, _ in run(paris(2017, 3, 10, 8))] == [late.email]
        assert run(paris(2017, 3, 21)) == [
            (late.email, "Inscription annulée"),
            (member, "Une place s’est libérée, inscription confirmée"),
            (member, "Convocation"),
        ]

    def test_after_the_deadline_the_seat_waits_for_the_coordinator(self) -> None:
        """R8."""
        session = make_session(fee_required=True, max_participants=1)
        awaiting(session, last_name="A"), awaiting(session, last_name="B")

        run(RELEASE)

        assert statuses(session) == [("A", "cancelled"), ("B", "waiting")]

    def test_who_is_released_gets_nothing_else(self) -> None:
        """Neither the joining instructions nor the change that were due as well."""
        session = make_session(fee_required=True)
        awaiting(session)
        change(session, at=DEADLINE)

        assert acts(RELEASE) == ["release"]

    @pytest.mark.parametrize(
        ("now", "expected"), [(START - SECOND, ["release"]), (START, []), (START + timedelta(days=1), [])]
    )
    def test_not_once_the_session_has_begun(self, now: datetime, expected: list[str]) -> None:
        awaiting()

        assert acts(now) == expected


class TestAskingForTheDecision:
    """R5: when the deadline passes with fewer seats held than the minimum."""

    @pytest.fixture(autouse=True)
    def _team(self, coordinator: User) -> None:
        """Someone to ask."""

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (DEADLINE - SECOND, []),
            (DEADLINE, ["ask_decision"]),
            (START - SECOND, ["ask_decision"]),
            (START, []),
        ],
    )
    def test_to_the_second(self, now: datetime, expected: list[str]) -> None:
        make_session(min_participants=8)

        assert acts(now) == expected

    @pytest.mark.parametrize("status", ["confirmed", "awaiting_fee"])
    @pytest.mark.parametrize(("held", "expected"), [(1, ["ask_decision"]), (2, [])])
    def test_only_below_the_minimum(self, held: int, expected: list[str], status: str) -> None:
        session = make_session(min_participants=2, fee_required=status == "awaiting_fee")
        people = [make_registration(session) for _ in range(held)]

        assert [person.status for person in people] == [status] * held
        assert [act for act in acts(DEADLINE) if act == "ask_decision"] == expected

    def test_a_seat_released_at_the_same_instant_counts_no_more(self) -> None:
        session = make_session(title="S", min_participants=1, fee_required=True, fee_due_on=date(2017, 4, 4))
        late = awaiting(session)

        assert run(DEADLINE) == [
            (late.email, "Inscription annulée"),
            ("coordination@caprural.example", "Décision à prendre, 0 inscrit sur 1 au moins"),
        ]

    @pytest.mark.parametrize("fields", [{"min_participants": None}, {"days": ()}])
    def test_never_without_minimum_nor_without_date(self, fields: dict[str, Any]) -> None:
        make_session(**{"min_participants": 8, **fields})

        assert [acts(now) for now in (DEADLINE, START - SECOND, START)] == [[], [], []]

    @pytest.mark.parametrize(
        ("fields", "asked_at"),
        [
            ({}, paris(2017, 4, 5, 8)),
            ({"decision_days": 10}, paris(2017, 4, 2, 8)),
            ({"days": (date(2017, 3, 28),)}, paris(2017, 3, 21, 8)),
        ],
    )
    def test_without_deadline_some_days_before(
        self, coordinator: User, fields: dict[str, Any], asked_at: datetime
    ) -> None:
        session = make_session(min_participants=8, registration_deadline=None, **fields)

        assert [acts(asked_at - SECOND), acts(asked_at)] == [[], ["ask_decision"]]
        assert run(asked_at) == [(coordinator.email, "Décision à prendre, 0 inscrit sur 8 au moins")]
        letter = folded(Message.objects.latest("pk").text)
        assert (session.title in letter, "on peut toujours s’y inscrire" in letter, "closes" in letter) == (
            True,
            True,
            False,
        )
        assert acts(asked_at + timedelta(hours=1)) == []

    def test_once_per_deadline(self) -> None:
        session = make_session(min_participants=8)
        asked = [("coordination@caprural.example", "Décision à prendre, 0 inscrit sur 8 au moins")]

        assert [run(DEADLINE), run(DEADLINE), run(START - SECOND)] == [asked, [], []]
        TrainingSession.objects.filter(pk=session.pk).update(registration_deadline=date(2017, 4, 8))
        assert [run(paris(2017, 4, 8) - SECOND), run(paris(2017, 4, 8)), run(paris(2017, 4, 9))] == [[], asked, []]

    def test_of_everybody_in_the_team(self) -> None:
        make_staff(group="Coordination", email="deuxieme@caprural.example")
        make_staff(group="Coordination", email="partie@caprural.example", is_active=False)
        make_staff(group="Coordination", email="")
        make_staff(group="Formateurs", email="formatrice@caprural.example")
        make_session(min_participants=8)

        assert [to for to, _ in run(DEADLINE)] == ["coordination@caprural.example", "deuxieme@caprural.example"]
        assert run(DEADLINE) == []

    def test_with_nobody_to_ask_it_waits_for_somebody(self) -> None:
        User.objects.update(email="")
        Organisation.objects.update(email="")
        make_session(min_participants=8)
        assert acts(DEADLINE) == []

        User.objects.update(email="coordination@caprural.example")

        assert acts(DEADLINE) == ["ask_decision"]

    def test_not_once_decided(self) -> None:
        session = make_session(min_participants=8)

        deciding.maintain(session, now=DEADLINE)

        assert acts(DEADLINE) == []

    def test_when_someone_gives_up_after_the_deadline(self) -> None:
        session = make_session(title="S", min_participants=2)
        first, second = make_registration(session), make_registration(session)
        assert run(DEADLINE) == []

        registering.withdraw(first, now=DEADLINE + SECOND, by=registering.PARTICIPANT)

        assert plan(DEADLINE + SECOND) == [("ask_decision", "S")]
        assert told(second) == ["Inscription confirmée"]


class TestTheJoiningInstructions:
    """R19: at 8 h, seven days before or on the day set, to whoever holds a seat; at once to later arrivals."""

    @pytest.mark.parametrize(
        ("now", "expected"),
        [(JOINING - SECOND, []), (JOINING, ["send_joining"]), (START - SECOND, ["send_joining"]), (START, [])],
    )
    def test_to_the_second(self, now: datetime, expected: list[str]) -> None:
        make_registration(make_session())

        assert acts(now) == expected

    @pytest.mark.parametrize(
        ("day", "instant"),
        [
            (date(2017, 4, 1), datetime(2017, 3, 25, 7, tzinfo=UTC)),
            (date(2017, 4, 2), datetime(2017, 3, 26, 6, tzinfo=UTC)),
        ],
    )
    def test_at_8_h_whatever_the_clocks_do(self, day: date, instant: datetime) -> None:
        make_registration(make_session(days=(day,), registration_deadline=None))

        assert [acts(instant - SECOND), acts(instant)] == [[], ["send_joining"]]

    def test_on_the_day_set(self) -> None:
        make_registration(make_session(joining_on=date(2017, 4, 10)))

        assert [acts(now) for now in (JOINING, paris(2017, 4, 10, 7, 59, 59), paris(2017, 4, 10, 8))] == [
            [],
            [],
            ["send_joining"],
        ]

    def test_on_the_eve_when_a_later_move_made_the_day_set_too_late(self) -> None:
        make_registration(make_session(joining_on=date(2017, 4, 20)))
        eve = paris(2017, 4, 11, 8)

        assert [acts(eve - SECOND), acts(eve)] == [[], ["send_joining"]]

    def test_to_whoever_holds_a_seat_in_order_of_arrival(self) -> None:
        session = make_session(fee_required=True, max_participants=3)
        make_fee(make_member(domains=("collines.example",)))
        people = {name: awaiting(session, last_name=name, email=f"{name}@collines.example") for name in "AB"}
        people |= {name: awaiting(session, last_name=name) for name in "CD"}
        registering.withdraw(people["A"], now=paris(2017, 4, 5, 1), by=registering.PARTICIPANT)

        assert statuses(session) == [
            ("A", "cancelled"),
            ("B", "confirmed"),
            ("C", "awaiting_fee"),
            ("D", "waiting"),
        ]
        assert [line for line in plan(JOINING) if line[0] == "send_joining"] == [
            ("send_joining", "B"),
            ("send_joining", "C"),
        ]

    def test_at_once_to_whoever_is_registered_later(self, coordinator: User) -> None:
        session = make_session()
        first = make_registration(session)
        assert run(JOINING) == [(first.email, "Convocation")]
        later = JOINING + timedelta(days=2)

        by_hand = registering.register_by_hand(make_candidate(session), reason="x", user=coordinator, now=later)

        assert [run(later), run(later)] == [[(by_hand.email, "Convocation")], []]

    def test_at_once_to_whoever_takes_a_seat_later(self, coordinator: User) -> None:
        """A colleague who replaces someone, and the person waiting to whom a seat is assigned."""
        session = make_session(max_participants=2)
        first, second, waiting = (make_registration(session) for _ in range(3))
        run(JOINING)
        later = JOINING + timedelta(days=1)

        colleague = registering.replace(first, make_candidate(session), now=later)
        registering.withdraw(second, now=later, by=registering.PARTICIPANT)
        registering.assign_next_seat(session, user=coordinator, now=later)

        assert run(later) == [(waiting.email, "Convocation"), (colleague.email, "Convocation")]

    def test_not_while_a_decision_is_awaited(self, coordinator: User) -> None:
        session = make_session(min_participants=2)
        registration = make_registration(session)
        assert [acts(DEADLINE), len(run(DEADLINE)), run(JOINING)] == [["ask_decision"], 1, []]

        deciding.maintain(session, now=JOINING + SECOND)

        assert run(JOINING + SECOND) == [(registration.email, "Convocation")]

    def test_not_while_a_decision_is_awaited_though_there_is_nobody_to_ask(self) -> None:
        Organisation.objects.update(email="")
        make_registration(make_session(min_participants=2))

        assert acts(JOINING) == []

    def test_not_while_a_change_settles(self) -> None:
        """What was just typed may still be corrected: nobody is sent to the wrong address."""
        session = make_session()
        make_registration(session)
        change(session, at=JOINING - SECOND)
        settled = JOINING - SECOND + timedelta(minutes=15)

        assert [acts(JOINING), acts(settled - SECOND), acts(settled)] == [[], [], ["announce_change", "send_joining"]]

    def test_again_for_another_date(self) -> None:
        session = make_session()
        registration = make_registration(session)
        run(JOINING)

        deciding.postpone(session, first_on=date(2017, 5, 10), now=JOINING + SECOND)

        assert [acts(paris(2017, 5, 3, 7, 59, 59)), run(paris(2017, 5, 3, 8)), run(paris(2017, 5, 3, 8))] == [
            [],
            [(registration.email, "Convocation")],
            [],
        ]

    def test_the_others_who_share_a_car_are_named_to_who_offered_it(self) -> None:
        session = make_session(max_participants=4)
        for name, town in (("Alex", "Vienne"), ("Sam", "Annonay"), ("Lou", "")):
            make_registration(session, first_name=name, carpool=bool(town), departure_town=town)
        mine = make_registration(session, first_name="Camille", carpool=True, departure_town="Givors")
        make_registration(session, first_name="Waiting", carpool=True, departure_town="Givors")
        make_registration(make_session(), first_name="Elsewhere", carpool=True, departure_town="Givors")
        alone = Registration.objects.get(first_name="Lou")

        assert [person.first_name for person in reminding.carpool(mine)] == ["Sam", "Alex"]
        assert reminding.carpool(alone) == []


class TestAnnouncingAChange:
    """R19: once nothing has changed for fifteen minutes, to everybody who registered before it."""

    CHANGED = paris(2017, 3, 20, 10)
    QUIET = timedelta(minutes=15)

    def test_after_fifteen_quiet_minutes(self) -> None:
        session = make_session()
        registration = make_registration(session)
        change(session, at=self.CHANGED)

        assert [acts(self.CHANGED + self.QUIET - SECOND), run(self.CHANGED + self.QUIET)] == [
            [],
            [(registration.email, "Date, horaires ou lieu modifiés")],
        ]

    def test_another_change_in_the_meantime_starts_them_again(self) -> None:
        session = make_session()
        make_registration(session)
        change(session, at=self.CHANGED)
        again = self.CHANGED + self.QUIET - SECOND
        change(session, at=again)

        assert [acts(self.CHANGED + self.QUIET), acts(again + self.QUIET - SECOND), acts(again + self.QUIET)] == [
            [],
            [],
            ["announce_change"],
        ]

    def test_once_per_change(self) -> None:
        session = make_session()
        make_registration(session)
        change(session, at=self.CHANGED)
        later = self.CHANGED + timedelta(days=1)

        assert [len(run(self.CHANGED + self.QUIET)), len(run(later))] == [1, 0]
        change(session, at=later)
        assert [len(run(later + self.QUIET)), len(run(later + self.QUIET))] == [1, 0]

    def test_to_everybody_who_was_told_otherwise_also_waiting(self) -> None:
        session = make_session(max_participants=3)
        people = {name: make_registration(session, last_name=name) for name in "ABDWV"}
        change(session, at=self.CHANGED)
        make_registration(session, last_name="E", now=self.CHANGED)
        registering.withdraw(people["A"], now=self.CHANGED, by=registering.PARTICIPANT)

        assert statuses(session) == [
            ("A", "cancelled"),
            ("B", "confirmed"),
            ("D", "confirmed"),
            ("W", "confirmed"),
            ("V", "waiting"),
            ("E", "waiting"),
        ]
        # W learnt it with the seat, E when registering.
        assert plan(self.CHANGED + self.QUIET) == [("announce_change", name) for name in "BDV"]

    def test_what_was_undone_in_the_meantime_is_not_announced(self) -> None:
        session = make_session(exact_address="12 rue des Lices")
        make_registration(session)
        change(session, at=self.CHANGED)
        TrainingSession.objects.update(place=session.place, changed_at=self.CHANGED + timedelta(minutes=5))

        assert run(self.CHANGED + timedelta(hours=1)) == []

    def test_nor_the_exact_address_given_for_the_first_time(self) -> None:
        session = make_session()
        make_registration(session)
        TrainingSession.objects.update(exact_address="12 rue des Lices", changed_at=self.CHANGED)

        assert run(self.CHANGED + self.QUIET) == []

    def test_unless_the_joining_instructions_left_without_it(self) -> None:
        session = make_session()
        registration = make_registration(session)
        run(JOINING)
        TrainingSession.objects.update(exact_address="12 rue des Lices", changed_at=JOINING)

        assert run(JOINING + self.QUIET) == [(registration.email, "Date, horaires ou lieu modifiés")]
        assert "– Adresse exacte : 12 rue des Lices\n" in folded(Message.objects.latest("pk").text)
        assert run(JOINING + 2 * self.QUIET) == []

    def test_it_says_what_was_and_what_is_in_both_renderings(self) -> None:
        session = make_session(exact_address="12 rue des Lices\n69700 Givors")
        make_registration(session)
        session.days.update(date=date(2017, 4, 13), ends_at=time(16))
        TrainingSession.objects.update(exact_address="Mairie", place="", changed_at=self.CHANGED)

        run(self.CHANGED + self.QUIET)

        letter = Message.objects.latest("pk")
        lines = [
            "Date : mercredi 12 avril 2017 → jeudi 13 avril 2017",
            "Horaires : de 9 h 30 à 17 h 30 → de 9 h 30 à 16 h",
            "Lieu : à proximité de Givors (69) → à préciser",
            "Adresse exacte : 12 rue des Lices, 69700 Givors → Mairie",
        ]
        text, html = folded(letter.text), folded(letter.html)
        assert [line.removeprefix("– ") for line in text.splitlines() if "→" in line] == lines
        assert [line for line in lines if f"<li>{line}</li>" not in html] == []

    def test_a_letter_that_leaves_meanwhile_says_it_and_it_is_not_said_again(self) -> None:
        session = make_session(fee_required=True)
        registration = awaiting(session)
        change(session, at=self.CHANGED)
        pay(registration, now=self.CHANGED)

        assert "– Lieu : à proximité de Givors (69) → à Lyon (1)\n" in folded(Message.objects.latest("pk").text)
        assert acts(self.CHANGED + self.QUIET) == []

    def test_not_one_that_a_decision_has_announced(self) -> None:
        """Postponing writes to everybody at once."""
        session = make_session()
        make_registration(session)
        change(session, at=self.CHANGED)

        deciding.postpone(session, first_on=date(2017, 5, 10), now=self.CHANGED + SECOND)

        assert acts(self.CHANGED + self.QUIET + SECOND) == []

    def test_not_once_the_session_has_begun(self) -> None:
        session = make_session()
        make_registration(session)
        run(JOINING)
        change(session, at=START - self.QUIET)

        assert [acts(START - SECOND), acts(START), acts(START + SECOND)] == [[], [], []]


def everything_due() -> tuple[datetime, list[tuple[str, str]]]:
    """Two sessions for which every act is due at that instant, and the plan in its order."""
    first = make_session(title="S", fee_required=True, min_participants=8)
    late = awaiting(first, last_name="A")
    reminded = awaiting(first, last_name="B")
    coordinator = User.objects.get(username="coordination")
    registering.extend_fee_due(reminded, until=date(2017, 4, 9), user=coordinator, now=NOW)
    change(first, at=DEADLINE)
    second = make_session(title="T")
    for name in "CD":
        make_registration(second, last_name=name)
    change(second, at=DEADLINE)
    assert late.fee_due_on == date(2017, 4, 5)
    return paris(2017, 4, 6, 8), [
        ("release", "A"),
        ("announce_change", "B"),
        ("remind_fee", "B"),
        ("ask_decision", "S"),
        ("announce_change", "C"),
        ("announce_change", "D"),
        ("send_joining", "C"),
        ("send_joining", "D"),
    ]


class TestTheWhole:
    """R24: as data, in its order; done once, whatever happens to the worker."""

    def test_session_by_session_in_the_order_of_the_acts(self, coordinator: User) -> None:
        now, expected = everything_due()

        assert plan(now) == expected
        # In each session, the order in which `Act` lists them.
        order = list(Act)
        found = reminding.due(now)
        assert [(action.session_id, order.index(action.act)) for action in found] == sorted(
            (action.session_id, order.index(action.act)) for action in found
        )

    def test_asking_changes_nothing(self, coordinator: User) -> None:
        now, expected = everything_due()
        before = messages()

        assert [plan(now), plan(now)] == [expected, expected]
        assert messages() == before

    def test_run_twice_nothing_more(self, coordinator: User) -> None:
        now, expected = everything_due()

        assert [agenda.run(now=now), plan(now), agenda.run(now=now)] == [len(expected), [], 0]
        assert Counter(message.kind for message in Message.objects.exclude(key="")) == {
            "fee_reminder": 1,
            "decision_needed": 1,
            "session_changed": 3,
            "joining_instructions": 2,
        }

    def test_an_earlier_instant_after_a_later_one_does_nothing_again(self, coordinator: User) -> None:
        """Two machines whose clocks disagree."""
        now, _ = everything_due()
        agenda.run(now=now)

        assert plan(now - timedelta(minutes=5)) == []

    @pytest.mark.parametrize("status", ["draft", "postponed", "cancelled"])
    def test_nothing_for_a_session_that_is_not_published(self, coordinator: User, status: str) -> None:
        now, _ = everything_due()
        TrainingSession.objects.update(status=status)

        assert plan(now) == []

    @pytest.mark.parametrize("now", [START, START + timedelta(hours=4), START + timedelta(days=30)])
    def test_nothing_once_it_has_begun(self, coordinator: User, now: datetime) -> None:
        everything_due()

        assert plan(now) == []

    def test_nothing_once_the_first_of_several_days_has_begun(self, coordinator: User) -> None:
        session = make_session(days=(date(2017, 4, 12), date(2017, 4, 20)), min_participants=8, fee_required=True)
        awaiting(session)
        change(session, at=DEADLINE)

        assert [len(plan(START - SECOND)), plan(START), plan(paris(2017, 4, 20, 8))] == [2, [], []]

    def test_nothing_without_a_date(self, coordinator: User) -> None:
        session = make_session(days=(), min_participants=8, fee_required=True)
        awaiting(session)

        assert [plan(REMINDER), plan(RELEASE)] == [[], []]

    def test_what_is_due_no_more_is_not_done(self, coordinator: User) -> None:
        """Paid, extended or cancelled between the plan and the act."""
        session = make_session(fee_required=True)
        paid, extended, given_up, late = (awaiting(session, last_name=name) for name in "ABCD")
        found = [action for action in reminding.due(RELEASE) if action.act == Act.RELEASE]
        pay(paid, now=RELEASE)
        registering.extend_fee_due(extended, until=date(2017, 4, 10), user=coordinator, now=RELEASE)
        registering.withdraw(given_up, now=RELEASE, by=registering.PARTICIPANT)

        assert [reminding.do(action, now=RELEASE) for action in found] == [False, False, False, True]
        assert [status_of(row) for row in (paid, extended, given_up, late)] == [
            "confirmed",
            "awaiting_fee",
            "cancelled",
            "cancelled",
        ]

    @pytest.mark.parametrize("decide", [deciding.postpone, deciding.cancel])
    def test_what_a_decision_overtakes_is_not_done(self, coordinator: User, decide: Callable[..., object]) -> None:
        now, _ = everything_due()
        found = reminding.due(now)
        for session in TrainingSession.objects.all():
            decide(session, now=now, **({"first_on": None} if decide is deciding.postpone else {"user": coordinator}))

        assert [reminding.do(action, now=now) for action in found] == [False] * len(found)

    def test_what_is_gone_is_not_done(self) -> None:
        session = make_session()
        registration = make_registration(session)
        [action] = reminding.due(JOINING)
        registering.delete([registration], now=JOINING)

        assert reminding.do(action, now=JOINING) is False
        session.delete()
        assert reminding.do(action, now=JOINING) is False

    def test_asked_to_stop_it_stops_between_two(self, coordinator: User) -> None:
        now, expected = everything_due()
        answers = iter([False, False, False, True])

        assert agenda.run(now=now, is_stopping=lambda: next(answers)) == 3
        assert plan(now) == expected[3:]

    def test_one_that_fails_is_said_and_holds_nothing_back(
        self, coordinator: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        now, expected = everything_due()
        stubborn = Registration.objects.get(last_name="C")
        mend = refuse_messages_about(stubborn)

        with caplog.at_level(logging.ERROR):
            assert agenda.run(now=now) == len(expected) - 2

        assert plan(now) == [("announce_change", "C"), ("send_joining", "C")]
        assert [record.message for record in caplog.records] == [
            f"Not done, to be tried again: {Due(act, stubborn.session_id, stubborn.pk)!r}"
            for act in (Act.ANNOUNCE_CHANGE, Act.SEND_JOINING)
        ]
        assert told(stubborn) == ["Inscription confirmée"]
        mend()
        assert [agenda.run(now=now), plan(now)] == [2, []]
        assert told(stubborn)[1:] == ["Date, horaires ou lieu modifiés", "Convocation"]


def refuse_messages_about(registration: Registration) -> Callable[[], None]:
    """The database refuses every message about this registration, until it is mended."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON mailing_message "
                f"WHEN NEW.about_id = {registration.pk:d} BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        else:
            cursor.execute(
                "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE 'refused'; END $$ LANGUAGE plpgsql"
            )
            cursor.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON mailing_message FOR EACH ROW "
                f"WHEN (NEW.about_id = {registration.pk:d}) EXECUTE FUNCTION refuse()"
            )

    def mend() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse" + ("" if connection.vendor == "sqlite" else " ON mailing_message"))

    return mend


class TestAfterAnOutage:
    """R24: it catches up, and does not send what no longer makes sense."""

    def test_two_days_late_what_still_makes_sense_is_done(self) -> None:
        registration = awaiting()
        run(REMINDER - SECOND)

        assert run(REMINDER + timedelta(days=2)) == [
            (registration.email, "Rappel, cotisation attendue au plus tard le 5 avril 2017")
        ]

    def test_past_the_release_the_reminder_is_dropped(self) -> None:
        """Down from 1 to 7 April: no reminder of a seat that is released; the others get their instructions."""
        session = make_session(fee_required=True, max_participants=2)
        late, paid, waiting = (awaiting(session) for _ in range(3))
        pay(paid, now=NOW)
        run(paris(2017, 4, 1))

        assert run(paris(2017, 4, 7)) == [(late.email, "Inscription annulée"), (paid.email, "Convocation")]
        assert status_of(waiting) == "waiting"
        assert run(paris(2017, 4, 7)) == []

    def test_two_days_late_joining_instructions_still_leave(self) -> None:
        session = make_session(joining_on=date(2017, 4, 9))
        registration = make_registration(session)

        assert run(paris(2017, 4, 11, 8)) == [(registration.email, "Convocation")]

    def test_past_the_start_everything_is_dropped(self, coordinator: User) -> None:
        everything_due()
        before = messages()

        agenda.run(now=START)

        assert messages() == before
        assert Message.objects.exclude(key="").count() == 0

    def test_a_seat_released_late_is_still_given_until_the_deadline(self) -> None:
        """Due on 20 March, seen two days later: the person waiting has it at once."""
        session = make_session(fee_required=True, fee_due_on=date(2017, 3, 20), max_participants=1)
        late, waiting = awaiting(session), awaiting(session)

        assert [situation for _, situation in run(paris(2017, 3, 22, 12))] == [
            "Inscription annulée",
            "Une place s’est libérée, cotisation attendue au plus tard le 5 avril 2017",
        ]
        assert [status_of(late), status_of(waiting)] == ["cancelled", "awaiting_fee"]


class TestQueries:
    """A constant number, whatever there is to do."""

    def queries(self, now: datetime) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            reminding.due(now)
        return len(captured)

    def test_with_1_and_50_sessions(self, coordinator: User) -> None:
        now, expected = everything_due()
        few = self.queries(now)
        for number in range(48):
            session = make_session(min_participants=8 if number % 2 else None, fee_required=True)
            awaiting(session, last_name=f"N{number}")
            change(session, at=DEADLINE)

        assert len(plan(now)) == len(expected) + 48 + 24
        assert [few, self.queries(now)] == [6, 6]

    def test_when_nothing_is_there(self) -> None:
        assert self.queries(NOW) <= 5

    def test_for_an_act(self) -> None:
        """Doing one costs the same in a session of one and of forty."""
        counts = []
        for people in (1, 40):
            session = make_session(max_participants=None)
            for _ in range(people):
                make_registration(session)
            action = reminding.due(JOINING)[-1]
            with CaptureQueriesContext(connection) as captured:
                assert reminding.do(action, now=JOINING)
            counts.append(len(captured))

        assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
class TestSeveralWorkers:
    """R24: in several places at once, each action once."""

    def test_three_rounds_at_once(self) -> None:
        coordinator = make_staff(group="Coordination", username="coordination", email="coordination@caprural.example")
        now, expected = everything_due()
        for _ in range(3):
            session = make_session()
            for _ in range(8):
                make_registration(session)
        written = len(messages())

        done = at_once(*[lambda: agenda.run(now=now)] * 3)

        assert coordinator.email in dict(messages())
        assert (len(done), sum(done), plan(now)) == (3, len(expected) + 24, [])
        assert len(messages()) == written + len(expected) + 24
        assert set(Counter(messages()[written:]).values()) == {1}

    def test_a_session_that_someone_holds_is_left_to_the_next_round(self) -> None:
        """PostgreSQL: passed over, the others are done; SQLite: there is one writer at a time, so it is waited for."""
        held, other = make_session(), make_session()
        people = [make_registration(session) for session in (held, other)]
        done: list[int] = []

        def work() -> None:
            try:
                done.append(agenda.run(now=JOINING))
            finally:
                connection.close()

        with transaction.atomic():
            TrainingSession.objects.lock(held.pk)
            thread = Thread(target=work)
            thread.start()
            thread.join(timeout=1 if connection.vendor == "sqlite" else 30)
            assert done == ([] if connection.vendor == "sqlite" else [1])
        thread.join()
        agenda.run(now=JOINING)

        assert [told(person)[1:] for person in people] == [["Convocation"], ["Convocation"]]
