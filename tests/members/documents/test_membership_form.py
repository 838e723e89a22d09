"""« Bulletin de cotisation » as it was filled on line (R15), read in the PDF itself. The blank one: tests/members."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from caprural.house.models import Organisation
from members import documents
from members.models import Application, ApplicationPerson, FeeCategory, MembershipFee
from tests.factories import make_category, make_member, paris
from tests.pictures import give_logo, picture
from tests.printed import Printed

pytestmark = pytest.mark.django_db

Fill = Callable[..., Application]


@pytest.fixture
def filled(scale: FeeCategory, asked: Callable[..., MembershipFee]) -> Fill:
    """A function that fills the form of a public body, and names these people."""

    def fill(*people: tuple[str, str], **fields: Any) -> Application:
        typed = {
            "kind": "structure",
            "name": "Communauté de communes du Plateau",
            "siret": "35600000000048",
            "address": "2 rue du Marché\r\n63000 Clermont",
            "contact_name": "Jean Paul Durand",
            "email": "jp.durand@plateau.example",
            "phone": "0612345678",
            "domain": "plateau.example",
            "method": "mandate",
            "service_code": "DEV-12",
            "engagement_number": "EJ-42",
            "category": scale,
            "amount": scale.amount,
        }
        application = Application.objects.create(
            fee=asked(make_member()),
            submission_key=uuid4(),
            received_at=paris(2017, 3, 2, 0, 30),
            **{**typed, **fields},
        )
        for email, name in people:
            ApplicationPerson.objects.create(application=application, email=email, name=name)
        return application

    return fill


def printed(application: Application) -> Printed:
    return Printed(documents.filled_form(application))


def test_says_every_word_that_was_typed_and_every_box_that_was_ticked(
    organisation: Organisation, scale: FeeCategory, filled: Fill
) -> None:
    make_category(campaign=scale.campaign, label="Personne", scope="person", amount=Decimal(30), position=1)
    application = filled(("ana@plateau.example", "Ana Bel"), ("luc@plateau.example", ""))
    code = application.fee.code

    text = printed(application).text

    assert text.partition("Période couverte : ")[2] == (
        f"du 1er janvier 2017 au 31 décembre 2017 Référence à rappeler : {code} "
        "Qui cotise ? X une structure une personne, à titre individuel "
        "Nom de la structure ou de la personne : Communauté de communes du Plateau "
        "Adresse postale : 2 rue du Marché, 63000 Clermont "
        "SIRET : 356 000 000 00048 Téléphone : 06 12 34 56 78 "
        "Personne à contacter : Jean Paul Durand Fonction : Adresse e-mail : jp.durand@plateau.example "
        "Quelle cotisation ? Cochez une catégorie Qui est couvert Montant "
        "X Collectivité Une structure et toutes ses personnes 1 250,50 € Personne Une personne 30 € "
        f"Comment réglez-vous ? Chèque à l’ordre de Association Réseau des Monts, avec la référence {code} au dos "
        f"Virement, avec la référence {code} : IBAN FR76 3000 6000 0112 3456 7890 189, BIC AGRIFRPPXXX "
        "X Mandat administratif (collectivités et organismes publics), avec le SIRET indiqué ci-dessus et : "
        "Code service : DEV-12 Numéro d’engagement : EJ-42 L’appel est déposé sur Chorus Pro. "
        "Qui sera couvert ? Chaque personne est reconnue à l’adresse e-mail de ses inscriptions. "
        "Nom et prénom Fonction Adresse e-mail Ana Bel ana@plateau.example luc@plateau.example "
        "Pour une structure, toutes les personnes dont l’adresse finit par : @plateau.example "
        "Fait à : Le : À renvoyer par courrier à l’adresse ci-dessus, ou par e-mail à contact@monts.example "
        "Nom, signature et cachet : "
        "Ces informations servent à gérer votre cotisation et les inscriptions qu’elle couvre. "
        "Bulletin rempli en ligne le 2 mars 2017. page 1/1"
    )


@pytest.mark.parametrize(
    ("fields", "ticked"),
    [
        ({"kind": "person", "method": "cheque"}, ["une personne, à titre", "Collectivité Une", "Chèque à"]),
        ({"kind": "structure", "method": "transfer"}, ["une structure", "Collectivité Une", "Virement, avec"]),
    ],
)
def test_the_boxes_that_are_ticked(
    organisation: Organisation, filled: Fill, fields: dict[str, str], ticked: list[str]
) -> None:
    text = printed(filled(("ana@plateau.example", ""), **fields)).text

    assert text.count(" X ") == len(ticked)
    for words in ticked:
        assert f" X {words}" in text


def test_the_amount_is_the_one_that_was_read(organisation: Organisation, scale: FeeCategory, filled: Fill) -> None:
    """The scale may have been corrected since."""
    application = filled(("ana@plateau.example", ""), amount=Decimal("1100.00"))

    text = printed(application).text

    assert "X Collectivité Une structure et toutes ses personnes 1 100 €" in text
    assert "1 250,50 €" not in text


def test_is_one_sound_page_with_the_logo(
    organisation: Organisation, filled: Fill, settings: Settings, tmp_path: Path
) -> None:
    give_logo(settings, tmp_path, picture())

    form = printed(filled(("ana@plateau.example", "Ana Bel"), ("luc@plateau.example", "")))

    assert (form.images, form.faults) == ([1], [])
    assert [height >= 6 for row in form.rows(3, border=0.2)[-4:] for _, height in row] == [True] * 12


def test_thirty_people_run_to_a_second_sound_page(organisation: Organisation, filled: Fill) -> None:
    people = [(f"personne.{number:02}@plateau.example", f"Jean-Baptiste {number:02}") for number in range(30)]

    form = printed(filled(*people))

    assert len(form.pages) == 2
    for email, name in people:
        assert f"{name} {email}" in form.text
    # The head of the table stands on both pages, and nothing is left to write on.
    assert form.text.count("Nom et prénom Fonction Adresse e-mail") == 2
    assert "Nom, signature et cachet" in form.pages[1]
    assert form.faults == []


def test_a_domain_alone_leaves_lines_to_write_on(organisation: Organisation, filled: Fill) -> None:
    form = printed(filled())

    assert "Adresse e-mail Pour une structure" in form.text
    assert len(form.rows(3, border=0.2)) == (1 + 1) + (1 + 4)


def test_name_of_the_file(organisation: Organisation, filled: Fill) -> None:
    assert documents.membership_form_filename(filled().category.campaign) == "bulletin-de-cotisation-2017.pdf"
