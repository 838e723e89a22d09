"""« Ouvrir la campagne suivante » and « Ouvrir les cotisations des cotisants de l’année précédente » (R12, R13)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from members.models import FeeCampaign
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff
from tests.support.office import notices, send, signed_in, typed
from tests.support.pages import by_id, links, main, rows, text, tree
from tests.support.traces import folded, messages

pytestmark = pytest.mark.django_db

CAMPAIGNS = "/admin/members/feecampaign/"


def content(page: Any) -> str:
    return folded(text(by_id(tree(page), "content")))


class TestTheNextCampaign:
    def test_it_is_announced_then_opened_and_its_page_shown(self, coordination: Client) -> None:
        campaign = make_campaign(year=2017)
        make_category(campaign=campaign, label="Association", amount=Decimal("80.50"))
        path = f"{CAMPAIGNS}{campaign.pk}/suivante/"
        before = rows()

        announced = coordination.get(path)

        assert rows() == before
        said = content(announced)
        assert "La campagne Cotisation 2018 couvrira la période du 1er janvier 2018 au 31 décembre 2018." in said
        assert "Associationune structure et toutes ses personnes80,50 €" in said

        page = coordination.post(path, follow=True)

        following = FeeCampaign.objects.get(name="Cotisation 2018")
        assert page.redirect_chain == [(f"{CAMPAIGNS}{following.pk}/change/", 302)]
        assert [folded(said) for said in notices(page)] == [
            "La campagne « Cotisation 2018 » est ouverte avec le barème de « Cotisation 2017 » : "
            "vérifiez ses montants avant d’ouvrir les cotisations."
        ]
        assert list(following.categories.values_list("label", "amount")) == [("Association", Decimal("80.50"))]
        assert "Ouverte d’après « Cotisation 2017 »." in folded(
            coordination.get(f"{CAMPAIGNS}{following.pk}/history/").content.decode()
        )

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_period_that_is_taken_is_refused_with_a_link(self, coordination: Client, method: str) -> None:
        campaign = make_campaign(year=2017)
        other = make_campaign(name="Autre", starts_on=date(2018, 12, 31), ends_on=date(2019, 1, 1))

        page = getattr(coordination, method)(f"{CAMPAIGNS}{campaign.pk}/suivante/")

        assert page.status_code == 200
        assert "La campagne « Autre » couvre déjà tout ou partie de la période qui suit" in content(page)
        found = {folded(said): url for said, url in links(by_id(tree(page), "content")).items()}
        assert found["Ouvrir la page de « Autre »"] == f"{CAMPAIGNS}{other.pk}/change/"
        assert FeeCampaign.objects.count() == 2

    def test_sent_twice_it_is_opened_once(self, coordination: Client) -> None:
        path = f"{CAMPAIGNS}{make_campaign(year=2017).pk}/suivante/"

        answers = [coordination.post(path).status_code for _ in range(2)]

        assert (answers, FeeCampaign.objects.count()) == ([302, 200], 2)


class TestTheFeesOfTheYearBefore:
    @pytest.fixture
    def campaign(self) -> FeeCampaign:
        """Four members up to date in 2017: with an e-mail, without, of a line that is gone, and already opened here."""
        before = make_campaign(year=2017)
        association, gone = [make_category(campaign=before, label=label) for label in ("Association", "Parrain")]
        campaign = make_campaign(year=2018)
        here = make_category(campaign=campaign, label="Association", amount=Decimal("95.50"))
        for name, category, email in (
            ("Collines", association, "contact@collines.example"),
            ("Plateau", association, ""),
            ("Vallée", gone, "contact@vallee.example"),
            ("Forêt", association, "contact@foret.example"),
        ):
            make_fee(make_member(name=name, email=email), category=category)
        make_fee(before.fees.get(member__name="Forêt").member, category=here, status="due")
        return campaign

    def path(self, campaign: FeeCampaign) -> str:
        return f"{CAMPAIGNS}{campaign.pk}/reconduire/"

    def confirm(self, client: Client, campaign: FeeCampaign, preview: Any, **changes: Any) -> Any:
        return client.post(self.path(campaign), {**typed(preview), "confirm": "on", **changes}, follow=True)

    def opened(self, campaign: FeeCampaign) -> list[tuple[Any, ...]]:
        return list(campaign.fees.order_by("member__name").values_list("member__name", "amount", "status"))

    FORMER = [("Forêt", Decimal("95.50"), "due")]
    ALL = [
        ("Collines", Decimal("95.50"), "due"),
        ("Forêt", Decimal("95.50"), "due"),
        ("Plateau", Decimal("95.50"), "due"),
    ]

    def test_who_is_concerned_is_shown_first(self, coordination: Client, campaign: FeeCampaign) -> None:
        said = content(coordination.get(self.path(campaign)))

        assert "Collines Association 95,50 € contact@collines.example" in said
        assert "Plateau Association 95,50 € sans adresse e-mail : à imprimer" in said
        assert "1 à ouvrir à la main" in said
        assert "Vallée Parrain" in said
        assert "Forêt" not in said

    def test_the_preview_changes_nothing_and_shows_what_each_will_read(
        self, coordination: Client, campaign: FeeCampaign
    ) -> None:
        before = rows()

        preview = send(coordination, self.path(campaign), is_told="on")

        assert rows() == before
        said = content(preview)
        assert "1 personne recevra un message Collines contact@collines.example Appel de cotisation COT-…" in said
        assert "Référence à rappeler : COT-…" in said

    def test_confirmed_the_fees_are_opened_and_the_calls_leave(
        self, coordination: Client, campaign: FeeCampaign
    ) -> None:
        written = len(messages())
        preview = send(coordination, self.path(campaign), is_told="on")

        page = self.confirm(coordination, campaign, preview)

        fee = campaign.fees.get(member__name="Collines")
        assert notices(page) == ["2 cotisations ouvertes. 1 appel part par e-mail."]
        assert self.opened(campaign) == self.ALL
        assert messages()[written:] == [("contact@collines.example", f"Appel de cotisation {fee.code}")]
        printed = links(by_id(tree(page), "content"))
        silent = campaign.fees.get(member__name="Plateau")
        assert printed[f"imprimer l’appel {silent.code}"] == f"/cotisation/appels/{silent.token}/appel.pdf"
        assert "Ouverte pour « Cotisation 2018 »" in folded(
            coordination.get(f"/admin/members/membershipfee/{fee.pk}/history/").content.decode()
        )

    def test_without_writing_to_anybody(self, coordination: Client, campaign: FeeCampaign) -> None:
        written = messages()
        path = self.path(campaign)
        preview = coordination.post(path, {})
        assert "Personne n’est à prévenir" in content(preview)

        page = self.confirm(coordination, campaign, preview)

        assert notices(page) == ["2 cotisations ouvertes."]
        assert (self.opened(campaign), messages()) == (self.ALL, written)

    def test_confirmed_twice_it_is_done_once(self, coordination: Client, campaign: FeeCampaign) -> None:
        preview = send(coordination, self.path(campaign), is_told="on")
        self.confirm(coordination, campaign, preview)
        before = rows()

        page = self.confirm(coordination, campaign, preview)

        assert page.status_code == 200
        after = rows()
        for name in ("members.MembershipFee", "mailing.Message"):
            assert after[name] == before[name]

    @pytest.mark.parametrize("change", ["amount", "member", "address", "is_told"])
    def test_what_has_changed_since_is_shown_again(
        self, coordination: Client, campaign: FeeCampaign, change: str
    ) -> None:
        preview = send(coordination, self.path(campaign), is_told="on")
        changes = {}
        if change == "amount":
            campaign.categories.update(amount=Decimal("120.00"))
        elif change == "member":
            association = FeeCampaign.objects.get(name="Cotisation 2017").categories.get(label="Association")
            make_fee(make_member(name="Dernier"), category=association)
        elif change == "address":
            campaign_members = FeeCampaign.objects.get(name="Cotisation 2017").fees
            member = campaign_members.get(member__name="Plateau").member
            member.email = "contact@plateau.example"
            member.save()
        else:
            changes = {"is_told": ""}

        page = self.confirm(coordination, campaign, preview, **changes)

        assert [folded(said) for said in notices(page)] == [
            "Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez."
        ]
        assert self.opened(campaign) == self.FORMER

    @pytest.mark.parametrize("forged", ["", "abc", "\x00", "9" * 5000])
    def test_a_forged_confirmation(self, coordination: Client, campaign: FeeCampaign, forged: str) -> None:
        page = coordination.post(self.path(campaign), {"confirm": "on", "previewed": forged})

        assert (page.status_code, self.opened(campaign)) == (200, self.FORMER)

    def test_nothing_left_to_open(self, coordination: Client, campaign: FeeCampaign) -> None:
        self.confirm(coordination, campaign, send(coordination, self.path(campaign), is_told="on"))
        make_category(campaign=campaign, label="Parrain")
        self.confirm(coordination, campaign, send(coordination, self.path(campaign), is_told="on"))

        assert "Il n’y a plus de cotisation à ouvrir." in content(coordination.get(self.path(campaign)))

    def test_of_the_first_campaign(self, coordination: Client) -> None:
        campaign = make_campaign(year=2017)

        page = coordination.get(self.path(campaign))

        assert "Aucune campagne ne précède « Cotisation 2017 »" in folded(main(page))


class TestWhoMayNot:
    PAGES = ("suivante", "reconduire")

    @pytest.mark.parametrize("page", PAGES)
    def test_a_trainer(self, page: str) -> None:
        campaign = make_campaign(year=2017)
        trainer = signed_in(make_staff(group="Formateurs"))
        before = rows()
        path = f"{CAMPAIGNS}{campaign.pk}/{page}/"

        assert (trainer.get(path).status_code, trainer.post(path, {"confirm": "on"}).status_code) == (403, 403)
        assert {name: found for name, found in rows().items() if name.startswith("members")} == {
            name: found for name, found in before.items() if name.startswith("members")
        }

    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("pk", ["0", "999", "9" * 30])
    def test_an_unknown_campaign(self, coordination: Client, page: str, pk: str) -> None:
        assert coordination.get(f"{CAMPAIGNS}{pk}/{page}/").status_code == 404

    @pytest.mark.parametrize("page", PAGES)
    def test_nobody_without_account(self, client: Client, page: str) -> None:
        assert client.get(f"{CAMPAIGNS}1/{page}/").status_code == 302
