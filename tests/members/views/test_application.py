"""« Adhérer en ligne »: the page, what it answers, and the private page of whoever filled it (R12, R14, R15)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from caprural import typography
from caprural.house.models import Organisation
from caprural.mailing.models import Message
from members import applying, covering, fees
from members.models import Application, FeeCategory, Member
from tests.factories import (
    make_application,
    make_campaign,
    make_category,
    make_checked_application,
    make_fee,
    make_member,
    make_staff,
)
from tests.support import pages
from tests.support.announced import today
from tests.support.traces import folded
from tests.support.visitors import shown

pytestmark = pytest.mark.django_db

FORM = "/cotisation/adherer/"


SENT = "/cotisation/bulletin-envoye/"


SIRET = "73282932000074"


@pytest.fixture(autouse=True)
def _organisation() -> None:
    Organisation.objects.create(
        pk=1,
        name="Cap Rural",
        email="contact@caprural.example",
        cheque_payee="Cap Rural",
        iban="FR7630006000011234567890189",
        chorus_pro="Déposez l’engagement sur Chorus Pro.",
    )


@pytest.fixture
def category() -> FeeCategory:
    """The scale of today: one line."""
    campaign = make_campaign(starts_on=today(-10), ends_on=today(10), name="Cotisation <en cours>")
    return make_category(campaign=campaign, label="Association & Cie", amount="80.00")


def sent(client: Client, path: str = FORM, **changes: Any) -> Any:
    """The page's form, filled and sent as a browser would; None leaves a field out."""
    page = client.get(path)
    typed = {**shown(page), **FILLED, **changes}
    return client.post(path, {name: value for name, value in typed.items() if value is not None})


FILLED = {
    "name": "Pays <des> Collines",
    "contact_name": "Camille Durand",
    "email": "camille@collines.example",
    "method": "transfer",
}


class TestForm:
    def test_sound(self, client: Client, category: FeeCategory) -> None:
        before = pages.rows()

        page = client.get(FORM)

        pages.assert_sound(page)
        assert pages.rows() == before
        assert "no-store" in page.headers["Cache-Control"]
        assert "Association & Cie : 80 €" in folded(pages.main(page))
        assert "Données personnelles" in pages.links(pages.one(pages.tree(page), ".//main"))

    def test_sent(self, client: Client, category: FeeCategory) -> None:
        answer = sent(client)

        application = Application.objects.get()
        assert (answer.status_code, answer.headers["Location"]) == (302, SENT)
        assert (application.name, application.fee, application.category) == ("Pays <des> Collines", None, category)
        assert list(application.people.values_list("email", "name")) == [("camille@collines.example", "Camille Durand")]
        assert Message.objects.get().to == "camille@collines.example"

    def test_sent_twice(self, client: Client, category: FeeCategory) -> None:
        typed = {**shown(client.get(FORM)), **FILLED}

        answers = [client.post(FORM, typed) for _ in range(2)]

        assert [answer.headers["Location"] for answer in answers] == [SENT, SENT]
        assert (Application.objects.count(), Member.objects.count(), Message.objects.count()) == (1, 0, 1)

    def test_the_browser_s_back_then_another_payer(self, client: Client, category: FeeCategory) -> None:
        """The same hidden key, other contents: another form, and the page is about the last one."""
        typed = {**shown(client.get(FORM)), **FILLED}

        client.post(FORM, {**typed, "name": "Asso Un"})
        client.post(FORM, {**typed, "name": "Asso Deux", "email": "deux@x.example"})

        assert [form.name for form in Application.objects.order_by("pk")] == ["Asso Un", "Asso Deux"]
        assert "Asso Deux" in pages.main(client.get(SENT))

    def test_to_correct(self, client: Client, category: FeeCategory) -> None:
        """Everything typed comes back with what is wrong, and nothing is written."""
        before = pages.rows()
        typed = {
            "siret": "12 34",
            "address": "1 place <de> l’Exemple",
            "personnes-0-email": "pas une adresse",
            "personnes-1-name": "Bé",
            "personnes-1-email": "b@x.example",
            "domain": "gmail.com",
            "covers_contact": None,
        }

        page = sent(client, **typed)

        pages.assert_sound(page, status=422)
        assert pages.rows() == before
        assert {name: shown(page).get(name) for name in {**FILLED, **typed}} == {**FILLED, **typed}
        [summary] = [item for item in pages.tree(page).iter("div") if item.get("role") == "alert"]
        assert pages.text(summary).startswith("Il reste 3 points à corriger")
        assert pages.text(pages.one(pages.tree(page), ".//title")).startswith("À corriger")

    @pytest.mark.parametrize("campaigns", [1, 2])
    def test_each_line_of_the_summary_leads_to_something(
        self, client: Client, category: FeeCategory, campaigns: int
    ) -> None:
        """The buttons of two scales are named otherwise than those of one."""
        make_category(campaign=category.campaign)
        if campaigns == 2:
            make_category(campaign=make_campaign(starts_on=today(11), ends_on=today(99)))

        page = sent(client, name="", method=None)

        pages.assert_sound(page, status=422)
        [summary] = [item for item in pages.tree(page).iter("div") if item.get("role") == "alert"]
        anchors = {words: url.removeprefix("#") for words, url in pages.links(summary).items()}
        assert "Quelle cotisation" in anchors
        assert [anchor for anchor in anchors.values() if pages.tree(page).find(f".//*[@id='{anchor}']") is None] == []

    def test_more_lines(self, client: Client, category: FeeCategory) -> None:
        before = pages.rows()
        typed = {"siret": "12 34", "email": "", "personnes-2-email": "pas une adresse", "plus": ""}

        page = sent(client, **typed)

        pages.assert_sound(page)
        assert pages.rows() == before
        del typed["plus"]
        assert {name: shown(page)[name] for name in typed} == typed
        assert "personnes-5-email" in shown(page)
        assert not [item for item in pages.tree(page).iter() if item.get("role") == "alert"]
        assert "is-invalid" not in page.content.decode()

    def test_too_many(self, client: Client, category: FeeCategory) -> None:
        for _ in range(applying.LETTERS_A_DAY):
            make_application(email=FILLED["email"], category=category, now=timezone.now())
        before = pages.rows()

        page = sent(client)

        pages.assert_sound(page, status=429)
        assert "Trop d’envois en peu de temps" in folded(pages.main(page))
        assert "Votre bulletin n’a pas été enregistré" in pages.main(page)
        assert shown(page)["name"] == FILLED["name"]
        assert pages.rows() == before

    def test_no_scale_yet(self, client: Client) -> None:
        page = client.get(FORM)
        pages.assert_sound(page)
        assert "Le barème n’est pas encore publié." in pages.main(page)
        assert pages.tree(page).findall(".//main//form") == []

        page = client.post(FORM, {**FILLED, "personnes-TOTAL_FORMS": "1", "personnes-INITIAL_FORMS": "0"})
        pages.assert_sound(page, status=422)
        assert shown(page)["name"] == FILLED["name"]

    def test_from_a_session_the_scale_of_its_day(self, client: Client, category: FeeCategory) -> None:
        later = make_campaign(starts_on=today(11), ends_on=today(99), name="Cotisation suivante")
        other = make_category(campaign=later, label="Demain")
        path = f"{FORM}?le={today(50)}"

        page = client.get(path)

        pages.assert_sound(page)
        words = folded(pages.main(page))
        assert f"Pour le {folded(typography.medium_date(today(50)))} : Cotisation suivante, du" in words
        assert ("Demain" in words, "Association" in words) == (True, False)
        assert sent(client, path).status_code == 302
        assert Application.objects.get().category == other

    def test_a_day_no_scale_covers(self, client: Client, category: FeeCategory) -> None:
        words = folded(pages.main(client.get(f"{FORM}?le={today(50)}")))

        day = folded(typography.medium_date(today(50)))
        assert f"Le barème de la cotisation qui couvre le {day} n’est pas encore publié." in words

    def test_methods(self, client: Client) -> None:
        assert client.head(FORM).status_code == 200
        assert client.put(FORM).status_code == 405

    @pytest.mark.parametrize("sent_data", [{}, {"plus": ""}, {"category": ["1", "2"], "personnes-TOTAL_FORMS": "-5"}])
    def test_forged(self, client: Client, category: FeeCategory, sent_data: dict[str, Any]) -> None:
        answer = client.post(FORM, sent_data)
        assert answer.status_code == (200 if "plus" in sent_data else 422)

    def test_nothing_is_covered_by_a_typed_siret(self, client: Client, category: FeeCategory) -> None:
        """R14: the SIRET of a structure that has paid covers nobody who types it."""
        member = make_member(siret=SIRET, name="Secret", emails=("connue@collines.example",))
        make_fee(member, category=category)

        answer = sent(client, siret=SIRET, email="malin@ailleurs.example", domain="ailleurs.example")

        assert answer.status_code == 302
        assert not covering.up_to_date(["malin@ailleurs.example"], on=today())
        assert not covering.up_to_date(["autre@ailleurs.example"], on=today())
        assert list(member.people.values_list("email", flat=True)) == ["connue@collines.example"]


class TestSent:
    """The link travels by e-mail only: anybody may type anybody's address."""

    def test_what_is_expected_without_the_link(self, client: Client, category: FeeCategory) -> None:
        sent(client)
        application = Application.objects.get()
        before = pages.rows()

        page = client.get(SENT)

        pages.assert_sound(page)
        assert pages.rows() == before
        assert application.token not in page.content.decode()
        assert "no-store" in page.headers["Cache-Control"]
        assert (page.headers["X-Robots-Tag"], page.headers["Referrer-Policy"]) == ("noindex", "no-referrer")
        words = folded(pages.main(page))
        for expected in (
            "Bulletin reçu : 80 €",
            application.own_code,
            f"Un message part à {application.email} : lisez-le avant de payer",
            "FR76 3000 6000 0112 3456 7890 189",
        ):
            assert expected in words

    @pytest.mark.parametrize("why", ["another browser", "later", "checked"])
    def test_over(self, client: Client, category: FeeCategory, why: str) -> None:
        """Once checked, the fee is its payer's: whoever typed a SIRET does not read that it was paid."""
        make_fee(make_member(siret=SIRET), category=category)
        sent(client, siret=SIRET)
        match why:
            case "another browser":
                client = Client()
            case "later":
                Application.objects.update(received_at=timezone.now() - timedelta(hours=2))
            case "checked":
                application, user = Application.objects.get(), make_staff(group="Coordination")
                applying.check(application, member=Member.objects.get(), people=[], user=user, now=timezone.now())

        page = client.get(SENT)

        pages.assert_sound(page, status=404)
        words = pages.main(page)
        assert "Utilisez le lien du message que vous avez reçu par e-mail." in words
        assert "BUL-" not in words

    def test_methods(self, client: Client) -> None:
        assert client.post(SENT).status_code == 405


def said(client: Client, application: Application) -> str:
    """The private page, which is sound and changes nothing."""
    before = pages.rows()
    page = client.get(application.get_absolute_url())
    pages.assert_sound(page)
    assert pages.rows() == before
    return folded(pages.main(page))


class TestPrivatePage:
    def test_nothing_keeps_it(self, client: Client, category: FeeCategory) -> None:
        application = make_application(category=category)

        for below in ("", "bulletin.pdf"):
            page = client.get(application.get_absolute_url() + below)
            assert page.status_code == 200
            assert "no-store" in page.headers["Cache-Control"]
            assert (page.headers["X-Robots-Tag"], page.headers["Referrer-Policy"]) == ("noindex", "no-referrer")

    def test_another_address_leads_nowhere(self, client: Client) -> None:
        for token in ("x" * 32, "court"):
            assert client.get(f"/cotisation/bulletins/{token}/").status_code == 404
            assert client.get(f"/cotisation/bulletins/{token}/bulletin.pdf").status_code == 404

    def test_what_was_typed(self, client: Client, category: FeeCategory) -> None:
        application = make_application(
            category=category,
            name="Pays <des> Collines",
            siret=SIRET,
            address="1 place de l’Exemple",
            contact_name="Camille Durand",
            email="camille@collines.example",
            phone="0478000000",
            domain="collines.example",
            method="mandate",
            service_code="SERVICE-7",
            engagement_number="2017-33",
            emails=("autre@ailleurs.example",),
        )

        words = said(client, application)

        for typed in (
            *("Cotisation <en cours>", "Association & Cie", "80 €", "Pays <des> Collines", "732 829 320 00074"),
            *("1 place de l’Exemple", "Camille Durand", "camille@collines.example", "04 78 00 00 00"),
            *("autre@ailleurs.example", "finit par @collines.example", "Mandat administratif", "SERVICE-7", "2017-33"),
        ):
            assert typed in words

    def test_what_is_expected(self, client: Client, category: FeeCategory) -> None:
        application = make_application(category=category)

        words = said(client, application)

        assert words.count(f"BUL-{application.pk:05d}") >= 3
        assert "Bulletin reçu : 80 €" in words
        assert f"Un message part à {application.email} : lisez-le avant de payer" in words
        assert "À vérifier par notre équipe" in words
        assert "FR76 3000 6000 0112 3456 7890 189" in words
        assert "Chorus Pro" in words

    @pytest.mark.parametrize(
        ("status", "heading"),
        [
            ("committed", "Votre engagement est enregistré"),
            ("paid", "Votre cotisation est payée"),
            ("waived", "Vous êtes exonéré de cotisation"),
            ("cancelled", "Cette cotisation est annulée"),
        ],
    )
    def test_what_became_of_it(self, client: Client, category: FeeCategory, status: str, heading: str) -> None:
        application = make_checked_application(category=category)
        now = timezone.now()
        verbs = {"committed": fees.commit, "paid": fees.settle, "waived": fees.waive, "cancelled": fees.cancel}
        verbs[status](application.fee, now=now)

        words = said(client, application)

        assert heading in words
        assert "Comment régler" not in words
        assert "À vérifier" not in words

    def test_nothing_to_pay(self, client: Client) -> None:
        free = make_category(campaign=make_campaign(starts_on=today(-1), ends_on=today(1)), amount="0")

        words = said(client, make_application(category=free))

        assert "il n’y a rien à régler" in words
        assert "Comment régler" not in words

    @pytest.mark.parametrize("status", ["none", "due", "committed", "paid", "waived", "cancelled"])
    @pytest.mark.parametrize("by", ["siret", "email"])
    def test_the_same_words_whatever_we_know(self, client: Client, category: FeeCategory, by: str, status: str) -> None:
        """Neither an address nor a SIRET tells on screen whether its payer has paid, or is known at all."""
        typed = {"siret": SIRET, "email": "compta@collines.example", "name": "Nom typé"}
        unknown = make_application(category=category, **typed)
        stranger = said(client, unknown).replace(f"BUL-{unknown.pk:05d}", "BUL-n")
        unknown.delete()
        member = make_member(name="Nom secret", **{by: typed[by]})
        if status != "none":
            make_fee(member, category=make_category(campaign=category.campaign, amount="777"), status=status)

        known = make_application(category=category, **typed)

        assert said(client, known).replace(f"BUL-{known.pk:05d}", "BUL-n") == stranger

    def test_once_checked_it_says_what_the_fee_is(self, client: Client, category: FeeCategory) -> None:
        make_fee(make_member(siret=SIRET), category=category)

        assert "Votre cotisation est payée" in said(client, make_checked_application(category=category, siret=SIRET))

    def test_once_checked_the_fee_s_amount_rules(self, client: Client, category: FeeCategory) -> None:
        large = make_category(campaign=category.campaign, amount="250")
        fee = make_fee(make_member(siret=SIRET), category=large, status="due")
        application = make_checked_application(category=category, siret=SIRET)

        words = said(client, application).partition("Ce que vous")[0]

        assert "Bulletin vérifié : il reste à régler 250 €" in words
        assert fee.code in words
        assert "80 €" not in words
