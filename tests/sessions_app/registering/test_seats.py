"""Who gets the seat that frees, until when, and when its fee is due (R3, R8, R15)."""

from datetime import date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from sessions_app import registering
from sessions_app.models import Registration, TrainingSession
from tests.factories import (
    NOW,
    make_registration,
    make_session,
    paris,
)
from tests.support.traces import folded, log, messages, status_of, statuses, told
from tests.support.visitors import cancel

pytestmark = pytest.mark.django_db

Cause = Registration.Cause


#: After the deadline of the default session and before it begins; then while it takes place, and once it is over.
AFTER_DEADLINE = paris(2017, 4, 7, 10)


DURING = paris(2017, 4, 12, 11)


AFTERWARDS = paris(2017, 4, 14, 10)


def raise_cap(session: TrainingSession, seats: int | None, *, now: datetime = NOW) -> None:
    """The coordinator saves the session with another cap."""
    TrainingSession.objects.filter(pk=session.pk).update(max_participants=seats)
    registering.review(session, now=now)


class TestUntilWhenSeatsAreGivenAutomatically:
    """R8: until the deadline, and never in the 48 hours before the start."""

    def after_cancelling(self, now: datetime, **fields: Any) -> str:
        """What becomes of the only person waiting when the only seat frees at that instant."""
        session = make_session(max_participants=1, **fields)
        seated, waiting = [make_registration(session) for _ in range(2)]
        cancel(seated, now=now)
        assert status_of(seated) == "cancelled"
        return status_of(waiting)

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (paris(2017, 4, 4, 23, 59, 59), "confirmed"),
            (paris(2017, 4, 5, 0, 0, 0), "waiting"),
            (paris(2017, 4, 12, 9, 29, 59), "waiting"),
            (paris(2017, 4, 12, 9, 30), "waiting"),
            (AFTERWARDS, "waiting"),
        ],
    )
    def test_the_deadline(self, now: datetime, expected: str) -> None:
        assert self.after_cancelling(now) == expected

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (paris(2017, 4, 10, 9, 29, 59), "confirmed"),
            (paris(2017, 4, 10, 9, 30, 0), "confirmed"),
            (paris(2017, 4, 10, 9, 30, 1), "waiting"),
            (paris(2017, 4, 12, 9, 29, 59), "waiting"),
        ],
    )
    @pytest.mark.parametrize("deadline", [None, date(2017, 4, 12)])
    def test_the_48_hours(self, now: datetime, expected: str, deadline: date | None) -> None:
        assert self.after_cancelling(now, registration_deadline=deadline) == expected

    @pytest.mark.parametrize(
        ("now", "expected"), [(paris(2017, 3, 25, 8, 30, 0), "confirmed"), (paris(2017, 3, 25, 8, 30, 1), "waiting")]
    )
    def test_48_real_hours_when_the_clocks_change(self, now: datetime, expected: str) -> None:
        """On 26 March 2017 the night is one hour short."""
        assert self.after_cancelling(now, days=(date(2017, 3, 27),), registration_deadline=None) == expected

    def test_without_date_there_is_no_start_to_be_close_to(self) -> None:
        assert self.after_cancelling(paris(2017, 4, 4), days=()) == "confirmed"

    @pytest.mark.parametrize("status", ["draft", "postponed", "cancelled"])
    def test_not_while_the_session_is_not_announced(self, status: str) -> None:
        session = make_session(max_participants=1)
        seated, waiting = [make_registration(session) for _ in range(2)]
        TrainingSession.objects.filter(pk=session.pk).update(status=status)

        cancel(seated)

        assert status_of(waiting) == "waiting"


class TestRaisingTheCap:
    """R8: seats added go to the people waiting, in order."""

    def test_as_many_as_there_are_new_seats(self) -> None:
        session = make_session(max_participants=1)
        people = [make_registration(session, last_name=name) for name in "ABCD"]

        raise_cap(session, 3)

        assert statuses(session) == [("A", "confirmed"), ("B", "confirmed"), ("C", "confirmed"), ("D", "waiting")]
        assert [told(person)[1:] for person in people] == [
            [],
            ["Une place s’est libérée, inscription confirmée"],
            ["Une place s’est libérée, inscription confirmée"],
            [],
        ]

    def test_all_of_them_when_the_cap_is_removed(self) -> None:
        session = make_session(max_participants=1)
        for name in "ABCD":
            make_registration(session, last_name=name)

        raise_cap(session, None)

        assert statuses(session) == [(name, "confirmed") for name in "ABCD"]

    def test_not_after_the_deadline(self) -> None:
        session = make_session(max_participants=1)
        for name in "AB":
            make_registration(session, last_name=name)

        raise_cap(session, 5, now=AFTER_DEADLINE)

        assert statuses(session) == [("A", "confirmed"), ("B", "waiting")]

    def test_saving_a_session_without_change_changes_nothing(self) -> None:
        session = make_session(max_participants=2, fee_required=True)
        for name in "ABC":
            make_registration(session, last_name=name)
        before = messages()

        registering.review(session, now=NOW)

        assert statuses(session) == [("A", "awaiting_fee"), ("B", "awaiting_fee"), ("C", "waiting")]
        assert messages() == before


class TestAssigningTheNextSeat:
    """R8: after the deadline the coordinator assigns the seat, with one click, to the first person waiting."""

    def test_the_first_person_waiting_gets_one_seat(self, coordinator: User) -> None:
        session = make_session(max_participants=2)
        people = {name: make_registration(session, last_name=name) for name in "ABCD"}
        for name in "AB":
            cancel(people[name], now=AFTER_DEADLINE)

        assigned = registering.assign_next_seat(session, user=coordinator, now=AFTER_DEADLINE)

        assert assigned == people["C"]
        assert statuses(session)[2:] == [("C", "confirmed"), ("D", "waiting")]
        assert log(people["C"])[1:] == [
            ("waiting", "confirmed", "coordination", "place attribuée depuis la liste d’attente")
        ]
        assert told(people["C"]) == ["Liste d’attente (rang 1)", "Une place s’est libérée, inscription confirmée"]

    def test_the_fee_is_awaited_until_the_eve(self, coordinator: User) -> None:
        """R15."""
        session = make_session(max_participants=1, fee_required=True)
        seated, waiting = [make_registration(session) for _ in range(2)]
        cancel(seated, now=AFTER_DEADLINE)

        assigned = registering.assign_next_seat(session, user=coordinator, now=AFTER_DEADLINE)

        assert (assigned, assigned.status, assigned.fee_due_on) == (waiting, "awaiting_fee", date(2017, 4, 11))

    def test_once_begun_the_person_who_came_is_not_written_to(self, coordinator: User) -> None:
        session = make_session(max_participants=1)
        seated, waiting = [make_registration(session) for _ in range(2)]
        cancel(seated, now=AFTER_DEADLINE)

        registering.assign_next_seat(session, user=coordinator, now=DURING)

        assert status_of(waiting) == "confirmed"
        assert told(waiting) == ["Liste d’attente (rang 1)"]

    def test_no_free_seat(self, coordinator: User) -> None:
        session = make_session(max_participants=1)
        for name in "AB":
            make_registration(session, last_name=name)

        with pytest.raises(registering.RegistrationRefused, match="Aucune place n’est libre"):
            registering.assign_next_seat(session, user=coordinator, now=AFTER_DEADLINE)

        assert statuses(session) == [("A", "confirmed"), ("B", "waiting")]

    def test_nobody_waits(self, coordinator: User) -> None:
        session = make_session()

        with pytest.raises(registering.RegistrationRefused, match="Personne n’attend"):
            registering.assign_next_seat(session, user=coordinator, now=AFTER_DEADLINE)

    @pytest.mark.parametrize(
        ("status", "now", "reason"),
        [
            ("draft", NOW, "Cette session n’est pas encore publiée."),
            ("postponed", NOW, "Cette session est reportée : les inscriptions reprendront à une date à venir."),
            ("cancelled", NOW, "Cette session est annulée."),
            ("published", AFTERWARDS, "Cette session a eu lieu."),
        ],
    )
    def test_not_in_a_session_that_will_not_take_place(
        self, coordinator: User, status: str, now: datetime, reason: str
    ) -> None:
        session = make_session(max_participants=1)
        seated, waiting = [make_registration(session) for _ in range(2)]
        cancel(seated, now=AFTER_DEADLINE)
        TrainingSession.objects.filter(pk=session.pk).update(status=status)

        with pytest.raises(registering.RegistrationRefused) as refused:
            registering.assign_next_seat(session, user=coordinator, now=now)

        assert folded(str(refused.value)) == reason
        assert told(waiting) == ["Liste d’attente (rang 1)"]


class TestFeeDueOn:
    """R15: the later of the deadline and five days after the seat was given, never later than the eve; the session
    may set another."""

    @pytest.mark.parametrize(
        ("fields", "given_at", "expected"),
        [
            ({}, paris(2017, 3, 1, 10), date(2017, 4, 5)),
            ({}, paris(2017, 3, 31), date(2017, 4, 5)),
            ({}, paris(2017, 4, 1), date(2017, 4, 6)),
            ({}, paris(2017, 4, 4, 23, 59, 59), date(2017, 4, 9)),
            ({}, paris(2017, 4, 6), date(2017, 4, 11)),
            ({}, paris(2017, 4, 7), date(2017, 4, 11)),
            ({}, paris(2017, 4, 11, 23, 59), date(2017, 4, 11)),
            ({}, paris(2017, 4, 12, 8), date(2017, 4, 12)),
            ({"registration_deadline": None}, paris(2017, 3, 1, 10), date(2017, 3, 6)),
            ({"registration_deadline": None}, paris(2017, 3, 1, 0, 30), date(2017, 3, 6)),
            ({"registration_deadline": None}, paris(2017, 2, 28, 23, 30), date(2017, 3, 5)),
            ({"registration_deadline": date(2017, 4, 12)}, paris(2017, 3, 1), date(2017, 4, 11)),
            ({"days": (date(2017, 4, 20), date(2017, 4, 12))}, paris(2017, 4, 10), date(2017, 4, 11)),
            ({"days": ()}, paris(2017, 3, 1), date(2017, 4, 5)),
            ({"fee_due_on": date(2017, 3, 31)}, paris(2017, 3, 1), date(2017, 3, 31)),
            ({"fee_due_on": date(2017, 3, 31)}, paris(2017, 3, 31, 23, 59), date(2017, 3, 31)),
            ({"fee_due_on": date(2017, 3, 31)}, paris(2017, 4, 1), date(2017, 4, 6)),
            ({"fee_due_on": date(2017, 4, 30)}, paris(2017, 3, 1), date(2017, 4, 11)),
        ],
    )
    def test_date(self, fields: dict[str, Any], given_at: datetime, expected: date) -> None:
        session = make_session(fee_required=True, **fields)

        assert registering.fee_due_on(session, given_at=given_at) == expected
