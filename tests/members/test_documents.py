"""« Bulletin de cotisation » (R12, R15), read in the PDF itself."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from caprural.house.models import Organisation
from members import documents
from members.documents.membership_form import PEOPLE_LINES
from members.models import FeeCampaign
from tests.factories import make_campaign, make_category
from tests.printed import Printed

pytestmark = pytest.mark.django_db

APPLICANT = documents.Applicant(
    first_name="Camille",
    last_name="Durand",
    email="camille.durand@cc-plateau.example",
    phone="0612345678",
    organisation="Communauté de communes du Plateau",
    job_title="Chargée de mission",
)


def organisation(**fields: Any) -> Organisation:
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


def printed(
    campaign: FeeCampaign | None = None,
    *,
    applicant: documents.Applicant | None = None,
    issuer: Organisation | None = None,
) -> Printed:
    content = documents.membership_form(
        campaign, organisation=issuer or organisation(), applicant=applicant, on=date(2017, 3, 1)
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
        form = printed(campaign)

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
        ) in printed(campaign).text

    def test_says_how_to_pay(self, campaign: FeeCampaign) -> None:
        text = printed(campaign).text

        assert "Chèque à l’ordre de Cap Rural (association)" in text
        assert "IBAN FR76 3000 6000 0112 3456 7890 189, BIC AGRIFRPPXXX" in text
        assert "Mandat administratif (collectivités et organismes publics)" in text

    def test_leaves_a_line_to_write_on_after_each_label(self, campaign: FeeCampaign) -> None:
        text = printed(campaign).text

        assert (
            "Nom de la structure ou de la personne : Adresse postale : SIRET : Téléphone : "
            "Personne à contacter : Fonction : Adresse e-mail : Quelle cotisation ?"
        ) in text
        assert "Code service : Numéro d’engagement : Qui sera couvert ?" in text
        assert "Fait à : Le : À renvoyer" in text
        assert "Nom, signature et cachet :" in text

    def test_draws_the_lines_of_the_people_covered(self, campaign: FeeCampaign) -> None:
        rows = printed(campaign).rows(3, border=0.2)

        assert len(rows) == (1 + 3) + (1 + PEOPLE_LINES)
        assert all(height >= 6 for row in rows[-PEOPLE_LINES:] for _, height in row)

    def test_is_one_sound_a4_page(self, campaign: FeeCampaign) -> None:
        form = printed(campaign)

        assert len(form.pages) == 1
        assert form.size() == (210, 297)
        assert form.faults == []
        assert form.language == "fr"
        assert all(form.fonts.values())

    def test_is_never_called_a_receipt(self, campaign: FeeCampaign) -> None:
        text = printed(campaign).text.lower()

        assert "fiscal" not in text
        assert "reçu" not in text


class TestFilledForm:
    def test_holds_what_is_known_of_the_applicant(self, campaign: FeeCampaign) -> None:
        text = printed(campaign, applicant=APPLICANT).text

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

        form = printed(campaign, applicant=applicant)

        assert len(form.pages) == 1
        assert form.faults == []


class TestWhatIsNotKnown:
    @pytest.mark.parametrize("has_campaign", [False, True])
    def test_without_scale_the_form_says_so(self, has_campaign: bool) -> None:
        form = printed(make_campaign() if has_campaign else None)

        assert "Le barème n’est pas encore publié : Cap Rural vous indiquera le montant (04 78 00 00 00, " in form.text
        assert "Montant" not in form.text
        assert len(form.pages) == 1
        assert form.faults == []

    def test_an_organisation_that_nobody_has_described(self, campaign: FeeCampaign) -> None:
        form = printed(campaign, issuer=Organisation.current())

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
