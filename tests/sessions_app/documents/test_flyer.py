"""The flyer: the seed's text, in its order, on one page (SPEC §6)."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries, Settings

from caprural.house.models import Organisation
from sessions_app.documents import flyer
from sessions_app.models import TrainingSession
from tests.factories import make_session
from tests.support.pictures import give_logo, picture
from tests.support.printed import Printed

pytestmark = pytest.mark.django_db

SITE = "https://inscriptions.caprural.example"
SEED = "conduire-une-demarche-de-cooperation-2017"

# The flyer of 12 April 2017, line by line, in its typography, without its arrows: they are drawn apart.
LINES = """
Conduire une démarche de coopération entre acteurs ou entre territoires
Une session pour quoi ?
Coopérer, c’est construire à plusieurs des solutions répondant à des attentes ou besoins partagés.
Si le champ des possibles en matière de coopérations entre acteurs et/ou entre territoires est vaste, il existe
quelques invariants aux démarches de coopération : un socle commun d’enjeux ou d’objectifs, des postures ouvertes et
empathiques, une gouvernance claire avec des responsabilités clairement réparties et des engagements réciproques, des
méthodes et modes de travail collectifs.
Conduire - ou s’inscrire dans - une démarche de coopération nécessite donc de raisonner l’ensemble de ces facteurs !
Une session pour qui ?
Vous êtes agent de développement, technicien, responsable de projet ou membre d’un groupement de coopération :
Vous vous interrogez sur les outils, méthodes et postures à développer en lien avec un projet de coopération
Vous souhaitez gagner en efficacité dans la conduite de projet de/en coopération
Vous recherchez des solutions pour animer des dynamiques de coopération entre acteurs ou entre territoires
Au programme
En guise d’introduction : plaidoyer pour la coopération
Coopérer : un mode d’action du développement local, une pluralité de cadres
De la démarche volontariste à l’injonction : quelques exemples de contexte, cadres et spécificités de projets de/en
coopération
Le métier de chargé(e) de coopération
Retour sur la capitalisation Cap Rural : rôles et missions, positionnement et postures, trucs et astuces du « chargé
de coopé »
Quelle démarche pour coopérer ?
Des méthodes et des outils pour :
Mesurer l’opportunité de coopérer
Structurer les modes de faire et la gouvernance
Animer un processus de coopération
Un focus sur les risques à anticiper et autres points de vigilance des projets de coopération
Méthode pédagogique
Sondage préalable sur les besoins et les situations
Apports théoriques illustrés d’exemples
Exercices pratiques en lien avec les attentes ou projets des participants
Temps de synthèse personnelle : ce que je retiens pour mon projet ou mon action
Qui intervient ?
Dominique Bernier, Cap Rural – Mission Coopérations entre acteurs
À propos
Travailler en coopération ne se décrète pas, ne s’improvise pas mais se construit pas à pas dans la durée, suppose des
règles de travail explicites, des responsabilités clairement définies et assumées… En synthèse, de la méthode !
Cette session de formation se veut donc opérationnelle et pragmatique dans l’objectif de doter les participants des
principes clés pour conduire ou participer à des projets de/en coopérations.
En pratique
1 jour : 12 avril 2017 de 9 h 30 à 17 h 30 – à proximité de Givors (69)
8 à 10 participants : inscription en ligne avant le 5 avril 2017
(jusqu’au mardi 4 avril, 23 h 59)
Participation soumise à la cotisation annuelle à Cap Rural (télécharger le bulletin de cotisation)
Contact : Dominique Bernier – 06 66 46 62 76 – cooperationsentreacteurs@caprural.org
"""


def display(session: TrainingSession) -> TrainingSession:
    return TrainingSession.objects.for_display().get(pk=session.pk)


@pytest.fixture
def seed(db: None) -> TrainingSession:
    """The session of the flyer, as it is delivered."""
    call_command("loaddata", SEED, verbosity=0)
    return TrainingSession.objects.for_display().get(slug=SEED)


def links(printed: Printed) -> list[str]:
    """Where the links of a document lead, in reading order."""
    return [
        str(annotation.get_object()["/A"]["/URI"])
        for page in printed.reader.pages
        for annotation in page.get("/Annots", [])
        if "/A" in annotation.get_object()
    ]


class TestSeed:
    def test_has_the_flyer_s_text_in_its_order_on_one_page(self, seed: TrainingSession) -> None:
        Organisation.objects.create(pk=1, name="Cap Rural")

        printed = Printed(flyer.pdf(seed))

        assert " ".join(LINES.split()) in printed.text
        assert len(printed.pages) == 1
        assert printed.size() == (210, 297)

    def test_with_the_logo_it_stays_on_one_sound_page(
        self, seed: TrainingSession, settings: Settings, tmp_path: Path
    ) -> None:
        give_logo(settings, tmp_path, picture())

        printed = Printed(flyer.pdf(seed))

        assert printed.images == [1]
        assert printed.faults == []

    def test_is_sound(self, seed: TrainingSession) -> None:
        printed = Printed(flyer.pdf(seed))

        assert printed.title == "Conduire une démarche de coopération entre acteurs ou entre territoires"
        assert printed.language == "fr"
        assert printed.faults == []
        assert all(printed.fonts.values())

    def test_its_links_lead_to_the_site(self, seed: TrainingSession) -> None:
        assert sorted(set(links(Printed(flyer.pdf(seed))))) == [
            f"{SITE}/cotisation/bulletin.pdf?le=2017-04-12",
            f"{SITE}/sessions/{SEED}/",
            f"{SITE}/sessions/{SEED}/inscription/",
            "mailto:cooperationsentreacteurs@caprural.org",
            "tel:+33666466276",
        ]

    def test_costs_one_query(self, seed: TrainingSession, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        with django_assert_num_queries(1):
            flyer.pdf(seed)


def test_empty_sections_leave_no_trace() -> None:
    session = make_session(
        contact_name="", contact_phone="", contact_email="", registration_deadline=None, max_participants=None
    )

    text = Printed(flyer.pdf(display(session))).text

    for absent in ("pour quoi", "Au programme", "Qui intervient", "cotisation", "Contact", "None", "participants"):
        assert absent not in text
    assert "inscription en ligne jusqu’au début de la session" in text


def test_everything_a_session_may_say() -> None:
    session = make_session(
        days=(date(2017, 4, 12), date(2017, 4, 13)),
        kind="atelier",
        theme="Coopération",
        reference="COOP-2017",
        partners="le Réseau rural",
        prerequisites="Avoir un projet.",
        conditions="**Repas** à la charge de chacun.",
        training_hours=Decimal("12.5"),
        funders_notice="Cofinancé par l’Union européenne",
    )

    Organisation.objects.create(pk=1, name="Cap Rural")

    printed = Printed(flyer.pdf(display(session)))

    for text in (
        "Cap Rural · atelier · Coopération · COOP-2017",
        "Avec le Réseau rural",
        "Prérequis Avoir un projet. Conditions Repas à la charge de chacun.",
        "12,5 heures de formation",
        "Cofinancé par l’Union européenne",
    ):
        assert text in printed.text
    assert printed.faults == []


@pytest.mark.parametrize(("status", "said"), [("cancelled", "Session annulée"), ("postponed", "Session reportée")])
def test_a_session_that_will_not_take_place_says_so(status: str, said: str) -> None:
    printed = Printed(flyer.pdf(display(make_session(status=status, min_participants=8)))).text

    assert said in printed
    assert "8 à 10 participants" in printed
    assert "inscription en ligne" not in printed, "nobody can register"


def test_what_people_typed_is_not_markup() -> None:
    session = make_session(
        title="<b>Titre</b> & co", about="![photo](http://ailleurs.example/x.png)\n\n<script>1</script>"
    )

    printed = Printed(flyer.pdf(display(session)))

    assert "<b>Titre</b> & co" in printed.text
    assert "<script>1</script>" in printed.text
    assert printed.faults == []
