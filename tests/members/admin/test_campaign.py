"""A campaign and its scale as the coordination edits them: what is covered may grow, never shrink (R12, R16)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from members import emails
from members.models import Application, FeeCampaign, FeeCategory
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member, make_registration, make_staff
from tests.support.announced import open_session, today
from tests.support.office import choose, complaints, notices, send, signed_in, table, typed
from tests.support.pages import by_id, links, text, tree
from tests.support.together import at_once
from tests.support.traces import folded, status_of

pytestmark = pytest.mark.django_db

CAMPAIGNS = "/admin/members/feecampaign/"


@pytest.fixture
def category() -> FeeCategory:
    return make_category(campaign=make_campaign(year=2017), label="Association", amount=Decimal("80.00"))


def page_of(campaign: FeeCampaign) -> str:
    return f"{CAMPAIGNS}{campaign.pk}/change/"


def test_the_list_says_the_first_of_a_month(coordination: Client) -> None:
    """SPEC §7."""
    make_campaign(year=2017)

    words = folded(text(tree(coordination.get(CAMPAIGNS))))

    assert "1er janvier 2017" in words
    assert "31 décembre 2017" in words


def application(category: FeeCategory) -> Application:
    """Someone filled the on-line form for this line of the scale, and its fee was moved to another since."""
    other = make_category(campaign=category.campaign)
    fee = make_fee(make_member(), category=other, status="due")
    return Application.objects.create(
        fee=fee,
        category=category,
        amount=category.amount,
        kind="structure",
        name="Collines",
        contact_name="Camille Durand",
        email="camille@collines.example",
        method="cheque",
        submission_key="3b241101-e2bb-4255-8caf-4136c566a962",
        received_at=NOW,
    )


class TestTheChangePage:
    def test_it_says_where_the_campaign_stands_and_leads_to_everything(
        self, coordination: Client, category: FeeCategory
    ) -> None:
        make_fee(make_member(), category=category)
        campaign = category.campaign

        page = tree(coordination.get(page_of(campaign)))

        content = by_id(page, "content")
        assert folded("1 cotisation sur 1 est à jour : 80,00 € encaissés, 0,00 € engagés, 0,00 € attendus.") in folded(
            text(content)
        )
        found = links(content)
        assert {name: found[name] for name in list(found)[:6]} == {
            "Cotisations": f"/admin/members/membershipfee/?campaign__id__exact={campaign.pk}",
            "Relances": f"{CAMPAIGNS}{campaign.pk}/relances/",
            "Chiffres": f"{CAMPAIGNS}{campaign.pk}/chiffres/",
            "Ouvrir les cotisations des cotisants de l’année précédente": f"{CAMPAIGNS}{campaign.pk}/reconduire/",
            "Ouvrir la campagne suivante": f"{CAMPAIGNS}{campaign.pk}/suivante/",
            "Historique": f"{CAMPAIGNS}{campaign.pk}/history/",
        }

    @pytest.mark.parametrize("is_used", [False, True])
    def test_it_offers_to_delete_what_nothing_rests_on(
        self, coordination: Client, category: FeeCategory, is_used: bool
    ) -> None:
        if is_used:
            make_fee(make_member(), category=category, status="cancelled")

        found = links(tree(coordination.get(page_of(category.campaign))))

        assert ("Supprimer" in found) is not is_used

    def test_adding_one_shows_no_links_of_a_campaign(self, coordination: Client) -> None:
        found = links(by_id(tree(coordination.get(f"{CAMPAIGNS}add/")), "content"))

        assert "Chiffres" not in found


class TestThePeriod:
    REFUSED = "Des cotisations de cette campagne sont acceptées : sa période peut s’allonger, pas se réduire. "
    REFUSED += "Elle va du 1er janvier 2017 au 31 décembre 2017."

    @pytest.mark.parametrize(
        ("status", "fields", "expected"),
        [
            ("paid", {"starts_on": "2017-01-02"}, [REFUSED]),
            ("paid", {"ends_on": "2017-12-30"}, [REFUSED]),
            ("committed", {"ends_on": "2017-12-30"}, [REFUSED]),
            ("paid", {"starts_on": "2016-12-31", "ends_on": "2018-01-01"}, []),
            ("paid", {"name": "Adhésion 2017"}, []),
            ("due", {"starts_on": "2017-01-02", "ends_on": "2017-12-30"}, []),
            ("cancelled", {"ends_on": "2017-12-30"}, []),
        ],
    )
    def test_once_fees_are_accepted(
        self,
        coordination: Client,
        category: FeeCategory,
        status: str,
        fields: dict[str, str],
        expected: list[str],
    ) -> None:
        make_fee(make_member(), category=category, status=status)

        page = send(coordination, page_of(category.campaign), **fields)

        assert [folded(said) for said in complaints(page)] == expected
        campaign = FeeCampaign.objects.get()
        is_saved = {name: str(getattr(campaign, name)) for name in fields} == fields
        assert is_saved is not bool(expected)

    def test_a_longer_one_confirms_who_waited(self, coordination: Client) -> None:
        session = open_session(fee_required=True)
        eve = today(59)
        campaign = make_campaign(name="Courte", starts_on=date(eve.year - 1, 1, 1), ends_on=eve)
        make_fee(make_member(emails=("camille@collines.example",)), category=make_category(campaign=campaign))
        registration = make_registration(session, email="camille@collines.example")
        assert status_of(registration) == "awaiting_fee"

        send(coordination, page_of(campaign), ends_on=today(60).isoformat())

        assert status_of(registration) == "confirmed"

    @pytest.mark.parametrize("fields", [{"starts_on": ""}, {"ends_on": "demain"}, {"ends_on": "2016-12-31"}])
    def test_what_makes_no_sense_is_said(
        self, coordination: Client, category: FeeCategory, fields: dict[str, str]
    ) -> None:
        make_fee(make_member(), category=category)

        assert len(complaints(send(coordination, page_of(category.campaign), **fields))) == 1
        assert FeeCampaign.objects.get().ends_on == date(2017, 12, 31)


class TestTheScale:
    NARROWER = (
        "Des cotisations acceptées couvrent une structure, jusqu’à 3 personnes : "
        "cette catégorie peut couvrir plus de personnes, pas moins. Ajoutez plutôt une catégorie."
    )

    @pytest.mark.parametrize(
        ("status", "fields", "expected"),
        [
            ("paid", {"max_people": "2"}, [NARROWER]),
            ("paid", {"scope": "person", "max_people": ""}, [NARROWER]),
            ("paid", {"max_people": "4"}, []),
            ("paid", {"max_people": ""}, []),
            ("paid", {"amount": "99.90", "label": "Association loi 1901"}, []),
            ("due", {"max_people": "2"}, []),
        ],
    )
    def test_whom_a_line_covers_once_fees_are_accepted(
        self, coordination: Client, status: str, fields: dict[str, str], expected: list[str]
    ) -> None:
        category = make_category(campaign=make_campaign(), max_people=3, amount=Decimal("80.00"))
        fee = make_fee(make_member(), category=category, status=status)

        page = send(
            coordination,
            page_of(category.campaign),
            **{f"categories-0-{name}": value for name, value in fields.items()},
        )

        assert [folded(said) for said in complaints(page)] == expected
        fee.refresh_from_db()
        assert fee.amount == Decimal("80.00")

    def test_a_wider_line_confirms_who_waited(self, coordination: Client) -> None:
        session = open_session(fee_required=True)
        category = make_category(campaign=make_campaign(year=today(60).year), max_people=1)
        make_fee(make_member(emails=("a@collines.example", "b@collines.example")), category=category)
        people = [make_registration(session, email=f"{name}@collines.example") for name in "ab"]
        before = [status_of(person) for person in people]

        send(coordination, page_of(category.campaign), **{"categories-0-max_people": "2"})

        assert [before, [status_of(person) for person in people]] == [
            ["confirmed", "awaiting_fee"],
            ["confirmed", "confirmed"],
        ]

    def test_the_same_label_twice(self, coordination: Client, category: FeeCategory) -> None:
        line = {"label": "Association", "amount": "1", "scope": "structure", "position": "1"}

        page = send(
            coordination,
            page_of(category.campaign),
            **{"categories-TOTAL_FORMS": "2", **{f"categories-1-{name}": value for name, value in line.items()}},
        )

        assert [folded(said) for said in complaints(page)] == [
            "Deux catégories de cette campagne portent le même libellé : changez l’un des deux.",
            "Ce libellé figure déjà plus haut.",
        ]

    @pytest.mark.parametrize("what", ["fee", "application"])
    def test_a_line_that_something_names_is_not_deleted(
        self, coordination: Client, category: FeeCategory, what: str
    ) -> None:
        if what == "fee":
            make_fee(make_member(), category=category, status="cancelled")
        else:
            application(category)

        page = send(coordination, page_of(category.campaign), **{"categories-0-DELETE": "on"})

        assert [folded(said) for said in complaints(page)] == [
            "La catégorie « Association » reste dans le barème : des cotisations ou des bulletins en ligne en "
            "dépendent. Changez son libellé ou son montant si besoin, ou ajoutez une catégorie."
        ]
        assert FeeCategory.objects.filter(pk=category.pk).exists()

    def test_a_line_added_and_removed_at_once(self, coordination: Client, category: FeeCategory) -> None:
        line = {"label": "Autre", "amount": "1", "scope": "structure", "position": "1", "DELETE": "on"}

        page = send(
            coordination,
            page_of(category.campaign),
            **{"categories-TOTAL_FORMS": "2", **{f"categories-1-{name}": value for name, value in line.items()}},
        )

        assert (complaints(page), list(category.campaign.categories.all())) == ([], [category])

    def test_another_is(self, coordination: Client, category: FeeCategory) -> None:
        page = send(coordination, page_of(category.campaign), **{"categories-0-DELETE": "on"})

        assert (complaints(page), category.campaign.categories.count()) == ([], 0)


class TestDeleting:
    REFUSED = "« Cotisation 2017 » ne se supprime pas. "
    REFUSED += "Des cotisations ou des bulletins en ligne en dépendent."

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_campaign_with_fees_is_refused_with_a_sentence(
        self, coordination: Client, category: FeeCategory, method: str
    ) -> None:
        make_fee(make_member(), category=category, status="cancelled")

        page: Any = getattr(coordination, method)(
            f"{CAMPAIGNS}{category.campaign_id}/delete/", {"post": "yes"}, follow=True
        )

        assert [folded(said) for said in notices(page)] == [self.REFUSED]
        assert page.redirect_chain == [(page_of(category.campaign), 302)]
        assert FeeCampaign.objects.exists()

    def test_one_without_fees_is_deleted_with_its_scale(self, coordination: Client, category: FeeCategory) -> None:
        coordination.post(f"{CAMPAIGNS}{category.campaign_id}/delete/", {"post": "yes"})

        assert (FeeCampaign.objects.count(), FeeCategory.objects.count()) == (0, 0)

    def test_not_from_the_list(self, coordination: Client, category: FeeCategory) -> None:
        choose(coordination, CAMPAIGNS, "delete_selected", category.campaign_id)

        assert FeeCampaign.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_campaigns_of_one_period_saved_at_once(self) -> None:
        """Even the very first two: there is no row of a campaign to lock."""
        clients = [signed_in(make_staff(group="Coordination")) for _ in range(3)]
        forms = [
            {
                **typed(client.get(f"{CAMPAIGNS}add/")),
                "name": f"Campagne {number}",
                "starts_on": "2017-01-01",
                "ends_on": "2017-12-31",
            }
            for number, client in enumerate(clients)
        ]

        answers = at_once(
            *[
                lambda client=client, form=form: client.post(f"{CAMPAIGNS}add/", form)
                for client, form in zip(clients, forms, strict=True)
            ]
        )

        assert sorted(answer.status_code for answer in answers) == [200, 200, 302]
        assert FeeCampaign.objects.count() == 1


def test_the_kind_of_the_reminders_is_the_name_of_their_function() -> None:
    """`members.reminding` finds them again by it."""
    assert emails.membership_reminder.__name__ == emails.MEMBERSHIP_REMINDER


class TestCampaigns:
    """R12: the scale is the organisation's data."""

    def test_a_campaign_with_its_scale(self, coordination: Client) -> None:
        page = send(
            coordination,
            f"{CAMPAIGNS}add/",
            name="Cotisation 2018",
            starts_on="2018-01-01",
            ends_on="2018-12-31",
            **{
                "categories-TOTAL_FORMS": "1",
                "categories-0-label": "Association",
                "categories-0-amount": "80.50",
                "categories-0-scope": "structure",
                "categories-0-position": "0",
            },
        )

        assert complaints(page) == []
        campaign = FeeCampaign.objects.get()
        assert (campaign.starts_on, campaign.ends_on) == (date(2018, 1, 1), date(2018, 12, 31))
        assert list(campaign.categories.values_list("label", "amount", "scope", "max_people")) == [
            ("Association", Decimal("80.50"), "structure", None)
        ]

    def test_two_campaigns_on_the_same_day(self, coordination: Client) -> None:
        make_campaign(year=2018)

        page = send(coordination, f"{CAMPAIGNS}add/", name="Encore 2018", starts_on="2018-12-31", ends_on="2019-12-31")

        assert complaints(page) == [
            "Cette période chevauche celle de la campagne « Cotisation 2018 » : modifiez les dates."
        ]

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"amount": "-1"}, "Assurez-vous que cette valeur est supérieure ou égale à 0."),
            (
                {"scope": "person", "max_people": "2"},
                "Le nombre de personnes se limite pour une structure, à partir de 1.",
            ),
        ],
    )
    def test_a_line_that_makes_no_sense(self, coordination: Client, fields: dict[str, str], sentence: str) -> None:
        line = {"label": "Association", "amount": "80", "scope": "structure", "position": "0", **fields}

        page = send(
            coordination,
            f"{CAMPAIGNS}add/",
            name="Cotisation 2018",
            starts_on="2018-01-01",
            ends_on="2018-12-31",
            **{"categories-TOTAL_FORMS": "1", **{f"categories-0-{name}": value for name, value in line.items()}},
        )

        assert complaints(page) == [sentence]
        assert not FeeCampaign.objects.exists()

    def test_the_number_of_fees(self, coordination: Client, category: FeeCategory) -> None:
        for _ in range(2):
            make_fee(make_member(), category=category)

        assert [row[-1] for row in table(coordination.get(CAMPAIGNS))] == ["2"]
