"""A session typed from nothing, looked at, published, copied, moved, undated, with no sentence about the machine."""

import re

from playwright.sync_api import Page, expect

from sessions_app import roles
from sessions_app.models import TrainingSession
from tests.browser.conftest import Open
from tests.factories import make_staff
from tests.support.announced import today
from tests.support.browsing import log_in

MACHINE = re.compile(r"objet |\(e\)|\(s\)|avec succès|Ce champ est obligatoire|Ajouter session")
SESSIONS = "/admin/sessions_app/trainingsession/"


def save(page: Page) -> None:
    """« Enregistrer et continuer », then read the page that answers."""
    page.get_by_role("button", name="Enregistrer et continuer").click()
    page.wait_for_load_state()
    expect(page.locator("body")).not_to_contain_text(MACHINE)


def test_from_nothing_to_undated(visit: Open) -> None:
    page = log_in(visit, make_staff(group=roles.COORDINATION, username="coordination"))
    page.goto(SESSIONS)
    page.get_by_role("link", name="Ajouter", exact=True).last.click()

    page.locator("#id_title").fill("Coopérer")
    page.locator("#id_max_participants").fill("8 à 10")
    save(page)
    expect(page.get_by_text("Un seul nombre par case")).to_be_visible()
    page.locator("#id_max_participants").fill("10")
    page.locator("#id_programme").fill("•\tUn\no\tDeux\nLes élu*es : www.a.example")
    save(page)
    expect(page.get_by_text("puces devenues des listes")).to_be_visible()
    session = TrainingSession.objects.get()
    assert (session.slug, session.programme) == ("cooperer", "- Un\n  - Deux\nLes élu*es : www.a.example")

    page.get_by_role("link", name="Aperçu de la page").click()
    expect(page.get_by_text("Brouillon : vous seul·e·s")).to_be_visible()
    expect(page.locator("li li")).to_contain_text("Deux")
    expect(page.get_by_role("link", name="www.a.example")).to_have_attribute("href", "https://www.a.example")
    assert visit(session.get_absolute_url()).title() != page.title()

    page.goto(f"{SESSIONS}{session.pk}/change/")
    page.locator("#id_status").select_option("published")
    save(page)
    expect(page.get_by_text("Indiquez au moins une journée")).to_be_visible()
    page.locator("#id_days-0-date").fill(f"{today(60):%d/%m/%Y}")
    page.locator("#id_days-0-starts_at").fill("9h30")
    save(page)
    expect(page.get_by_text("il y manque peut-être le lieu, un contact.")).to_be_visible()

    page.get_by_role("link", name="Dupliquer").click()
    page.get_by_label("Premier jour").fill(today(90).isoformat())
    page.get_by_role("button", name="Créer la copie").click()
    page.locator("#id_title").fill("Animer")
    save(page)
    copy = TrainingSession.objects.exclude(pk=session.pk).get()
    assert copy.slug == f"animer-{today(90).year}"

    for first_on, said in ((today(100).isoformat(), "initialement prévue le"), ("", "Date à venir")):
        page.goto(f"{SESSIONS}{session.pk}/reporter/")
        page.get_by_label("Nouveau premier jour").fill(first_on)
        page.get_by_role("button", name="Prévisualiser").click()
        page.get_by_role("button", name="Reporter la session").click()
        expect(page.get_by_text("La session est reportée.")).to_be_visible()
        page.goto(session.get_absolute_url())
        expect(page.get_by_text(said).first).to_be_visible()

    page.goto(f"{SESSIONS}{session.pk}/change/")
    page.get_by_role("link", name="Fixer la nouvelle date").click()
    page.get_by_label("Nouveau premier jour").fill(today(120).isoformat())
    page.get_by_role("button", name="Prévisualiser").click()
    page.get_by_role("button", name="Fixer la nouvelle date").click()
    expect(page.get_by_text("La nouvelle date est fixée, la session est publiée.")).to_be_visible()
