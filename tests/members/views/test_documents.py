"""The call for a fee and its receipt behind their private links (SPEC §6)."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from caprural.house.models import Organisation
from members import fees
from members.models import FeeCategory, Member, MembershipFee
from tests.factories import NOW, make_category, make_member
from tests.support import pages
from tests.support.printed import Printed

pytestmark = pytest.mark.django_db

Ask = Callable[..., MembershipFee]


@pytest.fixture
def fee(organisation: Organisation, district: Member, asked: Ask) -> MembershipFee:
    return asked(district, engagement_number="EJ-42")


def call_of(fee: MembershipFee) -> str:
    return f"/cotisation/appels/{fee.token}/"


def receipt_of(fee: MembershipFee) -> str:
    return f"/cotisation/recus/{fee.receipts.get().token}/"


def words(text: str) -> list[str]:
    """In any order and any case: bullets, page numbers and what a style sheet capitalises are not words."""
    return sorted(re.sub(r"•|page \d/\d", " ", text).lower().split())


class TestSameWords:
    """Each PDF has a page that says the same."""

    @pytest.mark.parametrize("status", ["due", "committed", "paid", "waived", "cancelled"])
    def test_the_call(self, client: Client, fee: MembershipFee, asked: Ask, scale: FeeCategory, status: str) -> None:
        """Of a member that lists people, and of one that declares a domain."""
        for row in (fee, asked(make_member(emails=("a@a.example", "b@a.example"), siret=""))):
            if status != "due":
                verbs = {"committed": fees.commit, "paid": fees.settle, "waived": fees.waive, "cancelled": fees.cancel}
                verbs[status](row, now=NOW)

            page, file = client.get(call_of(row)), client.get(f"{call_of(row)}appel.pdf")

            pages.assert_sound(page)
            assert words(pages.document(page)) == words(Printed(file.content).text)
            assert file.headers["Content-Disposition"] == f'inline; filename="appel-de-cotisation-{row.code}.pdf"'
            assert pages.links(pages.one(pages.tree(page), ".//main")) == {
                "Télécharger l’appel (PDF)": f"{call_of(row)}appel.pdf"
            }

    @pytest.mark.parametrize("is_void", [False, True])
    def test_the_receipt(self, client: Client, fee: MembershipFee, is_void: bool) -> None:
        fees.settle(fee, proof=fees.Proof(method="transfer", reference="VIR-7"), now=NOW)
        if is_void:
            fees.cancel(fee, now=NOW)
        Organisation.objects.update(name="Autre réseau")

        page, file = client.get(receipt_of(fee)), client.get(f"{receipt_of(fee)}recu.pdf")

        pages.assert_sound(page)
        assert words(pages.document(page)) == words(Printed(file.content).text)
        assert "Autre réseau" not in pages.document(page)
        assert ("Annulé" in pages.document(page)) is is_void
        assert file.headers["Content-Disposition"] == 'inline; filename="recu-2017-0001.pdf"'
        assert pages.links(pages.one(pages.tree(page), ".//main")) == {
            "Télécharger le reçu (PDF)": f"{receipt_of(fee)}recu.pdf"
        }


@pytest.fixture
def addresses(fee: MembershipFee) -> list[str]:
    fees.settle(fee, now=NOW)
    return [call_of(fee), f"{call_of(fee)}appel.pdf", receipt_of(fee), f"{receipt_of(fee)}recu.pdf"]


def test_are_private(client: Client, addresses: list[str]) -> None:
    """Nothing is kept, indexed, nor told to the site one goes to."""
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200
        assert response.headers["X-Robots-Tag"] == "noindex"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response.headers["Cache-Control"]
        assert not response.cookies


def test_reading_changes_nothing(client: Client, addresses: list[str]) -> None:
    before = pages.rows()

    for address in addresses:
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
        assert client.post(address).status_code == 405

    assert pages.rows() == before


def test_a_wrong_token_is_a_404(client: Client, addresses: list[str], fee: MembershipFee) -> None:
    other = fee.receipts.get().token
    for token in ("A" * 32, "court", other, f"{fee.token}x", fee.token[:-1], "é" * 32):
        assert client.get(f"/cotisation/appels/{token}/").status_code == 404
        assert client.get(f"/cotisation/appels/{token}/appel.pdf").status_code == 404
    for token in ("A" * 32, fee.token):
        assert client.get(f"/cotisation/recus/{token}/").status_code == 404
        assert client.get(f"/cotisation/recus/{token}/recu.pdf").status_code == 404


def test_are_not_for_robots(client: Client) -> None:
    assert client.get("/robots.txt").content.decode().splitlines()[1:5] == [
        "Disallow: /inscriptions/",
        "Disallow: /cotisation/bulletins/",
        "Disallow: /cotisation/appels/",
        "Disallow: /cotisation/recus/",
    ]


def test_what_was_typed_is_escaped(client: Client, asked: Ask, scale: FeeCategory) -> None:
    category = make_category(campaign=scale.campaign, label="<script>alert(1)</script>")
    member = make_member(name="<script>alert(2)</script>", address="<img src=x>", contact_name="<b>Zoé</b>")
    fee = asked(member, category=category, status="paid", engagement_number="<i>")

    for address in (call_of(fee), receipt_of(fee)):
        pages.assert_sound(client.get(address))
