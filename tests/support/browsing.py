"""What people do again and again in a real browser."""

import re
from typing import Any

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open


def fill(page: Page, email: str) -> None:
    """Type what is required."""
    for label, value in {
        "Prénom": "Camille",
        "Nom": "Durand",
        "Adresse e-mail": email,
        "Structure": "Pays des Collines",
        "Fonction": "Chargée de mission",
    }.items():
        page.get_by_role("textbox", name=re.compile(f"^{label}")).fill(value)
    page.get_by_role("combobox", name=re.compile("^Vous êtes")).select_option(label="technicien")


def register(page: Page, email: str) -> None:
    """From the session page to the answer."""
    page.get_by_role("link", name="S’inscrire").first.click()
    fill(page, email)
    page.get_by_role("button", name="M’inscrire").click()


PASSWORD = "mot-de-passe"


def log_in(visit: Open, user: User, **options: Any) -> Page:
    """Through the login page."""
    page = visit("/admin/", **options)
    page.get_by_label("Nom d’utilisateur").fill(user.username)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Connexion").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Accueil")
    return page
