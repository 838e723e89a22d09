"""« Cotisation annuelle »: the page and the blank form."""

from typing import Any

import pytest
from django.test import Client

from caprural import typography
from caprural.house.models import Organisation
from members.models import FeeCampaign, FeeCategory
from tests.factories import make_campaign, make_category
from tests.support import pages
from tests.support.announced import today
from tests.support.traces import folded

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> FeeCampaign:
    """The campaign of today, with its scale."""
    campaign = make_campaign(year=today().year, name="Cotisation <en cours>", starts_on=today(-10), ends_on=today())
    for position, (label, fields) in enumerate(
        {
            "Commune": {"amount": "1250.50"},
            "Association & groupement": {"amount": "80", "max_people": 3, "description": "jusqu’à trois personnes"},
            "Personne": {"amount": "0", "scope": FeeCategory.Scope.PERSON},
        }.items()
    ):
        make_category(campaign=campaign, label=label, position=position, **fields)
    return campaign


class TestFee:
    def test_scale_of_the_current_campaign(self, client: Client, campaign: FeeCampaign) -> None:
        """R12: labels, whom they cover, amounts; nothing of another campaign."""
        other = make_campaign(year=2001, name="Cotisation ancienne")
        make_category(campaign=other, label="Tarif ancien")
        before = pages.rows()

        response = client.get("/cotisation/")

        pages.assert_sound(response)
        assert pages.rows() == before
        assert "members/fee.html" in [used.name for used in response.templates]
        table = pages.one(pages.tree(response), ".//main//table")
        assert pages.text(pages.one(table, "./caption")).startswith("Cotisation <en cours> – du ")
        assert [[pages.text(cell) for cell in row] for row in table.iterfind("./tbody/tr")] == [
            ["Commune", "Une structure et toutes ses personnes", "1 250,50 €"],
            ["Association & groupementjusqu’à trois personnes", "Une structure, jusqu’à 3 personnes", "80 €"],
            ["Personne", "Une personne", "0 €"],
        ]

    @pytest.mark.parametrize(
        ("starts", "ends", "is_shown"), [(-9, 0, True), (0, 9, True), (-9, -1, False), (1, 9, True)]
    )
    def test_until_its_last_day(self, client: Client, starts: int, ends: int, is_shown: bool) -> None:
        campaign = make_campaign(starts_on=today(starts), ends_on=today(ends))
        make_category(campaign=campaign, label="Commune")
        assert ("Commune" in pages.main(client.get("/cotisation/"))) is is_shown

    def test_the_campaign_to_come_after_the_current_one(self, client: Client, campaign: FeeCampaign) -> None:
        """In November, next year's scale beside this year's; one that is still empty is not named."""
        later = make_campaign(year=2301, name="Cotisation suivante", starts_on=today(1), ends_on=today(300))
        assert "Cotisation suivante" not in pages.main(client.get("/cotisation/"))
        make_category(campaign=later, label="Commune de demain", max_people=2)

        tables = pages.tree(client.get("/cotisation/")).findall(".//main//table")

        assert [pages.text(pages.one(table, "./caption")).partition(" – ")[0] for table in tables] == [
            "Cotisation <en cours>",
            "Cotisation suivante",
        ]
        assert [pages.text(cell) for cell in pages.one(tables[1], "./tbody/tr")] == [
            "Commune de demain",
            "Une structure, jusqu’à 2 personnes",
            "100 €",
        ]

    def test_leads_to_the_form(self, client: Client, campaign: FeeCampaign) -> None:
        found = pages.links(pages.one(pages.tree(client.get("/cotisation/")), ".//main"))
        assert (found["Adhérer en ligne"], found["Bulletin à imprimer (PDF)"]) == (
            "/cotisation/adherer/",
            "/cotisation/bulletin.pdf",
        )

    def test_each_campaign_has_its_own_forms(self, client: Client, campaign: FeeCampaign) -> None:
        later = make_campaign(year=2301, name="Cotisation suivante", starts_on=today(1), ends_on=today(300))
        make_category(campaign=later)

        found = pages.links(pages.one(pages.tree(client.get("/cotisation/")), ".//main"))

        for one in (campaign, later):
            assert found[f"Adhérer en ligne : {one.name}"] == f"/cotisation/adherer/?le={one.starts_on}"
            assert found[f"Bulletin à imprimer (PDF) : {one.name}"] == (f"/cotisation/bulletin.pdf?le={one.starts_on}")

    @pytest.mark.parametrize(
        ("day", "first", "said"),
        [
            (50, "Cotisation suivante", "Pour une session du {day}, c’est Cotisation suivante qui compte."),
            (0, "Cotisation <en cours>", "Pour une session du {day}, c’est Cotisation <en cours> qui compte."),
            (900, "Cotisation <en cours>", "La cotisation qui couvre le {day} n’est pas encore ouverte"),
        ],
    )
    def test_from_a_session_the_campaign_of_its_day(
        self, client: Client, campaign: FeeCampaign, day: int, first: str, said: str
    ) -> None:
        make_category(campaign=make_campaign(name="Cotisation suivante", starts_on=today(1), ends_on=today(300)))

        page = client.get("/cotisation/", {"le": today(day).isoformat()})

        pages.assert_sound(page)
        assert folded(said.format(day=typography.medium_date(today(day)))) in folded(pages.main(page))
        tables = pages.tree(page).findall(".//main//table")
        assert pages.text(pages.one(tables[0], "./caption")).startswith(f"{first} – ")
        here = f"?le={today(day)}" if "qui compte" in said else ""
        assert pages.links(pages.one(pages.tree(page), ".//main"))["en ligne"] == f"/cotisation/adherer/{here}"

    @pytest.mark.parametrize("asked", ["", "hier", "2027-02-30", "9" * 40, "\x00"])
    def test_a_day_that_is_none(self, client: Client, campaign: FeeCampaign, asked: str) -> None:
        for path in ("", "adherer/", "bulletin.pdf"):
            assert client.get(f"/cotisation/{path}", {"le": asked}).status_code == 200

    def test_no_campaign_is_no_dead_end(self, client: Client) -> None:
        """R15."""
        Organisation.objects.create(pk=1, name="Cap Rural", phone="0478000000")
        response = client.get("/cotisation/")
        pages.assert_sound(response)
        said = pages.main(response)
        assert "Le barème n’est pas encore publié" in said
        assert "04 78 00 00 00" in said
        assert "None" not in said

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"cheque_payee": "Cap Rural Association"}, "Chèque à l’ordre de Cap Rural Association"),
            ({"iban": "FR7600001111", "bic": "AAAAFRPP"}, "FR76 0000 1111 BIC AAAAFRPP"),
            ({"siret": "73282932000074"}, "732 829 320 00074"),
            ({"chorus_pro": "Déposé sur\nChorus Pro <ici>"}, "Déposé sur Chorus Pro <ici>"),
        ],
    )
    def test_means_of_payment_are_those_that_are_known(self, client: Client, fields: dict[str, Any], said: str) -> None:
        def means() -> str:
            return " ".join(pages.main(client.get("/cotisation/")).split())

        Organisation.objects.create(pk=1, name="Cap Rural")
        assert said not in means()
        assert "Mandat administratif" in means()
        Organisation.objects.update(**fields)
        assert said in means()

    def test_methods(self, client: Client) -> None:
        assert client.head("/cotisation/").status_code == 200
        assert client.post("/cotisation/").status_code == 405


class TestBlankForm:
    def test_pdf(self, client: Client, campaign: FeeCampaign) -> None:
        before = pages.rows()
        response = client.get("/cotisation/bulletin.pdf")
        year = today().year
        assert response.headers["Content-Type"] == "application/pdf"
        assert response.headers["Content-Disposition"] in (
            f'inline; filename="bulletin-de-cotisation-{year}.pdf"',
            # In the first days of January the campaign of this test began last year.
            f'inline; filename="bulletin-de-cotisation-{year - 1}-{year}.pdf"',
        )
        assert response.content.startswith(b"%PDF-")
        assert pages.rows() == before

    def test_pdf_of_the_campaign_of_a_session(self, client: Client, campaign: FeeCampaign) -> None:
        make_category(campaign=make_campaign(year=today().year + 2))

        response = client.get("/cotisation/bulletin.pdf", {"le": f"{today().year + 2}-04-12"})

        assert response.headers["Content-Disposition"] == (
            f'inline; filename="bulletin-de-cotisation-{today().year + 2}.pdf"'
        )

    def test_pdf_without_campaign(self, client: Client) -> None:
        response = client.get("/cotisation/bulletin.pdf")
        assert response.headers["Content-Disposition"] == 'inline; filename="bulletin-de-cotisation.pdf"'
        assert response.content.startswith(b"%PDF-")

    def test_methods(self, client: Client) -> None:
        assert client.post("/cotisation/bulletin.pdf").status_code == 405
