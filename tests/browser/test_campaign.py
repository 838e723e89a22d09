"""A year with the members, from the campaign's page: opened, called, reminded, counted; wide and narrow."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from caprural.mailing.models import Message
from members.models import FeeCampaign
from sessions_app import roles
from tests.browser.conftest import Open
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff
from tests.support.announced import today
from tests.support.browsing import log_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaign() -> FeeCampaign:
    """Under way, after another: one member paid, two are expected, one paid last year only."""
    before = make_campaign(name="Cotisation d’avant", starts_on=today(-500), ends_on=today(-136))
    make_fee(
        make_member(name="Pays des Collines", email="contact@collines.example"),
        category=make_category(campaign=before, label="Association"),
    )
    campaign = make_campaign(name="Cotisation en cours", starts_on=today(-135), ends_on=today(229))
    association = make_category(campaign=campaign, label="Association", amount="80.50")
    made_at = timezone.now() - timedelta(days=40)
    for name, status in (("Un", "paid"), ("Deux", "due"), ("Trois", "committed"), ("Quatre", "waived")):
        make_fee(make_member(name=name, address="1 rue du Pont"), category=association, status=status, now=made_at)
    return campaign


@pytest.mark.parametrize("width", [1280, 360], ids=["wide", "narrow"])
def test_everything_from_the_page_of_a_campaign(
    visit: Open, accessible: Callable[[Page], None], campaign: FeeCampaign, width: int
) -> None:
    page = log_in(visit, make_staff(group=roles.COORDINATION, username="coordination"), width=width)
    home = f"/admin/members/feecampaign/{campaign.pk}/change/"

    def look() -> None:
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} scrolls sideways"

    def follow(name: str) -> None:
        page.goto(home)
        page.get_by_role("link", name=name, exact=True).click()

    follow("Ouvrir les cotisations des cotisants de l’année précédente")
    page.get_by_role("button", name="Prévisualiser").click()
    expect(page.get_by_role("heading", name="1 personne recevra un message")).to_be_visible()
    look()
    page.get_by_role("button", name="Ouvrir 1 cotisation").click()
    expect(page.get_by_text("1 cotisation ouverte. 1 appel part par e-mail.")).to_be_visible()

    follow("Relances")
    expect(page.get_by_role("row", name=re.compile("Pays des Collines"))).to_contain_text("appel de cotisation")
    look()
    page.get_by_role("link", name="Lettres à imprimer (1)").click()
    page.get_by_label("Lettre partie : Deux").check()
    look()
    page.get_by_role("button", name="Marquer comme relancés par courrier").click()
    expect(page.get_by_text("1 lettre est notée comme envoyée.")).to_be_visible()
    posted = Message.objects.filter(state=Message.State.POSTED)
    assert [(message.about.member.name, message.key) for message in posted] == [("Deux", "1")]

    follow("Chiffres")
    expect(page.get_by_role("img", name=re.compile("par mois, en euros"))).to_be_visible()
    look()
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger en XLSX").click()
    assert download.value.suggested_filename == "chiffres-cotisation-en-cours.xlsx"

    follow("Ouvrir la campagne suivante")
    look()
    page.get_by_role("button", name="Ouvrir la campagne").click()
    expect(page.get_by_text("est ouverte avec le barème de")).to_be_visible()
    look()


def test_the_letters_on_paper(visit: Open, campaign: FeeCampaign) -> None:
    """The list alone, without what one does with it."""
    page = log_in(visit, make_staff(group=roles.COORDINATION, username="coordination"))
    page.goto(f"/admin/members/feecampaign/{campaign.pk}/relances/courrier/")

    page.emulate_media(media="print")

    expect(page.get_by_text("1 rue du Pont")).to_be_visible()
    for gone in (page.get_by_role("button", name="Marquer"), page.get_by_role("checkbox"), page.locator("#header")):
        expect(gone.first).to_be_hidden()
