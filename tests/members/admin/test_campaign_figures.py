"""« Chiffres » of a campaign, on a page and as files (R13)."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from members import fees
from members.models import FeeCampaign
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff, paris
from tests.support.office import signed_in
from tests.support.pages import by_id, text, tree
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

CAMPAIGNS = "/admin/members/feecampaign/"
SVG = "{http://www.w3.org/2000/svg}"
FILES = ("chiffres/cotisations.csv", "chiffres/cotisations.xlsx")


@pytest.fixture
def campaign() -> FeeCampaign:
    """Six fees, one of them cancelled, of a scale whose first line begins like a formula."""
    campaign = make_campaign(name="2ᵉ trimestre", starts_on=date(2017, 4, 1), ends_on=date(2017, 6, 30))
    association = make_category(campaign=campaign, label="=Association", amount=Decimal("80.50"))
    district = make_category(campaign=campaign, label="Collectivité", amount=Decimal("1250.00"), position=1)
    for category, status, month in (
        (association, "paid", 4),
        (association, "due", 5),
        (association, "cancelled", 5),
        (association, "waived", 5),
        (district, "committed", 6),
        (district, "paid", 4),
    ):
        fee = make_fee(make_member(), category=category, status="due", now=paris(2017, month, 2, 9))
        if status == "paid":
            fees.settle(fee, now=paris(2017, month, 2, 9))
        elif status != "due":
            verbs = {"committed": fees.commit, "waived": fees.waive, "cancelled": fees.cancel}
            verbs[status](fee, now=paris(2017, month, 2, 9))
    return campaign


def page_of(campaign: FeeCampaign, page: str = "chiffres/") -> str:
    return f"{CAMPAIGNS}{campaign.pk}/{page}"


def tables(page: Any) -> list[list[list[str]]]:
    """The cells of each table, row by row, totals last."""
    return [
        [[folded(text(cell)) for cell in row] for part in ("tbody", "tfoot") for row in table.findall(f"./{part}/tr")]
        for table in tree(page).iter("table")
    ]


def plots(page: Any) -> list[Element]:
    return [element for element in tree(page).iter(f"{SVG}svg") if element.get("role") == "img"]


class TestThePage:
    def test_in_words(self, coordination: Client, campaign: FeeCampaign) -> None:
        said = folded(text(by_id(tree(coordination.get(page_of(campaign))), "content")))

        assert (
            "2ᵉ trimestre. 4 cotisations sur 5 sont à jour : 1 330,50 € encaissés, 1 250,00 € engagés, "
            "80,50 € attendus, 80,50 € exonérés. 1 cotisation annulée n’est pas comptée."
        ) in said

    def test_by_category_and_by_month(self, coordination: Client, campaign: FeeCampaign) -> None:
        total = [
            "Total",
            "1 330,50 € (2)",
            "1 250,00 € (1)",
            "80,50 € (1)",
            "80,50 € (1)",
            "2 741,50 € (5)",
            "80,50 € (1)",
        ]

        assert tables(coordination.get(page_of(campaign))) == [
            [
                ["=Association", "80,50 € (1)", "–", "80,50 € (1)", "80,50 € (1)", "241,50 € (3)", "80,50 € (1)"],
                ["Collectivité", "1 250,00 € (1)", "1 250,00 € (1)", "–", "–", "2 500,00 € (2)", "–"],
                total,
            ],
            [
                ["avril 2017", "1 330,50 € (2)", "–", "–", "–", "1 330,50 € (2)", "–"],
                ["mai 2017", "–", "–", "80,50 € (1)", "80,50 € (1)", "161,00 € (2)", "80,50 € (1)"],
                ["juin 2017", "–", "1 250,00 € (1)", "–", "–", "1 250,00 € (1)", "–"],
                total,
            ],
        ]

    def test_the_plot_is_drawn_and_described(self, coordination: Client, campaign: FeeCampaign) -> None:
        [plot] = plots(coordination.get(page_of(campaign)))

        words = {element.get("id"): text(element) for element in plot.iter() if element.get("id")}
        assert [name in words for name in plot.get("aria-labelledby", "").split()] == [True, True]
        assert folded(words["plot-title"]) == "Cotisations de « 2ᵉ trimestre » par mois, en euros"
        bars = [rect.get("class") for rect in plot.findall(f"./{SVG}rect")]
        assert bars == ["bar-paid", "bar-due", "bar-waived", "bar-committed"]
        assert [folded(text(tick)) for tick in plot.iter(f"{SVG}text") if tick.get("class") == "tick"] == [
            "0 €",
            "500 €",
            "1 000 €",
            "1 500 €",
        ]
        for element in plot.iter():
            assert "style" not in element.attrib
            for name in ("x", "y", "width", "height", "x1", "x2", "y1", "y2"):
                assert element.get(name, "0").replace(".", "", 1).lstrip("-").isdigit(), (element.tag, name)

    def test_before_any_fee(self, coordination: Client) -> None:
        page = coordination.get(page_of(make_campaign()))

        assert "Aucune cotisation n’est ouverte pour cette campagne." in text(by_id(tree(page), "content"))
        assert plots(page) == []

    def test_the_same_queries_for_five_and_for_fifty(self, coordination: Client, campaign: FeeCampaign) -> None:
        counts = []
        for number in (0, 45):
            for _ in range(number):
                make_fee(make_member(), category=campaign.categories.first())
            with CaptureQueriesContext(connection) as captured:
                coordination.get(page_of(campaign))
            counts.append(len(captured))

        assert counts[0] == counts[1]


class TestTheFiles:
    def test_csv(self, coordination: Client, campaign: FeeCampaign) -> None:
        answer = coordination.get(page_of(campaign, FILES[0]))

        assert (answer.headers["Content-Type"], answer.headers["Content-Disposition"]) == (
            "text/csv; charset=utf-8",
            'attachment; filename="chiffres-2e-trimestre.csv"',
        )
        assert answer.content.startswith(b"\xef\xbb\xbf")
        header, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
        assert header[:4] == ["Catégorie", "Mois", "Payées (nombre)", "Payées (€)"]
        assert [line[:4] for line in lines] == [
            ["'=Association", "2017-04", "1", "80,50"],
            ["'=Association", "2017-05", "0", "0,00"],
            ["Collectivité", "2017-04", "1", "1250,00"],
            ["Collectivité", "2017-06", "0", "0,00"],
            ["Total", "", "2", "1330,50"],
        ]

    def test_xlsx(self, coordination: Client, campaign: FeeCampaign) -> None:
        answer = coordination.get(page_of(campaign, FILES[1]))

        assert answer.headers["Content-Disposition"] == 'attachment; filename="chiffres-2e-trimestre.xlsx"'
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        assert sheet is not None
        *_, last = sheet.iter_rows(values_only=True)
        assert (sheet.max_row, last[0], last[2], last[3], last[5]) == (6, "Total", 2, 1330.5, 1250)


class TestWhoMayNot:
    PAGES = ("chiffres/", *FILES)

    @pytest.mark.parametrize("page", PAGES)
    def test_a_trainer(self, campaign: FeeCampaign, page: str) -> None:
        trainer = signed_in(make_staff(group="Formateurs"))

        answer = trainer.get(page_of(campaign, page))

        assert answer.status_code == 403
        assert "80,50" not in answer.content.decode()

    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("pk", ["0", "999", "9" * 30])
    def test_an_unknown_campaign(self, coordination: Client, page: str, pk: str) -> None:
        assert coordination.get(f"{CAMPAIGNS}{pk}/{page}").status_code == 404

    @pytest.mark.parametrize("page", PAGES)
    def test_nobody_without_account(self, client: Client, campaign: FeeCampaign, page: str) -> None:
        assert client.get(page_of(campaign, page)).status_code == 302
