from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from caprural.house.models import Organisation
from members.models import FeeCampaign, FeeCategory, Member, MembershipFee
from tests import pages
from tests.announced import open_session, today
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_staff,
)
from tests.office import choose, complaints, notices, send, signed_in, table
from tests.traces import status_of

pytestmark = pytest.mark.django_db

FEES = "/admin/members/membershipfee/"
MEMBERS = "/admin/members/member/"
CAMPAIGNS = "/admin/members/feecampaign/"
ORGANISATION = "/admin/house/organisation/"
LISTS = (FEES, MEMBERS, CAMPAIGNS, ORGANISATION)


@pytest.fixture
def coordination() -> Client:
    return signed_in(make_staff(group="Coordination", username="coordination"))


@pytest.fixture
def category() -> FeeCategory:
    """The scale of the year in which a session to come takes place."""
    return make_category(campaign=make_campaign(year=today(60).year), label="Association", amount=Decimal("80.00"))


class TestOpeningAFee:
    """R13: a member and a category; the campaign and the amount follow, frozen."""

    def test_due_with_the_amount_of_the_scale(self, coordination: Client, category: FeeCategory) -> None:
        member = make_member(name="Pays des Collines")

        page = send(coordination, f"{FEES}add/", member=member.pk, category=category.pk, reference="Courrier du 3")

        fee = MembershipFee.objects.get()
        assert page.status_code == 200
        assert (fee.member, fee.category, fee.campaign, fee.amount, fee.status, fee.reference) == (
            member,
            category,
            category.campaign,
            Decimal("80.00"),
            "due",
            "Courrier du 3",
        )

    def test_a_second_one_is_refused_with_a_sentence(self, coordination: Client, category: FeeCategory) -> None:
        member = make_member(name="Pays des Collines")
        make_fee(member, category=category)
        other = make_category(campaign=category.campaign)

        page = send(coordination, f"{FEES}add/", member=member.pk, category=other.pk)

        assert complaints(page) == [
            f"Pays des Collines a déjà une cotisation pour la campagne {category.campaign} : "
            "modifiez celle-ci, ou annulez-la d’abord."
        ]
        assert MembershipFee.objects.count() == 1

    def test_nothing_chosen(self, coordination: Client) -> None:
        assert complaints(send(coordination, f"{FEES}add/")) == ["Ce champ est obligatoire."] * 2

    def test_once_open_only_its_notes_are_typed(self, coordination: Client, category: FeeCategory) -> None:
        fee = make_fee(make_member(), category=category, status="due")
        forged = {"status": "paid", "amount": "1", "member": make_member().pk}

        send(coordination, f"{FEES}{fee.pk}/change/", note="Relancée", **forged)

        fee.refresh_from_db()
        assert (fee.note, fee.status, fee.amount, fee.member.name != "") == ("Relancée", "due", Decimal("80.00"), True)
        assert fee.member_id != forged["member"]

    def test_it_is_never_deleted(self, coordination: Client, category: FeeCategory) -> None:
        fee = make_fee(make_member(), category=category)

        assert coordination.post(f"{FEES}{fee.pk}/delete/", {"post": "yes"}).status_code == 302
        choose(coordination, FEES, "delete_selected", fee.pk)

        assert MembershipFee.objects.count() == 1


class TestMembers:
    """R14: the addresses and domains a member covers."""

    NEW_PERSON = {"people-TOTAL_FORMS": "1", "people-0-email": " Camille@Collines.EXAMPLE", "people-0-name": "Camille"}

    def test_a_member_with_its_people_and_its_domain(self, coordination: Client) -> None:
        page = send(
            coordination,
            f"{MEMBERS}add/",
            name="Pays des Collines",
            **self.NEW_PERSON,
            **{"domains-TOTAL_FORMS": "1", "domains-0-domain": "collines.example"},
        )

        member = Member.objects.get()
        assert (page.status_code, complaints(page)) == (200, [])
        assert list(member.people.values_list("email", "name")) == [("camille@collines.example", "Camille")]
        assert list(member.domains.values_list("domain", flat=True)) == ["collines.example"]

    def test_a_public_mailbox_is_refused_next_to_its_field(self, coordination: Client) -> None:
        page = send(
            coordination,
            f"{MEMBERS}add/",
            name="Pays des Collines",
            **{"domains-TOTAL_FORMS": "1", "domains-0-domain": "orange.fr"},
        )

        assert complaints(page) == [
            "Des personnes de toutes structures ont une adresse en orange.fr : "
            "ajoutez plutôt les personnes une par une."
        ]
        assert not Member.objects.exists()

    def test_an_address_added_to_a_paid_member_confirms_who_waited_for_it(
        self, coordination: Client, category: FeeCategory
    ) -> None:
        """R16."""
        member = make_member(name="Pays des Collines")
        make_fee(member, category=category)
        session = open_session(fee_required=True)
        registration = make_registration(session, email="camille@collines.example")

        send(coordination, f"{MEMBERS}{member.pk}/change/", **self.NEW_PERSON)

        assert status_of(registration) == "confirmed"

    @pytest.mark.parametrize(
        ("line", "field"),
        [
            ({"people-TOTAL_FORMS": "2", "people-1-email": "CAMILLE@collines.example "}, "email"),
            (
                {
                    "people-TOTAL_FORMS": "3",
                    "people-1-email": "Alex@collines.example",
                    "people-2-email": "alex@Collines.example",
                },
                "email",
            ),
            ({"domains-TOTAL_FORMS": "2", "domains-1-domain": "@COLLINES.example"}, "domain"),
        ],
    )
    def test_the_same_address_or_domain_twice(self, coordination: Client, line: dict[str, str], field: str) -> None:
        member = make_member(emails=("camille@collines.example",), domains=("collines.example",))

        page = send(coordination, f"{MEMBERS}{member.pk}/change/", **line)

        assert complaints(page) == [
            f"Deux lignes disent la même chose ({field}) : corrigez ou supprimez l’une des deux.",
            "Cette ligne en répète une autre.",
        ]
        assert (member.people.count(), member.domains.count()) == (1, 1)

    def test_a_domain_is_understood_as_it_is_typed(self, coordination: Client) -> None:
        member = make_member()

        send(
            coordination,
            f"{MEMBERS}{member.pk}/change/",
            **{"domains-TOTAL_FORMS": "1", "domains-0-domain": " @Pays-Des-Collines.EXAMPLE"},
        )

        assert [str(domain) for domain in member.domains.all()] == ["pays-des-collines.example"]

    def test_found_by_what_the_coordinator_knows(self, coordination: Client) -> None:
        member = make_member(
            name="Pays des Collines",
            siret="73282932000074",
            emails=("camille@collines.example",),
            domains=("pays-des-collines.example",),
        )
        make_member(name="Autre")

        for words in ("collines", "73282932", "camille@collines", "pays-des-collines.example"):
            assert [row[0] for row in table(coordination.get(MEMBERS, {"q": words}))] == [member.name]


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


class TestTrainers:
    """A trainer sees nothing about fees, whatever address they type."""

    @pytest.fixture
    def trainer(self) -> Client:
        return signed_in(make_staff(group="Formateurs"))

    @pytest.mark.parametrize("path", [*LISTS, *(f"{path}add/" for path in LISTS)])
    def test_no_list_and_no_form(self, trainer: Client, path: str) -> None:
        assert (trainer.get(path).status_code, trainer.post(path, {"name": "Intrus"}).status_code) == (403, 403)

    def test_no_page(self, trainer: Client, category: FeeCategory) -> None:
        Organisation.objects.create(pk=1, name="Centre de ressources")
        fee = make_fee(make_member(), category=category, status="due")
        pages = [
            f"{base}{pk}/{page}/"
            for base, pk in ((FEES, fee.pk), (MEMBERS, fee.member_id), (CAMPAIGNS, fee.campaign_id), (ORGANISATION, 1))
            for page in ("change", "history", "delete")
        ]

        assert {page: trainer.get(page).status_code for page in pages} == dict.fromkeys(pages, 403)

    def test_no_act(self, trainer: Client, category: FeeCategory) -> None:
        fee = make_fee(make_member(), category=category, status="due")

        assert choose(trainer, FEES, "record", fee.pk).status_code == 403
        assert status_of(fee) == "due"

    def test_no_suggestion_of_names(self, trainer: Client) -> None:
        """The list that completes a member's name as one types."""
        make_member(name="Pays des Collines")
        asked = {"app_label": "members", "model_name": "membershipfee", "field_name": "member", "term": "Pays"}

        assert trainer.get("/admin/autocomplete/", asked).status_code == 403

    def test_payers_of_one_name_are_told_apart(self, coordination: Client) -> None:
        """Among the suggestions, and once one of them is chosen."""
        for address in ("1 rue Haute, 07200 Aubenas", "2 rue Basse, 26110 Nyons"):
            make_member(name="Pays des Collines", address=address)
        make_member(name="Pays unique")
        asked = {"app_label": "members", "model_name": "membershipfee", "field_name": "member", "term": "Pays"}

        answer = coordination.get("/admin/autocomplete/", asked)
        page = coordination.post(f"{FEES}add/", {"member": answer.json()["results"][1]["id"]})

        texts = [found["text"] for found in answer.json()["results"]]
        assert sorted(texts) == ["Pays des Collines (Aubenas)", "Pays des Collines (Nyons)", "Pays unique"]
        assert f">{texts[1]}</option>" in page.content.decode()

    def test_nobody_without_account(self, client: Client) -> None:
        for path in LISTS:
            answer = client.get(path)
            assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/login/?next={path}")


class TestHostileRequests:
    """A forged selection, an unknown page, a filter that means nothing: never a 500."""

    @pytest.mark.parametrize("selection", ["abc", "-1", "1;DROP", "9" * 30, "²", ""])
    def test_a_forged_selection(self, coordination: Client, category: FeeCategory, selection: str) -> None:
        fee = make_fee(make_member(), category=category, status="due")

        page = choose(coordination, FEES, "record", selection)

        assert notices(page) == ["La sélection envoyée n’est pas lisible : cochez les lignes, puis recommencez."]
        assert status_of(fee) == "due"

    def test_a_selection_of_rows_that_are_gone(self, coordination: Client) -> None:
        assert choose(coordination, FEES, "record", 123456).status_code == 200

    def test_an_unknown_page(self, coordination: Client) -> None:
        pages = [
            f"{path}{pk}/{page}/"
            for path in LISTS
            for pk in ("999", "9" * 30, "abc", "-1", "1%00", "²")
            for page in ("change", "history")
        ]

        assert {page: coordination.get(page).status_code for page in pages} == dict.fromkeys(pages, 404)

    @pytest.mark.parametrize("path", [FEES, MEMBERS, CAMPAIGNS])
    def test_a_filter_that_means_nothing(self, coordination: Client, path: str) -> None:
        queries = (
            "status__exact=nimporte",
            "campaign__id__exact=abc",
            "campaign__id__exact=" + "9" * 30,
            "kind__exact=nimporte",
            "inconnu=1",
            "q=" + "%F0%9F%8C%BB" * 50,
            "o=99.-99.abc",
            "p=abc",
            "p=" + "9" * 30,
            "all=",
        )
        answers = {query: coordination.get(f"{path}?{query}").status_code for query in queries}

        assert {query: status for query, status in answers.items() if status not in (200, 302, 400)} == {}


class TestQueries:
    """The lists make the same number of queries whatever they hold."""

    @pytest.mark.parametrize("path", [FEES, MEMBERS, CAMPAIGNS])
    def test_one_row_or_fifty(self, category: FeeCategory, path: str) -> None:
        coordination = signed_in(make_staff(group="Coordination"))
        make_fee(make_member(), category=category)
        with CaptureQueriesContext(connection) as one:
            coordination.get(path)
        for n in range(49):
            make_fee(make_member(emails=(f"a{n}@collines.example",)), category=category)

        with CaptureQueriesContext(connection) as fifty:
            page = coordination.get(path)

        assert page.status_code == 200
        assert len(fifty) == len(one)


class TestForgedChoices:
    """A choice among many rows is sent as a number; stock Django answers 500 to anything else."""

    @pytest.mark.parametrize("forged", ["x", "1e9", "9" * 30, "\x00", "٣", ""])
    def test_a_member_that_is_no_number(self, coordination: Client, forged: str) -> None:
        path = "/admin/members/membershipfee/add/"

        assert coordination.get(path, {"member": forged}).status_code == 200
        page = coordination.post(path, {"member": forged})
        assert page.status_code == 200
        assert len(complaints(page)) == 2

    def test_one_that_is_keeps_its_name(self, coordination: Client) -> None:
        member = make_member(name="Pays des Collines")

        page = coordination.get("/admin/members/membershipfee/add/", {"member": member.pk})

        assert "Pays des Collines" in pages.text(pages.by_id(pages.tree(page), "id_member"))
