"""« Reçu de cotisation » (SPEC §6), read in the PDF itself: its words never change."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django import Settings

from caprural.house.models import Organisation
from members import documents, fees
from members.models import CoveredPerson, EmailDomain, FeeCampaign, FeeCategory, Member, MembershipFee, Receipt
from tests.factories import make_member, paris
from tests.support.pictures import give_logo, picture
from tests.support.printed import Printed
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

Ask = Callable[..., MembershipFee]
NOW = paris(2017, 4, 3, 9)


def printed(receipt: Receipt) -> Printed:
    return Printed(documents.receipt(Receipt.objects.get(pk=receipt.pk)))


@pytest.fixture
def receipt(organisation: Organisation, district: Member, asked: Ask) -> Receipt:
    """Of a transfer that arrived on 31 March, recorded on 3 April."""
    fee = asked(district, engagement_number="EJ-42")
    proof = fees.Proof(method="transfer", reference="VIR-7", paid_on=date(2017, 3, 31))
    fees.settle(fee, proof=proof, now=NOW)
    return fee.receipts.get()


def test_says_everything_in_its_order(receipt: Receipt) -> None:
    document = printed(receipt)

    assert document.text == (
        "Réseau des Monts Association loi 1901 1 place de la Mairie 69700 Givors CEDEX SIRET : 732 829 320 00074 "
        "Contact : Alix Accueil Téléphone : 04 78 00 00 00 E-mail : contact@monts.example "
        "Reçu de cotisation n° 2017-0001 Émis le 3 avril 2017 "
        "Communauté de communes du Plateau À l’attention de Dominique Durand 2 rue du Marché 63000 Clermont "
        "SIRET : 356 000 000 00048 Code service : DEV-12 Numéro d’engagement : EJ-42 "
        "Réseau des Monts a reçu de Communauté de communes du Plateau, le 31 mars 2017, par virement, la somme de "
        "1 250,50 € en règlement de la cotisation annuelle. "
        "Cotisation annuelle Période couverte Montant reçu "
        "Cotisation 2017 Collectivité – une structure et toutes ses personnes "
        "du 1er janvier 2017 au 31 décembre 2017 1 250,50 € "
        f"Cotisation {receipt.fee.code} Moyen de paiement virement Référence du paiement VIR-7 "
        "Personne couverte Toutes les personnes dont l’adresse e-mail finit par @plateau.example, et : "
        "ana@plateau.example "
        "Fait à Givors, le 3 avril 2017 Pour Réseau des Monts, Camille Exemple, présidente "
        "TVA non applicable. • page 1/1"
    )
    assert folded(document.title) == "Reçu de cotisation n° 2017-0001 – Communauté de communes du Plateau"
    assert document.reader.metadata is not None
    assert document.reader.metadata.author == "Réseau des Monts"


def test_is_one_sound_a4_page(receipt: Receipt) -> None:
    document = printed(receipt)

    assert (len(document.pages), document.size(), document.language, document.faults) == (1, (210, 297), "fr", [])
    assert all(document.fonts.values())


def test_is_never_called_a_tax_receipt(receipt: Receipt) -> None:
    text = printed(receipt).text.lower()

    assert "fiscal" not in text
    assert "impôt" not in text


def test_its_words_stay_whatever_is_edited_later(receipt: Receipt) -> None:
    before = printed(receipt)
    Organisation.objects.update(
        name="Autre réseau",
        legal_form="Coopérative",
        address="69001 Lyon",
        siret="",
        contact_name="",
        phone="",
        email="",
        signatory_name="Une autre personne",
        signatory_role="",
        fee_mention="",
    )
    Member.objects.update(name="Autre nom", contact_name="", address="", siret="", service_code="", kind="person")
    FeeCampaign.objects.update(name="Autre campagne", starts_on=date(2017, 2, 1))
    FeeCategory.objects.update(label="Autre", amount=1, scope="person")
    MembershipFee.objects.update(method="", reference="", engagement_number="", amount=1, paid_on=date(2017, 4, 1))
    CoveredPerson.objects.all().delete()
    EmailDomain.objects.all().delete()

    after = printed(receipt)

    assert (after.text, after.title) == (before.text, before.title)
    assert after.reader.metadata == before.reader.metadata


def test_a_cancelled_payment_is_written_on_it(receipt: Receipt) -> None:
    before = printed(receipt).text
    fees.cancel(receipt.fee, now=paris(2017, 5, 1, 0, 10))

    document = printed(receipt)

    said = "ANNULÉ Ce reçu a été annulé le 1er mai 2017 : il n’a plus de valeur. "
    assert document.text.replace(said, "") == before
    assert said in document.text
    assert document.faults == []


def test_with_the_logo_it_stays_on_one_sound_page(receipt: Receipt, settings: Settings, tmp_path: Path) -> None:
    give_logo(settings, tmp_path, picture())

    document = printed(receipt)

    assert (document.images, document.faults) == ([1], [])


def test_what_is_not_known_leaves_no_trace(asked: Ask) -> None:
    fee = asked(make_member(name="Dominique Fictif"), status="paid", amount=Decimal(30))

    document = printed(fee.receipts.get())

    assert "a reçu de Dominique Fictif, le 1er mars 2017, la somme de" in document.text
    for absent in ("couverte", "Moyen", "Référence", "SIRET", "Fait à", "None"):
        assert absent not in document.text.replace("Période couverte", "")
    assert document.faults == []


def test_name_of_the_file() -> None:
    assert documents.receipt_filename(Receipt(year=2017, number=1)) == "recu-2017-0001.pdf"
