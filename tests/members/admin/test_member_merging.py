"""« Fusionner deux cotisants » in the admin (R13, R14)."""

import pytest
from django.test import Client

from members.models import Member
from tests.factories import make_category, make_fee, make_member, make_staff
from tests.support import pages
from tests.support.office import choose, complaints, notices, send, signed_in, typed
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

LIST = "/admin/members/member/"


@pytest.fixture
def both() -> tuple[Member, Member]:
    category = make_category(label="Association")
    first = make_member(name="Pays des Collines", emails=("a@x.example",), domains=("x.example",))
    second = make_member(name="PAYS DES COLLINES", emails=("b@y.example",), phone="04 22 22 22 22")
    make_fee(first, category=category)
    make_fee(second, category=category, status="due")
    return first, second


def page_of(first: Member, second: Member) -> str:
    return f"{LIST}{first.pk}/fusionner/{second.pk}/"


def test_two_are_chosen_in_the_list(coordination: Client, both: tuple[Member, Member]) -> None:
    page = choose(coordination, LIST, "merge_two", *[member.pk for member in both])

    assert page.redirect_chain[-1][0] == page_of(*both)


@pytest.mark.parametrize("count", [1, 3])
def test_not_two(coordination: Client, both: tuple[Member, Member], count: int) -> None:
    chosen = [*both, make_member()][:count]

    page = choose(coordination, LIST, "merge_two", *[member.pk for member in chosen])

    assert notices(page) == ["Cochez deux cotisants, ni plus ni moins, puis recommencez."]


def test_both_are_shown_with_what_will_move(coordination: Client, both: tuple[Member, Member]) -> None:
    before = pages.rows()

    words = folded(pages.text(pages.by_id(pages.tree(coordination.get(page_of(*both))), "content-main")))

    for fact in ("Pays des Collines", "PAYS DES COLLINES", "a@x.example", "b@y.example", "04 22 22 22 22"):
        assert fact in words
    assert "Association, 100 €, payée" in words
    assert "Association, 100 €, attendue" in words
    assert {**pages.rows(), "sessions.Session": []} == {**before, "sessions.Session": []}


def test_done(coordination: Client, both: tuple[Member, Member]) -> None:
    second = both[1]

    page = send(coordination, page_of(*both), keep=second.pk)

    assert [folded(said) for said in notices(page)] == [
        "« Pays des Collines » et « PAYS DES COLLINES » ne font plus qu’un."
    ]
    assert list(Member.objects.all()) == [second]
    assert list(second.people.values_list("email", flat=True)) == ["b@y.example", "a@x.example"]
    assert sorted(second.fees.values_list("status", flat=True)) == ["cancelled", "paid"]


def test_done_twice(coordination: Client, both: tuple[Member, Member]) -> None:
    form = {**typed(coordination.get(page_of(*both))), "keep": both[0].pk}
    coordination.post(page_of(*both), form)

    page = coordination.post(page_of(*both), form, follow=True)

    assert page.redirect_chain[-1][0] == LIST
    assert "Ces deux cotisants n’en font déjà plus qu’un." in notices(page)
    assert Member.objects.count() == 1


def test_two_accepted_fees(coordination: Client) -> None:
    category = make_category()
    both = [make_member(name=name) for name in ("Collines", "Pays")]
    for member in both:
        make_fee(member, category=category)

    page = send(coordination, page_of(*both), keep=both[0].pk)

    assert any("ont chacun une cotisation enregistrée" in said for said in complaints(page))
    assert Member.objects.count() == 2


@pytest.mark.parametrize("keep", [None, "", "x", "999999"])
def test_which_one_is_not_said(coordination: Client, both: tuple[Member, Member], keep: str | None) -> None:
    page = coordination.post(page_of(*both), {} if keep is None else {"keep": keep})

    assert page.status_code == 200
    assert complaints(page)
    assert Member.objects.count() == 2


def test_a_trainer(both: tuple[Member, Member]) -> None:
    trainer = signed_in(make_staff(group="Formateurs"))
    for method in (trainer.get, trainer.post):
        assert method(page_of(*both)).status_code == 404
    assert Member.objects.count() == 2
