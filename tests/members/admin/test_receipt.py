"""Receipts in the admin: read, printed, handed over; never written."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from caprural.mailing.models import Message
from members import fees
from members.models import FeeCategory, Member, MembershipFee
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff, paris
from tests.support import pages
from tests.support.office import signed_in, table

pytestmark = pytest.mark.django_db

RECEIPTS = "/admin/members/receipt/"


@pytest.fixture
def category() -> FeeCategory:
    return make_category(campaign=make_campaign(), label="Association", amount="80")


def paid(category: FeeCategory, name: str, email: str = "", **fields: str) -> MembershipFee:
    fee = make_fee(make_member(name=name, email=email, **fields), category=category, status="due")
    fees.settle(fee, now=paris(2017, 3, 1, 10))
    return fee


def test_the_list(coordination: Client, category: FeeCategory) -> None:
    paid(category, "Sent", "sent@a.example")
    Message.objects.update(state=Message.State.SENT, sent_at=paris(2017, 4, 3))
    paid(category, "Queued", "queued@a.example")
    paid(category, "Nowhere")
    fees.cancel(paid(category, "Cancelled"), now=paris(2017, 4, 2))
    Member.objects.filter(name="Sent").update(name="Renamed")

    rows = table(coordination.get(RECEIPTS))

    assert [row[:6] for row in rows[:3]] == [
        ["2017-0004", "Cancelled", "80 €", "1er mars 2017", "2 avril 2017", "-"],
        ["2017-0003", "Nowhere", "80 €", "1er mars 2017", "-", "à remettre"],
        ["2017-0002", "Queued", "80 €", "1er mars 2017", "-", "à envoyer"],
    ]
    # Under the name that the receipt bears.
    assert rows[3][:5] == ["2017-0001", "Sent", "80 €", "1er mars 2017", "-"]
    assert rows[3][5].startswith("envoyé le ")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=2017-0002", ["B"]),
        ("q=2017-2", ["B"]),
        ("q=2018-0002", []),
        ("q=a@a.example", ["A"]),
        ("q=73282932000074", ["C"]),
        ("q=collines", []),
        ("remise=a-remettre", ["B"]),
        ("remise=e-mail", ["A"]),
        ("remise=autre", ["C", "B", "A"]),
        ("validite=annules", ["C"]),
        ("validite=valables", ["B", "A"]),
        ("year=2017", ["C", "B", "A"]),
        ("q=2017-999999999999", []),
    ],
)
def test_is_found(coordination: Client, category: FeeCategory, query: str, names: list[str]) -> None:
    paid(category, "A", "a@a.example")
    paid(category, "B")
    fees.cancel(paid(category, "C", siret="73282932000074"), now=paris(2017, 4, 2))

    page = coordination.get(f"{RECEIPTS}?{query}", follow=True)

    assert [receipt.fee.member.name for receipt in page.context["cl"].result_list] == names


def test_its_page_and_its_documents(coordination: Client, category: FeeCategory) -> None:
    receipt = paid(category, "A").receipts.get()

    page = coordination.get(f"{RECEIPTS}{receipt.pk}/change/")

    assert page.status_code == 200
    links = set(pages.links(pages.by_id(pages.tree(page), "content-main")).values())
    assert {
        f"/cotisation/recus/{receipt.token}/",
        f"/cotisation/recus/{receipt.token}/recu.pdf",
        f"/admin/members/membershipfee/{receipt.fee_id}/change/",
    } <= links


def test_is_never_written(coordination: Client, category: FeeCategory) -> None:
    receipt = paid(category, "A").receipts.get()
    before = pages.rows()

    assert coordination.get(f"{RECEIPTS}add/").status_code == 403
    assert coordination.post(f"{RECEIPTS}{receipt.pk}/change/", {"number": 9}).status_code == 403
    assert coordination.post(f"{RECEIPTS}{receipt.pk}/delete/", {"post": "yes"}).status_code == 403
    assert pages.rows() == before


def test_trainers_see_none(category: FeeCategory) -> None:
    receipt = paid(category, "A").receipts.get()
    trainer = signed_in(make_staff(group="Formateurs"))

    assert [trainer.get(path).status_code for path in (RECEIPTS, f"{RECEIPTS}{receipt.pk}/change/")] == [403, 403]


def test_one_row_or_twenty(coordination: Client, category: FeeCategory) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            coordination.get(RECEIPTS)
        return len(captured)

    paid(category, "Premier", "a@a.example")
    coordination.get(RECEIPTS)
    one = queries()
    for number in range(19):
        paid(category, f"Cotisant {number}", f"{number}@a.example")

    assert queries() == one
