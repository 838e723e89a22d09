"""The membership form on line: from a private page to the filled form and back, without JavaScript, on a telephone."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from caprural.house.models import Organisation
from members import applying, fees
from members.models import Application, CoveredPerson, FeeCategory
from sessions_app.models import TrainingSession
from tests.browser.conftest import Open
from tests.factories import (
    make_application,
    make_campaign,
    make_category,
    make_checked_application,
    make_fee,
    make_member,
    make_staff,
)
from tests.support.announced import open_session, registered, today

LONG = "Intercommunalités-et-anticonstitutionnellement-" * 3
SIRET = "73282932000074"


@pytest.fixture
def category() -> FeeCategory:
    """A scale that covers today and the session."""
    Organisation.objects.create(
        pk=1, name="Cap Rural", cheque_payee="Cap Rural", iban="FR7600000000", email="bonjour@caprural.example"
    )
    campaign = make_campaign(name="Cotisation", starts_on=today(-5), ends_on=today(200))
    make_category(campaign=campaign, label="Personne", scope="person", amount="30", position=2)
    return make_category(campaign=campaign, label="Association", amount="80.00", position=1)


@pytest.fixture
def session(category: FeeCategory) -> TrainingSession:
    return open_session(title="Animer un réseau", slug="animer", fee_required=True)


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(words))


@pytest.mark.parametrize("with_scripts", [False, True], ids=["without JavaScript", "with JavaScript"])
def test_from_the_private_page_and_back(visit: Open, session: TrainingSession, with_scripts: bool) -> None:
    """R15: nothing typed twice, lines added, the filled form, then a seat."""
    person = registered(session, email="camille@vallee.example", organisation="Pays de la Vallée")
    page = visit(person.get_absolute_url(), width=360, java_script_enabled=with_scripts)

    page.get_by_role("link", name="Remplir le bulletin en ligne").click()
    heading(page, "Remplir le bulletin de cotisation")
    expect(page.get_by_label("Nom de la structure")).to_have_value("Pays de la Vallée")
    expect(page.get_by_label("Adresse e-mail de la personne 1")).to_have_value("camille@vallee.example")
    page.get_by_label("Association").check()
    page.get_by_label("Adresse e-mail de la personne 3").fill("collegue@vallee.example")
    page.get_by_label("SIRET").fill("12 34")
    page.get_by_role("button", name="Ajouter des lignes").click()
    expect(page.get_by_label("Adresse e-mail de la personne 6")).to_be_visible()
    expect(page.get_by_label("Adresse e-mail de la personne 3")).to_have_value("collegue@vallee.example")
    expect(page.get_by_label("Association")).to_be_checked()
    expect(page.get_by_role("alert")).to_have_count(0)

    # The Enter key sends the form, it adds no line.
    page.get_by_label("SIRET").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Il reste 2 points à corriger")
    page.get_by_role("link", name="Comment vous réglez").click()
    page.get_by_label("Virement").check()
    page.get_by_label("SIRET").fill("732 829 320 00074")
    page.get_by_role("button", name="Envoyer le bulletin").click()

    heading(page, "Une place vous est retenue")
    application = Application.objects.get()
    expect(page.get_by_role("main")).to_contain_text(f"référence {application.own_code}")
    page.get_by_role("link", name="Voir mon bulletin").click()
    heading(page, "Bulletin reçu")
    expect(page.get_by_role("main")).to_contain_text("collegue@vallee.example")
    bulletin = page.get_by_role("link", name="Télécharger mon bulletin (PDF)").get_attribute("href")
    assert page.request.get(bulletin or "").body().startswith(b"%PDF-")

    user, people = make_staff(group="Coordination"), list(application.people.all())
    fee = applying.check(application, member=None, people=people, user=user, now=timezone.now())
    fees.settle(fee, now=timezone.now())
    page.goto(person.get_absolute_url())
    heading(page, "Vous avez une place")
    assert CoveredPerson.objects.count() == 2


@pytest.mark.parametrize("width", [1280, 360])
def test_accessible(
    visit: Open, session: TrainingSession, category: FeeCategory, accessible: Callable[[Page], None], width: int
) -> None:
    """Nothing for axe-core to say, nothing that scrolls sideways."""
    later = make_campaign(name="Cotisation suivante", starts_on=today(201), ends_on=today(500))
    make_category(campaign=later, label=LONG[:100], max_people=3, description=LONG[:120])
    person = registered(session, organisation=LONG[:140])
    due = make_application(category=category, name=LONG[:150], emails=(f"{LONG[:60]}@vallee.example", person.email))
    make_fee(make_member(siret=SIRET), category=category)
    known = make_application(category=category, siret=SIRET, domain="vallee.example")
    page = visit("/robots.txt", width=width)

    def check(address: str = "") -> None:
        if address:
            page.goto(address)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} scrolls sideways"

    check("/cotisation/")
    for address, button in (
        ("/cotisation/adherer/", "Envoyer mon bulletin"),
        (f"{person.get_absolute_url()}adherer/", "Envoyer le bulletin"),
    ):
        check(address)
        page.get_by_role("button", name="Ajouter des lignes").click()
        check()
        page.get_by_label("Adresse e-mail de la personne 2").fill("non")
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("alert")).to_be_visible()
        check()
    check(person.get_absolute_url())
    for application in (due, known):
        check(application.get_absolute_url())
    due = make_checked_application(category=category, name=LONG[:150])
    check(due.get_absolute_url())
    fees.settle(due.fee, now=timezone.now())
    check(due.get_absolute_url())
    fees.cancel(due.fee, now=timezone.now())
    check(due.get_absolute_url())


@pytest.mark.parametrize("width", [1280, 360])
def test_the_coordination_checks(
    visit: Open, session: TrainingSession, category: FeeCategory, accessible: Callable[[Page], None], width: int
) -> None:
    """A form of a structure that has paid: read beside what we know, checked, and whoever waited has a seat."""
    make_staff(group="Coordination", username="coordination")
    member = make_member(name="Pays de la Vallée", siret=SIRET, phone="04 11 11 11 11")
    make_fee(member, category=category)
    person = registered(session, email="camille@vallee.example")
    make_application(
        category=category,
        siret=SIRET,
        name=LONG[:150],
        phone="04 22 22 22 22",
        emails=(person.email,),
        domain="v.example",
    )
    page = visit("/admin/", width=width)
    page.get_by_label("Nom d’utilisateur").fill("coordination")
    page.get_by_label("Mot de passe").fill("mot-de-passe")
    page.get_by_role("button", name="Connexion").click()
    page.get_by_role("link", name=LONG[:150]).click()

    heading(page, "Vérifier un bulletin")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("reprendre : Téléphone").check()
    page.get_by_role("button", name="Marquer comme vérifié").click()

    expect(page.get_by_text("est vérifié. 1 message part.")).to_be_visible()
    member.refresh_from_db()
    assert member.phone == "04 22 22 22 22"
    assert session.registrations.get().status == "confirmed"

    other = make_member(name="Pays de la vallée", emails=("b@vallee.example",))
    page.goto(f"/admin/members/member/{member.pk}/fusionner/{other.pk}/")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("radio", name="Pays de la Vallée").first.check()
    page.get_by_role("button", name="Fusionner").click()
    expect(page.get_by_text("ne font plus qu’un")).to_be_visible()
    assert member.people.count() == 2
