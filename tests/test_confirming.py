"""R7b: every form of the team that would cost somebody the confirmation of their seat says whom, and asks first."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.models import FeeCategory, Member
from sessions_app.models import Registration, TrainingSession
from tests.factories import make_campaign, make_category, make_fee, make_member, make_registration, make_staff
from tests.support.announced import open_session, today
from tests.support.office import complaints, notices, send, signed_in, typed
from tests.support.pages import by_id, text, tree
from tests.support.traces import folded, messages, status_of

pytestmark = pytest.mark.django_db

ASKED = "Lisez en haut de la page qui est concerné, cochez la case, puis enregistrez."


@pytest.fixture
def coordination() -> Client:
    return signed_in(make_staff(group="Coordination", email="coordination@caprural.example"))


@pytest.fixture
def category() -> FeeCategory:
    return make_category(campaign=make_campaign(name="Deux mois", starts_on=today(), ends_on=today(65)))


@pytest.fixture
def member(category: FeeCategory) -> Member:
    member = make_member(name="Collines", emails=("ana@collines.example",), domains=("collines.example",))
    make_fee(member, category=category, now=timezone.now())
    return member


@pytest.fixture
def session() -> TrainingSession:
    return open_session(title="Coopérer", fee_required=True)


def register(session: TrainingSession, email: str) -> Registration:
    return make_registration(session, now=timezone.now(), first_name="Camille", last_name="Durand", email=email)


@pytest.fixture
def person(member: Member, session: TrainingSession) -> Registration:
    """Confirmed by the domain only."""
    return register(session, "bea@collines.example")


def concerned(page: Any) -> list[str]:
    """The people the page names before it saves."""
    found = [one for one in tree(page).iter("section") if one.get("aria-labelledby") == "foreseen-title"]
    return [folded(text(item)).partition(",")[0] for section in found for item in section.iter("li")]


def tick(page: Any) -> dict[str, str]:
    """The box beside what is lost."""
    assert by_id(tree(page), "id_confirm").get("name") == "confirm"
    return {"previewed": typed(page)["previewed"], "confirm": "1"}


class TestAMember:
    def path(self, member: Member) -> str:
        return f"/admin/members/member/{member.pk}/change/"

    def test_a_domain_taken_off(self, coordination: Client, member: Member, person: Registration) -> None:
        path = self.path(member)
        form = {**typed(coordination.get(path)), "domains-0-DELETE": "on"}

        asked = coordination.post(path, form)
        saved = coordination.post(path, {**form, **tick(asked)}, follow=True)

        assert (complaints(asked), concerned(asked)) == ([ASKED], ["Camille Durand"])
        assert status_of(person) == "awaiting_fee"
        assert "Camille Durand" in notices(saved)[0]
        assert messages()[-1][0] == "coordination@caprural.example"

    def test_nobody_is_asked_about_who_is_covered_otherwise(
        self, coordination: Client, member: Member, person: Registration
    ) -> None:
        page = send(coordination, self.path(member), **{"people-0-DELETE": "on", "contact_name": "Ana"})

        assert (complaints(page), status_of(person), member.people.count()) == ([], "confirmed", 0)

    def test_a_place_left_in_a_limited_fee(
        self, coordination: Client, category: FeeCategory, session: TrainingSession
    ) -> None:
        category.max_people = 1
        category.save()
        member = make_member(emails=("un@x.example", "deux@x.example"))
        make_fee(member, category=category, now=timezone.now())
        people = [register(session, email) for email in ("un@x.example", "deux@x.example")]

        path = self.path(member)
        form = {**typed(coordination.get(path)), "people-0-DELETE": "on"}
        asked = coordination.post(path, form)
        coordination.post(path, {**form, **tick(asked)})

        said = folded(text(tree(asked)))
        assert "1 place confirmée ne sera plus couverte" in said
        assert "1 inscription sera confirmée" in said
        assert [status_of(one) for one in people] == ["awaiting_fee", "confirmed"]

    def test_a_box_ticked_for_others_is_asked_again(
        self, coordination: Client, member: Member, person: Registration, session: TrainingSession
    ) -> None:
        path = self.path(member)
        form = {**typed(coordination.get(path)), "domains-0-DELETE": "on"}
        asked = coordination.post(path, form)
        register(session, "cid@collines.example")

        again = coordination.post(path, {**form, **tick(asked)})

        assert (len(concerned(again)), status_of(person)) == (2, "confirmed")


class TestMerging:
    def test_those_who_come_after_the_people_of_a_limited_fee(
        self, coordination: Client, category: FeeCategory, session: TrainingSession
    ) -> None:
        category.max_people = 1
        category.save()
        kept, gone = (
            make_member(name="Un", emails=("un@x.example",)),
            make_member(name="Deux", emails=("deux@x.example",)),
        )
        make_fee(gone, category=category, now=timezone.now())
        person = register(session, "deux@x.example")
        path = f"/admin/members/member/{kept.pk}/fusionner/{gone.pk}/"

        asked = coordination.post(path, {"keep": kept.pk})
        before = status_of(person)
        coordination.post(path, {"keep": kept.pk, **tick(asked)})

        assert (concerned(asked), before, status_of(person)) == (["Camille Durand"], "confirmed", "awaiting_fee")

    def test_those_it_confirms_are_said_too(
        self, coordination: Client, category: FeeCategory, session: TrainingSession
    ) -> None:
        kept, gone = make_member(name="Un"), make_member(name="Deux", emails=("deux@x.example",))
        make_fee(kept, category=category, now=timezone.now())
        person = register(session, "deux@x.example")
        path = f"/admin/members/member/{kept.pk}/fusionner/{gone.pk}/"

        asked = coordination.post(path, {"keep": kept.pk})
        before = (status_of(person), Member.objects.count())
        coordination.post(path, {"keep": kept.pk, **tick(asked)})

        assert "1 inscription sera confirmée" in folded(text(tree(asked)))
        assert (before, status_of(person), Member.objects.count()) == (("awaiting_fee", 2), "confirmed", 1)


class TestASession:
    def path(self, session: TrainingSession) -> str:
        return f"/admin/sessions_app/trainingsession/{session.pk}/change/"

    def test_moved_beyond_the_period(
        self, coordination: Client, session: TrainingSession, person: Registration
    ) -> None:
        path = self.path(session)
        form = {**typed(coordination.get(path)), "days-0-date": today(90).isoformat()}

        asked = coordination.post(path, form)
        before = session.days.get().date
        coordination.post(path, {**form, **tick(asked)})

        assert (complaints(asked), concerned(asked), before) == ([ASKED], ["Camille Durand"], today(60))
        assert (status_of(person), session.days.get().date) == ("awaiting_fee", today(90))

    def test_the_fee_now_required(self, coordination: Client, member: Member) -> None:
        session = open_session(fee_required=False)
        covered, stranger = register(session, "ana@collines.example"), register(session, "x@nulle-part.example")
        path = self.path(session)
        form = {**typed(coordination.get(path)), "fee_required": "on"}

        asked = coordination.post(path, form)
        coordination.post(path, {**form, **tick(asked)})

        assert len(concerned(asked)) == 1
        assert [status_of(one) for one in (covered, stranger)] == ["confirmed", "awaiting_fee"]

    def test_and_no_longer_required_nobody_is_asked(self, coordination: Client, session: TrainingSession) -> None:
        stranger = register(session, "x@nulle-part.example")
        path = self.path(session)
        form = typed(coordination.get(path))
        form.pop("fee_required")

        page = coordination.post(path, form, follow=True)

        assert (complaints(page), status_of(stranger)) == ([], "confirmed")


class TestPreviews:
    """I3: what would be done is read; nothing is done and undone to be shown, and nothing is locked."""

    def test_of_what_is_typed(self, coordination: Client, category: FeeCategory, person: Registration) -> None:
        session, fee = person.session_id, make_fee(make_member(email="due@x.example"), category=category, status="due")
        sessions, members = "/admin/sessions_app/trainingsession", "/admin/members"
        forms: dict[str, dict[str, Any]] = {
            f"{sessions}/{session}/ecrire/": {"subject": "Objet", "text": "Texte", "statuses": ["confirmed"]},
            f"{sessions}/{session}/ecarter/": {"people": [person.pk]},
            f"{sessions}/{session}/reporter/": {"first_on": today(90).isoformat()},
            f"{members}/membershipfee/": {"action": "send_calls", "_selected_action": [fee.pk]},
            f"{members}/membershipfee/{fee.pk}/annuler/": {"is_told": "on"},
        }
        for path, sent in forms.items():
            form = sent if "action" in sent else {**typed(coordination.get(path)), **sent}
            with CaptureQueriesContext(connection) as queries:
                page = coordination.post(path, form)

            assert typed(page)["previewed"], path
            said = [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
            assert [sql for sql in said if "django_session" not in sql] == [], path
            assert not [query["sql"] for query in queries if "FOR UPDATE" in query["sql"]], path
