"""Someone withdraws, does not pay in time, or the session is cancelled (R6, R8, R10, R15)."""

from datetime import date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from caprural.mailing.models import Message
from members import fees
from sessions_app import home, registering
from sessions_app.models import Registration, StatusChange, TrainingSession
from tests.factories import (
    NOW,
    make_fee,
    make_member,
    make_registration,
    make_session,
    paris,
)
from tests.support.traces import folded, log, messages, status_of, statuses, told
from tests.support.visitors import cancel

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


START = paris(2017, 4, 12, 9, 30)


#: When the seats of the default session whose fee did not come are released: the day after 5 April.
RELEASE = paris(2017, 4, 6)


Cause = Registration.Cause


DURING = paris(2017, 4, 12, 11)


def withdraw(registration: Registration, *, now: datetime) -> None:
    registering.withdraw(registration, now=now, by=registering.PARTICIPANT)


class TestWithdrawing:
    """R10: possible until the session starts."""

    @pytest.mark.parametrize("now", [NOW, paris(2017, 4, 7), START - SECOND])
    def test_until_the_last_second_before_the_start(self, now: datetime) -> None:
        registration = make_registration(make_session())

        withdraw(registration, now=now)

        registration.refresh_from_db()
        assert (registration.status, registration.cancellation_cause) == ("cancelled", "participant")
        assert log(registration)[1:] == [("confirmed", "cancelled", "la personne", "par la personne")]
        assert told(registration)[1:] == ["Inscription annulée"]

    @pytest.mark.parametrize(
        ("now", "reason"),
        [
            (START, "Cette session a commencé : il n’est plus possible de s’inscrire."),
            (START + timedelta(hours=4), "Cette session a commencé : il n’est plus possible de s’inscrire."),
            (START + timedelta(days=1), "Cette session a eu lieu."),
        ],
    )
    def test_not_once_it_has_begun(self, now: datetime, reason: str) -> None:
        registration = make_registration(make_session())

        with pytest.raises(registering.RegistrationClosed) as refused:
            withdraw(registration, now=now)

        assert folded(str(refused.value)) == reason
        assert (status_of(registration), len(log(registration)), len(messages())) == ("confirmed", 1, 1)

    def test_the_start_is_that_of_the_first_day_in_paris(self) -> None:
        """The night of 26 March 2017 is one hour short: 9 h 30 is 7 h 30 UTC."""
        days = (date(2017, 3, 26), date(2017, 3, 27))
        first, second = (make_registration(make_session(days=days, registration_deadline=None)) for _ in range(2))

        withdraw(first, now=paris(2017, 3, 26, 9, 29, 59))
        with pytest.raises(registering.RegistrationClosed):
            withdraw(second, now=paris(2017, 3, 26, 9, 30))

        assert [status_of(first), status_of(second)] == ["cancelled", "confirmed"]

    @pytest.mark.parametrize("status", ["draft", "postponed", "cancelled"])
    def test_of_a_session_that_has_no_start_any_more(self, status: str) -> None:
        registration = make_registration(make_session())
        TrainingSession.objects.update(status=status)

        withdraw(registration, now=START + timedelta(days=30))

        assert status_of(registration) == "cancelled"

    def test_the_seat_goes_to_the_next_person(self) -> None:
        session = make_session(max_participants=1)
        seated, waiting = make_registration(session), make_registration(session)

        withdraw(seated, now=NOW)

        assert told(waiting)[1:] == ["Une place s’est libérée, inscription confirmée"]

    def test_once(self) -> None:
        registration = make_registration(make_session())
        withdraw(registration, now=NOW)

        with pytest.raises(registering.TransitionRefused):
            withdraw(registration, now=NOW)

        assert (len(log(registration)), told(registration)[1:]) == (2, ["Inscription annulée"])


class TestReleasingAnUnpaidSeat:
    """R15: at the date the seat is released and the person told; R8: it goes to whoever is next."""

    @pytest.mark.parametrize(
        ("due_on", "midnight"),
        [
            (date(2017, 3, 25), paris(2017, 3, 26)),
            (date(2017, 3, 26), paris(2017, 3, 27)),
            (date(2017, 4, 5), RELEASE),
        ],
    )
    def test_the_day_after_to_the_second(self, due_on: date, midnight: datetime) -> None:
        """Midnight in Paris, also on both sides of the night that is one hour short."""
        registration = make_registration(make_session(fee_required=True, fee_due_on=due_on))

        assert registering.release_unpaid(registration, now=midnight - SECOND) is False
        assert (status_of(registration), len(messages())) == ("awaiting_fee", 1)
        assert registering.release_unpaid(registration, now=midnight) is True
        registration.refresh_from_db()
        assert (registration.status, registration.cancellation_cause, registration.fee_due_on) == (
            "cancelled",
            "fee_unpaid",
            None,
        )
        assert log(registration)[1:] == [
            ("awaiting_fee", "cancelled", "règle automatique", "cotisation non reçue à temps")
        ]
        assert told(registration)[1:] == ["Inscription annulée"]

    def test_not_once_paid(self) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session, email="camille@collines.example")
        fees.settle(make_fee(make_member(emails=("camille@collines.example",)), status="due"), now=RELEASE)
        assert registration.fee_due_on == date(2017, 4, 5)

        assert registering.release_unpaid(registration, now=RELEASE) is False
        assert told(registration)[1:] == ["Cotisation à jour, inscription confirmée"]

    def test_not_once_extended(self, coordinator: User) -> None:
        registration = make_registration(make_session(fee_required=True))
        registering.extend_fee_due(registration, until=date(2017, 4, 8), user=coordinator, now=RELEASE)
        again = paris(2017, 4, 9)

        assert [registering.release_unpaid(registration, now=now) for now in (RELEASE, again - SECOND, again)] == [
            False,
            False,
            True,
        ]

    def test_not_twice(self) -> None:
        registration = make_registration(make_session(fee_required=True))

        assert [registering.release_unpaid(registration, now=RELEASE) for _ in range(2)] == [True, False]
        assert len(log(registration)) == 2

    @pytest.mark.parametrize(("now", "expected"), [(START - SECOND, True), (START, False)])
    def test_not_once_the_session_has_begun(self, now: datetime, expected: bool) -> None:
        """Whoever came without paying is settled by the coordinator, not put out."""
        registration = make_registration(make_session(fee_required=True))

        assert registering.release_unpaid(registration, now=now) is expected

    @pytest.mark.parametrize("status", ["draft", "postponed", "cancelled"])
    def test_not_while_the_session_is_not_announced(self, status: str) -> None:
        registration = make_registration(make_session(fee_required=True))
        TrainingSession.objects.update(status=status)

        assert registering.release_unpaid(registration, now=RELEASE) is False
        assert status_of(registration) == "awaiting_fee"

    def test_not_a_waiting_person(self) -> None:
        session = make_session(fee_required=True, max_participants=1)
        waiting = [make_registration(session) for _ in range(2)][1]

        assert registering.release_unpaid(waiting, now=RELEASE) is False

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (paris(2017, 4, 1), "awaiting_fee"),
            (paris(2017, 4, 4, 23, 59, 59), "awaiting_fee"),
            (paris(2017, 4, 5), "waiting"),
        ],
    )
    def test_the_seat_goes_to_the_next_person_until_the_deadline(self, now: datetime, expected: str) -> None:
        session = make_session(fee_required=True, max_participants=1, fee_due_on=date(2017, 3, 31))
        late, waiting = make_registration(session, last_name="A"), make_registration(session, last_name="B")

        assert registering.release_unpaid(late, now=now) is True

        assert statuses(session) == [("A", "cancelled"), ("B", expected)]
        assert len(told(waiting)) == (2 if expected == "awaiting_fee" else 1)

    def test_whoever_is_released_may_register_again(self) -> None:
        session = make_session(fee_required=True, fee_due_on=date(2017, 3, 20))
        late = make_registration(session)
        registering.release_unpaid(late, now=paris(2017, 3, 21))

        again = make_registration(session, email=late.email, now=paris(2017, 3, 22))

        assert (again.status, again.fee_due_on) == ("awaiting_fee", date(2017, 4, 5))


class TestCancellingAll:
    """R5: the session is cancelled; nobody is promoted on the way, and the caller tells the people."""

    def test_every_live_registration_in_order(self, coordinator: User) -> None:
        session = make_session(fee_required=True, max_participants=2)
        gone = make_registration(session, last_name="A")
        withdraw(gone, now=NOW)
        make_fee(make_member(emails=("b@collines.example",)))
        people = [make_registration(session, last_name=name, email=f"{name}@collines.example") for name in "BCD"]
        assert [person.status for person in people] == ["confirmed", "awaiting_fee", "waiting"]
        make_registration(make_session(), last_name="Elsewhere")
        before = messages()

        cancelled = registering.cancel_all(session, now=NOW, by=registering.staff(coordinator))

        assert [person.last_name for person in cancelled] == ["B", "C", "D"]
        rows = session.registrations.order_by("pk")
        assert list(rows.values_list("last_name", "status", "cancellation_cause", "fee_due_on")) == [
            ("A", "cancelled", "participant", None),
            *((name, "cancelled", "session_cancelled", None) for name in "BCD"),
        ]
        assert [log(person)[-1] for person in people] == [
            (before_, "cancelled", "coordination", "session annulée")
            for before_ in ("confirmed", "awaiting_fee", "waiting")
        ]
        assert [len(log(person)) for person in [gone, *people]] == [2, 2, 2, 2]
        assert [line.user for person in people for line in person.status_changes.all()][1::2] == [coordinator] * 3
        assert status_of(Registration.objects.get(last_name="Elsewhere")) == "confirmed"
        assert messages() == before

    def test_twice_is_once(self, coordinator: User) -> None:
        session = make_session()
        registration = make_registration(session)

        assert [len(registering.cancel_all(session, now=NOW, by=registering.SYSTEM)) for _ in range(2)] == [1, 0]
        assert len(log(registration)) == 2


class TestTakingBack:
    """What has not left for someone who is discarded, or erased, stays; everybody else's leaves."""

    @pytest.mark.parametrize("act", ["discard", "delete"])
    def test_only_what_is_theirs(self, coordinator: User, act: str) -> None:
        session = make_session()
        left, robot, shared, other = (make_registration(session) for _ in range(4))
        left.messages.all().update(state=Message.State.SENT)
        # Its mailbox is someone's who is registered elsewhere, and reads that link too in the same letter.
        make_registration(make_session(), email=shared.email)
        for person in (robot, shared):
            registering.send_links(person.email, now=NOW)
        robot.messages.filter(kind="links").update(state=Message.State.QUEUED)

        if act == "discard":
            registering.discard(session, [left, robot, shared], now=NOW, by=registering.staff(coordinator))
        else:
            registering.delete([left, robot, shared], now=NOW)

        written = Message.objects.order_by("pk").values_list("to", "state")
        assert [
            (person.email, [status for to, status in written if to == person.email])
            for person in (left, robot, shared, other)
        ] == [
            (left.email, [Message.State.SENT]),
            (robot.email, [Message.State.TAKEN_BACK, Message.State.TAKEN_BACK]),
            (shared.email, [Message.State.TAKEN_BACK, Message.State.QUEUED, Message.State.QUEUED]),
            (other.email, [Message.State.QUEUED]),
        ]
        assert [heading.title for heading in home.to_do(timezone.now()) if "partir" in heading.title] == []


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
