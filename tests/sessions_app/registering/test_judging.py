"""R7b: a seat is judged again, both ways, in the transaction of whatever changes who is covered, or what it takes."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members import consequences, fees
from members.covering import Circle
from members.models import CoveredPerson, Member, MembershipFee
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
from tests.support.traces import fee_of, log, messages, status_of, statuses, told

pytestmark = pytest.mark.django_db

FIRST = date(2017, 4, 12)


COVERED, STRANGER = "ana@collines.example", "ana@nulle-part.example"


LOST = "Place retenue, cotisation de nouveau attendue au plus tard le 6 mars 2017"


DURING = paris(2017, 4, 12, 11)


AFTERWARDS = paris(2017, 4, 14, 10)


def due_on(registration: Registration) -> date | None:
    return Registration.objects.get(pk=registration.pk).fee_due_on


@pytest.fixture
def fee() -> MembershipFee:
    """A member that declares collines.example, up to date in 2017."""
    return make_fee(make_member(name="Collines", domains=("collines.example",)))


@pytest.fixture
def session() -> TrainingSession:
    return make_session(fee_required=True, registration_deadline=date(2017, 3, 2))


class TestAnotherAddress:
    def test_that_nothing_covers(self, fee: MembershipFee, session: TrainingSession) -> None:
        """The fault: register with a covered address, then give any other."""
        make_staff(group="Coordination", email="coordination@caprural.example")
        person = make_registration(session, email=COVERED, last_name="Ana")

        registering.change_details(person, {"email": STRANGER}, now=NOW, is_behind_link=True)

        assert (status_of(person), due_on(person)) == ("awaiting_fee", date(2017, 3, 6))
        assert log(person)[2:] == [
            ("confirmed", "awaiting_fee", "règle automatique", "nouvelle adresse sans cotisation à jour")
        ]
        assert messages()[1:] == [
            (COVERED, "Adresse e-mail modifiée"),
            (STRANGER, LOST),
            ("coordination@caprural.example", "Cotisation de nouveau attendue, 1 personne"),
        ]

    def test_and_back(self, fee: MembershipFee, session: TrainingSession) -> None:
        person = make_registration(session, email=COVERED)
        for address in (STRANGER, COVERED):
            registering.change_details(person, {"email": address}, now=NOW)

        assert (status_of(person), due_on(person)) == ("confirmed", None)

    def test_is_foreseen(self, fee: MembershipFee, session: TrainingSession) -> None:
        person = make_registration(session, email=COVERED)

        answers = [
            registering.would_lose_with(person, session, address, now=now)
            for address, now in ((STRANGER, NOW), ("b@collines.example", NOW), (STRANGER, paris(2017, 4, 12, 9, 30)))
        ]

        assert [len(lost) for lost in answers] == [1, 0, 0]


class TestTheSession:
    def change(self, session: TrainingSession, *, first_on: date = FIRST, **fields: Any) -> list[str]:
        TrainingSession.objects.filter(pk=session.pk).update(**fields)
        session.days.update(date=first_on)
        return registering.review(session, now=NOW)

    def test_the_fee_is_now_required(self, fee: MembershipFee) -> None:
        session = make_session(fee_required=False)
        people = {email: make_registration(session, email=email) for email in (COVERED, STRANGER)}
        foreseen = registering.session_would_lose(session, fee_required=True, first_on=FIRST, now=NOW)

        done = self.change(session, fee_required=True)

        assert {email: status_of(person) for email, person in people.items()} == {
            COVERED: "confirmed",
            STRANGER: "awaiting_fee",
        }
        assert foreseen == [f"{people[STRANGER]}, {STRANGER}"]
        assert [sentence.partition(",")[0] for sentence in done] == [str(people[STRANGER])]

    def test_and_no_longer(self, session: TrainingSession) -> None:
        person = make_registration(session, email=STRANGER)

        self.change(session, fee_required=False)

        assert (status_of(person), told(person)[1:]) == ("confirmed", ["Inscription confirmée"])

    def test_moved_beyond_the_period_and_back(self, fee: MembershipFee, session: TrainingSession) -> None:
        person = make_registration(session, email=COVERED)
        beyond = date(2018, 1, 10)
        foreseen = registering.session_would_lose(session, fee_required=True, first_on=beyond, now=NOW)

        self.change(session, first_on=beyond)
        lost = status_of(person)
        self.change(session)

        assert (len(foreseen), lost, status_of(person)) == (1, "awaiting_fee", "confirmed")

    def test_a_day_added_before_the_first(self, fee: MembershipFee) -> None:
        session = make_session(fee_required=True, days=(date(2018, 1, 10),), registration_deadline=None)
        campaign = make_campaign(year=2018)
        make_fee(make_member(emails=(COVERED,)), category=make_category(campaign=campaign))
        make_fee(make_member(emails=(STRANGER,)), category=make_category(campaign=campaign))
        person, only_2018 = (make_registration(session, email=email) for email in (COVERED, STRANGER))
        before = [status_of(one) for one in (person, only_2018)]

        SessionDay.objects.create(session=session, date=date(2017, 12, 31), starts_at=time(9))
        registering.review(session, now=NOW)

        assert before == ["confirmed", "confirmed"]
        assert [status_of(one) for one in (person, only_2018)] == ["confirmed", "awaiting_fee"]

    def test_postponed_beyond_the_period(self, fee: MembershipFee, session: TrainingSession) -> None:
        person = make_registration(session, email=COVERED)

        deciding.postpone(session, first_on=date(2018, 1, 10), now=NOW)

        assert status_of(person) == "awaiting_fee"
        # What « reportée » says of the seat is already true.
        assert told(person)[1:3] == [
            "Place retenue, cotisation de nouveau attendue au plus tard le 30 novembre 2017",
            "Session reportée au 10 janvier 2018",
        ]

    def test_once_begun_nobody_loses_a_seat(self, fee: MembershipFee, session: TrainingSession) -> None:
        person = make_registration(session, email=COVERED)
        TrainingSession.objects.filter(pk=session.pk).update(fee_required=True)
        MembershipFee.objects.update(status="cancelled")

        for now in (paris(2017, 4, 12, 9, 30), paris(2017, 4, 13)):
            registering.review(session, now=now)

        assert status_of(person) == "confirmed"


class TestTheMember:
    def test_a_domain_taken_off(self, fee: MembershipFee, session: TrainingSession) -> None:
        person, other = (make_registration(session, email=email) for email in (COVERED, STRANGER))
        before = Circle.of([fee.member_id])
        foreseen = consequences.foresee([fee.member_id], lambda cover: cover.listing({}, {fee.member_id: []}), now=NOW)
        fee.member.domains.all().delete()

        done = consequences.draw(before, now=NOW)

        assert (status_of(person), status_of(other)) == ("awaiting_fee", "awaiting_fee")
        assert done == [loss.sentence for loss in foreseen]
        assert len(told(other)) == 1

    def test_whoever_comes_next_takes_the_place_left(self, session: TrainingSession) -> None:
        member = make_member(emails=(COVERED, STRANGER))
        make_fee(member, category=make_category(max_people=1))
        people = [make_registration(session, email=email) for email in (COVERED, STRANGER)]
        before = Circle.of([member.pk])
        CoveredPerson.objects.get(email=COVERED).delete()

        consequences.draw(before, now=NOW)

        assert [status_of(person) for person in people] == ["awaiting_fee", "confirmed"]

    def test_foreseeing_writes_and_locks_nothing(self, fee: MembershipFee, session: TrainingSession) -> None:
        make_registration(session, email=COVERED)

        with CaptureQueriesContext(connection) as queries:
            said = consequences.foresee([fee.member_id], lambda cover: cover.without(fee), now=NOW)

        assert len(said) == 1
        assert [
            q["sql"] for q in queries if not q["sql"].lstrip("(").startswith("SELECT") or "FOR UPDATE" in q["sql"]
        ] == []

    def test_as_many_queries_for_one_person_as_for_thirty(self, session: TrainingSession) -> None:
        def cost(count: int) -> int:
            member = make_member(emails=tuple(f"p{count}-{n}@x.example" for n in range(count)))
            fee = make_fee(member, category=make_category())
            for n in range(count):
                make_registration(session, email=f"p{count}-{n}@x.example")
            with CaptureQueriesContext(connection) as queries:
                assert len(fees.cancel(fee, now=NOW)) == count
            return len(queries)

        TrainingSession.objects.update(max_participants=None)
        assert cost(30) == cost(1)

    def test_as_many_queries_for_one_member_as_for_thirty(self, session: TrainingSession) -> None:
        def cost(count: int) -> int:
            members = [make_member(emails=(f"p{count}-{n}@x.example",)) for n in range(count)]
            for member in members:
                make_fee(member, category=make_category())
            circle = Circle.of([member.pk for member in members])
            with CaptureQueriesContext(connection) as queries:
                consequences.draw(circle, now=NOW)
            return len(queries)

        for n in range(5):
            make_registration(session, email=f"p30-{n}@x.example")
        make_registration(session, email="p1-0@x.example")

        # They are confirmed when their fees are made: what reading again costs.
        assert cost(30) == cost(1)


def test_a_fee_cancelled_on_the_eve_gives_until_the_eve(fee: MembershipFee, session: TrainingSession) -> None:
    person = make_registration(session, email=COVERED)

    fees.cancel(fee, now=paris(2017, 4, 11, 20))

    assert due_on(person) == FIRST - timedelta(days=1)
    assert timezone.localdate(paris(2017, 4, 11, 20)) == due_on(person)
    assert Registration.objects.get().status == "awaiting_fee"


class TestAFeeAccepted:
    """R16: every registration awaiting the fee that it covers becomes confirmed and is told, once, and no other."""

    def test_exactly_the_registrations_it_covers(self, member: Member) -> None:
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

        fees.settle(fee_of(member), now=NOW)

        assert [(person.email, status_of(person)) for person in people] == list(emails.items())
        assert messages()[len(emails) :] == [
            (email, "Cotisation à jour, inscription confirmée")
            for email, status in emails.items()
            if status == "confirmed"
        ]

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

    def test_a_fee_limited_to_some_people_confirms_the_first_listed(self, member: Member) -> None:
        """R12."""
        fees.cancel(fee_of(member), now=NOW)
        make_fee(member, category=make_category(scope="structure", max_people=1), status="due")
        session = make_session(fee_required=True)
        emails = ("alex@collines.example", "camille@collines.example", "qui@pays-des-collines.example")
        people = [make_registration(session, email=email) for email in emails]

        fees.settle(fee_of(member), now=NOW)

        assert [status_of(person) for person in people] == ["awaiting_fee", "confirmed", "awaiting_fee"]


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
