from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from caprural.house.models import Organisation
from members.models import FeeCategory
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_staff,
)
from tests.support.announced import today
from tests.support.office import choose, notices, signed_in
from tests.support.traces import status_of

pytestmark = pytest.mark.django_db

FEES = "/admin/members/membershipfee/"


MEMBERS = "/admin/members/member/"


CAMPAIGNS = "/admin/members/feecampaign/"


ORGANISATION = "/admin/house/organisation/"


LISTS = (FEES, MEMBERS, CAMPAIGNS, ORGANISATION)


@pytest.fixture
def category() -> FeeCategory:
    """The scale of the year in which a session to come takes place."""
    return make_category(campaign=make_campaign(year=today(60).year), label="Association", amount=Decimal("80.00"))


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
