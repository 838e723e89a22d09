"""Forms of the admin: what others changed since the page was drawn stays, is said, and is asked about."""

import threading
from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connections, transaction
from django.db.models import Model
from django.test import Client, RequestFactory
from django.utils import timezone

from caprural.house.models import Organisation
from members.models import FeeCampaign, Member, MembershipFee
from sessions_app import deciding
from sessions_app.models import Registration, SessionDay, Trainer, TrainingSession
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member, make_staff, make_trainer
from tests.support.announced import open_session, registered, today
from tests.support.office import complaints, notices, signed_in, typed, url
from tests.support.traces import told

#: For each form: a row, what others make of it meanwhile (a verb's columns among them), and what is typed in it.
CASES: dict[type[Model], tuple[Callable[[], Model], dict[str, Any], dict[str, str]]] = {
    Registration: (
        lambda: registered(open_session(), phone="06 12 34 56 78"),
        {
            "status": "cancelled",
            "cancellation_cause": "participant",
            "token": "x" * 32,
            "carpool": True,
            "profile": "other",
        },
        {"last_name": "Martin"},
    ),
    TrainingSession: (
        lambda: open_session(rationale="Un\n\n- deux"),
        {"status": "postponed", "max_participants": 12, "registration_deadline": today(40), "fee_required": True},
        {"title": "Coopérer"},
    ),
    Trainer: (lambda: make_trainer(role="Formatrice"), {"role": "Directrice"}, {"name": "Dominique Bernier"}),
    Member: (
        lambda: make_member(emails=("a@collines.example",), kind="structure"),
        {"siret": "73282932000074", "note": "Rappeler"},
        {"name": "Pays des Collines"},
    ),
    MembershipFee: (
        lambda: make_fee(make_member(), status="due"),
        {"status": "paid", "paid_on": today(), "amount": 7, "method": "cheque"},
        {"note": "Chèque reçu"},
    ),
    FeeCampaign: (
        lambda: make_category(campaign=make_campaign()).campaign,
        {"ends_on": today(2000), "reminders": 1},
        {"name": "Cotisation de l’année"},
    ),
    Organisation: (
        lambda: Organisation.objects.create(name="Cap Rural", email="contact@caprural.example", contact_name="Accueil"),
        {"cheque_payee": "Trésor", "logo": "autre.png"},
        {"legal_form": "association"},
    ),
    User: (
        lambda: make_staff(group="Coordination"),
        {"last_login": NOW, "is_active": False, "password": "!"},
        {"first_name": "Camille"},
    ),
    Group: (lambda: Group.objects.create(name="Stagiaires"), {}, {"name": "Stages"}),
}


everywhere = pytest.mark.parametrize("model", CASES, ids=lambda model: model.__name__)


def others(row: Model, **changes: Any) -> None:
    """Somebody else writes."""
    if changes:
        type(row)._default_manager.filter(pk=row.pk).update(**changes)


def columns(row: Model) -> dict[str, Any]:
    """What the database says of a row, but for what follows from the rest."""
    found = (
        type(row)._default_manager.filter(pk=row.pk).values(*[field.name for field in row._meta.concrete_fields]).get()
    )
    return {name: value for name, value in found.items() if name not in ("updated_at", "name_key")}


@pytest.fixture
def office() -> Client:
    """A browser that may do everything."""
    return signed_in(User.objects.create_superuser("chef", password="mot-de-passe"))


def test_every_form_is_among_them(rf: RequestFactory) -> None:
    """A new ModelAdmin is given its case. An import has a page of its own, without a form of its row."""
    request = rf.get("/")
    request.user = User(is_superuser=True, is_active=True)

    editable = {model for model, page in admin.site._registry.items() if page.has_change_permission(request)}

    assert {model for model in editable if model._meta.model_name != "spreadsheetimport"} == set(CASES)


@pytest.mark.django_db
class TestAnEarlierPage:
    """It was drawn, somebody else wrote, then it is sent."""

    @everywhere
    def test_what_was_not_touched_stays_as_the_others_made_it(self, office: Client, model: type[Model]) -> None:
        make, changes, mine = CASES[model]
        row = make()
        old = {name: _as_sent(value) for name, value in typed(office.get(url(row))).items()}
        others(row, **changes)
        expected = columns(row)

        page = office.post(url(row), {**old, **mine}, follow=True)

        assert complaints(page) == []
        assert columns(row) == {**expected, **mine}
        [logged] = LogEntry.objects.filter(object_id=row.pk, change_message__contains="changed")
        assert logged.change_message.count('"') == 6, logged.change_message
        told = [notice for notice in notices(page) if notice.startswith("Changé depuis que vous aviez ouvert")]
        assert bool(told) == bool({f"initial-{name}" for name in changes} & old.keys())

    @everywhere
    def test_what_both_changed_is_asked_about_once(self, office: Client, model: type[Model]) -> None:
        row = CASES[model][0]()
        [(name, mine)] = CASES[model][2].items()
        old = typed(office.get(url(row)))
        others(row, **{name: "Autre chose"})

        page = office.post(url(row), {**old, name: mine}, follow=True)

        assert complaints(page) == [
            "Cette valeur a changé depuis que vous aviez ouvert la page : elle est maintenant « Autre chose ». "
            "Enregistrez de nouveau pour mettre la vôtre, ou reprenez celle-là."
        ]
        assert columns(row)[name] == "Autre chose"
        page = office.post(url(row), typed(page), follow=True)
        assert (complaints(page), columns(row)[name]) == ([], mine)

    @everywhere
    def test_a_form_that_does_not_say_what_its_page_showed_undoes_nothing(
        self, office: Client, model: type[Model]
    ) -> None:
        make, changes, mine = CASES[model]
        row = make()
        old = {name: value for name, value in typed(office.get(url(row))).items() if not name.startswith("initial-")}
        others(row, **changes)
        expected = columns(row)

        page = office.post(url(row), {**old, **mine}, follow=True)

        assert columns(row) == expected
        assert complaints(page)[0].startswith("Cette valeur est maintenant « ")


def _as_sent(value: Any) -> Any:
    """Browsers end lines with two signs."""
    return value.replace("\n", "\r\n") if isinstance(value, str) else value


@pytest.mark.django_db
class TestTheLinesOfATable:
    """Days of a session: others add, move and delete some since the page was drawn."""

    @pytest.fixture
    def session(self) -> TrainingSession:
        """Two days."""
        return open_session(days=(today(60), today(61)))

    def days(self, session: TrainingSession) -> list[tuple[date, str]]:
        """Each day and its first hour."""
        return [(day.date, f"{day.starts_at:%H:%M}") for day in session.days.all()]

    def test_one_that_nobody_touched_follows_the_others(self, office: Client, session: TrainingSession) -> None:
        """Moved, deleted, added: no day comes back, none is lost."""
        first, second = session.days.all()
        old = typed(office.get(url(session)))
        others(first, date=today(70))
        second.delete()
        SessionDay.objects.create(session=session, date=today(71), starts_at=time(14))

        page = office.post(url(session), {**old, "title": "Coopérer", "days-0-starts_at": "10:00"}, follow=True)

        assert complaints(page) == []
        assert self.days(session) == [(today(70), "10:00"), (today(71), "14:00")]
        assert [notice.split(" depuis")[0] for notice in notices(page) if "cette page" in notice] == [
            "Changé",
            "Ajouté",
            "Supprimé",
        ]

    def test_one_that_was_written_in_but_is_gone_is_asked_about(self, office: Client, session: TrainingSession) -> None:
        """Sent again, it is a new line."""
        old = typed(office.get(url(session)))
        session.days.all()[1].delete()

        page = office.post(url(session), {**old, "days-1-starts_at": "14:00"}, follow=True)

        assert [complaint.split(". ")[0] for complaint in complaints(page)] == [
            "Cette ligne a été supprimée depuis que vous aviez ouvert la page"
        ]
        assert self.days(session) == [(today(60), "09:30")]
        page = office.post(url(session), typed(page), follow=True)
        assert (complaints(page), self.days(session)) == ([], [(today(60), "09:30"), (today(61), "14:00")])

    def test_one_that_moved_is_not_deleted_unawares(self, office: Client, session: TrainingSession) -> None:
        old = typed(office.get(url(session)))
        others(session.days.all()[1], date=today(80))

        page = office.post(url(session), {**old, "days-1-DELETE": "on"}, follow=True)

        assert complaints(page)[0].endswith("Enregistrez de nouveau pour supprimer cette ligne.")
        assert len(self.days(session)) == 2
        office.post(url(session), {**typed(page), "days-1-DELETE": "on"}, follow=True)
        assert self.days(session) == [(today(60), "09:30")]

    def test_one_that_two_people_changed(self, office: Client, session: TrainingSession) -> None:
        old = typed(office.get(url(session)))
        others(session.days.all()[0], starts_at=time(8))

        page = office.post(url(session), {**old, "days-0-starts_at": "10:00"}, follow=True)

        assert "elle est maintenant « 8 h »" in complaints(page)[0]
        office.post(url(session), typed(page))
        assert self.days(session)[0] == (today(60), "10:00")

    def test_an_old_page_of_a_postponed_session(self, office: Client, session: TrainingSession) -> None:
        """R5: one word changed in it neither publishes the session again nor tells anybody."""
        person = registered(session)
        old = typed(office.get(url(session)))
        with transaction.atomic():
            deciding.postpone(TrainingSession.objects.lock(session.pk), first_on=None, now=timezone.now())
        others(session, max_participants=12)

        page = office.post(url(session), {**old, "subtitle": "Un mot"}, follow=True)

        session.refresh_from_db()
        assert complaints(page) == []
        assert (session.status, session.max_participants, session.subtitle) == ("postponed", 12, "Un mot")
        assert told(person) == ["Inscription confirmée", "Session reportée, date à venir"]


def sent_while_writing(row: Model, form: dict[str, Any], office: Client, **changes: Any) -> Any:
    """What answers a form sent while another connection, which commits only then, writes these changes."""
    answers: list[Any] = []

    def save() -> None:
        try:
            answers.append(office.post(url(row), form))
        finally:
            connections.close_all()

    thread = threading.Thread(target=save)
    with transaction.atomic():
        type(row)._base_manager.select_for_update().get(pk=row.pk)
        others(row, **changes)
        thread.start()
        thread.join(0.4)
        assert thread.is_alive()
    thread.join(30)
    return answers[0]


@pytest.mark.django_db(transaction=True)
@everywhere
def test_a_form_waits_for_whoever_is_writing(model: type[Model]) -> None:
    """Two connections: what the first commits meanwhile is not undone by the second."""
    make, changes, mine = CASES[model]
    row = make()
    office = signed_in(User.objects.create_superuser("chef", password="mot-de-passe"))
    old = typed(office.get(url(row)))

    answer = sent_while_writing(row, {**old, **mine}, office, **changes)

    expected = columns(row)
    assert answer.status_code == 302
    assert expected == {**expected, **mine, **{name: value for name, value in changes.items() if name != "amount"}}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [Registration, Member, MembershipFee], ids=lambda model: model.__name__)
def test_it_is_read_again_once_they_have_written(model: type[Model]) -> None:
    """What both changed at the same instant is asked about, not overwritten."""
    row = CASES[model][0]()
    [(name, mine)] = CASES[model][2].items()
    office = signed_in(User.objects.create_superuser("chef", password="mot-de-passe"))
    old = typed(office.get(url(row)))

    answer = sent_while_writing(row, {**old, name: mine}, office, **{name: "Autre chose"})

    assert "elle est maintenant « Autre chose »" in complaints(answer)[0]
    assert columns(row)[name] == "Autre chose"
