"""« Appel de cotisation » (SPEC §6), read in the PDF itself."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from caprural.house.models import Organisation
from members import documents, fees
from members.models import CoveredPerson, FeeCategory, Member, MembershipFee
from tests.factories import make_category, make_member, paris
from tests.support.pictures import give_logo, picture
from tests.support.printed import Printed

pytestmark = pytest.mark.django_db

Ask = Callable[..., MembershipFee]
NOW = paris(2017, 4, 3, 9)


def printed(fee: MembershipFee) -> Printed:
    return Printed(documents.fee_call(fee))


def test_says_everything_in_its_order(organisation: Organisation, district: Member, asked: Ask) -> None:
    call = printed(asked(district, engagement_number="EJ-42"))
    code = MembershipFee.objects.get().code

    assert call.text == (
        "Réseau des Monts Association loi 1901 1 place de la Mairie 69700 Givors CEDEX SIRET : 732 829 320 00074 "
        "Contact : Alix Accueil Téléphone : 04 78 00 00 00 E-mail : contact@monts.example "
        f"Appel de cotisation {code} Émis le 1er mars 2017 "
        "Communauté de communes du Plateau À l’attention de Dominique Durand 2 rue du Marché 63000 Clermont "
        "SIRET : 356 000 000 00048 Code service : DEV-12 Numéro d’engagement : EJ-42 "
        "Cotisation annuelle Période couverte Montant "
        "Cotisation 2017 Collectivité – une structure et toutes ses personnes "
        "du 1er janvier 2017 au 31 décembre 2017 1 250,50 € Reste à régler 1 250,50 € "
        f"Comment régler Référence à rappeler dans tous les cas : {code} "
        "Virement IBAN FR76 3000 6000 0112 3456 7890 189 BIC AGRIFRPPXXX Titulaire du compte : Réseau des Monts "
        f"Chèque à l’ordre de Association Réseau des Monts, envoyé à l’adresse ci-dessus, la référence {code} au dos "
        "Mandat administratif pour les collectivités et les organismes publics, au SIRET 732 829 320 00074 "
        "L’appel est déposé sur Chorus Pro. "
        "Personne couverte Toutes les personnes dont l’adresse e-mail finit par @plateau.example, et : "
        "ana@plateau.example "
        "Fait à Givors, le 1er mars 2017 Pour Réseau des Monts, Camille Exemple, présidente "
        "TVA non applicable. • page 1/1"
    )
    assert call.title == f"Appel de cotisation {code} – Communauté de communes du Plateau"


def test_is_one_sound_a4_page(organisation: Organisation, district: Member, asked: Ask) -> None:
    call = printed(asked(district))

    assert (len(call.pages), call.size(), call.language, call.faults) == (1, (210, 297), "fr", [])
    assert all(call.fonts.values())


def test_with_the_logo_it_stays_on_one_sound_page(
    organisation: Organisation, district: Member, asked: Ask, settings: Settings, tmp_path: Path
) -> None:
    give_logo(settings, tmp_path, picture())

    call = printed(asked(district))

    assert (call.images, call.faults) == ([1], [])


class TestWhatTheFeeHasBecome:
    """R13: a call that was paid or cancelled must not be paid again."""

    @pytest.mark.parametrize(
        ("status", "said", "is_owed"),
        [
            ("due", "", True),
            (
                "committed",
                "ENGAGEMENT REÇU Votre engagement est reçu depuis le 1er mars 2017 : les personnes couvertes sont à "
                "jour. Le paiement reste attendu.",
                True,
            ),
            (
                "paid",
                "RÉGLÉ Cette cotisation a été payée le 1er mars 2017 : cet appel n’est plus à payer. "
                "Reçu n° 2017-0001.",
                False,
            ),
            (
                "waived",
                "EXONÉRÉ Cette cotisation est exonérée depuis le 1er mars 2017 : cet appel n’est pas à payer.",
                False,
            ),
            (
                "cancelled",
                "ANNULÉ Cette cotisation a été annulée le 1er mars 2017 : cet appel n’est pas à payer.",
                False,
            ),
        ],
    )
    def test_each_status(
        self, organisation: Organisation, district: Member, asked: Ask, status: str, said: str, is_owed: bool
    ) -> None:
        call = printed(asked(district, status=status))

        between = call.text.partition("Code service : DEV-12 ")[2].partition("Cotisation annuelle Période")[0]
        assert between.strip() == said
        assert ("Reste à régler 1 250,50 €" in call.text, "Comment régler" in call.text) == (is_owed, is_owed)
        assert ("Reste à régler 0 €" in call.text, "IBAN" in call.text) == (not is_owed, is_owed)
        assert call.faults == []

    def test_by_what_means_it_was_paid(self, organisation: Organisation, district: Member, asked: Ask) -> None:
        fee = asked(district)
        fees.settle(fee, proof=fees.Proof(method="mandate", reference="BORDEREAU 7"), now=NOW)

        assert (
            "payée le 3 avril 2017 par mandat administratif, référence BORDEREAU 7 : cet appel n’est plus à payer."
        ) in printed(fee).text

    def test_a_receipt_that_is_void_is_not_named(
        self, organisation: Organisation, district: Member, asked: Ask
    ) -> None:
        fee = asked(district)
        fees.settle(fee, now=NOW)
        fees.cancel(fee, now=NOW)

        assert "Reçu" not in printed(fee).text

    def test_an_amount_of_nothing_is_not_asked_for(self, organisation: Organisation, scale: FeeCategory) -> None:
        free = make_category(campaign=scale.campaign, amount=Decimal(0))
        call = printed(fees.subscribe(make_member(), free, now=NOW))

        assert "Reste à régler 0 €" in call.text
        assert "Comment régler" not in call.text


class TestWhoIsCovered:
    """R14."""

    def test_no_more_people_than_the_category_covers_and_no_domain(
        self, organisation: Organisation, scale: FeeCategory, asked: Ask
    ) -> None:
        """A domain does not say who the two people are."""
        member = make_member(emails=("c@a.example", "a@a.example", "b@a.example"), domains=("a.example",))
        two = make_category(campaign=scale.campaign, max_people=2)

        text = printed(asked(member, category=two)).text

        assert "Personnes couvertes c@a.example a@a.example Fait à Givors" in text

    def test_one_person(self, organisation: Organisation, scale: FeeCategory, asked: Ask) -> None:
        alone = make_category(campaign=scale.campaign, scope="person")
        member = make_member(name="Dominique Fictif", contact_name="Dominique Fictif", kind="person")
        CoveredPerson.objects.create(member=member, email="dominique@vallee.example", name="Dominique Fictif")

        text = printed(asked(member, category=alone)).text

        assert "Personne couverte Dominique Fictif – dominique@vallee.example" in text
        assert "À l’attention" not in text

    def test_a_domain_alone(self, organisation: Organisation, asked: Ask) -> None:
        text = printed(asked(make_member(domains=("a.example", "b.example")))).text

        assert "dont l’adresse e-mail finit par @a.example, @b.example. Fait à" in text

    def test_nobody_yet(self, organisation: Organisation, asked: Ask) -> None:
        assert "Aucune personne n’est encore déclarée : indiquez-nous" in printed(asked(make_member())).text

    def test_thirty_people_with_long_names_run_to_a_second_page(
        self, organisation: Organisation, district: Member, asked: Ask, settings: Settings, tmp_path: Path
    ) -> None:
        give_logo(settings, tmp_path, picture())
        Member.objects.update(name="Syndicat mixte d’aménagement et de développement durable du massif " * 2)
        for number in range(29):
            email = f"prenom-compose.nom-compose.{number}@communaute-de-communes-du-haut-pays.example"
            CoveredPerson.objects.create(member=district, email=email, name="Jean-Baptiste de la Rochefoucauld-Montbel")

        call = printed(asked(district))

        assert len(call.pages) == 2
        assert call.text.count("Jean-Baptiste de la Rochefoucauld-Montbel – ") == 29
        assert call.faults == []


def test_an_organisation_that_nobody_has_described(asked: Ask) -> None:
    call = printed(asked(make_member(name="Pays des Collines")))

    assert "Centre de ressources Appel de cotisation" in call.text
    assert "Le 1er mars 2017 Pour Centre de ressources" in call.text
    assert "Mandat administratif pour les collectivités et les organismes publics" in call.text
    for absent in ("IBAN", "Chèque", "SIRET", "Fait à", "None"):
        assert absent not in call.text
    assert call.faults == []


def test_words_that_look_like_markup_are_printed_as_typed(organisation: Organisation, asked: Ask) -> None:
    call = printed(asked(make_member(name="Pays <b>& Co</b> {{ 7|add:7 }}", address="<img src=x>")))

    assert "Pays <b>& Co</b> {{ 7|add:7 }} <img src=x>" in call.text


def test_name_of_the_file() -> None:
    assert documents.fee_call_filename(MembershipFee(pk=42)) == "appel-de-cotisation-COT-00042.pdf"


def test_few_queries(
    organisation: Organisation, district: Member, asked: Ask, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fee = MembershipFee.objects.select_related("member", "campaign", "category").get(pk=asked(district).pk)

    with django_assert_num_queries(4):
        documents.fee_call_context(fee)
