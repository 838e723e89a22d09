"""Three fees, one transfer, on a telephone (R13, R16); and every page of the coordination about payers."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from members.models import FeeCategory, MembershipFee
from tests.browser.conftest import Open
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff
from tests.support.announced import open_session, registered, today
from tests.support.office import signed_in
from tests.support.traces import status_of

DESK = "/admin/members/membershipfee/enregistrer/"
LIST = "/admin/sessions_app/registration/a-rattacher/"


@pytest.fixture
def enter(visit: Open) -> Callable[..., Page]:
    """Open a page of the admin as the coordination, with or without JavaScript."""
    account: User = make_staff(group="Coordination", username="coordination")

    def enter(path: str, *, width: int, java_script_enabled: bool = True) -> Page:
        page = visit("/robots.txt", width=width, java_script_enabled=java_script_enabled)
        cookie = signed_in(account).cookies["sessionid"]
        page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": page.url}])
        page.goto(path)
        return page

    return enter


@pytest.fixture
def category() -> FeeCategory:
    """The scale of the year in which the session takes place."""
    return make_category(campaign=make_campaign(year=today(60).year), label="Association", amount=Decimal("80.00"))


def fits(page: Page) -> bool:
    """Nothing scrolls sideways, and each button is whole in the window."""
    for button in page.locator("#content-main :is(button, input[type=submit])").all():
        box = button.bounding_box()
        if box and box["x"] + box["width"] > (page.viewport_size or {"width": 0})["width"]:
            return False
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["with-js", "without-js"])
def test_three_fees_and_one_transfer(
    enter: Callable[..., Page], category: FeeCategory, java_script_enabled: bool
) -> None:
    session = open_session(title="Coopérer", fee_required=True)
    person = registered(session, first_name="Camille", last_name="Durand", email="camille@collines.example")
    paying = make_member(name="Communauté de communes des Collines", emails=("camille@collines.example",))
    due = [
        make_fee(member, category=category, status="due")
        for member in (paying, make_member(name="Les Sources", siret="73282932000074"))
    ]
    newcomer = make_member(name="Amis du Plateau", email="amis@plateau.example")

    page = enter(f"{DESK}?campagne={category.campaign_id}", width=360, java_script_enabled=java_script_enabled)
    page.get_by_label("Cotisant", exact=True).fill("cc collines")
    page.keyboard.press("Enter")
    page.get_by_label("Communauté de communes des Collines", exact=True).check()
    page.get_by_label("Référence").fill("VIR 2017-17")
    page.get_by_label("Cotisant", exact=True).fill("732 829 320")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_label("Les Sources", exact=True).check()
    page.get_by_label("Cotisant", exact=True).fill("amis@plateau.example")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_label("Amis du Plateau", exact=True).check()
    page.get_by_label("Cotisation à ouvrir pour Amis du Plateau").select_option(str(category.pk))
    page.get_by_role("button", name="Ajouter à la sélection").click()
    expect(page.get_by_role("heading", name="Sélection")).to_have_text("Sélection\u00a0: 3 cotisations, 240\u00a0€")
    assert fits(page)
    page.get_by_label("Montant reçu").fill("200")
    page.get_by_role("button", name="Enregistrer 3").click()
    expect(page.locator(".errorlist")).to_contain_text("vous avez indiqué 200\u00a0€")
    assert [status_of(fee) for fee in due] == ["due", "due"]
    page.get_by_label("Montant reçu").fill("240,00")
    page.get_by_label("Moyen de paiement").select_option("transfer")
    page.get_by_role("button", name="Enregistrer 3").dblclick()
    expect(page.get_by_role("heading", name="Paiements enregistrés")).to_be_visible()
    expect(page.locator("table.payers tbody tr")).to_have_count(3)
    expect(page.locator("table.payers")).to_contain_text("envoyé à amis@plateau.example")
    assert fits(page)
    assert "csrfmiddlewaretoken" not in page.url
    assert list(newcomer.fees.values_list("status", "reference")) == [("paid", "VIR 2017-17")]
    assert list(MembershipFee.objects.values_list("status", flat=True)) == ["paid"] * 3
    assert status_of(person) == "confirmed"


@pytest.mark.parametrize("width", [1280, 360], ids=["wide", "narrow"])
def test_every_page_about_payers(
    enter: Callable[..., Page], accessible: Callable[[Page], None], category: FeeCategory, width: int
) -> None:
    """Nothing for axe-core to say, nothing that scrolls sideways."""
    long = "Intercommunalités-et-anticonstitutionnellement-" * 3
    member = make_member(name=long, siret="73282932000074", email=f"{'a' * 60}@collines.example")
    fee = make_fee(member, category=category, status="due")
    paid = make_fee(make_member(name="Payée", domains=("plateau.example",)), category=category)
    make_member(name=f"Sans-cotisation-{long}"[:160])
    session = open_session(title="Coopérer", fee_required=True)
    first = registered(session, first_name=long[:80], organisation=long, email=f"{'b' * 60}@collines.example")
    registered(session, organisation=long, email="c@collines.example")
    registered(session, email="d@plateau.example")
    page = enter("/admin/", width=width)
    for path in (
        f"{DESK}?campagne={category.campaign_id}&q=cotisation&cotisant={fee.member_id}",
        f"/admin/members/membershipfee/enregistrees/?cotisation={paid.pk}&cotisation={fee.pk}",
        f"/admin/members/membershipfee/{paid.pk}/annuler/",
        LIST,
        f"/admin/sessions_app/registration/{first.pk}/rattacher/?q=anticonstitutionnellement",
        f"/admin/sessions_app/registration/{first.pk}/creer-le-cotisant/",
    ):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        accessible(page)
        assert fits(page), path
