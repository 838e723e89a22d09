"""Several people at the same instant, each on a connection of their own: the outcome is exact (R3, R7, R8)."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from caprural import limits
from members import applying, consequences, fees, merging
from members.covering import Circle
from members.models import Application, ApplicationPerson, CoveredPerson, Member, MembershipFee, Receipt
from sessions_app import registering
from sessions_app.models import Registration, TrainingSession
from tests.factories import (
    NOW,
    make_campaign,
    make_candidate,
    make_category,
    make_fee,
    make_form,
    make_member,
    make_registration,
    make_session,
    make_staff,
)
from tests.support import race
from tests.support.announced import open_session, session_in, today
from tests.support.office import notices, signed_in, typed
from tests.support.together import at_once
from tests.support.traces import log, messages, status_of, statuses, told

pytestmark = pytest.mark.django_db(transaction=True)

Cause = Registration.Cause


def registering_one(session: TrainingSession, **fields: Any) -> Callable[[], Registration | None]:
    """Someone who is about to register."""
    candidate = make_candidate(session, **fields)
    return lambda: registering.register(candidate, now=NOW)


def cancelling(registration: Registration) -> Callable[[], None]:
    """Someone who is about to give up."""
    return lambda: registering.cancel(registration, cause=Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)


def unexpected(outcomes: Sequence[Any], *expected: type[Exception]) -> list[Any]:
    """Exceptions other than the refusals a rule gives."""
    return [outcome for outcome in outcomes if isinstance(outcome, Exception) and not isinstance(outcome, expected)]


class TestRegistering:
    """R3, R7: seats are never exceeded, ranks are distinct, each person is told once."""

    def test_thirty_people_for_five_seats(self) -> None:
        session = make_session(max_participants=5)

        outcomes = at_once(*[registering_one(session) for _ in range(30)])

        assert unexpected(outcomes) == []
        assert Counter(status for _, status in statuses(session)) == {"confirmed": 5, "waiting": 25}
        waiting = [person for person in outcomes if person.status == "waiting"]
        assert sorted(person.rank() for person in waiting) == list(range(1, 26))
        assert sorted(messages()) == sorted(
            (person.email, f"Liste d’attente (rang {person.rank()})" if person in waiting else "Inscription confirmée")
            for person in outcomes
        )

    def test_the_same_person_ten_times(self) -> None:
        session = make_session(max_participants=5)

        outcomes = at_once(*[registering_one(session, email="camille@structure.example") for _ in range(10)])

        assert unexpected(outcomes) == []
        [registered] = [outcome for outcome in outcomes if outcome]
        assert told(registered) == ["Inscription confirmée", "Lien vers votre page personnelle"]
        assert len(statuses(session)) == 1

    def test_the_same_form_sent_ten_times(self) -> None:
        session = make_session(max_participants=5)
        form = {"email": "camille@structure.example", "submission_key": uuid4()}

        outcomes = at_once(*[registering_one(session, **form) for _ in range(10)])

        assert len({outcome.pk for outcome in outcomes}) == 1
        assert messages() == [("camille@structure.example", "Inscription confirmée")]

    def test_people_who_come_while_others_leave(self) -> None:
        session = make_session(max_participants=5)
        people = [make_registration(session) for _ in range(8)]

        outcomes = at_once(
            *[cancelling(person) for person in people[:4]], *[registering_one(session) for _ in range(8)]
        )

        assert unexpected(outcomes) == []
        assert Counter(status for _, status in statuses(session)) == {"cancelled": 4, "confirmed": 5, "waiting": 7}
        assert [status_of(person) for person in people] == ["cancelled"] * 4 + ["confirmed"] * 4
        waiting = list(session.registrations.waiting())
        assert [person.rank() for person in waiting] == list(range(1, 8))

    def test_three_clicks_to_be_replaced_have_one_answer(self) -> None:
        registration = make_registration(open_session(), now=timezone.now())
        colleague = {"first_name": "Léa", "last_name": "Blanc", "email": "lea@ailleurs.example"}
        page = f"{registration.get_absolute_url()}remplacer/"

        answers = at_once(*[lambda: Client().post(page, colleague)] * 3)

        assert [(answer.status_code, answer.headers.get("Location")) for answer in answers] == [
            (302, registration.get_absolute_url())
        ] * 3
        assert [status_of(one) for one in Registration.objects.order_by("pk")] == ["cancelled", "confirmed"]


class TestTheTeam:
    """Two people of the team at once, or one who clicks twice."""

    @pytest.fixture
    def coordinators(self) -> list[Client]:
        """Two browsers, each with its coordinator."""
        return [signed_in(make_staff(group="Coordination")) for _ in range(2)]

    def test_one_registration_cancelled_twice_frees_one_seat(self) -> None:
        session = make_session(max_participants=1)
        people = [make_registration(session, last_name=name) for name in "ABC"]

        outcomes = at_once(cancelling(people[0]), cancelling(people[0]))

        assert [type(outcome) for outcome in outcomes if outcome] == [registering.TransitionRefused]
        assert statuses(session) == [("A", "cancelled"), ("B", "confirmed"), ("C", "waiting")]
        assert told(people[0]) == ["Inscription confirmée", "Inscription annulée"]

    def test_the_only_free_seat_assigned_twice(self, coordinators: list[Client]) -> None:
        session = session_in("closed", max_participants=1)
        people = [make_registration(session, last_name=name) for name in "ABC"]
        registering.cancel(people[0], cause=Cause.PARTICIPANT, now=timezone.now(), by=registering.PARTICIPANT)
        path = f"/admin/sessions_app/trainingsession/{session.pk}/attribuer/"

        answers = at_once(*[lambda client=client: client.post(path, follow=True) for client in coordinators])

        assert sorted(notice for answer in answers for notice in notices(answer)) == [
            "Aucune place n’est libre pour cette session.",
            "La place est attribuée à Camille B.",
        ]
        assert statuses(session) == [("A", "cancelled"), ("B", "confirmed"), ("C", "waiting")]

    def test_the_cap_lowered_while_people_register(self, coordinators: list[Client]) -> None:
        """R3: whoever comes first, seats held never exceed the cap that was accepted."""
        session = open_session(max_participants=10)
        for _ in range(3):
            make_registration(session)
        path = f"/admin/sessions_app/trainingsession/{session.pk}/change/"
        forms = [
            {**typed(client.get(path)), "max_participants": cap} for client, cap in zip(coordinators, "56", strict=True)
        ]

        outcomes = at_once(
            *[
                lambda client=client, form=form: client.post(path, form)
                for client, form in zip(coordinators, forms, strict=True)
            ],
            *[registering_one(session) for _ in range(10)],
        )

        assert unexpected(outcomes) == []
        assert {answer.status_code for answer in outcomes[:2]} <= {200, 302}
        after = TrainingSession.objects.with_seats().get(pk=session.pk)
        assert after.max_participants in (5, 6, 10)
        assert after.seats_taken == after.max_participants
        assert after.waiting_count == 13 - after.seats_taken

    def test_a_fee_recorded_twice_opens_one_member(self, coordinators: list[Client]) -> None:
        """R13: a double click is one fee of one member, and one message."""
        category = make_category(campaign=make_campaign(year=today(60).year))
        registration = make_registration(open_session(fee_required=True))
        path = f"/admin/sessions_app/registration/{registration.pk}/cotisation/"
        form = {"member": "", "new_member": "Pays des Collines", "category": category.pk, "status": "paid"}

        answers = at_once(*[lambda client=client: client.post(path, form) for client in coordinators * 2])

        assert [answer.status_code for answer in answers] == [302] * 4
        assert (Member.objects.count(), MembershipFee.objects.count()) == (1, 1)
        receipt = f"Cotisation reçue, reçu n° {timezone.localdate().year}-0001"
        assert told(registration)[1:] == [receipt, "Cotisation à jour, inscription confirmée"]

    def test_a_transfer_recorded_twice(self, coordinators: list[Client]) -> None:
        """R13, R16: one receipt and one message for each of the three fees, one of them opened on the way."""
        campaign = make_campaign(year=today().year)
        category = make_category(campaign=campaign)
        members = [make_member(email=f"compta@c{n}.example", emails=(f"agent@c{n}.example",)) for n in range(3)]
        for member in members[:2]:
            make_fee(member, category=category, status="due")
        session = open_session(fee_required=True)
        people = [make_registration(session, email=f"agent@c{n}.example") for n in range(3)]
        form = {
            "campagne": campaign.pk,
            "cotisant": [member.pk for member in members],
            f"categorie-{members[2].pk}": category.pk,
            "status": "paid",
            "paid_on": str(today()),
            "reference": "VIR 17",
        }
        path = "/admin/members/membershipfee/enregistrer/"

        answers = at_once(*[lambda client=client: client.post(path, form) for client in coordinators * 2])

        assert [answer.status_code for answer in answers] == [302] * 4
        assert len({answer.headers["Location"] for answer in answers}) == 1
        assert list(MembershipFee.objects.values_list("status", flat=True)) == ["paid"] * 3
        assert sorted(Receipt.objects.values_list("number", flat=True)) == [1, 2, 3]
        assert [len(messages(to=f"compta@c{n}.example")) for n in range(3)] == [1] * 3
        if session.first_date and session.first_date <= campaign.ends_on:
            assert [len(told(person)) for person in people] == [2] * 3

    def test_a_fee_cancelled_twice(self, coordinators: list[Client]) -> None:
        """R16: one cancellation, one fee open again, each person told once."""
        fee = make_fee(
            make_member(email="compta@collines.example", emails=("agent@collines.example",)),
            category=make_category(campaign=make_campaign(year=today(60).year)),
        )
        person = make_registration(open_session(fee_required=True), email="agent@collines.example", now=timezone.now())
        path = f"/admin/members/membershipfee/{fee.pk}/annuler/"
        form = {**typed(coordinators[0].get(path)), "confirm": "1"}

        answers = at_once(*[lambda client=client: client.post(path, form) for client in coordinators * 2])

        assert [answer.status_code for answer in answers] == [302] * 4
        assert sorted(fee.member.fees.values_list("status", flat=True)) == ["cancelled", "due"]
        assert (len(told(person)), len(messages(to="compta@collines.example"))) == (2, 2)

    def test_a_member_created_twice(self, coordinators: list[Client]) -> None:
        """R14: one member, one fee, one call."""
        category = make_category(campaign=make_campaign(year=today(60).year))
        registration = make_registration(open_session(fee_required=True), now=timezone.now())
        path = f"/admin/sessions_app/registration/{registration.pk}/creer-le-cotisant/"
        form = {**typed(coordinators[0].get(path)), "category": category.pk}

        answers = at_once(*[lambda client=client: client.post(path, form) for client in coordinators * 2])

        assert [answer.status_code for answer in answers] == [302] * 4
        assert (Member.objects.count(), MembershipFee.objects.count(), CoveredPerson.objects.count()) == (1, 1, 1)
        assert len(told(registration)) == 2

    def test_people_attached_twice(self, coordinators: list[Client]) -> None:
        """R14, R16: each address is learnt once, each person told once."""
        member = make_member()
        make_fee(member, category=make_category(campaign=make_campaign(year=today(60).year)))
        session = open_session(fee_required=True)
        people = [make_registration(session, email=f"p{n}@collines.example", now=timezone.now()) for n in range(3)]
        path = f"/admin/sessions_app/registration/{people[0].pk}/rattacher/"
        form = {"member": member.pk, "together": "on", "others": " ".join(str(person.pk) for person in people[1:])}

        answers = at_once(*[lambda client=client: client.post(path, form) for client in coordinators * 2])

        assert [answer.status_code for answer in answers] == [302] * 4
        assert member.people.count() == 3
        assert [len(told(person)) for person in people] == [2] * 3

    def test_one_fee_opened_twice(self) -> None:
        member, category = make_member(), make_category()

        outcomes = at_once(*[lambda: fees.subscribe(member, category, now=NOW) for _ in range(4)])

        assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [fees.AlreadySubscribed] * 3
        assert member.fees.count() == 1

    def test_fees_paid_by_one_and_cancelled_by_the_other(self) -> None:
        """Cancelled is final (R13): a payment that comes second is refused, one that comes first is cancelled."""
        category = make_category()
        due = [make_fee(make_member(), category=category, status="due") for _ in range(8)]

        outcomes = at_once(
            *[lambda fee=fee, verb=verb: verb(fee, now=NOW) for fee in due for verb in (fees.cancel, fees.settle)]
        )

        assert unexpected(outcomes, fees.FeeTransitionRefused) == []
        assert [status_of(fee) for fee in due] == ["cancelled"] * 8


class TestTheFormsOfTheTeam:
    """G1: the coordination saves forms drawn before, while people come and go: nothing is undone."""

    def test_forms_saved_while_people_leave(self) -> None:
        """R3, R6, R8: never a seat too many, no status without its line in the log, no word lost."""
        session = open_session(max_participants=4)
        people = [make_registration(session, now=timezone.now()) for _ in range(10)]
        paths = [f"/admin/sessions_app/registration/{person.pk}/change/" for person in people]
        team = [signed_in(make_staff(group="Coordination")) for _ in range(3)]
        forms = [typed(team[0].get(path)) for path in paths]
        path = f"/admin/sessions_app/trainingsession/{session.pk}/change/"
        form = typed(team[0].get(path))

        def save(client: Client, numbers: Sequence[int]) -> list[int]:
            return [client.post(paths[n], {**forms[n], "phone": f"06 00 00 00 0{n}"}).status_code for n in numbers]

        def save_session() -> list[int]:
            return [team[2].post(path, {**form, "subtitle": f"Bis {n}"}).status_code for n in range(1)]

        outcomes = at_once(
            lambda: save(team[0], range(5)),
            lambda: save(team[1], range(5, 10)),
            save_session,
            *[cancelling(person) for person in people[:4]],
            *[registering_one(session) for _ in range(3)],
        )

        assert unexpected(outcomes) == []
        assert outcomes[:3] == [[302] * 5, [302] * 5, [302]]
        assert Counter(status for _, status in statuses(session)) == {"cancelled": 4, "confirmed": 4, "waiting": 5}
        for number, person in enumerate(people):
            person.refresh_from_db()
            assert (person.phone, log(person)[-1][1]) == (f"06 00 00 00 0{number}", person.status)

    def test_fees_saved_while_their_payers_are_merged(self) -> None:
        """R13: what a form says of the fee that is kept stays; one that comes second says what changed."""
        category, kept = make_category(), [make_member() for _ in range(6)]
        ours = [make_fee(member, category=category, status="due") for member in kept]
        gone = [make_member() for _ in kept]
        for member in gone:
            make_fee(member, category=category, status="due")
        MembershipFee.objects.filter(member__in=gone).update(method="mandate", engagement_number="33")
        client = signed_in(make_staff(group="Coordination"))
        paths = [f"/admin/members/membershipfee/{fee.pk}/change/" for fee in ours]
        forms = [{**typed(client.get(path)), "method": "cheque"} for path in paths]

        outcomes = at_once(
            *[
                lambda one=one, into=into: merging.merge(one, into=into, now=NOW)
                for one, into in zip(gone, kept, strict=True)
            ],
            *[lambda path=path, form=form: client.post(path, form) for path, form in zip(paths, forms, strict=True)],
        )

        assert unexpected(outcomes) == []
        for fee, answer in zip(ours, outcomes[6:], strict=True):
            fee.refresh_from_db()
            expected = "cheque" if answer.status_code == 302 else "mandate"
            assert (fee.method, fee.engagement_number) == (expected, "33")


class TestTheFee:
    """R16: nobody is left awaiting a fee that was accepted at the very instant they registered."""

    def test_fees_accepted_while_their_people_register(self) -> None:
        sessions = [make_session(max_participants=4, fee_required=True) for _ in range(2)]
        category = make_category()
        emails = [f"personne.{number}@collines.example" for number in range(6)]
        due = [make_fee(make_member(emails=(email,)), category=category, status="due") for email in emails]
        early = [make_registration(session, email=email) for session in sessions for email in emails[:2]]

        outcomes = at_once(
            *[lambda fee=fee: fees.settle(fee, now=NOW) for fee in due],
            *[registering_one(session, email=email) for session in sessions for email in emails[2:]],
            *[cancelling(person) for person in early[::2]],
        )

        assert unexpected(outcomes) == []
        for session in sessions:
            assert Counter(status for _, status in statuses(session)) == {"cancelled": 1, "confirmed": 4, "waiting": 1}

    def test_a_cheque_that_bounces_while_its_people_register(self) -> None:
        session = make_session(max_participants=None, fee_required=True)
        fee = make_fee(make_member(domains=("collines.example",)))

        outcomes = at_once(
            *[registering_one(session, email=f"personne.{number}@collines.example") for number in range(8)],
            lambda: fees.cancel(fee, now=NOW),
        )

        assert unexpected(outcomes) == []
        assert Counter(status for _, status in statuses(session)) == {"awaiting_fee": 8}
        for person in session.registrations.all():
            path = [line[:2] for line in log(person)]
            assert path in ([("", "awaiting_fee")], [("", "confirmed"), ("confirmed", "awaiting_fee")])
            assert len(told(person)) == len(path)

    def test_a_session_edited_while_a_fee_is_accepted(self) -> None:
        """Both look at the same people, who are told once."""
        session = make_session(fee_required=True)
        fee = make_fee(make_member(domains=("collines.example",)), status="due")
        people = [make_registration(session, email=f"personne.{n}@collines.example") for n in range(4)]

        outcomes = at_once(
            lambda: fees.settle(fee, now=NOW),
            lambda: registering.review(session, now=NOW),
            lambda: consequences.draw(Circle.of([fee.member_id]), now=NOW),
        )

        assert unexpected(outcomes) == []
        assert [status_of(person) for person in people] == ["confirmed"] * 4
        assert [len(told(person)) for person in people] == [2] * 4


class TestApplying:
    """R12–R14: forms filled, or checked, at the same instant."""

    SIRET = "73282932000074"

    def applying_one(self, **fields: Any) -> Callable[[], Application]:
        """Someone who is about to send the form."""
        form = make_form(**fields)
        return lambda: applying.apply(form, [ApplicationPerson(email=form.email)], network="192.0.2.1", now=NOW)

    def test_the_same_form_sent_ten_times(self) -> None:
        category, key = make_category(), uuid4()

        outcomes = at_once(
            *[
                self.applying_one(category=category, name="Pays", email="a@x.example", submission_key=key)
                for _ in range(10)
            ]
        )

        assert unexpected(outcomes) == []
        assert len({outcome.pk for outcome in outcomes}) == 1
        assert [to for to, _ in messages()] == ["a@x.example"]

    def test_the_same_key_and_other_contents(self) -> None:
        """The browser's « back » in two tabs: two forms, each of them once."""
        category, key = make_category(), uuid4()
        fields = {"category": category, "submission_key": key, "email": "a@x.example"}

        outcomes = at_once(*[self.applying_one(**fields, name=f"Asso {n % 2}") for n in range(6)])

        assert unexpected(outcomes) == []
        assert sorted(form.name for form in Application.objects.all()) == ["Asso 0", "Asso 1"]

    def test_an_address_receives_three_letters(self) -> None:
        category = make_category()

        outcomes = at_once(*[self.applying_one(category=category, email="a@x.example") for _ in range(8)])

        assert [type(one) for one in outcomes if not isinstance(one, Application)] == [limits.LimitReached] * 5
        assert len(messages()) == 3

    def test_one_form_checked_by_two_people(self) -> None:
        """R16: whoever waited is confirmed once."""
        session = make_session(fee_required=True)
        member = make_member(siret=self.SIRET)
        fee = make_fee(member)
        person = make_registration(session)
        form = make_form(category=fee.category, siret=self.SIRET)
        application = applying.apply(form, [ApplicationPerson(email=person.email)], network="192.0.2.1", now=NOW)
        team = [make_staff(group="Coordination") for _ in range(3)]

        outcomes = at_once(
            *[
                lambda user=user: applying.check(
                    application, member=member, people=list(application.people.all()), user=user, now=NOW
                )
                for user in team
            ]
        )

        assert [type(outcome) for outcome in outcomes if not isinstance(outcome, MembershipFee)] == [
            applying.CheckRefused
        ] * 2
        assert told(person)[1:] == ["Cotisation à jour, inscription confirmée"]


def database_url() -> str:
    """The address of the test database, for other processes."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"


class TestThroughHTTP:
    """The whole way, with real servers: `python -m tests.support.race` does the same with two hundred people."""

    def test_twenty_four_people_for_five_seats(self) -> None:
        session = open_session(slug="course", max_participants=5)

        with race.served(database_url(), processes=2, workers=1, debug=True) as ports:
            visitors = race.rush(ports, session.slug, people=24)

        assert race.faults(session.slug, visitors, seats=5) == []

    def test_the_judge_sees_what_is_wrong(self) -> None:
        """The same verdict on a race in which a seat too many was given, somebody was lost and nobody was told."""
        session = open_session(slug="course", max_participants=1)
        visitors = [race.Person(number, [200, 302, 200]) for number in (1, 2, 3)]
        for person in visitors[:2]:
            registration = make_candidate(session, email=person.email, status="confirmed", registered_at=NOW)
            registration.seat_given_at = NOW
            registration.save()
            person.location = "/inscriptions/votre-inscription/signé/"
        visitors[2].statuses = [200, 500]

        found = race.faults(session.slug, visitors, seats=1)

        assert [fault.split(" : ")[0] for fault in found[:3]] == [
            "personne 3",
            "2 places tenues au lieu de 1",
            "2 inscriptions au lieu de 3",
        ]
        assert [fault.split(", journal ")[-1] for fault in found[4:6]] == ["[]", "[]"], "no line in the log"
        assert len(found) == 7
