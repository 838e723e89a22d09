"""Lines of a file of covered people (R14)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import CoveredPerson
from tests.factories import make_campaign, make_category, make_fee, make_member, make_registration
from tests.members.importing.looked_at import brought_in, outcomes, planned, reasons, said
from tests.support.announced import open_session
from tests.support.traces import folded, status_of, told

pytestmark = pytest.mark.django_db

SIRET, OTHER = "73282932000074", "35600000000048"


def listed() -> list[tuple[str, str, str]]:
    """Who is listed by whom."""
    return list(CoveredPerson.objects.order_by("pk").values_list("member__name", "email", "name"))


class TestTheMember:
    """By our number, its SIRET or its name; never guessed."""

    @pytest.mark.parametrize(
        ("header", "cell"),
        [
            ("Identifiant du cotisant", "{pk}"),
            ("N° SIRET", SIRET),
            ("Structure", "LES COLLINES D'ETE"),
            ("Cotisant", "732 829 320 00074"),
        ],
    )
    def test_each_way(self, header: str, cell: str) -> None:
        member = make_member(name="Les Collines d’Été", siret=SIRET)
        make_member(name="Vallée")

        brought_in("people", f"{header};Courriel;Nom", f"{cell.format(pk=member.pk)};Zoe@X.example;Zoé")

        assert listed() == [("Les Collines d’Été", "zoe@x.example", "Zoé")]

    def test_a_siret_we_do_not_have_and_the_name_of_a_member_without_one(self) -> None:
        make_member(name="Collines")

        brought_in("people", "Cotisant;SIRET;Mail", f"Collines;{SIRET};a@x.example")

        assert listed() == [("Collines", "a@x.example", "")]

    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            (";;", "Cotisant : la case est vide : donnez le nom ou le SIRET du cotisant."),
            (";;Forêt", "Cotisant : aucun cotisant ne s’appelle « Forêt » : importez d’abord les cotisants."),
            (f";{OTHER};Collines", f"SIRET : aucun cotisant n’a le SIRET {OTHER} : importez d’abord les cotisants."),
            (";;Mairie", "Cotisant : 2 cotisants portent le nom « Mairie » : ajoutez leur SIRET."),
            (
                "999999;;",
                "N° du cotisant : aucun cotisant n’a l’identifiant 999999 : videz cette case, son nom suffit.",
            ),
            (
                "{pk};;Mairie",
                "N° du cotisant : {pk} est celui de « Collines », et la ligne dit « Mairie » : corrigez l’un des deux.",
            ),
            (
                f"{{pk}};{OTHER};Collines",
                f"N° du cotisant : {{pk}} est celui de « Collines », et la ligne dit le SIRET {OTHER} : "
                "corrigez l’un des deux.",
            ),
        ],
    )
    def test_refused(self, cells: str, expected: str) -> None:
        member = make_member(name="Collines", siret=SIRET)
        for _ in range(2):
            make_member(name="Mairie")

        plan = planned("people", "N° du cotisant;SIRET;Cotisant;Mail", f"{cells.format(pk=member.pk)};a@x.example")

        assert reasons(plan) == [expected.format(pk=member.pk)]


class TestThePerson:
    def test_created_changed_unchanged_ignored_refused(self) -> None:
        make_member(name="Collines", emails=("a@x.example", "b@x.example"))

        plan = planned(
            "people",
            "Cotisant;Mail;Nom",
            "Collines;new@x.example;Zoé",
            "Collines;A@X.example;Anne",
            "Collines;b@x.example;",
            "Collines;NEW@x.example;ZOÉ",
            "Collines;new@x.example;Une autre",
            "Collines;;Zoé",
            "Collines;pas une adresse;",
        )

        mail = "Mail « pas une adresse » : Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr."
        assert said(plan) == [
            (2, "created", "new@x.example – Collines", ["Nom : « Zoé »"]),
            (3, "changed", "a@x.example – Collines", ["Nom : rien → « Anne »"]),
            (4, "unchanged", "b@x.example – Collines", []),
            (5, "ignored", "new@x.example – Collines", ["Répète la ligne 2 : ignorée."]),
            (
                6,
                "refused",
                "new@x.example – Collines",
                ["Dit autre chose que la ligne 2, Nom : gardez une seule de ces lignes."],
            ),
            (7, "refused", "Collines", ["Mail : la case est vide : donnez l’adresse de la personne."]),
            (8, "refused", "pas une adresse – Collines", [mail]),
        ]

    def test_one_whose_registration_waited_is_confirmed_and_told(self) -> None:
        session = open_session(fee_required=True)
        people = [make_registration(session, email=f"{name}@x.example") for name in ("zoe", "ana")]
        year = session.first_date.year  # type: ignore[union-attr]
        make_fee(make_member(name="Collines"), category=make_category(campaign=make_campaign(year=year)))

        lines = ("Cotisant;Mail", "Collines;zoe@x.example", "Collines;ana@x.example")
        said = planned("people", *lines).notes
        brought_in("people", *lines)

        assert folded(said[-1]) == "2 inscriptions seront confirmées : les personnes en seront prévenues."
        assert [status_of(person) for person in people] == ["confirmed"] * 2
        assert [told(person)[1:] for person in people] == [["Cotisation à jour, inscription confirmée"]] * 2


def test_as_many_queries_for_one_line_and_for_fifty() -> None:
    for n in range(50):
        make_member(name=f"Cotisant {n}")
    counts = []
    for lines in (1, 50):
        with CaptureQueriesContext(connection) as queries:
            plan = planned("people", "Cotisant;Mail", *(f"Cotisant {n};a{n}@x.example" for n in range(lines)))
        counts.append((len(queries), set(outcomes(plan))))

    assert counts == [(8, {"created"})] * 2
