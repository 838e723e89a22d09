"""« Bulletin de cotisation », blank and as it was filled on line (R12, R15), read in the PDF itself."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from caprural.house.models import Organisation
from members import documents
from members.documents.membership_form import PEOPLE_LINES
from members.models import Application, ApplicationPerson, FeeCampaign, FeeCategory, MembershipFee
from tests.factories import make_campaign, make_category, make_member, paris
from tests.support.pictures import give_logo, picture
from tests.support.printed import Printed

pytestmark = pytest.mark.django_db

Fill = Callable[..., Application]


APPLICANT = documents.Applicant(
    first_name="Camille",
    last_name="Durand",
    email="camille.durand@cc-plateau.example",
    phone="0612345678",
    organisation="Communauté de communes du Plateau",
    job_title="Chargée de mission",
)


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


def issuing(**fields: Any) -> Organisation:
    described = {
        "legal_form": "Association loi 1901",
        "address": "1 place de la Mairie\n69700 Givors",
        "phone": "0478000000",
        "email": "contact@caprural.example",
        "siret": "12345678900012",
        "cheque_payee": "Cap Rural (association)",
        "iban": "FR7630006000011234567890189",
        "bic": "AGRIFRPPXXX",
        "privacy_email": "donnees@caprural.example",
    }
    return Organisation(pk=1, name="Cap Rural", **{**described, **fields})


def printed_blank(
    campaign: FeeCampaign | None = None,
    *,
    applicant: documents.Applicant | None = None,
    issuer: Organisation | None = None,
) -> Printed:
    content = documents.membership_form(
        campaign, organisation=issuer or issuing(), applicant=applicant, on=date(2017, 3, 1)
    )
    return Printed(content)


@pytest.fixture
def campaign(db: None) -> FeeCampaign:
    """A scale of three categories, one of each kind."""
    campaign = make_campaign()
    make_category(campaign=campaign, label="Association", amount=Decimal(80), position=1)
    make_category(campaign=campaign, label="Collectivité", amount=Decimal("1250.50"), max_people=3, position=2)
    make_category(
        campaign=campaign, label="Personne", amount=Decimal(30), scope="person", position=3, description="Tarif fictif"
    )
    return campaign


class TestBlankForm:
    def test_says_who_issues_it_and_for_which_period(self, campaign: FeeCampaign) -> None:
        form = printed_blank(campaign)

        assert form.title == "Bulletin de cotisation – Cotisation 2017"
        for text in (
            "Cap Rural Association loi 1901 1 place de la Mairie 69700 Givors SIRET : 123 456 789 00012 "
            "Téléphone : 04 78 00 00 00 E-mail : contact@caprural.example Bulletin de cotisation Cotisation 2017 "
            "Période couverte : du 1er janvier 2017 au 31 décembre 2017",
            "À renvoyer par courrier à l’adresse ci-dessus, ou par e-mail à contact@caprural.example",
            "Pour les consulter, les corriger ou les faire effacer : donnees@caprural.example.",
            "Bulletin édité le 1er mars 2017.",
        ):
            assert text in form.text

    def test_shows_the_scale_in_its_order(self, campaign: FeeCampaign) -> None:
        assert (
            "Association Une structure et toutes ses personnes 80 € "
            "Collectivité Une structure, jusqu’à 3 personnes 1 250,50 € "
            "Personne Tarif fictif Une personne 30 €"
        ) in printed_blank(campaign).text

    def test_says_how_to_pay(self, campaign: FeeCampaign) -> None:
        text = printed_blank(campaign).text

        assert "Chèque à l’ordre de Cap Rural (association)" in text
        assert "IBAN FR76 3000 6000 0112 3456 7890 189, BIC AGRIFRPPXXX" in text
        assert "Mandat administratif (collectivités et organismes publics)" in text

    def test_leaves_a_line_to_write_on_after_each_label(self, campaign: FeeCampaign) -> None:
        text = printed_blank(campaign).text

        assert (
            "Nom de la structure ou de la personne : Adresse postale : SIRET : Téléphone : "
            "Personne à contacter : Fonction : Adresse e-mail : Quelle cotisation ?"
        ) in text
        assert "Code service : Numéro d’engagement : Qui sera couvert ?" in text
        assert "Fait à : Le : À renvoyer" in text
        assert "Nom, signature et cachet :" in text

    def test_draws_the_lines_of_the_people_covered(self, campaign: FeeCampaign) -> None:
        rows = printed_blank(campaign).rows(3, border=0.2)

        assert len(rows) == (1 + 3) + (1 + PEOPLE_LINES)
        assert all(height >= 6 for row in rows[-PEOPLE_LINES:] for _, height in row)

    def test_is_one_sound_a4_page(self, campaign: FeeCampaign) -> None:
        form = printed_blank(campaign)

        assert len(form.pages) == 1
        assert form.size() == (210, 297)
        assert form.faults == []
        assert form.language == "fr"
        assert all(form.fonts.values())

    def test_is_never_called_a_receipt(self, campaign: FeeCampaign) -> None:
        text = printed_blank(campaign).text.lower()

        assert "fiscal" not in text
        assert "reçu" not in text


class TestFilledForm:
    def test_holds_what_is_known_of_the_applicant(self, campaign: FeeCampaign) -> None:
        text = printed_blank(campaign, applicant=APPLICANT).text

        assert "Nom de la structure ou de la personne : Communauté de communes du Plateau" in text
        assert "Téléphone : 06 12 34 56 78" in text
        assert "Personne à contacter : Camille Durand Fonction : Chargée de mission" in text
        assert "Adresse e-mail : camille.durand@cc-plateau.example" in text
        assert "Durand Camille Chargée de mission camille.durand@cc-plateau.example" in text

    def test_stays_on_one_page_whatever_was_typed(self, campaign: FeeCampaign) -> None:
        applicant = documents.Applicant(
            first_name="Jean-Baptiste",
            last_name="de la Rochefoucauld-Montbel",
            email="jean-baptiste.de-la-rochefoucauld-montbel@communaute-de-communes.example",
            phone="+41 22 000 00 00",
            organisation="Syndicat mixte d’aménagement et de développement durable du massif et des vallées",
            job_title="Responsable du pôle développement local, contractualisation et coopération",
        )

        form = printed_blank(campaign, applicant=applicant)

        assert len(form.pages) == 1
        assert form.faults == []


class TestWhatIsNotKnown:
    @pytest.mark.parametrize("has_campaign", [False, True])
    def test_without_scale_the_form_says_so(self, has_campaign: bool) -> None:
        form = printed_blank(make_campaign() if has_campaign else None)

        assert "Le barème n’est pas encore publié : Cap Rural vous indiquera le montant (04 78 00 00 00, " in form.text
        assert "Montant" not in form.text
        assert len(form.pages) == 1
        assert form.faults == []

    def test_an_organisation_that_nobody_has_described(self, campaign: FeeCampaign) -> None:
        form = printed_blank(campaign, issuer=Organisation.current())

        assert "Chèque à l’ordre de Centre de ressources" in form.text
        assert "en référence : coordonnées bancaires sur demande" in form.text
        for absent in ("IBAN", "À renvoyer", "faire effacer", "E-mail"):
            assert absent not in form.text
        assert form.faults == []


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (date(2017, 1, 1), date(2017, 12, 31), "bulletin-de-cotisation-2017.pdf"),
        (date(2017, 9, 1), date(2018, 8, 31), "bulletin-de-cotisation-2017-2018.pdf"),
    ],
)
def test_name_of_the_file_has_the_years(first: date, last: date, name: str) -> None:
    assert documents.membership_form_filename(FeeCampaign(starts_on=first, ends_on=last)) == name


def test_name_of_the_file_without_campaign() -> None:
    assert documents.membership_form_filename(None) == "bulletin-de-cotisation.pdf"
