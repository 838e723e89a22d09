from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from members import fees
from sessions_app import registering
from sessions_app.models import Registration, StatusChange
from sessions_app.models.registration import new_token
from tests.factories import NOW, make_candidate, make_fee, make_member, make_registration, make_session
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

Status = Registration.Status


class TestTransitions:
    """R6: which status may follow which."""

    def test_the_whole_table(self) -> None:
        assert {before: set(after) for before, after in Registration.TRANSITIONS.items()} == {
            "": {"confirmed", "awaiting_fee", "waiting"},
            "waiting": {"confirmed", "awaiting_fee", "cancelled"},
            "awaiting_fee": {"confirmed", "cancelled"},
            "confirmed": {"awaiting_fee", "cancelled"},
            "cancelled": set(),
        }

    def test_every_status_has_its_line(self) -> None:
        assert set(Registration.TRANSITIONS) == {"", *Status.values}


class TestToken:
    """R9: the private link is the participant's whole access, at least 128 random bits."""

    def test_192_bits_in_an_address(self) -> None:
        tokens = {new_token() for _ in range(1000)}

        assert len(tokens) == 1000
        assert {len(token) for token in tokens} == {32}
        assert not set("".join(tokens)) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    def test_it_makes_the_address_of_the_private_page(self) -> None:
        registration = make_registration(make_session())

        assert registration.get_absolute_url() == f"/inscriptions/{registration.token}/"


class TestRank:
    """R7, R8: the waiting list is in order of arrival, counted from 1."""

    def test_among_those_who_wait_for_the_same_session(self) -> None:
        other = make_session(max_participants=1)
        session = make_session(max_participants=1)
        for _ in range(2):
            make_registration(other)
        people = [make_registration(session) for _ in range(4)]

        assert [person.rank() for person in people] == [None, 1, 2, 3]
        assert list(session.registrations.waiting()) == people[1:]

    def test_it_moves_up_when_someone_before_gives_up(self) -> None:
        session = make_session(max_participants=1)
        _, first, second, third = [make_registration(session) for _ in range(4)]

        registering.cancel(first, cause=Registration.Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)

        assert [second.rank(), third.rank()] == [1, 2]

    def test_someone_who_comes_back_waits_at_the_end(self) -> None:
        session = make_session(max_participants=1)
        _, first, second = [make_registration(session) for _ in range(3)]
        registering.cancel(first, cause=Registration.Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)

        again = make_registration(session, email=first.email)

        assert [second.rank(), again.rank()] == [1, 2]


class TestWhichRegistrations:
    @pytest.fixture
    def people(self) -> dict[str, Registration]:
        """One registration per status."""
        session = make_session(max_participants=2, fee_required=True)
        people = {
            "confirmed": make_registration(session),
            "awaiting_fee": make_registration(session),
            "waiting": make_registration(session),
            "cancelled": make_registration(session),
        }
        registering.cancel(
            people["cancelled"], cause=Registration.Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT
        )
        member = make_member()
        make_fee(member)
        fees.cover(member, people["confirmed"].email, name=people["confirmed"].full_name, now=NOW)
        return people

    def test_by_status(self, people: dict[str, Registration]) -> None:
        """R3: a seat is held by « confirmed » and « awaiting_fee »."""
        registrations = Registration.objects

        assert list(registrations.live()) == [people["confirmed"], people["awaiting_fee"], people["waiting"]]
        assert list(registrations.holding_seat()) == [people["confirmed"], people["awaiting_fee"]]
        assert list(registrations.waiting()) == [people["waiting"]]

    def test_on_one_row(self, people: dict[str, Registration]) -> None:
        for person in people.values():
            person.refresh_from_db()

        assert [(p.holds_seat, p.can_be_cancelled) for p in people.values()] == [
            (True, True),
            (True, True),
            (False, True),
            (False, False),
        ]


class TestWithoutMember:
    """R14: « à rattacher »: awaiting a fee, and listed by nobody, by address or by domain."""

    def test_those_whom_nobody_knows(self) -> None:
        session = make_session(fee_required=True, max_participants=5)
        emails = (
            "inconnue@ailleurs.example",
            "camille@collines.example",
            "a@cc-plateau.example",
            "b@x.cc-plateau.example",
        )
        unknown, _by_address, _by_domain, sub_domain = [make_registration(session, email=email) for email in emails]
        make_registration(make_session(), email="sans-cotisation@ailleurs.example")
        make_member(emails=("camille@collines.example",), domains=("cc-plateau.example",))

        assert list(Registration.objects.without_member()) == [unknown, sub_domain]


class TestDatabaseRefuses:
    """What must never be false in the database, whoever writes."""

    def test_two_live_registrations_of_one_address_and_name(self) -> None:
        """R7."""
        session = make_session()
        mailbox = {"email": "camille@structure.example", "first_name": "Zoé"}
        make_registration(session, **mailbox, last_name="Étienne")

        with pytest.raises(IntegrityError), transaction.atomic():
            make_candidate(session, **mailbox, last_name="ETIENNE", status="waiting", registered_at=NOW).save()

        assert Registration.objects.count() == 1
        make_candidate(session, **mailbox, last_name="Martin", status="waiting", registered_at=NOW).save()
        assert Registration.objects.count() == 2

    def test_but_one_address_registers_for_two_sessions(self) -> None:
        for _ in range(2):
            make_registration(make_session(), email="camille@structure.example")

        assert Registration.objects.count() == 2

    def test_and_registers_again_after_cancelling(self) -> None:
        session = make_session()
        for _ in range(3):
            registration = make_registration(session, email="camille@structure.example")
            registering.cancel(registration, cause=Registration.Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)

        assert list(session.registrations.values_list("status", flat=True)) == ["cancelled"] * 3

    def test_two_registrations_with_one_token(self) -> None:
        """R9."""
        session = make_session()
        first = make_registration(session)

        with pytest.raises(IntegrityError), transaction.atomic():
            make_candidate(session, token=first.token, status="waiting", registered_at=NOW).save()

    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"status": "present"}, "registration_status_is_known"),
            ({"status": "cancelled"}, "cancelled_means_a_cause"),
            ({"cancellation_cause": "participant"}, "cancelled_means_a_cause"),
            ({"status": "awaiting_fee"}, "awaiting_fee_means_a_date"),
            ({"seat_given_at": None}, "seat_held_means_since_when"),
            (
                {"status": "awaiting_fee", "fee_due_on": date(2017, 4, 5), "seat_given_at": None},
                "seat_held_means_since_when",
            ),
        ],
    )
    def test_a_status_without_what_goes_with_it(self, fields: dict[str, Any], constraint: str) -> None:
        """R6, R8, R15."""
        registration = make_registration(make_session())

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Registration.objects.filter(pk=registration.pk).update(**fields)


class TestOrderOnTheSheet:
    """SPEC §6: sorted French-wise, surname first."""

    def test_by_surname_then_first_name(self) -> None:
        people = [
            Registration(first_name=first, last_name=last)
            for first, last in (
                ("Zoé", "Martin"),
                ("Émile", "Martin"),
                ("Anne", "Élie"),
                ("Luc", "Dubois"),
                ("Éric", "de Villiers"),
                ("Jean", "Étienne"),
            )
        ]

        assert [person.full_name for person in sorted(people, key=lambda person: person.sort_key)] == [
            "Luc Dubois",
            "Anne Élie",
            "Jean Étienne",
            "Émile Martin",
            "Zoé Martin",
            "Éric de Villiers",
        ]


class TestSaid:
    def test_nouns(self) -> None:
        registration = make_registration(make_session(), first_name="Camille", last_name="Durand")
        [line] = StatusChange.objects.all()

        assert [str(registration), folded(str(line))] == [
            "Camille Durand",
            "confirmée – mercredi 1er mars 2017, 10 h",
        ]
