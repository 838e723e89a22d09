"""What was typed comes back when its form is refused: protection too old, signed out meanwhile (A3)."""

import re

from playwright.sync_api import expect

from sessions_app import roles
from sessions_app.models import Registration, TrainingSession
from tests.browser.conftest import Open
from tests.factories import make_staff
from tests.support.announced import open_session
from tests.support.browsing import PASSWORD, fill, log_in


def test_a_visitor_whose_cookie_is_another(visit: Open) -> None:
    open_session(slug="animer")
    page = visit("/sessions/animer/inscription/")
    fill(page, "camille@collines.example")
    page.context.clear_cookies()

    page.get_by_role("button", name="M’inscrire").click()
    expect(page.get_by_text("Rien n’a encore été enregistré")).to_be_visible()
    expect(page.get_by_role("textbox", name=re.compile("^Structure"))).to_have_value("Pays des Collines")
    assert not Registration.objects.exists()

    page.get_by_role("button", name="M’inscrire").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous avez une place")


def test_the_team_signed_out_in_another_tab(visit: Open) -> None:
    session = open_session()
    page = log_in(visit, make_staff(group=roles.COORDINATION, username="coordination"))
    page.goto(f"/admin/sessions_app/trainingsession/{session.pk}/change/")
    page.locator("#id_title").fill("Coopérer")
    page.context.clear_cookies(name="sessionid")

    page.get_by_role("button", name="Enregistrer et continuer").click()
    expect(page.get_by_text("n’a pas été enregistré")).to_be_visible()
    page.get_by_label("Nom d’utilisateur").fill("coordination")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Connexion").click()
    expect(page.locator("#id_title")).to_have_value("Coopérer")
    assert TrainingSession.objects.get().title != "Coopérer"

    page.get_by_role("button", name="Enregistrer et continuer").click()
    expect(page.get_by_text("Modification enregistrée")).to_be_visible()
    assert TrainingSession.objects.get().title == "Coopérer"
