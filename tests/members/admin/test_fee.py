"""A fee opened in the admin: due, and nothing of it forged (R13)."""

from decimal import Decimal

import pytest
from django.test import Client

from members.models import FeeCategory, MembershipFee
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
)
from tests.support import pages
from tests.support.announced import today
from tests.support.office import choose, complaints, send

pytestmark = pytest.mark.django_db

FEES = "/admin/members/membershipfee/"


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
