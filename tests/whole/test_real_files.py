"""Files of real life, read whole: what the coordinator sees before anything is written (SPEC §6)."""

from datetime import datetime
from pathlib import Path

import pytest

from caprural.spreadsheets import NotASpreadsheet
from members import importing
from members.importing import Plan
from tests.factories import NOW, make_campaign, make_category
from tests.members.importing.looked_at import said
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

FILES = Path(__file__).parents[1] / "fixtures" / "spreadsheets"
STRUCT1 = "Communauté de communes fictive des Étangs"


def looked_at(kind: str, name: str, *, now: datetime = NOW) -> Plan:
    """What this file would do."""
    return importing.plan(kind, importing.read(kind, name, (FILES / name).read_bytes()), now=now)


@pytest.fixture(autouse=True)
def _base() -> None:
    plan = looked_at("members", "base_cotisants.csv")
    assert not plan.is_refused
    plan.reader.write()


def test_addresses_written_askew() -> None:
    """C1: what does not count is cleaned; each refusal says what is wrong, and what was likely meant."""

    def refused(number: int, address: str, sentence: str) -> tuple[int, str, str, list[str]]:
        return (number, "refused", f"{address} – {STRUCT1}", [f"Mail « {address} » : {sentence}"])

    assert said(looked_at("people", "13_adresses_de_travers.csv")) == [
        (2, "created", f"ana.fictive@struct1.example – {STRUCT1}", ["Nom : « Espace sans chasse »"]),
        (3, "created", f"eva.fictive@struct1.example – {STRUCT1}", ["Nom : « Espace insécable »"]),
        refused(
            4,
            "noé fictif <noe.fictif@struct1.example>",
            "Cette adresse est entourée d’un nom ou des signes < et > : est-ce « noe.fictif@struct1.example » ?",
        ),
        refused(
            5,
            "mailto:lou.fictif@struct1.example",
            "Cette adresse commence par « mailto: » : est-ce « lou.fictif@struct1.example » ?",
        ),
        refused(
            6,
            "tom@struct1.example; tim@struct1.example",
            "Il y a ici plusieurs adresses, « tom@struct1.example » et « tim@struct1.example » : gardez-en une seule.",
        ),
        refused(
            7,
            "jo.fictif@struct1,example",
            "Cette adresse contient une virgule : est-ce « jo.fictif@struct1.example » ?",
        ),
        (8, "created", f"maxime.fictif@struct1.example – {STRUCT1}", ["Nom : « Césure invisible »"]),
        refused(
            9,
            "hélène.fictive@struct1.example",
            "Cette adresse porte « é » et « è » avant l’arobase, où aucun accent n’est possible : "
            "est-ce « helene.fictive@struct1.example » ?",
        ),
        refused(
            10,
            "ben.fictif@struct1.example.",
            "Cette adresse finit par « . » : est-ce « ben.fictif@struct1.example » ?",
        ),
        (11, "created", f"lea.fictive@struct1.example – {STRUCT1}", ["Nom : « MAJUSCULES »"]),
    ]


def whole(plan: Plan) -> list[tuple[int, str, str, list[str]]]:
    """The preview as it is read, the place of each cell included."""
    return [(line.number, line.outcome.value, line.name, [*map(folded, line.details)]) for line in plan.lines]


def notes(plan: Plan) -> list[str]:
    return [*map(folded, plan.notes)]


@pytest.fixture
def _scale() -> None:
    campaign = make_campaign(year=2026, name="Cotisation 2026")
    make_category(campaign=campaign, label="Collectivité ou établissement public", amount="250.00")
    make_category(campaign=campaign, label="Association ou groupement", amount="80.00")


#: A day of 2026 after those of the files.
LATER = NOW.replace(year=2026, month=11)


def test_sirets_that_went_through_a_spreadsheet() -> None:
    """D5."""

    def created(number: int, name: str, siret: str, email: str) -> tuple[int, str, str, list[str]]:
        return (number, "created", name, [f"E-mail : « {email}@siret.example »", f"SIRET : « {siret} »"])

    plan = looked_at("members", "01_siret_excel.csv")

    assert notes(plan) == []
    assert whole(plan) == [
        (
            2,
            "refused",
            "Commune fictive du SIRET arrondi",
            [
                "SIRET (B2) : le tableur a arrondi le SIRET « 9,99001E+13 » : donnez à la colonne le format Texte, "
                "puis retapez ses quatorze chiffres."
            ],
        ),
        created(3, "Commune fictive aux espaces insécables", "99911123000010", "b"),
        created(4, "Commune fictive au zéro perdu", "05912345500012", "c"),
        created(5, "Commune fictive à la notation longue", "99912234400016", "d"),
        created(6, "Bureau de poste fictif", "35600000012305", "e"),
        (
            7,
            "refused",
            "Commune fictive au SIREN seul",
            [
                "SIRET (B7) : « 999133457 » n’a que neuf chiffres : c’est le SIREN de la structure. Le SIRET en a "
                "quatorze, le SIREN puis les cinq chiffres de l’établissement : complétez-le, ou videz la case."
            ],
        ),
        created(8, "Commune fictive à l’apostrophe", "99914456100019", "g"),
    ]


def test_an_address_in_three_columns() -> None:
    """D4."""
    plan = looked_at("members", "02_code_postal_et_telephone.xlsx")

    assert notes(plan) == []
    assert whole(plan) == [
        (
            number,
            "created",
            f"Association fictive {of}",
            [f"Courriel : « {email}@cp.example »", f"Tél : « {phone} »", f"Adresse : « {address} »"],
        )
        for number, of, email, phone, address in (
            (2, "de l’Ain", "ain", "0474000001", "3 rue de l’Exemple 01000 Bourg-Exemple"),
            (3, "de l’Allier", "allier", "0470000002", "Mairie 03200 Vichy-Exemple"),
            (4, "du Rhône", "rhone", "04 78 00 00 03", "1 place du Test 69007 Lyon-Exemple"),
        )
    ]


@pytest.mark.usefixtures("_scale")
def test_days_and_amounts_as_they_are_typed_in_france() -> None:
    def created(number: int, name: str, category: str, amount: str, method: str, day: str) -> object:
        said = (f"Catégorie : « {category} »", f"Montant : « {amount} »", "État : « payée »")
        said += (f"Moyen de paiement : « {method} »", f"Payée le : « {day} »")
        return (number, "created", f"{name} – Cotisation 2026", [*said])

    association = "Association ou groupement"
    plan = looked_at("fees", "03_dates_et_montants_fr.csv", now=LATER)

    assert notes(plan) == []
    assert whole(plan) == [
        created(2, STRUCT1, "Collectivité ou établissement public", "1 200,50 €", "virement", "3 avril 2026"),
        created(3, "Association fictive L’Œuvre rurale", association, "80 €", "chèque", "5 juin 2026"),
        created(4, "Groupement fictif de la Forêt", association, "80 €", "chèque", "12 juin 2026"),
        created(
            5,
            "Commune fictive de Saint-Exemple",
            "Collectivité ou établissement public",
            "1 200 €",
            "mandat administratif",
            "15 juin 2026",
        ),
        (
            6,
            "refused",
            "Coopérative fictive du Haut-Exemple – Cotisation 2026",
            [
                "Montant (D6) : « - » n’est pas un montant : écrivez par exemple « 1200,50 ».",
                "Moyen de paiement (F6) : « - » n’est pas connu : écrivez « chèque », « virement » ou « mandat "
                "administratif ».",
                "Payée le (G6) : « - » n’est pas une date : écrivez le jour, le mois et l’année, « 03/04/2017 ».",
            ],
        ),
        (
            7,
            "refused",
            "Foyer fictif de la Plaine – Cotisation 2026",
            ["Payée le (G7) : « avr-26 » n’est pas une date : écrivez le jour, le mois et l’année, « 03/04/2017 »."],
        ),
    ]


@pytest.mark.usefixtures("_scale")
def test_formulas_that_nobody_computed() -> None:
    """D1: never « by default »."""

    def unknown(cell: str) -> str:
        return (
            f"{cell} : cette formule n’a pas de résultat dans le fichier : ouvrez-le dans votre tableur, "
            "enregistrez-le, puis renvoyez-le."
        )

    plan = looked_at("fees", "05_formules_sans_valeur.xlsx", now=LATER)

    assert notes(plan) == []
    assert whole(plan) == [
        (2, "refused", f"{STRUCT1} – Cotisation 2026", [unknown("Montant (D2)")]),
        (
            3,
            "refused",
            "Association fictive L’Œuvre rurale – Cotisation 2026",
            [unknown("Montant (D3)"), unknown("État (E3)")],
        ),
    ]


def test_titles_over_two_lines() -> None:
    """D2: the line with the most known titles, below a title and groups."""
    plan = looked_at("members", "07_entete_sur_deux_lignes.xlsx")

    assert notes(plan) == ["Les titres sont à la ligne 3 : ce qui est écrit au-dessus n’est pas importé."]
    assert whole(plan) == [
        (
            4,
            "created",
            "Association fictive des Deux Lignes",
            [
                "Personne à contacter : « Alix Fictif »",
                "Courriel : « alix@entete.example »",
                "Tél : « 04 78 00 00 01 »",
                "SIRET : « 99915567400016 »",
            ],
        ),
        (
            5,
            "created",
            "Commune fictive des Titres",
            [
                "Personne à contacter : « Sacha Fictive »",
                "Courriel : « sacha@entete.example »",
                "Tél : « 04 78 00 00 02 »",
            ],
        ),
    ]


def test_hidden_rows() -> None:
    """D2: announced before anything is written."""
    plan = looked_at("members", "08_lignes_masquees.xlsx")

    assert notes(plan) == [
        "Lignes masquées dans le tableau : 3 et 4. Elles seront importées comme les autres : "
        "supprimez-les du fichier si ce n’est pas voulu.",
        "Colonne masquée dans le tableau : « Remarque » (C).",
    ]
    assert whole(plan) == [
        (2, "created", "Association fictive présente", ["Courriel : « la@masque.example »"]),
        (
            3,
            "created",
            "Association fictive partie en 2019",
            ["Courriel : « partie@masque.example »", "Remarque : « radiée »"],
        ),
        (
            4,
            "created",
            "Commune fictive partie en 2020",
            ["Courriel : « finie@masque.example »", "Remarque : « ne cotise plus »"],
        ),
        (5, "created", "Commune fictive présente", ["Courriel : « ici@masque.example »"]),
    ]


def test_instructions_on_the_first_sheet() -> None:
    """D2."""
    plan = looked_at("members", "10a_mode_emploi_puis_donnees.xlsx")

    assert notes(plan) == ["Seule la feuille « Cotisants » a été lue. Laissée de côté : « Lisez-moi » (3 lignes)."]
    assert whole(plan) == [
        (2, "created", "Association fictive du Second Onglet", ["Courriel : « onglet@mode.example »"])
    ]


def test_with_macros() -> None:
    """D2."""
    plan = looked_at("members", "10b_avec_macros.xlsm")

    assert notes(plan) == []
    assert whole(plan) == [(2, "created", "Association fictive à macros", ["Courriel : « macro@mode.example »"])]


def test_a_page_that_calls_itself_a_spreadsheet() -> None:
    with pytest.raises(NotASpreadsheet) as refused:
        looked_at("members", "10c_page_html_renommee.xls")
    assert folded(str(refused.value)) == (
        "Ce fichier est une page web, même si son nom est celui d’un tableau : ouvrez-le dans votre tableur, puis "
        "enregistrez-le depuis votre tableur au format XLSX ou CSV."
    )


def test_names_in_two_columns() -> None:
    """D3."""
    plan = looked_at("people", "11_personnes_nom_et_prenom.csv")

    assert notes(plan) == []
    assert whole(plan) == [
        (2, "created", f"alix.fictif@struct1.example – {STRUCT1}", ["Nom : « Alix Fictif »"]),
        (3, "created", f"maelle@struct1.example – {STRUCT1}", ["Nom : « Maëlle d’Exemple »"]),
        (4, "created", "youssou@struct2.example – Association fictive L’Œuvre rurale", ["Nom : « Youssou »"]),
    ]


def test_what_looks_like_formulas() -> None:
    plan = looked_at("members", "14_aller_retour.csv")

    assert notes(plan) == []
    assert [(line[:3], [detail.partition(" : ")[2] for detail in line[3]]) for line in whole(plan)] == [
        (
            (2, "created", "=Égal et Compagnie (fictif)"),
            [
                "« Alix Fictif »",
                "« egal@retour.example »",
                "« +33 4 78 00 00 01 »",
                "« 1 rue de l’Exemple 69000 Exemple »",
                "« -10 % accordés en 2025 »",
                "« structure »",
            ],
        ),
        (
            (3, "created", "+ de liens (association fictive)"),
            [
                "« Sacha Fictive »",
                "« plus@retour.example »",
                "« +33478000002 »",
                "« Bât. A ; 2e étage »",
                "« =voir avec la trésorière »",
                "« structure »",
            ],
        ),
        (
            (4, "created", "@robase rurale (fictive)"),
            [
                "« Noé Fictif »",
                "« arobase@retour.example »",
                "« 04 78 00 00 03 »",
                "« 'entre apostrophes' »",
                "« structure »",
            ],
        ),
        (
            (5, "created", 'Les "Amis" du Test; section B (fictif)'),
            ["« Lou Fictif »", "« amis@retour.example »", "« - premier point »", "« structure »"],
        ),
    ]
