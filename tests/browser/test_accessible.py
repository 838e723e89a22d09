"""Every public page, wide and narrow: nothing for axe-core to say, nothing that scrolls sideways."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from caprural.house.models import Organisation
from members import fees
from sessions_app import registering
from sessions_app.models import Registration, TrainingSession
from tests.browser.conftest import FOREIGN_HOST, Open
from tests.factories import make_campaign, make_category, make_fee, make_member, make_trainer
from tests.support.announced import STATES, open_session, registered, session_in, today
from tests.support.browsing import fill, register
from tests.support.pictures import give_logo, picture


def fail(request: HttpRequest) -> HttpResponse:
    """What is behind a « 500 »."""
    raise RuntimeError("nothing works today")


urlpatterns = [path("erreur/", fail), path("", include("caprural.urls"))]
LONG = "Intercommunalités-et-anticonstitutionnellement-" * 3


@pytest.fixture(params=[1280, 360], ids=["wide", "narrow"])
def check(request: pytest.FixtureRequest, visit: Open, accessible: Callable[[Page], None]) -> Callable[[str], Page]:
    """Open pages one after the other in one window, and look at each."""
    page = visit("/robots.txt", width=request.param)

    def look(address: str = "") -> Page:
        if address:
            page.goto(address)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} scrolls sideways"
        for button in page.locator("main .btn").all():
            button.scroll_into_view_if_needed()
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= request.param
        return page

    return look


@pytest.fixture
def organisation() -> None:
    Organisation.objects.create(
        pk=1,
        name="Cap Rural",
        address="1 place de l’Exemple\n69000 Lyon",
        phone="0478000000",
        email="une.adresse.plutot.longue.pour.un.telephone@organisation-exemple.example",
        website="http://www.caprural.example",
        cheque_payee="Cap Rural",
        iban="FR7600000000000000000000097",
        bic="DEMOFRPPXXX",
        siret="73282932000074",
    )
    campaign = make_campaign(name="Cotisation", starts_on=today(-5), ends_on=today(200))
    make_category(campaign=campaign, label="Collectivité ou établissement public", amount="1250.50")
    make_category(campaign=campaign, label="Personne", scope="person", amount="30")


def everything(state: str) -> TrainingSession:
    """A session whose every field is filled."""
    return session_in(
        state,
        title="Conduire une démarche",
        subtitle="entre acteurs ou entre territoires",
        theme="Coopération",
        partners="Des partenaires",
        rationale="Un [lien](https://exemple.example), du **gras**.\n\n- un\n    - deux\n- trois",
        audience=LONG,
        about="À propos.",
        funders_notice="Avec le soutien de l’Union européenne.",
        fee_required=True,
        trainers=(make_trainer(name="Dominique Bernier", role="Mission"),),
    )


def test_axe_does_look(visit: Open, accessible: Callable[[Page], None]) -> None:
    with pytest.raises(AssertionError, match="document-title"):
        accessible(visit("/robots.txt"))


def test_lists_of_sessions(check: Callable[[str], Page], organisation: None) -> None:
    check("/")
    for state in STATES:
        everything(state)
    check("/")


def test_session_in_each_state(check: Callable[[str], Page], organisation: None) -> None:
    for state in STATES:
        session = everything(state)
        check(f"/sessions/{session.slug}/")
        check(f"/sessions/{session.slug}/inscription/")


def test_form_sent_back(check: Callable[[str], Page], organisation: None) -> None:
    session = everything("open")
    page = check(f"/sessions/{session.slug}/inscription/")
    page.get_by_role("textbox", name=re.compile("^Nom")).fill(LONG[:80])
    page.get_by_role("button", name="M’inscrire").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check("")
    page.goto(f"/sessions/{session.slug}/")
    register(page, "a@vallee.example")
    page.goto(f"/sessions/{session.slug}/")
    register(page, "a@vallee.example")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cette adresse est déjà inscrite")
    check("")
    page.goto(f"/sessions/{session.slug}/inscription/")
    fill(page, "b@vallee.example")
    TrainingSession.objects.update(status="postponed")
    page.get_by_role("button", name="M’inscrire").click()
    expect(page.get_by_role("alert")).to_contain_text("Votre inscription n’a pas été enregistrée")
    check("")


def test_private_page_in_each_status(check: Callable[[str], Page], organisation: None) -> None:
    free, due = open_session(), open_session(fee_required=True, max_participants=1)
    cancelled = registered(free, first_name=LONG[:80], organisation=LONG)
    registering.cancel(cancelled, cause=Registration.Cause.PARTICIPANT, now=timezone.now(), by=registering.PARTICIPANT)
    people = [registered(free), registered(due, last_name=LONG[:80]), registered(due, job_title=LONG[:120]), cancelled]
    assert [person.status for person in people[:3]] == ["confirmed", "awaiting_fee", "waiting"]
    for person in people:
        check(person.get_absolute_url())


def test_pages_of_the_site(check: Callable[[str], Page], organisation: None) -> None:
    for address in ("/cotisation/", "/mentions-legales/", "/donnees-personnelles/", "/accessibilite/", "/nulle-part/"):
        check(address)


def test_documents_of_a_fee(
    check: Callable[[str], Page], organisation: None, settings: Settings, tmp_path: Path
) -> None:
    give_logo(settings, tmp_path, picture(size=(900, 300)))
    member = make_member(
        name=LONG, contact_name=LONG, address=f"1 rue {LONG}\n69000 Lyon", emails=(f"{'a' * 60}@a.example",)
    )
    fee = make_fee(member, status="committed")
    check(f"/cotisation/appels/{fee.token}/")
    fees.settle(fee, now=timezone.now())
    fees.cancel(fee, now=timezone.now())
    check(f"/cotisation/appels/{fee.token}/")
    check(f"/cotisation/recus/{fee.receipts.get().token}/")


def test_errors(check: Callable[[str], Page], live_server: LiveServer, settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    page = check("/erreur/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Le site a rencontré une erreur")
    page = check(f"http://{FOREIGN_HOST}:{live_server.thread.port}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cette demande n’a pas pu être comprise")
    page.goto(f"{live_server.url}/sessions/{open_session().slug}/inscription/")
    page.context.clear_cookies()
    page.get_by_role("button", name="M’inscrire").click()
    expect(page.get_by_text("Rien n’a encore été enregistré")).to_be_visible()
    check("")
