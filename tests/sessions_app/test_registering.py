from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from caprural import typography
from members import fees
from members.models import Member, MembershipFee
from sessions_app import registering
from sessions_app.models import Registration, StatusChange, TrainingSession
from sessions_app.registering.gate import move
from tests.factories import (
    NOW,
    make_campaign,
    make_candidate,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_session,
    make_staff,
    paris,
)
from tests.traces import folded, log, messages, status_of, statuses, told

pytestmark = pytest.mark.django_db

Cause = Registration.Cause
SECOND = timedelta(seconds=1)
#: After the deadline of the default session and before it begins; then while it takes place, and once it is over.
AFTER_DEADLINE = paris(2017, 4, 7, 10)
DURING = paris(2017, 4, 12, 11)
AFTERWARDS = paris(2017, 4, 14, 10)


@pytest.fixture
def coordinator() -> User:
    return make_staff(group="Coordination", username="coordination")


def cancel(registration: Registration, *, now: datetime = NOW) -> None:
    """The person gives up."""
    registering.cancel(registration, cause=Cause.PARTICIPANT, now=now, by=registering.PARTICIPANT)


def raise_cap(session: TrainingSession, seats: int | None, *, now: datetime = NOW) -> None:
    """The coordinator saves the session with another cap."""
    TrainingSession.objects.filter(pk=session.pk).update(max_participants=seats)
    registering.review(session, now=now)


class TestAnOpenSession:
    """R7: a free seat and nobody waiting."""

    def test_without_fee_the_seat_is_confirmed(self) -> None:
        """R17."""
        session = make_session(max_participants=2)

        registration = registering.register(make_candidate(session, last_name="Durand"), now=NOW)

        assert registration is not None
        assert statuses(session) == [("Durand", "confirmed")]
        assert (registration.registered_at, registration.seat_given_at, registration.fee_due_on) == (NOW, NOW, None)
        assert log(registration) == [("", "confirmed", "la personne", "inscription en ligne")]
        assert told(registration) == ["Inscription confirmée"]

    def test_with_the_fee_up_to_date_the_seat_is_confirmed(self) -> None:
        session = make_session(fee_required=True)
        make_fee(make_member(emails=("camille@collines.example",)))

        registration = make_registration(session, email="camille@collines.example")

        assert registration.status == "confirmed"
        assert registration.fee_due_on is None
        assert told(registration) == ["Inscription confirmée"]

    def test_otherwise_the_seat_is_held_until_a_date(self) -> None:
        """R15."""
        session = make_session(fee_required=True)

        registration = make_registration(session)

        assert (registration.status, registration.fee_due_on, registration.seat_given_at) == (
            "awaiting_fee",
            date(2017, 4, 5),
            NOW,
        )
        assert log(registration) == [("", "awaiting_fee", "la personne", "inscription en ligne")]
        assert told(registration) == ["Place retenue, cotisation attendue au plus tard le 5 avril 2017"]

    @pytest.mark.parametrize(
        ("year_of_the_fee", "day_of_the_session", "expected"),
        [
            (2017, date(2017, 12, 31), "confirmed"),
            (2017, date(2018, 1, 1), "awaiting_fee"),
            (2018, date(2018, 1, 1), "confirmed"),
            (2018, date(2017, 12, 31), "awaiting_fee"),
        ],
    )
    def test_the_fee_is_looked_at_on_the_date_of_the_session(
        self, year_of_the_fee: int, day_of_the_session: date, expected: str
    ) -> None:
        """R7: not on the day of registering, here in 2017."""
        session = make_session(days=(day_of_the_session,), registration_deadline=None, fee_required=True)
        category = make_category(campaign=make_campaign(year=year_of_the_fee))
        make_fee(make_member(emails=("camille@collines.example",)), category=category)

        assert make_registration(session, email="camille@collines.example").status == expected

    def test_over_the_turn_of_the_year_the_first_day_decides(self) -> None:
        session = make_session(
            days=(date(2017, 12, 31), date(2018, 1, 1)), registration_deadline=None, fee_required=True
        )
        make_fee(make_member(emails=("camille@collines.example",)), category=make_category(campaign=make_campaign()))

        assert make_registration(session, email="camille@collines.example").status == "confirmed"

    @pytest.mark.parametrize("status", ["due", "cancelled"])
    def test_a_fee_that_is_not_accepted_does_not_confirm(self, status: str) -> None:
        """R13."""
        session = make_session(fee_required=True)
        make_fee(make_member(emails=("camille@collines.example",)), status=status)

        assert make_registration(session, email="camille@collines.example").status == "awaiting_fee"

    def test_what_was_typed_is_kept(self) -> None:
        session = make_session()
        typed = {
            "first_name": "Camille",
            "last_name": "Durand",
            "email": "camille@structure.example",
            "phone": "06 12 34 56 78",
            "organisation": "Pays des Collines",
            "job_title": "Chargée de mission",
            "profile": "technician",
            "accessibility_needs": "Boucle magnétique",
            "carpool": True,
            "departure_town": "Givors",
            "message": "Bonjour",
        }

        registration = make_registration(session, **typed)

        assert Registration.objects.filter(pk=registration.pk).values(*typed).get() == typed


class TestAFullSession:
    """R7: no free seat, or people already waiting: the end of the waiting list, with the rank shown."""

    def test_ranks_in_order_of_arrival(self) -> None:
        session = make_session(max_participants=2)

        people = [make_registration(session, last_name=name) for name in "ABCDE"]

        assert statuses(session) == [
            ("A", "confirmed"),
            ("B", "confirmed"),
            ("C", "waiting"),
            ("D", "waiting"),
            ("E", "waiting"),
        ]
        assert [told(person) for person in people] == [
            ["Inscription confirmée"],
            ["Inscription confirmée"],
            ["Liste d’attente (rang 1)"],
            ["Liste d’attente (rang 2)"],
            ["Liste d’attente (rang 3)"],
        ]
        assert log(people[2]) == [("", "waiting", "la personne", "inscription en ligne")]

    def test_a_seat_awaiting_its_fee_is_taken(self) -> None:
        """R3."""
        session = make_session(max_participants=1, fee_required=True)

        people = [make_registration(session) for _ in range(2)]

        assert [person.status for person in people] == ["awaiting_fee", "waiting"]

    def test_someone_waiting_owes_nothing_yet(self) -> None:
        session = make_session(max_participants=1, fee_required=True)
        make_registration(session)

        waiting = make_registration(session)

        assert (waiting.seat_given_at, waiting.fee_due_on) == (None, None)

    def test_being_up_to_date_does_not_pass_before_the_others(self) -> None:
        session = make_session(max_participants=1, fee_required=True)
        make_fee(make_member(emails=("camille@collines.example",)))
        make_registration(session)

        assert make_registration(session, email="camille@collines.example").status == "waiting"

    def test_nobody_passes_before_those_who_wait_though_a_seat_is_free(self) -> None:
        session = make_session(max_participants=1)
        make_registration(session)
        first = make_registration(session)
        TrainingSession.objects.filter(pk=session.pk).update(max_participants=2)

        newcomer = make_registration(session)

        assert [first.rank(), newcomer.rank()] == [1, 2]

    def test_without_maximum_nobody_waits(self) -> None:
        session = make_session(max_participants=None)

        assert [make_registration(session).status for _ in range(12)] == ["confirmed"] * 12


class TestTheSameAddress:
    """R7: no second registration; the private link is sent again, the screen reveals nothing."""

    @pytest.mark.parametrize(
        "typed", ["camille@structure.example", "CAMILLE@Structure.Example", "  camille@structure.example\t"]
    )
    def test_case_and_spaces_do_not_count(self, typed: str) -> None:
        session = make_session()
        first = make_registration(session, email="camille@structure.example", first_name="Camille")

        again = registering.register(make_candidate(session, email=typed, first_name="Autre"), now=NOW)

        assert again is None
        assert [row.first_name for row in session.registrations.all()] == ["Camille"]
        assert messages() == [
            ("camille@structure.example", "Inscription confirmée"),
            ("camille@structure.example", "Lien vers votre page personnelle"),
        ]
        assert len(log(first)) == 1

    def test_it_is_stored_without_case_nor_spaces(self) -> None:
        registration = make_registration(make_session(), email=" Camille.DURAND@Structure.Example ")

        assert (registration.email, told(registration)) == (
            "camille.durand@structure.example",
            ["Inscription confirmée"],
        )

    def test_the_link_is_not_sent_twice_within_five_minutes(self) -> None:
        session = make_session()
        first = make_registration(session)
        five_minutes = timedelta(minutes=5)

        for moment in (NOW, NOW, NOW + five_minutes - SECOND, NOW + five_minutes, NOW + five_minutes):
            registering.register(make_candidate(session, email=first.email), now=moment)

        assert told(first) == [
            "Inscription confirmée",
            "Lien vers votre page personnelle",
            "Lien vers votre page personnelle",
        ]

    @pytest.mark.parametrize("seats", [1, 2])
    def test_whether_the_session_is_full_or_not(self, seats: int) -> None:
        session = make_session(max_participants=seats)
        first = make_registration(session)

        assert registering.register(make_candidate(session, email=first.email), now=NOW) is None

    def test_someone_waiting_keeps_their_rank(self) -> None:
        session = make_session(max_participants=1)
        _, waiting, _ = [make_registration(session) for _ in range(3)]

        registering.register(make_candidate(session, email=waiting.email), now=NOW)

        assert waiting.rank() == 1
        assert told(waiting) == ["Liste d’attente (rang 1)", "Lien vers votre page personnelle"]

    def test_once_closed_the_refusal_is_the_same_for_everybody(self) -> None:
        session = make_session()
        first = make_registration(session)

        with pytest.raises(registering.RegistrationClosed):
            registering.register(make_candidate(session, email=first.email), now=AFTER_DEADLINE)

        assert told(first) == ["Inscription confirmée"]

    def test_another_session_is_another_registration(self) -> None:
        first = make_registration(make_session(), email="camille@structure.example")
        second = make_registration(make_session(), email="camille@structure.example")

        assert told(first) == ["Inscription confirmée"] * 2
        assert first.token != second.token

    def test_one_may_register_again_after_cancelling(self) -> None:
        """R6: the cancelled one stays what it is."""
        session = make_session()
        first = make_registration(session)
        cancel(first)

        again = make_registration(session, email=first.email)

        assert [status_of(first), again.status] == ["cancelled", "confirmed"]
        assert first.token != again.token


class TestTheSameFormSentTwice:
    """R7: a double click is one registration, and leads to its page."""

    def test_the_same_registration_is_returned(self) -> None:
        session = make_session()
        key = uuid4()
        first = make_registration(session, email="camille@structure.example", submission_key=key)

        candidate = make_candidate(session, email="Camille@structure.example ", submission_key=key)
        again = registering.register(candidate, now=NOW)

        assert again == first
        assert messages() == [("camille@structure.example", "Inscription confirmée")]

    def test_also_when_the_session_closed_in_between(self) -> None:
        session = make_session()
        key = uuid4()
        first = make_registration(session, submission_key=key)

        candidate = make_candidate(session, email=first.email, submission_key=key)

        assert registering.register(candidate, now=AFTER_DEADLINE) == first

    def test_another_address_is_another_person(self) -> None:
        session = make_session()
        key = uuid4()

        people = [make_registration(session, submission_key=key) for _ in range(2)]

        assert [person.status for person in people] == ["confirmed", "confirmed"]

    def test_no_key_is_not_a_key(self) -> None:
        session = make_session()
        first = make_registration(session, submission_key=None)

        assert registering.register(make_candidate(session, email=first.email, submission_key=None), now=NOW) is None


class TestRefusals:
    """R4, R7: refused with the reason, and nothing is written."""

    @pytest.mark.parametrize(
        ("fields", "now", "code", "reason"),
        [
            ({"status": "draft"}, NOW, "not_published", "Cette session n’est pas encore publiée."),
            ({"status": "cancelled"}, NOW, "cancelled", "Cette session est annulée."),
            (
                {"status": "postponed"},
                NOW,
                "postponed",
                "Cette session est reportée : les inscriptions reprendront à une date à venir.",
            ),
            (
                {},
                paris(2017, 4, 5),
                "closed",
                "Les inscriptions sont closes depuis le mardi 4 avril, 23 h 59.",
            ),
            ({}, DURING, "under_way", "Cette session a commencé : il n’est plus possible de s’inscrire."),
            ({}, AFTERWARDS, "past", "Cette session a eu lieu."),
        ],
    )
    def test_by_state(self, fields: dict[str, Any], now: datetime, code: str, reason: str) -> None:
        session = make_session(**fields)

        with pytest.raises(registering.RegistrationClosed) as refused:
            registering.register(make_candidate(session), now=now)

        assert (refused.value.state.code, folded(str(refused.value))) == (code, reason)
        assert statuses(session) == []
        assert StatusChange.objects.count() == 0
        assert messages() == []

    def test_the_flyer_s_session_takes_people_until_the_last_second(self) -> None:
        """R4: « inscription en ligne avant le 5 avril 2017 »."""
        call_command("loaddata", "conduire-une-demarche-de-cooperation-2017", verbosity=0)
        seed = TrainingSession.objects.get()

        last = make_registration(seed, last_name="À temps", now=paris(2017, 4, 4, 23, 59, 59))
        with pytest.raises(registering.RegistrationClosed):
            registering.register(make_candidate(seed), now=paris(2017, 4, 5, 0, 0, 0))

        assert statuses(seed) == [("À temps", "awaiting_fee")]
        assert last.fee_due_on == date(2017, 4, 9)

    @pytest.mark.parametrize(
        ("deadline", "closes_at"),
        [
            (date(2017, 3, 26), datetime(2017, 3, 25, 23, 0, tzinfo=UTC)),
            (date(2017, 3, 27), datetime(2017, 3, 26, 22, 0, tzinfo=UTC)),
        ],
    )
    def test_across_the_change_of_hour_of_26_march_2017(self, deadline: date, closes_at: datetime) -> None:
        session = make_session(registration_deadline=deadline)

        make_registration(session, last_name="À temps", now=closes_at - SECOND)
        with pytest.raises(registering.RegistrationClosed):
            registering.register(make_candidate(session), now=closes_at)

        assert statuses(session) == [("À temps", "confirmed")]


class TestByHand:
    """R4: the coordinator registers someone, also after the deadline, never beyond the seats."""

    def register(
        self, session: TrainingSession, coordinator: User, *, now: datetime = AFTER_DEADLINE, **fields: Any
    ) -> Registration:
        """By telephone, after the deadline."""
        return registering.register_by_hand(
            make_candidate(session, **fields), reason="inscription par téléphone", user=coordinator, now=now
        )

    def test_the_reason_and_the_account_are_recorded(self, coordinator: User) -> None:
        session = make_session()

        registration = self.register(session, coordinator)

        assert log(registration) == [("", "confirmed", "coordination", "inscription par téléphone")]
        assert [line.user for line in registration.status_changes.all()] == [coordinator]
        assert told(registration) == ["Inscription confirmée"]

    def test_the_fee_rule_is_the_same(self, coordinator: User) -> None:
        session = make_session(fee_required=True)

        registration = self.register(session, coordinator, email=" Camille@Structure.Example")

        assert (registration.email, registration.status, registration.fee_due_on) == (
            "camille@structure.example",
            "awaiting_fee",
            date(2017, 4, 11),
        )
        assert told(registration) == ["Place retenue, cotisation attendue au plus tard le 11 avril 2017"]

    @pytest.mark.parametrize("now", [NOW, AFTER_DEADLINE])
    def test_never_beyond_the_seats(self, coordinator: User, now: datetime) -> None:
        session = make_session(max_participants=1)
        make_registration(session)

        registration = self.register(session, coordinator, now=now)

        assert registration.status == "waiting"
        assert log(registration) == [("", "waiting", "coordination", "inscription par téléphone")]
        assert told(registration) == ["Liste d’attente (rang 1)"]

    def test_not_past_the_queue_before_the_start(self, coordinator: User) -> None:
        """R8: a seat freed after the deadline is for the first person waiting."""
        session = make_session(max_participants=1)
        seated, first = [make_registration(session) for _ in range(2)]
        cancel(seated, now=AFTER_DEADLINE)

        registration = self.register(session, coordinator)

        assert [status_of(first), registration.status, registration.rank()] == ["waiting", "waiting", 2]

    @pytest.mark.parametrize("now", [DURING, AFTERWARDS])
    def test_once_begun_whoever_came_is_written_down_without_a_message(self, coordinator: User, now: datetime) -> None:
        session = make_session(max_participants=1)
        seated, _first = [make_registration(session) for _ in range(2)]
        cancel(seated, now=AFTER_DEADLINE)

        registration = self.register(session, coordinator, now=now)

        assert registration.status == "confirmed"
        assert told(registration) == []

    @pytest.mark.parametrize("now", [DURING, AFTERWARDS])
    def test_once_begun_there_is_no_point_in_waiting(self, coordinator: User, now: datetime) -> None:
        session = make_session(max_participants=1)
        make_registration(session, last_name="A")

        with pytest.raises(registering.NoSeatLeft, match="Toutes les places sont prises et la session a commencé"):
            self.register(session, coordinator, now=now)

        assert statuses(session) == [("A", "confirmed")]

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            ("draft", "Cette session n’est pas encore publiée."),
            ("postponed", "Cette session est reportée : les inscriptions reprendront à une date à venir."),
            ("cancelled", "Cette session est annulée."),
        ],
    )
    def test_a_session_that_is_not_announced_takes_nobody(self, coordinator: User, status: str, reason: str) -> None:
        session = make_session(status=status)

        with pytest.raises(registering.RegistrationRefused) as refused:
            self.register(session, coordinator)

        assert folded(str(refused.value)) == reason
        assert statuses(session) == []

    def test_the_same_form_sent_twice_is_one_registration(self, coordinator: User) -> None:
        """R7."""
        session = make_session()
        key = uuid4()
        first = self.register(session, coordinator, email="camille@structure.example", submission_key=key)

        again = self.register(session, coordinator, email="camille@structure.example", submission_key=key)

        assert again == first
        assert told(first) == ["Inscription confirmée"]

    def test_an_address_already_registered_is_said(self, coordinator: User) -> None:
        session = make_session()
        first = make_registration(session)

        with pytest.raises(registering.RegistrationRefused, match="Cette adresse e-mail est déjà inscrite"):
            self.register(session, coordinator, email=first.email.upper())

        assert told(first) == ["Inscription confirmée"]


class TestCancelling:
    """R6, R8: a cancellation keeps its cause, and its seat goes to the first person waiting."""

    def test_the_cause_and_the_log(self, coordinator: User) -> None:
        session = make_session()
        registration = make_registration(session)

        registering.cancel(
            registration,
            cause=Cause.COORDINATOR,
            now=NOW,
            by=registering.staff(coordinator),
            why="doublon",
        )

        registration.refresh_from_db()
        assert (registration.status, registration.cancellation_cause) == ("cancelled", "coordinator")
        assert log(registration) == [
            ("", "confirmed", "la personne", "inscription en ligne"),
            ("confirmed", "cancelled", "coordination", "doublon"),
        ]
        assert told(registration) == ["Inscription confirmée", "Inscription annulée"]

    @pytest.mark.parametrize(
        ("cause", "why"),
        [
            (Cause.PARTICIPANT, "par la personne"),
            (Cause.FEE_UNPAID, "cotisation non reçue à temps"),
            (Cause.SESSION_CANCELLED, "session annulée"),
            (Cause.REPLACED, "remplacée"),
        ],
    )
    def test_without_other_reason_the_cause_is_the_reason(self, cause: Cause, why: str) -> None:
        registration = make_registration(make_session())

        registering.cancel(registration, cause=cause, now=NOW, by=registering.SYSTEM)

        assert log(registration)[1:] == [("confirmed", "cancelled", "règle automatique", why)]

    def test_someone_awaiting_a_fee_awaits_it_no_more(self) -> None:
        registration = make_registration(make_session(fee_required=True))

        cancel(registration)

        registration.refresh_from_db()
        assert (registration.status, registration.fee_due_on) == ("cancelled", None)

    def test_the_first_person_waiting_gets_the_seat(self) -> None:
        session = make_session(max_participants=2)
        people = {name: make_registration(session, last_name=name) for name in "ABCD"}

        cancel(people["A"])

        assert statuses(session) == [("A", "cancelled"), ("B", "confirmed"), ("C", "confirmed"), ("D", "waiting")]
        assert log(people["C"]) == [
            ("", "waiting", "la personne", "inscription en ligne"),
            ("waiting", "confirmed", "règle automatique", "une place s’est libérée"),
        ]
        assert messages()[4:] == [
            (people["A"].email, "Inscription annulée"),
            (people["C"].email, "Une place s’est libérée, inscription confirmée"),
        ]

    def test_who_owes_the_fee_gets_the_seat_provisionally(self) -> None:
        session = make_session(max_participants=1, fee_required=True)
        first, second = [make_registration(session) for _ in range(2)]
        later = paris(2017, 4, 4, 12)

        cancel(first, now=later)

        second.refresh_from_db()
        assert (second.status, second.seat_given_at, second.fee_due_on) == ("awaiting_fee", later, date(2017, 4, 9))
        assert told(second) == [
            "Liste d’attente (rang 1)",
            "Une place s’est libérée, cotisation attendue au plus tard le 9 avril 2017",
        ]

    def test_a_waiting_person_who_gives_up_frees_no_seat(self) -> None:
        session = make_session(max_participants=1)
        people = {name: make_registration(session, last_name=name) for name in "ABC"}

        cancel(people["B"])

        assert statuses(session) == [("A", "confirmed"), ("B", "cancelled"), ("C", "waiting")]
        assert told(people["C"]) == ["Liste d’attente (rang 2)"]

    def test_seats_are_given_in_order_of_arrival_one_by_one(self) -> None:
        session = make_session(max_participants=2)
        people = {name: make_registration(session, last_name=name) for name in "ABCDE"}

        for name in "BAC":
            cancel(people[name])

        assert statuses(session) == [
            ("A", "cancelled"),
            ("B", "cancelled"),
            ("C", "cancelled"),
            ("D", "confirmed"),
            ("E", "confirmed"),
        ]

    def test_a_session_over_its_seats_gives_none(self) -> None:
        """R3: lowered by other means, the cap is not exceeded further."""
        session = make_session(max_participants=3)
        people = [make_registration(session, last_name=name) for name in "ABCD"]
        TrainingSession.objects.filter(pk=session.pk).update(max_participants=1)

        cancel(people[0])

        assert statuses(session) == [("A", "cancelled"), ("B", "confirmed"), ("C", "confirmed"), ("D", "waiting")]

    def test_once_begun_nobody_is_written_to(self) -> None:
        registration = make_registration(make_session())

        cancel(registration, now=DURING)

        assert told(registration) == ["Inscription confirmée"]


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


class TestDeleting:
    """R8: a deleted registration frees its seat like any other."""

    def test_the_seat_is_given_and_nothing_of_the_person_is_left(self) -> None:
        session = make_session(max_participants=1)
        people = {name: make_registration(session, last_name=name) for name in "ABC"}

        registering.delete([people["A"]], now=NOW)

        assert statuses(session) == [("B", "confirmed"), ("C", "waiting")]
        assert StatusChange.objects.filter(registration=people["A"].pk).count() == 0

    def test_several_at_once_in_several_sessions(self) -> None:
        sessions = [make_session(max_participants=1) for _ in range(2)]
        people = [make_registration(session, last_name=name) for name in "ABC" for session in sessions]

        registering.delete(people[:3], now=NOW)

        assert [statuses(session) for session in sessions] == [
            [("C", "confirmed")],
            [("B", "confirmed"), ("C", "waiting")],
        ]

    def test_nothing_to_delete(self) -> None:
        registering.delete([], now=NOW)

        assert messages() == []


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


class TestIllegalTransitions:
    """R6: what the table does not allow is refused with a sentence, and changes nothing."""

    def test_cancelled_is_final(self) -> None:
        registration = make_registration(make_session(), first_name="Camille", last_name="Durand")
        cancel(registration)
        before = log(registration), messages()

        with pytest.raises(registering.TransitionRefused) as refused:
            cancel(registration)

        assert folded(str(refused.value)) == (
            f"L’inscription de Camille Durand est « annulée » depuis le {folded(typography.medium_date(NOW))}, "
            "par la personne. Une inscription annulée le reste : inscrivez la personne de nouveau."
        )
        assert (log(registration), messages()) == before

    def test_the_cause_of_a_cancellation_does_not_change(self) -> None:
        registration = make_registration(make_session())
        cancel(registration)

        with pytest.raises(registering.TransitionRefused):
            registering.cancel(registration, cause=Cause.COORDINATOR, now=NOW, by=registering.SYSTEM)

        registration.refresh_from_db()
        assert registration.cancellation_cause == "participant"

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (before, after)
            for before, allowed in Registration.TRANSITIONS.items()
            for after in Registration.Status.values
            if before and after not in allowed
        ],
    )
    def test_every_pair_outside_the_table(self, before: str, after: str) -> None:
        session = make_session(fee_required=True)
        registration = make_candidate(session, status=before, registered_at=NOW, seat_given_at=NOW)
        registration.fee_due_on = date(2017, 4, 5)
        registration.cancellation_cause = "participant" if before == "cancelled" else ""
        registration.save()

        with pytest.raises(registering.TransitionRefused):
            move(registration, Registration.Status(after), now=NOW, by=registering.SYSTEM, why="impossible")

        assert status_of(registration) == before
        assert log(registration) == []


@pytest.fixture
def member() -> Member:
    """A member that lists two addresses and declares a domain, its fee still due."""
    member = make_member(
        name="Pays des Collines",
        emails=("camille@collines.example", "alex@collines.example"),
        domains=("pays-des-collines.example",),
    )
    make_fee(member, status="due")
    return member


def fee_of(member: Member) -> MembershipFee:
    """The member's one live fee."""
    return member.fees.exclude(status="cancelled").get()


class TestAFeeAccepted:
    """R16: every registration awaiting the fee that it covers becomes confirmed and is told, once, and no other."""

    @pytest.mark.parametrize("verb", [fees.commit, fees.settle, fees.waive])
    def test_exactly_the_registrations_it_covers(self, member: Member, verb: Any) -> None:
        session = make_session(fee_required=True)
        emails = {
            "camille@collines.example": "confirmed",
            "alex@collines.example": "confirmed",
            "n.importe.qui@pays-des-collines.example": "confirmed",
            "stagiaire@sous.pays-des-collines.example": "awaiting_fee",
            "autre@collines.example": "awaiting_fee",
            "camille@ailleurs.example": "awaiting_fee",
        }
        people = [make_registration(session, email=email) for email in emails]

        verb(fee_of(member), now=NOW)

        assert [(person.email, status_of(person)) for person in people] == list(emails.items())
        assert messages()[len(emails) :] == [
            (email, "Cotisation à jour, inscription confirmée")
            for email, status in emails.items()
            if status == "confirmed"
        ]

    def test_the_log_says_whose_fee(self, member: Member) -> None:
        registration = make_registration(make_session(fee_required=True), email="camille@collines.example")

        fees.settle(fee_of(member), now=NOW)

        registration.refresh_from_db()
        assert log(registration)[1:] == [
            ("awaiting_fee", "confirmed", "règle automatique", "cotisation acceptée (Pays des Collines)")
        ]
        assert registration.fee_due_on is None

    def test_a_commitment_then_its_payment_tell_once(self, member: Member) -> None:
        registration = make_registration(make_session(fee_required=True), email="camille@collines.example")

        fees.commit(fee_of(member), now=NOW)
        fees.settle(fee_of(member), now=NOW)

        assert told(registration)[1:] == ["Cotisation à jour, inscription confirmée"]

    def test_in_every_session_of_the_campaign(self, member: Member) -> None:
        now = paris(2017, 4, 20, 10)
        sessions = {
            "past": make_session(days=(date(2017, 4, 12),), fee_required=True),
            "under way": make_session(days=(date(2017, 4, 20),), fee_required=True),
            "two days, begun": make_session(days=(date(2017, 4, 19), date(2017, 4, 21)), fee_required=True),
            "this afternoon": make_session(
                days=(date(2017, 4, 20),), starts_at=paris(2017, 4, 20, 14).time().replace(hour=14), fee_required=True
            ),
            "postponed": make_session(days=(date(2017, 5, 3),), fee_required=True),
            "draft again": make_session(days=(date(2017, 5, 4),), fee_required=True),
            "cancelled": make_session(days=(date(2017, 5, 5),), fee_required=True),
            "to come": make_session(days=(date(2017, 12, 31),), fee_required=True),
            "next year": make_session(days=(date(2018, 1, 1),), fee_required=True),
        }
        people = {
            name: make_registration(session, email="camille@collines.example") for name, session in sessions.items()
        }
        for name, status in (("postponed", "postponed"), ("draft again", "draft"), ("cancelled", "cancelled")):
            TrainingSession.objects.filter(pk=sessions[name].pk).update(status=status)

        fees.settle(fee_of(member), now=now)

        assert {name: status_of(person) for name, person in people.items()} == {
            "past": "confirmed",
            "under way": "confirmed",
            "two days, begun": "confirmed",
            "this afternoon": "confirmed",
            "postponed": "confirmed",
            "draft again": "awaiting_fee",
            "cancelled": "awaiting_fee",
            "to come": "confirmed",
            "next year": "awaiting_fee",
        }
        # Nobody is written to about a session that has begun.
        assert told(people["to come"]).count("Cotisation à jour, inscription confirmée") == 3

    def test_people_waiting_go_on_waiting(self, member: Member) -> None:
        session = make_session(max_participants=1, fee_required=True)
        make_registration(session)
        waiting = make_registration(session, email="camille@collines.example")

        fees.settle(fee_of(member), now=NOW)

        assert status_of(waiting) == "waiting"
        assert told(waiting) == ["Liste d’attente (rang 1)"]

    def test_a_fee_limited_to_some_people_confirms_the_first_listed(self, member: Member) -> None:
        """R12."""
        fees.cancel(fee_of(member), now=NOW)
        make_fee(member, category=make_category(scope="structure", max_people=1), status="due")
        session = make_session(fee_required=True)
        emails = ("alex@collines.example", "camille@collines.example", "qui@pays-des-collines.example")
        people = [make_registration(session, email=email) for email in emails]

        fees.settle(fee_of(member), now=NOW)

        assert [status_of(person) for person in people] == ["awaiting_fee", "confirmed", "awaiting_fee"]


class TestAttaching:
    """R14, R16: attaching a registration once teaches the address to the member."""

    def test_to_a_member_up_to_date(self, member: Member) -> None:
        fees.settle(fee_of(member), now=NOW)
        session = make_session(fee_required=True)
        registration = make_registration(
            session, first_name="Sam", last_name="Petit", email="sam.petit@boite-perso.example"
        )

        fees.cover(member, registration.email, name=registration.full_name, now=NOW)

        assert status_of(registration) == "confirmed"
        assert list(member.people.values_list("email", "name"))[2:] == [("sam.petit@boite-perso.example", "Sam Petit")]
        assert make_registration(make_session(fee_required=True), email=registration.email).status == "confirmed"

    def test_to_a_member_that_is_not(self, member: Member) -> None:
        registration = make_registration(make_session(fee_required=True))

        fees.cover(member, registration.email, name=registration.full_name, now=NOW)

        assert status_of(registration) == "awaiting_fee"
        assert len(told(registration)) == 1

    def test_twice_changes_nothing(self, member: Member) -> None:
        fees.settle(fee_of(member), now=NOW)
        registration = make_registration(make_session(fee_required=True))

        for _ in range(2):
            fees.cover(member, registration.email, name=registration.full_name, now=NOW)

        assert member.people.filter(email=registration.email).count() == 1
        assert told(registration)[1:] == ["Cotisation à jour, inscription confirmée"]

    def test_the_longest_name_is_learnt_whole(self, member: Member) -> None:
        registration = make_registration(make_session(fee_required=True), first_name="A" * 80, last_name="B" * 80)

        fees.cover(member, registration.email, name=registration.full_name, now=NOW)

        assert member.people.get(email=registration.email).name == "A" * 80 + " " + "B" * 80


class TestAFeeLost:
    """R16: registrations to come that nothing else covers go back to awaiting the fee, with a new date."""

    def test_a_new_date_and_a_message(self, member: Member) -> None:
        fees.settle(fee_of(member), now=NOW)
        session = make_session(fee_required=True, max_participants=1)
        registration = make_registration(session, email="camille@collines.example", last_name="A")
        make_registration(session, last_name="B")

        fees.cancel(fee_of(member), now=paris(2017, 4, 3, 10))

        registration.refresh_from_db()
        assert (registration.fee_due_on, registration.seat_given_at) == (date(2017, 4, 8), NOW)
        assert log(registration)[1:] == [
            ("confirmed", "awaiting_fee", "règle automatique", "cotisation annulée (Pays des Collines)")
        ]
        assert told(registration)[1:] == ["Place retenue, cotisation de nouveau attendue au plus tard le 8 avril 2017"]
        assert statuses(session) == [("A", "awaiting_fee"), ("B", "waiting")]

    def test_exactly_those_that_nothing_else_covers(self, member: Member) -> None:
        make_fee(make_member(emails=("alex@collines.example",)))
        fees.settle(fee_of(member), now=NOW)
        now = paris(2017, 4, 20, 10)
        sessions = {
            "past": make_session(fee_required=True),
            "to come": make_session(days=(date(2017, 5, 3),), fee_required=True),
            "without fee": make_session(days=(date(2017, 5, 4),)),
        }
        emails = ("camille@collines.example", "alex@collines.example", "qui@pays-des-collines.example")
        people = {
            (name, email): make_registration(session, email=email)
            for name, session in sessions.items()
            for email in emails
        }
        before = len(messages())

        fees.cancel(fee_of(member), now=now)

        back = [("to come", "camille@collines.example"), ("to come", "qui@pays-des-collines.example")]
        assert [key for key, person in people.items() if status_of(person) == "awaiting_fee"] == back
        assert [key for key, person in people.items() if status_of(person) == "confirmed"] == [
            key for key in people if key not in back
        ]
        assert [to for to, _ in messages()[before:]] == [email for _, email in back]

    def test_a_fee_that_was_never_accepted_loses_nothing(self, member: Member) -> None:
        registration = make_registration(make_session(), email="camille@collines.example")

        fees.cancel(fee_of(member), now=NOW)

        assert status_of(registration) == "confirmed"
        assert len(messages()) == 1

    def test_paid_again_it_is_confirmed_again(self, member: Member) -> None:
        category = fee_of(member).category
        fees.settle(fee_of(member), now=NOW)
        registration = make_registration(make_session(fee_required=True), email="camille@collines.example")
        fees.cancel(fee_of(member), now=NOW)

        make_fee(member, category=category)

        assert [line[:2] for line in log(registration)] == [
            ("", "confirmed"),
            ("confirmed", "awaiting_fee"),
            ("awaiting_fee", "confirmed"),
        ]


class TestAFeeNoLongerAskedFor:
    """R17: a session freed of the rule confirms those who awaited their fee."""

    def test_they_are_confirmed_and_told(self) -> None:
        session = make_session(fee_required=True, max_participants=2)
        people = [make_registration(session, last_name=name) for name in "ABC"]
        TrainingSession.objects.filter(pk=session.pk).update(fee_required=False)

        registering.review(session, now=NOW)

        assert statuses(session) == [("A", "confirmed"), ("B", "confirmed"), ("C", "waiting")]
        assert log(people[0])[1:] == [("awaiting_fee", "confirmed", "règle automatique", "cotisation non exigée")]
        assert [told(person)[1:] for person in people] == [["Inscription confirmée"], ["Inscription confirmée"], []]
        letter = people[0].messages.latest("pk")
        assert "La cotisation annuelle n’est plus demandée pour cette session" in letter.text

    def test_an_edited_session_confirms_whose_fee_is_accepted(self, member: Member) -> None:
        """A session moved to a date that the person's fee covers."""
        session = make_session(days=(date(2018, 1, 10),), registration_deadline=None, fee_required=True)
        registration = make_registration(session, email="camille@collines.example")
        fees.settle(fee_of(member), now=NOW)
        session.days.update(date=date(2017, 11, 10))

        registering.review(session, now=NOW)

        assert log(registration)[1:] == [
            ("awaiting_fee", "confirmed", "règle automatique", "cotisation à jour à la date de la session")
        ]

    @pytest.mark.parametrize("now", [DURING, AFTERWARDS])
    def test_once_begun_nobody_is_written_to(self, now: datetime) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session)
        TrainingSession.objects.filter(pk=session.pk).update(fee_required=False)

        registering.review(session, now=now)

        assert status_of(registration) == "confirmed"
        assert len(told(registration)) == 1
