"""Deleting in the admin: what holds a row is said, and what to do instead."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client, RequestFactory

from members.models import Member
from sessions_app.models import Trainer, TrainingSession
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff, make_trainer
from tests.support.announced import open_session, registered, today
from tests.support.office import choose, notices, signed_in, url
from tests.support.traces import folded

pytestmark = pytest.mark.django_db


def led() -> Trainer:
    """A trainer of one session."""
    trainer = make_trainer(name="Dominique Bernier", organisation="")
    open_session(title="Coopérer", days=(today(60),), trainers=(trainer,))
    return trainer


def paying() -> Member:
    """A member of two years, one of them cancelled."""
    member = make_member(name="Pays des Collines")
    for year, status in ((2016, "cancelled"), (2017, "paid")):
        make_fee(member, category=make_category(campaign=make_campaign(year=year)), status=status)
    return member


def peopled() -> TrainingSession:
    """A session of one registration."""
    session = open_session(title="Coopérer")
    registered(session)
    return session


HELD: dict[str, tuple[Callable[[], Model], list[str]]] = {
    "trainer": (led, ["Cette personne intervient dans « Coopérer » (", "retirez-la d’abord de ces sessions"]),
    "member": (paying, ["Cotisation 2017 et Cotisation 2016", "« Fusionner deux cotisants »"]),
    "session": (peopled, ["1 inscription y a été faite", "Annulez-la plutôt (« Annuler la session »)"]),
    "campaign": (lambda: paying().fees.first().campaign, ["Des cotisations ou des bulletins en ligne en dépendent."]),
    "fee": (lambda: paying().fees.first(), ["annulez-la plutôt (« Annuler la cotisation »)"]),
}


@pytest.mark.parametrize("is_chief", [True, False], ids=["superuser", "coordination"])
@pytest.mark.parametrize("held", HELD)
def test_what_holds_a_row_is_said_with_what_to_do(held: str, is_chief: bool) -> None:
    make, words = HELD[held]
    row = make()
    user = User.objects.create_superuser("chef") if is_chief else make_staff(group="Coordination")
    client = signed_in(user)

    for answer in (client.get, lambda path, **options: client.post(path, {"post": "yes"}, **options)):
        page = answer(url(row).replace("/change/", "/delete/"), follow=True)

        assert page.redirect_chain[0] == (url(row), 302)
        [said] = [folded(notice) for notice in notices(page) if "ne se supprime pas" in notice]
        assert [word for word in words if word not in said] == []
    assert type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("held", ["trainer", "member"])
def test_several_at_once_say_the_same(held: str) -> None:
    make, words = HELD[held]
    row, free = make(), make_trainer() if held == "trainer" else make_member()
    client = signed_in(make_staff(group="Coordination"))

    page = choose(client, url(row).rpartition(f"{row.pk}/")[0], "delete_selected", row.pk, free.pk)

    [said] = [folded(notice) for notice in notices(page)]
    assert [word for word in words if word not in said] == []
    assert type(row)._default_manager.count() == 2


def test_what_nothing_holds_is_deleted(client: Client) -> None:
    client = signed_in(make_staff(group="Coordination"))
    rows = [make_trainer(), make_member(), open_session()]

    for row in rows:
        client.post(url(row).replace("/change/", "/delete/"), {"post": "yes"})

    assert [type(row)._default_manager.filter(pk=row.pk).exists() for row in rows] == [False] * 3


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model.__name__)
def test_no_page_refuses_without_a_word(rf: RequestFactory, model: type[Model]) -> None:
    """Whoever may do everything either deletes a row or reads why not: a new ModelAdmin too."""
    page, request = admin.site._registry[model], rf.get("/")
    request.user = User(is_superuser=True, is_active=True)

    assert page.has_delete_permission(request) or page.why_kept(request, None)
