"""The team's side: the trainer reads the list, the coordinator prints the sheet, the admin's scripts obey our CSP."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from caprural.mailing.models import Message
from members.models import Member, MembershipFee
from sessions_app import roles
from sessions_app.models import TrainingSession
from tests.browser.conftest import Open
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff, make_trainer
from tests.support.announced import open_session, registered, today
from tests.support.browsing import log_in


@pytest.fixture
def trainer() -> User:
    return make_staff(group=roles.TRAINERS, username="formateur")


@pytest.fixture
def session(trainer: User) -> TrainingSession:
    """Three seats: one confirmed, two awaiting their fee; one person waits."""
    category = make_category(campaign=make_campaign(year=today(60).year), label="Commune")
    make_fee(make_member(emails=("a@collines.example",)), category=category)
    session = open_session(
        title="Animer un réseau",
        slug="animer",
        fee_required=True,
        max_participants=3,
        trainers=(make_trainer(name="Dominique Bernier", user=trainer),),
    )
    for name in "abcd":
        registered(session, first_name=name.upper(), last_name=f"Nom-{name}", email=f"{name}@collines.example")
    return session


@pytest.fixture
def coordination() -> User:
    return make_staff(group=roles.COORDINATION, username="coordination")


def test_trainer_reviews_the_list(visit: Open, session: TrainingSession, trainer: User) -> None:
    open_session(title="Session d’une autre")
    page = log_in(visit, trainer)
    page.get_by_role("rowheader", name="Sessions").get_by_role("link").click()
    expect(page.get_by_role("link", name="Session d’une autre")).to_have_count(0)
    page.get_by_role("link", name="Animer un réseau").click()
    held = page.get_by_role("table", name="Où en est chaque personne")
    # Three people hold a seat, one waits, and each group has its title.
    expect(held.get_by_role("rowheader")).to_have_count(6)
    expect(held).to_contain_text("a@collines.example")
    expect(held).to_contain_text("sous réserve")
    expect(page.get_by_role("main")).not_to_contain_text(re.compile("cotisation", re.IGNORECASE))


def test_coordinator_prints_the_attendance_sheet(visit: Open, session: TrainingSession, coordination: User) -> None:
    page = log_in(visit, coordination)
    page.goto("/admin/sessions_app/trainingsession/")
    page.get_by_role("link", name="Animer un réseau").click()
    page.get_by_role("link", name="Feuille d’émargement", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Nom-a")
    href = page.get_by_role("link", name=re.compile("PDF")).first.get_attribute("href")
    answer = page.request.get(href or "")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="emargement-animer.pdf"'
    assert answer.body().startswith(b"%PDF-")


def test_coordinator_confirms_by_recording_a_fee(visit: Open, session: TrainingSession, coordination: User) -> None:
    page = log_in(visit, coordination)
    page.goto(f"/admin/sessions_app/trainingsession/{session.pk}/change/")
    page.get_by_role("link", name="Enregistrer la cotisation").first.click()
    page.get_by_label("Catégorie").select_option(index=1)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Cotisation enregistrée.")).to_be_visible()
    assert session.registrations.filter(status="confirmed").count() == 2


class TestScripts:
    """Stock Django's scripts, where the team needs them."""

    def test_slug_days_and_trainer_of_a_new_session(
        self, visit: Open, session: TrainingSession, coordination: User
    ) -> None:
        page = log_in(visit, coordination)
        page.goto("/admin/sessions_app/trainingsession/add/")
        page.get_by_label("Titre", exact=False).first.press_sequentially("Animer l’été ")
        expect(page.locator("#id_slug")).to_have_value("animer-lete")
        page.locator("#days-group").get_by_role("button", name=re.compile("^Ajouter un")).click()
        expect(page.locator("#id_days-1-date")).to_be_visible()
        page.locator("#id_days-0-date").locator("xpath=..").get_by_role("link", name=re.compile("^Aujourd")).click()
        expect(page.locator("#id_days-0-date")).not_to_have_value("")
        page.locator("#session_trainers-group").get_by_role("button", name=re.compile("^Ajouter un")).click()
        page.locator("#session_trainers-0 .select2-selection").click()
        page.get_by_role("option", name=re.compile("^Dominique Bernier")).click()
        expect(page.locator("#session_trainers-0 .select2-selection")).to_contain_text("Dominique Bernier")

    def test_actions_on_a_list(self, visit: Open, session: TrainingSession, coordination: User) -> None:
        fee = make_fee(make_member(name="Commune de Givors"), status=MembershipFee.Status.DUE)
        page = log_in(visit, coordination)
        page.goto("/admin/members/membershipfee/")
        page.locator("#action-toggle").check()
        expect(page.locator("tr.selected")).to_have_count(2)
        page.locator("#action-toggle").uncheck()
        page.get_by_role("row", name=re.compile("Commune de Givors")).get_by_role("checkbox").check()
        page.locator("select[name=action]").select_option(label="Enregistrer…")
        page.get_by_role("button", name="Appliquer").click()
        page.get_by_role("button", name=re.compile("^Enregistrer 1 cotisation")).click()
        expect(page.get_by_role("row", name=re.compile("Commune de Givors"))).to_contain_text("payée")
        fee.refresh_from_db()
        assert fee.status == "paid"

    def test_theme(self, visit: Open, coordination: User) -> None:
        page = log_in(visit, coordination)
        page.wait_for_load_state()  # the button is deaf before
        page.get_by_role("button", name=re.compile("thème", re.IGNORECASE)).click()
        expect(page.locator("html")).to_have_attribute("data-theme", re.compile("light|dark"))


def addresses(session: TrainingSession) -> list[str]:
    """The pages of the admin that the coordination uses."""
    registration = session.registrations.get(email="b@collines.example")
    people, here = "/admin/sessions_app/registration", f"/admin/sessions_app/trainingsession/{session.pk}"
    return [
        "/admin/",
        "/admin/sessions_app/trainingsession/",
        "/admin/sessions_app/trainingsession/add/",
        f"{here}/change/",
        f"{here}/emargement/",
        f"{here}/inscrire/",
        f"{here}/dupliquer/",
        f"{people}/",
        f"{people}/{registration.pk}/change/",
        f"{people}/{registration.pk}/cotisation/",
        f"{people}/{registration.pk}/rattacher/",
        f"{people}/{registration.pk}/annuler/",
        "/admin/members/member/",
        f"/admin/members/member/{Member.objects.get().pk}/change/",
        "/admin/members/membershipfee/",
        "/admin/members/membershipfee/add/",
        f"/admin/members/membershipfee/{MembershipFee.objects.get().pk}/change/",
        "/admin/members/feecampaign/",
        "/admin/mailing/message/",
        f"/admin/mailing/message/{Message.objects.first().pk}/change/",
        "/admin/house/organisation/add/",
    ]


class TestAccessible:
    def test_login(self, visit: Open, accessible: Callable[[Page], None]) -> None:
        page = visit("/admin/")
        accessible(page)
        page.get_by_role("button", name="Connexion").click()
        accessible(page)

    def test_coordination(
        self, visit: Open, session: TrainingSession, coordination: User, accessible: Callable[[Page], None]
    ) -> None:
        page = log_in(visit, coordination)
        found = []
        for address in addresses(session):
            page.goto(address)
            try:
                accessible(page)
            except AssertionError as error:
                found.append(str(error))
        if found:
            pytest.fail("\n".join(found))

    def test_trainer(
        self, visit: Open, session: TrainingSession, trainer: User, accessible: Callable[[Page], None]
    ) -> None:
        page = log_in(visit, trainer)
        for address in (
            "/admin/",
            "/admin/sessions_app/trainingsession/",
            f"/admin/sessions_app/trainingsession/{session.pk}/change/",
            "/admin/sessions_app/registration/",
            f"/admin/sessions_app/trainingsession/{session.pk}/dupliquer/",  # 403
        ):
            page.goto(address)
            accessible(page)


@pytest.mark.parametrize("path", ["registration/", "trainingsession/{session}/change/"])
def test_lists_on_paper(visit: Open, session: TrainingSession, coordination: User, path: str) -> None:
    """E2: every column within the width of A4, and nothing of what one does with them."""
    page = log_in(visit, coordination)
    page.goto(f"/admin/sessions_app/{path.format(session=session.pk)}")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 980})

    table = page.locator("#result_list, table.registrations")

    expect(table.get_by_text("Nom-a").first).to_be_visible()
    assert table.evaluate("one => one.getBoundingClientRect().right") <= 681
    assert table.evaluate("table => getComputedStyle(table.parentElement).overflowX") == "visible"
    for gone in page.locator("#toolbar, #changelist-filter, .actions, .acts, #inscriptions nav").all():
        expect(gone).to_be_hidden()
