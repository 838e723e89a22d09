"""A fee accepted confirms exactly the registrations it covers; cancelled, exactly the future ones go back; told once,
in one transaction (R16).
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest

from members import consequences, fees
from members.covering import Circle
from members.models import FeeCategory, MembershipFee, Receipt
from sessions_app import deciding, registering
from sessions_app.models import Registration, SessionDay, TrainingSession
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
from tests.support.pages import rows
from tests.support.traces import log, messages, statuses

pytestmark = pytest.mark.django_db

#: The past session is over, the one under way has begun, the others lie ahead.
ACCEPTED = paris(2017, 4, 4, 10)
CANCELLED = paris(2017, 4, 4, 15)

CONFIRMED = "Cotisation à jour, inscription confirmée"
AWAITED_AGAIN = "Place retenue, cotisation de nouveau attendue au plus tard le 9 avril 2017"


class World:
    """Sessions of every kind, each with the same people, and three members whose fees are expected.

    `collines` lists Ana and Bea and declares collines.example, which covers Dan. `vallee` lists Bea and Cid, but covers
    one person: Bea. `plateau` is nobody's but Eva's. Fay is a stranger.
    """

    PEOPLE = {
        "Ana": "ana@collines.example",
        "Bea": "bea@ailleurs.example",
        "Cid": "cid@vallee.example",
        "Dan": "dan@collines.example",
        "Eva": "eva@plateau.example",
        "Fay": "fay@nulle-part.example",
    }

    def __init__(self) -> None:
        campaign = make_campaign(year=2017)
        make_campaign(year=2018)
        whole, one = (
            make_category(campaign=campaign, label="Structure"),
            make_category(campaign=campaign, label="Personne", scope=FeeCategory.Scope.PERSON),
        )
        self.collines = self._fee(
            whole,
            name="Collines",
            email="contact@collines.example",
            emails=(self.PEOPLE["Ana"], self.PEOPLE["Bea"]),
            domains=("collines.example",),
        )
        self.vallee = self._fee(one, name="Vallée", emails=(self.PEOPLE["Bea"], self.PEOPLE["Cid"]))
        self.plateau = self._fee(whole, name="Plateau", emails=(self.PEOPLE["Eva"],))
        self.sessions = {
            "past": self._session(date(2017, 3, 20)),
            "under way": self._session(date(2017, 4, 3), date(2017, 4, 5)),
            "future": self._session(date(2017, 4, 12)),
            "full": self._session(date(2017, 4, 12), max_participants=1),
            "postponed": self._session(date(2017, 4, 12)),
            "cancelled": self._session(date(2017, 4, 12)),
            "other campaign": self._session(date(2018, 1, 1)),
            "without fee": self._session(date(2017, 4, 12), fee_required=False),
        }
        staff = make_staff(group="Coordination")
        deciding.postpone(self._locked("postponed"), first_on=None, now=NOW)
        SessionDay.objects.filter(session=self.sessions["postponed"]).update(date=date(2017, 4, 12))
        deciding.cancel(self._locked("cancelled"), user=staff, now=NOW)
        gone = make_registration(self.sessions["future"], last_name="Partie", email="partie@collines.example")
        registering.withdraw(gone, now=NOW, by=registering.PARTICIPANT)

    def _fee(self, category: FeeCategory, **member: Any) -> MembershipFee:
        return make_fee(make_member(**member), category=category, status="due")

    def _session(self, *days: date, **fields: Any) -> TrainingSession:
        defaults = {"registration_deadline": None, "fee_required": True}
        session = make_session(days=days, **{**defaults, **fields})
        for name, email in self.PEOPLE.items():
            make_registration(session, last_name=name, email=email)
        return session

    def _locked(self, name: str) -> TrainingSession:
        return TrainingSession.objects.lock(self.sessions[name].pk)

    def statuses(self) -> dict[str, list[tuple[str, str]]]:
        """Everybody's status in every session."""
        return {name: statuses(session) for name, session in self.sessions.items()}

    def registration(self, session: str, name: str) -> Registration:
        """One person in one session."""
        return self.sessions[session].registrations.get(last_name=name)


@pytest.fixture
def world() -> World:
    return World()


def everybody(status: str, **others: str) -> list[tuple[str, str]]:
    """The same status for all six, but for those named."""
    return [(name, others.get(name, status)) for name in World.PEOPLE]


#: Before anything is accepted.
BEFORE = {
    "past": everybody("awaiting_fee"),
    "under way": everybody("awaiting_fee"),
    "future": [*everybody("awaiting_fee"), ("Partie", "cancelled")],
    "full": everybody("waiting", Ana="awaiting_fee"),
    "postponed": everybody("awaiting_fee"),
    "cancelled": everybody("cancelled"),
    "other campaign": everybody("awaiting_fee"),
    "without fee": everybody("confirmed"),
}
COLLINES = {"Ana": "confirmed", "Bea": "confirmed", "Dan": "confirmed"}
#: Once the fee of Collines is accepted.
AFTER_COLLINES = {
    **BEFORE,
    "past": everybody("awaiting_fee", **COLLINES),
    "under way": everybody("awaiting_fee", **COLLINES),
    "future": [*everybody("awaiting_fee", **COLLINES), ("Partie", "cancelled")],
    "full": everybody("waiting", Ana="confirmed"),
    "postponed": everybody("awaiting_fee", **COLLINES),
}


def written(act: Callable[[], object]) -> list[tuple[str, str]]:
    """The messages that an act writes: to whom, and what they say first."""
    before = len(messages())
    act()
    return messages()[before:]


def people(*names: str, said: str) -> list[tuple[str, str]]:
    """The same message to several."""
    return [(World.PEOPLE[name], said) for name in names]


VERBS: dict[str, Callable[..., None]] = {"committed": fees.commit, "paid": fees.settle, "waived": fees.waive}


class TestAccepted:
    """Exactly the registrations it covers; nobody is written to about a session that has begun."""

    @pytest.mark.parametrize("status", VERBS)
    def test_by_each_verb(self, world: World, status: str) -> None:
        assert world.statuses() == BEFORE

        letters = written(lambda: VERBS[status](world.collines, now=ACCEPTED))

        assert world.statuses() == AFTER_COLLINES
        receipt = [("contact@collines.example", "Cotisation reçue, reçu n° 2017-0001")] if status == "paid" else []
        # The session to come, the full one, the postponed one.
        assert letters == [
            *receipt,
            *people("Ana", "Bea", "Dan", said=CONFIRMED),
            *people("Ana", said=CONFIRMED),
            *people("Ana", "Bea", "Dan", said=CONFIRMED),
        ]

    def test_of_a_limited_fee(self, world: World) -> None:
        """Bea, the first listed, and not Cid."""
        letters = written(lambda: fees.settle(world.vallee, now=ACCEPTED))

        bea = everybody("awaiting_fee", Bea="confirmed")
        assert world.statuses() == {
            **BEFORE,
            "past": bea,
            "under way": bea,
            "future": [*bea, ("Partie", "cancelled")],
            "postponed": bea,
        }
        assert letters == people("Bea", "Bea", said=CONFIRMED)

    def test_the_log_says_by_which_member(self, world: World) -> None:
        fees.settle(world.collines, now=ACCEPTED)

        assert log(world.registration("future", "Bea"))[1:] == [
            ("awaiting_fee", "confirmed", "règle automatique", "cotisation acceptée (Collines)")
        ]
        assert world.registration("future", "Bea").fee_due_on is None

    def test_committed_then_paid_is_told_once(self, world: World) -> None:
        first = written(lambda: fees.commit(world.collines, now=ACCEPTED))

        second = written(lambda: fees.settle(world.collines, now=CANCELLED))

        assert (len(first), second) == (7, [("contact@collines.example", "Cotisation reçue, reçu n° 2017-0001")])
        assert world.statuses() == AFTER_COLLINES

    def test_accepted_twice_is_refused_and_tells_nobody(self, world: World) -> None:
        fees.settle(world.collines, now=ACCEPTED)
        before = rows()

        with pytest.raises(fees.FeeTransitionRefused):
            fees.settle(world.collines, now=CANCELLED)

        assert rows() == before


class TestSeveralTogether:
    """One transfer for several fees: one announcement, and each person told once per session."""

    def test_announced_once(self, world: World) -> None:
        three = [world.plateau, world.vallee, world.collines]

        letters = written(lambda: fees.accept(three, "paid", now=ACCEPTED))

        covered = {**COLLINES, "Eva": "confirmed"}
        assert world.statuses() == {
            **BEFORE,
            "past": everybody("awaiting_fee", **covered),
            "under way": everybody("awaiting_fee", **covered),
            "future": [*everybody("awaiting_fee", **covered), ("Partie", "cancelled")],
            "full": everybody("waiting", Ana="confirmed"),
            "postponed": everybody("awaiting_fee", **covered),
        }
        # Bea is covered twice, and told once per session.
        assert letters[1:] == [
            *people("Ana", "Bea", "Dan", "Eva", said=CONFIRMED),
            *people("Ana", said=CONFIRMED),
            *people("Ana", "Bea", "Dan", "Eva", said=CONFIRMED),
        ]

    def test_all_of_them_or_none(self, world: World) -> None:
        fees.waive(world.plateau, now=ACCEPTED)
        before = rows()

        with pytest.raises(fees.FeeTransitionRefused):
            fees.accept([world.collines, world.plateau], "paid", now=ACCEPTED)

        assert rows() == before


class TestCancelled:
    """Exactly the future registrations that nothing else covers go back."""

    def test_what_has_begun_stays(self, world: World) -> None:
        fees.settle(world.collines, now=ACCEPTED)

        letters = written(lambda: fees.cancel(world.collines, now=CANCELLED))

        assert world.statuses() == {
            **BEFORE,
            "past": AFTER_COLLINES["past"],
            "under way": AFTER_COLLINES["under way"],
        }
        assert letters == [
            *people("Ana", "Bea", "Dan", said=AWAITED_AGAIN),
            *people("Ana", said=AWAITED_AGAIN),
            *people("Ana", "Bea", "Dan", said=AWAITED_AGAIN),
        ]
        assert world.registration("future", "Ana").fee_due_on == date(2017, 4, 9)
        assert list(Receipt.objects.values_list("number", "voided_at")) == [(1, CANCELLED)]

    def test_who_is_covered_by_another_fee_keeps_their_seat(self, world: World) -> None:
        fees.accept([world.collines, world.vallee], "paid", now=ACCEPTED)

        letters = written(lambda: fees.cancel(world.collines, now=CANCELLED))

        assert world.statuses()["future"] == [
            *everybody("awaiting_fee", Bea="confirmed"),
            ("Partie", "cancelled"),
        ]
        assert sorted({address for address, _ in letters}) == [World.PEOPLE["Ana"], World.PEOPLE["Dan"]]

    def test_a_fee_that_was_only_expected_changes_nothing(self, world: World) -> None:
        assert written(lambda: fees.cancel(world.collines, now=CANCELLED)) == []
        assert world.statuses() == BEFORE

    def test_the_payer_is_told_when_asked_for(self, world: World) -> None:
        fees.commit(world.collines, now=ACCEPTED)

        letters = written(lambda: fees.cancel(world.collines, now=CANCELLED, is_told=True))

        assert letters[0] == ("contact@collines.example", "Cotisation annulée")
        assert len(letters) == 8

    def test_twice_is_refused_and_tells_nobody(self, world: World) -> None:
        fees.settle(world.collines, now=ACCEPTED)
        fees.cancel(world.collines, now=CANCELLED)
        before = rows()

        with pytest.raises(fees.FeeTransitionRefused):
            fees.cancel(world.collines, now=CANCELLED)

        assert rows() == before

    def test_a_new_fee_confirms_again(self, world: World) -> None:
        fees.settle(world.collines, now=ACCEPTED)
        fees.cancel(world.collines, now=CANCELLED)

        fees.record(world.collines.member, world.collines.category, "paid", now=CANCELLED)

        assert world.statuses() == AFTER_COLLINES
        steps = [[step[:2] for step in log(one)] for one in Registration.objects.filter(email=world.PEOPLE["Ana"])]
        assert [
            ("", "awaiting_fee"),
            ("awaiting_fee", "confirmed"),
            ("confirmed", "awaiting_fee"),
            ("awaiting_fee", "confirmed"),
        ] in steps


class TestInOneTransaction:
    """A listener that fails undoes everything: the fee, its receipt and its number, the registrations, the messages."""

    @pytest.fixture
    def _broken(self) -> Iterator[None]:
        """Asked after the registrations have done their part."""

        class Broken:
            def judge_cover(self, circle: Circle, *, lost: str, now: datetime) -> list[str]:
                raise RuntimeError("the disk is full")

            def would_change(
                self, circle: Circle, members: Any, after: Any, *, now: datetime
            ) -> list[consequences.Change]:
                return []

            def not_covered(self, circle: Circle, starts_on: date, ends_on: date, *, now: datetime) -> list[str]:
                return []

        broken = Broken()
        consequences.register(broken)
        yield
        consequences.unregister(broken)

    @pytest.mark.parametrize("status", VERBS)
    @pytest.mark.usefixtures("_broken")
    def test_accepting(self, world: World, status: str) -> None:
        before = rows()

        with pytest.raises(RuntimeError, match="the disk is full"):
            VERBS[status](world.collines, now=ACCEPTED)

        assert rows() == before

    @pytest.mark.usefixtures("_broken")
    def test_accepting_several(self, world: World) -> None:
        before = rows()

        with pytest.raises(RuntimeError, match="the disk is full"):
            fees.accept([world.collines, world.vallee], "paid", now=ACCEPTED)

        assert rows() == before

    @pytest.mark.usefixtures("_broken")
    def test_covering_one_more_person(self, world: World) -> None:
        before = rows()

        with pytest.raises(RuntimeError, match="the disk is full"):
            fees.cover(world.collines.member, World.PEOPLE["Fay"], now=ACCEPTED)

        assert rows() == before

    def test_cancelling(self, world: World, request: pytest.FixtureRequest) -> None:
        fees.settle(world.collines, now=ACCEPTED)
        request.getfixturevalue("_broken")
        before = rows()

        with pytest.raises(RuntimeError, match="the disk is full"):
            fees.cancel(world.collines, now=CANCELLED, is_told=True)

        assert rows() == before


class TestWhen:
    """A session that begins at 9 h 30 is future until then, to the second."""

    @pytest.mark.parametrize(
        ("now", "expected"),
        [(paris(2017, 4, 12, 9, 29, 59), "awaiting_fee"), (paris(2017, 4, 12, 9, 30), "confirmed")],
    )
    def test_cancelled_at_the_start(self, now: datetime, expected: str) -> None:
        fee = make_fee(make_member(emails=("ana@collines.example",)))
        session = make_session(fee_required=True)
        make_registration(session, last_name="Ana", email="ana@collines.example")

        fees.cancel(fee, now=now)

        assert statuses(session) == [("Ana", expected)]
