"""What participants do from their private page, and to find it again, as a browser does it (R9-R11)."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from caprural.house.models import Organisation
from caprural.mailing.models import Message
from sessions_app import registering
from sessions_app.models import Registration, SessionDocument, TrainingSession
from tests.browser.conftest import Open
from tests.factories import make_campaign, make_category
from tests.support.announced import open_session, registered, today
from tests.support.traces import link_for

#: A wide screen, and a narrow one where nothing may run.
WINDOWS = [
    pytest.param({"width": 1280}, id="wide"),
    pytest.param({"width": 360, "java_script_enabled": False}, id="narrow-without-javascript"),
]
LONG = "Intercommunalités-et-anticonstitutionnellement-" * 3


@pytest.fixture
def session() -> TrainingSession:
    Organisation.objects.create(pk=1, name="Cap Rural", cheque_payee="Cap Rural", email="bonjour@caprural.example")
    make_category(campaign=make_campaign(year=today(60).year), label="Association", amount="80.00")
    return open_session(title="Animer un réseau", slug="animer", max_participants=2, fee_required=True)


def main(page: Page) -> str:
    return re.sub(r"\s+", " ", page.get_by_role("main").inner_text())


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


@pytest.mark.parametrize("window", WINDOWS)
def test_cancel(visit: Open, session: TrainingSession, window: dict[str, int]) -> None:
    person, other = registered(session), registered(session)
    waiting = registered(session)
    page = visit(person.get_absolute_url(), **window)
    page.get_by_role("link", name="Annuler mon inscription").click()
    heading(page, "Annuler votre inscription ?")
    page.get_by_role("link", name="Garder mon inscription").click()
    assert person.session.registrations.get(pk=person.pk).holds_seat
    page.get_by_role("link", name="Annuler mon inscription").click()
    page.get_by_role("button", name="Annuler mon inscription").click()

    heading(page, "Cette inscription est annulée")
    assert page.url.endswith(person.get_absolute_url())
    assert dict(session.registrations.values_list("pk", "status")) == {
        person.pk: "cancelled",
        other.pk: "awaiting_fee",
        waiting.pk: "awaiting_fee",
    }
    page.go_back()
    page.reload()
    heading(page, "Cette inscription est déjà annulée")


@pytest.mark.parametrize("window", WINDOWS)
def test_replace(visit: Open, session: TrainingSession, window: dict[str, int]) -> None:
    person = registered(session)
    page = visit(person.get_absolute_url(), **window)
    page.get_by_role("link", name="Me faire remplacer").click()
    heading(page, "Laisser votre place à un·e collègue")
    page.get_by_role("textbox", name=re.compile("^Prénom")).fill("Camille")
    page.get_by_role("textbox", name=re.compile("^Nom")).fill("Durand")
    page.get_by_role("textbox", name=re.compile("^Adresse e-mail")).fill("camille@")
    page.get_by_role("button", name="Laisser ma place").click()

    email = page.get_by_role("textbox", name=re.compile("^Adresse e-mail"))
    expect(email).to_have_value("camille@")
    expect(email).to_have_accessible_description(re.compile("Saisissez une adresse e-mail complète"))
    expect(page.get_by_role("textbox", name=re.compile("^Nom"))).to_have_value("Durand")
    email.fill("camille@ailleurs.example")
    page.get_by_role("button", name="Laisser ma place").click()

    heading(page, "Vous avez laissé votre place à Camille Durand")
    colleague = Registration.objects.get(email="camille@ailleurs.example")
    assert colleague.token not in page.content()
    page.goto(colleague.get_absolute_url())
    heading(page, re.compile("^Une place vous est retenue jusqu’au"))
    page.get_by_role("link", name="compléter").click()
    page.get_by_role("textbox", name=re.compile("^Fonction")).fill("Chargée de mission")
    page.get_by_role("combobox", name=re.compile("^Vous êtes")).select_option(label="technicien")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("status")).to_contain_text("Vos coordonnées sont enregistrées.")
    expect(page.get_by_role("link", name="compléter")).to_have_count(0)


@pytest.mark.parametrize("window", WINDOWS)
def test_change_details(visit: Open, session: TrainingSession, window: dict[str, int]) -> None:
    person = registered(session, email="ancienne@vallee.example", first_name="Anais", carpool=True)
    page = visit(person.get_absolute_url(), **window)
    page.get_by_role("link", name="Modifier mes coordonnées").click()
    email = page.get_by_role("textbox", name=re.compile("^Adresse e-mail"))
    expect(email).to_have_accessible_description(re.compile("l’ancienne en est prévenue"))
    page.get_by_role("textbox", name=re.compile("^Prénom")).fill("Anaïs")
    email.fill("nouvelle@vallee.example")
    page.get_by_role("checkbox").uncheck()
    page.get_by_role("button", name="Enregistrer").click()

    heading(page, "Vos coordonnées sont enregistrées")
    assert "nouvelle@vallee.example" in main(page)
    assert page.goto(person.get_absolute_url()).status == 404
    page.goto(link_for("nouvelle@vallee.example"))
    assert "Anaïs" in main(page)
    now = Registration.objects.get(pk=person.pk)
    assert (now.first_name, now.email, now.carpool) == ("Anaïs", "nouvelle@vallee.example", False)
    assert now.token != person.token
    assert {email.to for email in Message.objects.all()} == {"ancienne@vallee.example", "nouvelle@vallee.example"}


@pytest.mark.parametrize("window", WINDOWS)
def test_find_my_link(visit: Open, session: TrainingSession, window: dict[str, int]) -> None:
    person = registered(session, email="connue@vallee.example")
    Message.objects.all().delete()
    answers = set()
    for address in ("connue@vallee.example", "inconnue@vallee.example"):
        page = visit("/", **window)
        page.get_by_role("link", name="Retrouver mon inscription").click()
        expect(page.get_by_role("link", name="Retrouver mon inscription")).to_have_attribute("aria-current", "page")
        page.get_by_role("textbox", name=re.compile("^Adresse e-mail")).fill(address)
        page.get_by_role("button", name="Recevoir mon lien").click()
        heading(page, "Consultez votre messagerie")
        answers.add(page.content())
    assert len(answers) == 1
    registering.answer_link_requests(now=timezone.now())
    [message] = Message.objects.all()
    [link] = set(re.findall(r"/inscriptions/[\w-]+/", message.text))
    assert link == person.get_absolute_url()
    page.goto(link)
    heading(page, re.compile("^Une place vous est retenue"))


def test_keep_my_data(visit: Open, session: TrainingSession) -> None:
    page = visit(registered(session).get_absolute_url())
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger mes données").click()
    assert download.value.suggested_filename == "mes-donnees-animer.json"


def test_two_windows(visit: Open, session: TrainingSession) -> None:
    """The confirmation of a cancellation, left open while a colleague was named in another window."""
    person = registered(session)
    page = visit(f"{person.get_absolute_url()}annuler/")
    registering.replace(
        person,
        Registration(first_name="Camille", last_name="Durand", email="camille@ailleurs.example"),
        now=timezone.now(),
    )
    page.get_by_role("button", name="Annuler mon inscription").click()
    heading(page, "Vous avez laissé votre place à Camille Durand")
    assert session.registrations.holding_seat().count() == 1


@pytest.mark.parametrize("width", [1280, 360])
def test_accessible(visit: Open, session: TrainingSession, accessible: Callable[[Page], None], width: int) -> None:
    """Every page and every answer: nothing for axe-core to say, nothing that scrolls sideways."""
    TrainingSession.objects.update(
        exact_address="12 rue des Lices\n69700 Givors", changed_at=timezone.now(), maintained_at=timezone.now()
    )
    SessionDocument.objects.create(session=session, title="Plan d’accès", file="plan.pdf")
    holder = registered(session, first_name=LONG[:80], accessibility_needs="Une place\nassise", carpool=True)
    gone = registered(session, last_name=LONG[:80])
    waiting = registered(session, organisation=LONG, departure_town="Givors")
    page = visit("/robots.txt", width=width)

    def check() -> None:
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} scrolls sideways"

    for person in (holder, waiting):
        for below in ("", "annuler/", "remplacer/", "coordonnees/", "?enregistre"):
            page.goto(person.get_absolute_url() + below)
            check()
    for person, below, button in (
        (holder, "coordonnees/", "Enregistrer"),
        (gone, "remplacer/", "Laisser ma place"),
    ):
        page.goto(person.get_absolute_url() + below)
        page.get_by_role("textbox", name=re.compile("^Adresse e-mail")).fill("non")
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("alert")).to_be_visible()
        check()
    page.goto("/inscriptions/retrouver/")
    check()
    page.get_by_role("button", name="Recevoir mon lien").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check()
    page.get_by_role("textbox", name=re.compile("^Adresse e-mail")).fill("a@b.example")
    page.get_by_role("button", name="Recevoir mon lien").click()
    heading(page, "Consultez votre messagerie")
    check()

    colleague = Registration(first_name=LONG[:80], last_name="Durand", email="camille@ailleurs.example")
    registering.replace(gone, colleague, now=timezone.now())
    for person in (gone, colleague):
        for below in ("", "annuler/", "remplacer/", "coordonnees/"):
            page.goto(person.get_absolute_url() + below)
            check()
    for status in ("postponed", "cancelled", "draft"):
        TrainingSession.objects.update(status=status)
        for below in ("", "annuler/", "remplacer/"):
            page.goto(holder.get_absolute_url() + below)
            check()
    TrainingSession.objects.update(status="published", registration_deadline=None)
    for day in (today(), today(-3)):
        session.days.update(date=day, starts_at="00:00", ends_at="23:59:59")
        for below in ("", "annuler/", "remplacer/"):
            page.goto(holder.get_absolute_url() + below)
            check()
