"""A member in the admin, with the people and the domains it covers (R14)."""

from decimal import Decimal

import pytest
from django.test import Client

from members.models import FeeCategory, Member
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
)
from tests.support.announced import open_session, today
from tests.support.office import complaints, send, table
from tests.support.traces import status_of

pytestmark = pytest.mark.django_db

MEMBERS = "/admin/members/member/"


@pytest.fixture
def category() -> FeeCategory:
    """The scale of the year in which a session to come takes place."""
    return make_category(campaign=make_campaign(year=today(60).year), label="Association", amount=Decimal("80.00"))


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
