"""« Relances » and « Relances par courrier » (R24)."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caprural import agenda, typography
from caprural.mailing.models import Message
from members.models import FeeCampaign, FeeCategory, MembershipFee
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff, paris
from tests.support.announced import today
from tests.support.office import notices, signed_in
from tests.support.pages import by_id, links, rows, text, tree
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

CAMPAIGNS = "/admin/members/feecampaign/"


@pytest.fixture
def campaign() -> FeeCampaign:
    """A campaign under way, that ends in a hundred days."""
    return make_campaign(name="En cours", starts_on=today(-200), ends_on=today(100))


@pytest.fixture
def category(campaign: FeeCampaign) -> FeeCategory:
    return make_category(campaign=campaign, amount=Decimal("80.50"))


def expected(category: FeeCategory, *, days: int, **fields: Any) -> MembershipFee:
    """A fee opened that many days ago, at noon."""
    on = today(-days)
    return make_fee(make_member(**fields), category=category, status="due", now=paris(on.year, on.month, on.day, 12))


def lines(page: Any) -> list[list[str]]:
    """The cells of the table, row by row."""
    body = tree(page).findall(".//table/tbody/tr")
    return [[folded(text(cell)) for cell in row] for row in body]


def day(days: int) -> str:
    return folded(typography.medium_date(today(days)))


def boxes(page: Any) -> list[str]:
    return [box.get("value", "") for box in tree(page).iterfind(".//input[@name='letter']")]


class TestTheReminders:
    def path(self, campaign: FeeCampaign) -> str:
        return f"{CAMPAIGNS}{campaign.pk}/relances/"

    def test_every_fee_still_expected(self, coordination: Client, campaign: FeeCampaign, category: FeeCategory) -> None:
        told = expected(category, days=40, name="A", email="a@a.example")
        silent = expected(category, days=40, name="B")
        young = expected(category, days=1, name="C")
        make_fee(make_member(name="D"), category=category)
        agenda.run(now=timezone.now())

        page = coordination.get(self.path(campaign))

        assert [row[:6] for row in lines(page)] == [
            ["A", told.code, "80,50 €", day(-40), f"relance 1, {day(0)}", f"relance 2, {day(30)}"],
            ["B", silent.code, "80,50 €", day(-40), "rien", "relance 1 à poster"],
            ["C", young.code, "80,50 €", day(-1), "rien", f"relance 1 par courrier, {day(29)}"],
        ]
        found = links(by_id(tree(page), "content"))
        assert found["Lettres à imprimer (1)"] == f"{CAMPAIGNS}{campaign.pk}/relances/courrier/"
        assert found["Imprimer l’appel de A"] == f"/cotisation/appels/{told.token}/appel.pdf"

    def test_none(self, coordination: Client, campaign: FeeCampaign) -> None:
        assert "Aucune cotisation n’est attendue" in text(by_id(tree(coordination.get(self.path(campaign))), "content"))

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({}, "2 relances au plus, à 8 h, 30 jours après la demande puis après chaque relance."),
            ({"reminders": 0}, "Aucune relance n’est prévue pour cette campagne."),
            ({"ends_on": today(-1)}, "plus aucune relance ne part."),
        ],
    )
    def test_the_rule_is_said(
        self,
        coordination: Client,
        campaign: FeeCampaign,
        category: FeeCategory,
        fields: dict[str, Any],
        sentence: str,
    ) -> None:
        FeeCampaign.objects.update(**fields)
        expected(category, days=40)

        page = coordination.get(self.path(campaign))

        assert sentence in folded(text(by_id(tree(page), "content")))
        assert lines(page)[0][5] == ("plus de relance" if fields else "relance 1 à poster")

    def test_the_same_queries_for_one_and_for_thirty(
        self, coordination: Client, campaign: FeeCampaign, category: FeeCategory
    ) -> None:
        ContentType.objects.get_for_model(MembershipFee)  # remembered by each process
        counts = []
        for number in (1, 29):
            for _ in range(number):
                expected(category, days=40)
            for path in (self.path(campaign), f"{self.path(campaign)}courrier/", "/admin/"):
                with CaptureQueriesContext(connection) as captured:
                    coordination.get(path)
                counts.append(len(captured))

        assert counts[:3] == counts[3:]


class TestTheLetters:
    def path(self, campaign: FeeCampaign) -> str:
        return f"{CAMPAIGNS}{campaign.pk}/relances/courrier/"

    def test_who_is_to_be_written_to(self, coordination: Client, campaign: FeeCampaign, category: FeeCategory) -> None:
        fee = expected(
            category,
            days=40,
            name="Pays des Collines",
            contact_name="Camille Durand",
            address="1 rue du Pont\n69700 Givors",
            phone="0478000000",
        )
        bare = expected(category, days=40, name="Sans rien")
        expected(category, days=40, name="Par e-mail", email="a@a.example")
        expected(category, days=2, name="Trop tôt")

        page = coordination.get(self.path(campaign))

        assert [row[1:7] for row in lines(page)] == [
            [
                "Pays des Collines Camille Durand",
                "1 rue du Pont 69700 Givors",
                "04 78 00 00 00",
                fee.code,
                "1",
                "80,50 €",
            ],
            ["Sans rien", "inconnue", "–", bare.code, "1", "80,50 €"],
        ]
        assert boxes(page) == [f"{fee.pk}-1", f"{bare.pk}-1"]

    def test_those_ticked_are_noted_once(
        self, coordination: Client, campaign: FeeCampaign, category: FeeCategory
    ) -> None:
        fees = [expected(category, days=40, name=name) for name in "ABC"]
        ticked = boxes(coordination.get(self.path(campaign)))[:2]

        pages = [coordination.post(self.path(campaign), {"letter": ticked}, follow=True) for _ in range(2)]

        assert [notices(page) for page in pages] == [
            ["2 lettres sont notées comme envoyées."],
            ["Ces lettres étaient déjà notées comme envoyées, ou ne sont plus à envoyer."],
        ]
        noted = Message.objects.values_list("about_id", "kind", "key", "state")
        assert list(noted) == [(fee.pk, "membership_reminder", "1", Message.State.POSTED) for fee in fees[:2]]
        assert boxes(pages[1]) == [f"{fees[2].pk}-1"]

    def test_nothing_ticked(self, coordination: Client, campaign: FeeCampaign, category: FeeCategory) -> None:
        expected(category, days=40)

        page = coordination.post(self.path(campaign), follow=True)

        assert notices(page) == ["Cochez les lettres que vous avez envoyées."]
        assert not Message.objects.exists()

    @pytest.mark.parametrize("forged", ["abc", "1-1", "-1-1", "\x00", "9" * 5000, "²-1"])
    def test_a_forged_selection(
        self, coordination: Client, campaign: FeeCampaign, category: FeeCategory, forged: str
    ) -> None:
        expected(category, days=2)

        page = coordination.post(self.path(campaign), {"letter": [forged]}, follow=True)

        assert (page.status_code, Message.objects.count()) == (200, 0)

    def test_no_letter_to_post(self, coordination: Client, campaign: FeeCampaign) -> None:
        page = coordination.get(self.path(campaign))

        assert "Aucune lettre n’est à poster." in text(by_id(tree(page), "content"))


class TestWhoMayNot:
    PAGES = ("relances", "relances/courrier")

    @pytest.mark.parametrize("page", PAGES)
    def test_a_trainer(self, campaign: FeeCampaign, category: FeeCategory, page: str) -> None:
        fee = expected(category, days=40, name="Pays des Collines")
        trainer = signed_in(make_staff(group="Formateurs"))
        before = rows()["mailing.Message"]
        path = f"{CAMPAIGNS}{campaign.pk}/{page}/"

        answers = [trainer.get(path), trainer.post(path, {"letter": [f"{fee.pk}-1"]})]

        assert [answer.status_code for answer in answers] == [403, 403]
        assert rows()["mailing.Message"] == before
        assert b"Collines" not in answers[0].content

    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("pk", ["0", "999", "9" * 30])
    def test_an_unknown_campaign(self, coordination: Client, page: str, pk: str) -> None:
        assert coordination.get(f"{CAMPAIGNS}{pk}/{page}/").status_code == 404

    def test_the_home_of_a_trainer_says_nothing_of_letters(self, category: FeeCategory) -> None:
        expected(category, days=40)

        home = signed_in(make_staff(group="Formateurs")).get("/admin/")

        assert "courrier" not in home.content.decode()
