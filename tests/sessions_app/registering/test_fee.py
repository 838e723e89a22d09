"""A fee awaited longer: for one person, or because the session was moved (R15)."""

from datetime import date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from caprural import typography
from sessions_app import deciding, registering
from sessions_app.models import Registration, SessionDay, TrainingSession
from tests.factories import (
    NOW,
    make_fee,
    make_member,
    make_registration,
    make_session,
    paris,
)
from tests.support.traces import folded, log, messages, told

pytestmark = pytest.mark.django_db

AFTER_DEADLINE = paris(2017, 4, 7, 10)


def due_on(registration: Registration) -> date | None:
    return Registration.objects.get(pk=registration.pk).fee_due_on


class TestExtending:
    def test_the_person_is_told_and_the_log_says_who(self, coordinator: User) -> None:
        registration = make_registration(make_session(fee_required=True))
        other = make_registration(registration.session)

        registering.extend_fee_due(registration, until=date(2017, 4, 11), user=coordinator, now=AFTER_DEADLINE)

        assert [due_on(registration), due_on(other)] == [date(2017, 4, 11), date(2017, 4, 5)]
        assert log(registration)[1:] == [
            ("awaiting_fee", "awaiting_fee", "coordination", "cotisation attendue jusqu’au 11 avril 2017")
        ]
        line = registration.status_changes.last()
        assert line is not None
        assert (line.user, line.at) == (coordinator, AFTER_DEADLINE)
        assert messages()[2:] == [
            (registration.email, "Nouveau délai, cotisation attendue au plus tard le 11 avril 2017")
        ]

    @pytest.mark.parametrize(
        ("now", "until", "is_accepted"),
        [
            (AFTER_DEADLINE, date(2017, 4, 6), False),
            (AFTER_DEADLINE, date(2017, 4, 7), True),
            (paris(2017, 4, 7, 23, 59, 59), date(2017, 4, 7), True),
            (paris(2017, 4, 8), date(2017, 4, 7), False),
            (AFTER_DEADLINE, date(2017, 4, 11), True),
            (AFTER_DEADLINE, date(2017, 4, 12), False),
            (NOW, date(2017, 3, 2), True),
        ],
    )
    def test_to_a_day_to_come_before_the_session(
        self, coordinator: User, now: datetime, until: date, is_accepted: bool
    ) -> None:
        registration = make_registration(make_session(fee_required=True))

        if is_accepted:
            registering.extend_fee_due(registration, until=until, user=coordinator, now=now)
        else:
            with pytest.raises(registering.RegistrationRefused) as refused:
                registering.extend_fee_due(registration, until=until, user=coordinator, now=now)
            assert folded(str(refused.value)) == "Choisissez un jour à venir, avant celui de la session."

        assert due_on(registration) == (until if is_accepted else date(2017, 4, 5))
        assert [len(log(registration)), len(told(registration))] == ([2, 2] if is_accepted else [1, 1])

    @pytest.mark.parametrize("status", ["confirmed", "waiting", "cancelled"])
    def test_only_while_a_fee_is_awaited(self, coordinator: User, status: str) -> None:
        session = make_session(fee_required=True, max_participants=1)
        make_fee(make_member(emails=("confirmed@structure.example",)))
        first = make_registration(
            session, email=f"{status}@structure.example" if status != "waiting" else "a@b.example"
        )
        registration = make_registration(session) if status == "waiting" else first
        if status == "cancelled":
            registering.withdraw(registration, now=NOW, by=registering.PARTICIPANT)
        before = messages()

        with pytest.raises(registering.RegistrationRefused) as refused:
            registering.extend_fee_due(registration, until=date(2017, 4, 11), user=coordinator, now=NOW)

        assert Registration.objects.get(pk=registration.pk).status == status
        assert str(refused.value) == "Cette inscription n’attend pas de cotisation."
        assert (due_on(registration), messages()) == (None, before)

    def test_not_while_it_is_postponed_to_a_date_to_come(self, coordinator: User) -> None:
        """Its letter said that nothing is awaited until then."""
        registration = make_registration(make_session(fee_required=True))
        deciding.postpone(registration.session, first_on=None, now=NOW)
        before = messages()

        with pytest.raises(registering.RegistrationRefused) as refused:
            registering.extend_fee_due(registration, until=date(2017, 4, 11), user=coordinator, now=NOW)

        assert str(refused.value) == "La cotisation n’est pas attendue tant que la nouvelle date n’est pas fixée."
        assert (due_on(registration), messages()) == (date(2017, 4, 5), before)

    def test_of_a_session_without_date(self, coordinator: User) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session)
        SessionDay.objects.all().delete()

        registering.extend_fee_due(registration, until=date(2018, 4, 11), user=coordinator, now=NOW)

        assert due_on(registration) == date(2018, 4, 11)


class TestAwaitingLonger:
    """The session was moved: the usual date, unless the person has longer and it still comes before the session."""

    def moved(self, session: TrainingSession, to: date, **fields: Any) -> None:
        """What the admin has saved."""
        session.days.update(date=to)
        TrainingSession.objects.filter(pk=session.pk).update(**fields)

    @pytest.mark.parametrize(
        ("to", "fields", "expected"),
        [
            (date(2017, 5, 10), {"registration_deadline": date(2017, 5, 3)}, date(2017, 5, 3)),
            (date(2017, 5, 10), {}, date(2017, 4, 12)),
            (date(2017, 4, 10), {}, date(2017, 4, 9)),
            (date(2017, 5, 10), {"fee_due_on": date(2017, 5, 2)}, date(2017, 5, 2)),
            (date(2017, 5, 10), {"registration_deadline": date(2017, 3, 20)}, date(2017, 4, 12)),
        ],
    )
    def test_until_the_usual_date(self, to: date, fields: dict[str, Any], expected: date) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session)
        self.moved(session, to, **fields)

        registering.await_fees_longer(session, now=AFTER_DEADLINE)

        assert due_on(registration) == expected
        assert log(registration)[1:] == [
            (
                "awaiting_fee",
                "awaiting_fee",
                "règle automatique",
                f"session déplacée, cotisation attendue jusqu’au {folded(typography.medium_date(expected))}",
            )
        ]
        assert len(messages()) == 1

    def test_a_person_who_has_longer_keeps_it(self, coordinator: User) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session)
        registering.extend_fee_due(registration, until=date(2017, 4, 11), user=coordinator, now=NOW)
        self.moved(session, date(2017, 4, 20), registration_deadline=date(2017, 4, 3))

        registering.await_fees_longer(session, now=paris(2017, 4, 2))

        assert (due_on(registration), len(log(registration))) == (date(2017, 4, 11), 2)

    def test_but_not_until_after_the_session(self, coordinator: User) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session)
        registering.extend_fee_due(registration, until=date(2017, 4, 11), user=coordinator, now=NOW)
        self.moved(session, date(2017, 4, 11))

        registering.await_fees_longer(session, now=AFTER_DEADLINE)

        assert due_on(registration) == date(2017, 4, 10)

    def test_only_who_awaits_a_fee(self) -> None:
        session = make_session(fee_required=True, max_participants=2)
        make_fee(make_member(emails=("a@collines.example",)))
        people = [make_registration(session, email=f"{name}@collines.example") for name in "abc"]
        elsewhere = make_registration(make_session(fee_required=True))
        self.moved(session, date(2017, 5, 10), registration_deadline=date(2017, 5, 3))

        registering.await_fees_longer(session, now=AFTER_DEADLINE)

        assert [due_on(person) for person in people] == [None, date(2017, 5, 3), None]
        assert [len(log(person)) for person in people] == [1, 2, 1]
        assert due_on(elsewhere) == date(2017, 4, 5)

    def test_twice_is_once(self) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session)
        self.moved(session, date(2017, 5, 10), registration_deadline=date(2017, 5, 3))

        for _ in range(2):
            registering.await_fees_longer(session, now=AFTER_DEADLINE)

        assert len(log(registration)) == 2
