"""The same registration with a keyboard only, without JavaScript, on a narrow screen, and after mistakes."""

import re

import pytest
from playwright.sync_api import Page, expect

from sessions_app.models import Registration, TrainingSession
from tests.browser.conftest import Open
from tests.support.announced import open_session
from tests.support.browsing import fill, register

FOCUSED = """() => {
    const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
    return {
        name: element.name || element.innerText.trim() || element.tagName,
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== "none",
        inside: box.width > 0 && box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth,
    };
}"""


@pytest.fixture
def session() -> TrainingSession:
    return open_session(title="Animer un réseau", slug="animer")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of this name or text has the focus; every stop on the way must be seen."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["outlined"], focused
        assert focused["inside"], focused
        if focused["name"] == name:
            return
    raise AssertionError(f"{name} is never reached")


def test_keyboard_only(visit: Open, session: TrainingSession) -> None:
    page = visit("/sessions/animer/")
    tab_to(page, "Aller au contenu")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    tab_to(page, "S’inscrire")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inscription/")
    for name, value in {
        "first_name": "Camille",
        "last_name": "Durand",
        "email": "camille@collines.example",
        "organisation": "Pays des Collines",
        "job_title": "Chargée de mission",
        "profile": "technicien",
    }.items():
        tab_to(page, name)
        page.keyboard.type(value)
    tab_to(page, "carpool")
    page.keyboard.press("Space")
    tab_to(page, "departure_town")
    page.keyboard.type("Givors")
    tab_to(page, "M’inscrire")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous avez une place")
    registration = Registration.objects.get()
    assert (registration.profile, registration.carpool, registration.departure_town) == ("technician", True, "Givors")


@pytest.mark.parametrize("width", [360, 1280])
def test_without_javascript(visit: Open, session: TrainingSession, width: int) -> None:
    page = visit("/", width=width, java_script_enabled=False)
    page.get_by_role("link", name="Animer un réseau").click()
    register(page, "camille@collines.example")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous avez une place")


def test_mistakes_then_corrections(visit: Open, session: TrainingSession) -> None:
    page = visit("/sessions/animer/inscription/")
    page.get_by_role("textbox", name=re.compile("^Nom")).fill("Durand")
    page.get_by_role("textbox", name=re.compile("^Adresse e-mail")).fill("camille@")
    page.get_by_role("textbox", name=re.compile("^Message")).fill("Bonjour\nà tous")
    page.get_by_role("button", name="M’inscrire").click()

    summary = page.get_by_role("alert")
    expect(summary.get_by_role("heading")).to_have_text("Il reste 5 points à corriger")
    assert page.title().startswith("À corriger – ")
    summary.get_by_role("link", name="Adresse e-mail").click()
    email = page.get_by_role("textbox", name=re.compile("^Adresse e-mail"))
    expect(email).to_be_focused()
    expect(email).to_have_value("camille@")
    expect(email).to_have_accessible_description(re.compile("Saisissez une adresse e-mail complète"))
    expect(page.get_by_role("textbox", name=re.compile("^Nom"))).to_have_value("Durand")
    expect(page.get_by_role("textbox", name=re.compile("^Message"))).to_have_value("Bonjour\nà tous")

    page.keyboard.press("End")
    page.keyboard.type("collines.example")
    for label, value in {"Prénom": "Camille", "Structure": "Pays", "Fonction": "Chargée de mission"}.items():
        page.get_by_role("textbox", name=re.compile(f"^{label}")).fill(value)
    page.get_by_role("combobox", name=re.compile("^Vous êtes")).select_option(label="autre")
    page.get_by_role("button", name="M’inscrire").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous avez une place")
    assert Registration.objects.get().message == "Bonjour\r\nà tous"


def test_closed_while_typing(visit: Open, session: TrainingSession) -> None:
    """R4: what was typed stays on screen with the reason."""
    page = visit("/sessions/animer/inscription/")
    TrainingSession.objects.update(status="cancelled")
    fill(page, "camille@collines.example")
    page.get_by_role("button", name="M’inscrire").click()
    expect(page.get_by_role("alert")).to_contain_text("Votre inscription n’a pas été enregistrée")
    expect(page.get_by_role("alert")).to_contain_text("Cette session est annulée.")
    expect(page.get_by_role("textbox", name=re.compile("^Structure"))).to_have_value("Pays des Collines")


def test_back_and_again_is_one_registration(visit: Open, session: TrainingSession) -> None:
    """R7: the page is never kept by the browser, so « back » gives a new form; the address is known already."""
    page = visit("/sessions/animer/inscription/")
    for answer in ("Vous avez une place", "Cette adresse est déjà inscrite"):
        fill(page, "camille@collines.example")
        page.get_by_role("button", name="M’inscrire").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(answer)
        page.go_back()
    assert Registration.objects.count() == 1
