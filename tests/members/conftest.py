"""What the documents of a fee are made of."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from caprural.house.models import Organisation
from members.models import FeeCategory, Member, MembershipFee
from tests.factories import make_campaign, make_category, make_fee, make_member, paris


@pytest.fixture
def organisation(db: None) -> Organisation:
    """An issuer that has said everything of itself."""
    return Organisation.objects.create(
        pk=1,
        name="Réseau des Monts",
        legal_form="Association loi 1901",
        address="1 place de la Mairie\r\n69700 Givors CEDEX",
        contact_name="Alix Accueil",
        phone="0478000000",
        email="contact@monts.example",
        siret="73282932000074",
        cheque_payee="Association Réseau des Monts",
        iban="FR7630006000011234567890189",
        bic="AGRIFRPPXXX",
        chorus_pro="L’appel est déposé sur Chorus Pro.",
        signatory_name="Camille Exemple",
        signatory_role="présidente",
        fee_mention="TVA non applicable.",
    )


@pytest.fixture
def scale(db: None) -> FeeCategory:
    """The line of a structure whose people are all covered."""
    return make_category(campaign=make_campaign(), label="Collectivité", amount=Decimal("1250.50"))


@pytest.fixture
def district(db: None) -> Member:
    """A public body, with everything Chorus Pro asks for."""
    return make_member(
        name="Communauté de communes du Plateau",
        contact_name="Dominique Durand",
        address="2 rue du Marché\r\n63000 Clermont",
        email="compta@plateau.example",
        siret="35600000000048",
        service_code="DEV-12",
        emails=("ana@plateau.example",),
        domains=("plateau.example",),
    )


@pytest.fixture
def asked(scale: FeeCategory) -> Callable[..., MembershipFee]:
    """A function that asks a member for its fee, on 1 March 2017."""

    def ask(member: Member, *, status: str = "due", **fields: Any) -> MembershipFee:
        fee = make_fee(member, category=fields.pop("category", scale), status=status)
        MembershipFee.objects.filter(pk=fee.pk).update(created_at=paris(2017, 3, 1, 0, 30), **fields)
        return MembershipFee.objects.get(pk=fee.pk)

    return ask
