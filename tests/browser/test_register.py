"""The main job: from the session page to a seat, as each kind of person meets it."""

import re

import pytest
from playwright.sync_api import expect

from caprural.house.models import Organisation
from sessions_app.models import Registration, TrainingSession
from tests.browser.conftest import Open
from tests.factories import make_campaign, make_category, make_fee, make_member
from tests.support.announced import open_session, registered, today
from tests.support.browsing import register
from tests.support.traces import link_for


@pytest.fixture
def session() -> TrainingSession:
    """A session with ten seats that asks for the fee, with a scale and two members up to date."""
    Organisation.objects.create(
        pk=1, name="Cap Rural", cheque_payee="Cap Rural", iban="FR7600000000", email="bonjour@caprural.example"
    )
    category = make_category(campaign=make_campaign(year=today(60).year), label="Association", amount="80.00")
    make_fee(make_member(emails=("camille@collines.example",)), category=category)
    make_fee(make_member(domains=("cc-plateau.example",)), category=category)
    return open_session(title="Animer un réseau", slug="animer", fee_required=True, rationale="Pour animer.")


@pytest.mark.parametrize("email", ["camille@collines.example", "quelqu.un@cc-plateau.example"])
def test_up_to_date(visit: Open, session: TrainingSession, email: str) -> None:
    """By the address a member lists, or by its domain (R14)."""
    page = visit("/sessions/animer/")
    register(page, email)
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous avez une place")
    assert Registration.objects.get().status == "confirmed"
    assert page.url.startswith(page.url.partition("/inscriptions/")[0] + "/inscriptions/votre-inscription/")
    expect(page.get_by_role("main")).to_contain_text(f"Un message vient de partir à {email}")
    page.goto(link_for(email))
    page.get_by_role("button", name="C’est bien mon adresse").click()
    assert Registration.objects.get().address_confirmed_at is not None
    with page.expect_download() as download:
        page.get_by_role("link", name="Ajouter à mon agenda").click()
    assert download.value.suggested_filename == "animer.ics"


def test_not_up_to_date(visit: Open, session: TrainingSession) -> None:
    """R15: a seat is held; the amount, the date and the bulletin are there."""
    page = visit("/sessions/animer/")
    register(page, "personne@ailleurs.example")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Une place vous est retenue jusqu’au")
    expect(page.get_by_role("main")).to_contain_text("80 €")
    expect(page.get_by_role("main")).to_contain_text("FR76 0000 0000")
    page.get_by_role("link", name="Remplir le bulletin en ligne").click()
    expect(
        page.get_by_role("textbox", name=re.compile("^Nom de la structure|^Structure|^Nom")).first
    ).not_to_have_value("")
    page.goto(link_for("personne@ailleurs.example"))
    bulletin = page.get_by_role("link", name="Télécharger mon bulletin (PDF)").get_attribute("href")
    answer = page.request.get(bulletin or "")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")


def test_eleventh(visit: Open, session: TrainingSession) -> None:
    for _ in range(10):
        registered(session)
    page = visit("/sessions/animer/")
    expect(page.get_by_text("Complet – liste d’attente").first).to_be_visible()
    register(page, "camille@collines.example")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous êtes en liste d’attente, au rang 1")
    page.goto("/sessions/animer/")
    register(page, "quelqu.un@cc-plateau.example")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous êtes en liste d’attente, au rang 2")
