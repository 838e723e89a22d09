"""The same two members in every shape a spreadsheet of real life takes: equal contents, and said when unusual.

No line is lost in silence: each is read, or refused or announced by a sentence.
"""

import csv
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from caprural.spreadsheets import NotASpreadsheet
from members import importing
from tests.factories import NOW
from tests.members.importing.looked_at import said
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

TITLES = ["Nom", "Courriel", "Tél"]
LINES = [
    ["Forêt d'Été", "foret@forme.example", "04 78 00 00 01"],
    ["Chêne; « Comité », à côté", "chene@forme.example", "04 78 00 00 02"],
]
Shape = tuple[bytes, tuple[int, int], list[str]]


def text(*lines: list[str], separator: str = ";", end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    output = io.StringIO()
    csv.writer(output, delimiter=separator, lineterminator=end, quoting=quoting).writerows(lines)  # type: ignore[arg-type]
    return output.getvalue()


def book(*sheets: list[list[Any]], act: Callable[[Any], None] = lambda book: None) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for number, lines in enumerate(sheets, start=1):
        sheet = workbook.create_sheet(f"Feuil{number}")
        for line in lines:
            sheet.append(line)
    act(workbook)
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def merged(area: str) -> Callable[[Any], None]:
    return lambda workbook: workbook.worksheets[0].merge_cells(area)


def hidden_rows(workbook: Any) -> None:
    workbook.worksheets[0].row_dimensions[2].hidden = True
    workbook.worksheets[0].row_dimensions[3].hidden = True


def hidden_column(workbook: Any) -> None:
    workbook.worksheets[0].column_dimensions["C"].hidden = True


def hidden_sheet(workbook: Any) -> None:
    workbook.worksheets[0].sheet_state = "veryHidden"
    workbook.active = 1


def far_cell(workbook: Any) -> None:
    workbook.worksheets[0]["XFD2"].value = "  "


ABOVE = ["Liste des cotisants, au 1er septembre", "", "Association fictive ; pôle A", "Mise à jour : Noé", "Page 1"]
TABLE = [TITLES, *LINES]
OLD = "Ce fichier a été lu avec les accents d’un {} ({}, « Forêt », « d'Été » et …) : vérifiez-les avant d’importer."
TWO_LINES = [["Nom", "Contact", ""], ["", "Courriel", "Tél"], *LINES]


def above(number: int) -> str:
    return f"Les titres sont à la ligne {number} : ce qui est écrit au-dessus n’est pas importé."


def shapes() -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    for encoding, note in {
        **{encoding: [] for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")},
        "mac_roman": [OLD.format("ancien Mac", "« Tél »")],
        "cp850": [OLD.format("DOS", "« Tél »")],
    }.items():
        for separator in ";,\t|":
            content = text(*TABLE, separator=separator).encode(encoding)
            found[f"csv {encoding} {separator!r}"] = (content, (2, 3), note)
    for count in range(1, 6):
        lines = [[cell] for cell in ABOVE[:count]]
        numbers = (count + 2, count + 3)
        found[f"csv titles on line {count + 1}"] = (text(*lines, *TABLE).encode(), numbers, [above(count + 1)])
        found[f"xlsx titles on line {count + 1}"] = (book([*lines, *TABLE]), numbers, [above(count + 1)])
    aside = "Seule la feuille « {} » a été lue."
    found |= {
        "csv all quoted": (text(*TABLE, quoting=csv.QUOTE_ALL).encode(), (2, 3), []),
        "csv lines end as on old Macs": (
            text(*TABLE, end="\r").encode("mac_roman"),
            (2, 3),
            [OLD.format("ancien Mac", "« Tél »")],
        ),
        "csv lines end as on Unix": (text(*TABLE, end="\n").encode(), (2, 3), []),
        "csv names its separator": (f"sep=|\r\n{text(*TABLE, separator='|')}".encode(), (3, 4), []),
        "csv blank lines": (text(TITLES, ["", "", ""], LINES[0], [], LINES[1]).encode(), (3, 5), []),
        "csv too many separators": (text(*([*line, "", ""] for line in TABLE)).encode(), (2, 3), []),
        "csv texts kept from being numbers": (
            text(TITLES).encode()
            + b"".join(
                ";".join(f'="{cell}"' if cell[0] == "0" else f'"{cell}"' for cell in line).encode() + b"\r\n"
                for line in LINES
            ),
            (2, 3),
            [],
        ),
        "csv titles in capitals, with stars": (text(["NOM *", "COURRIEL :", " tél. "], *LINES).encode(), (2, 3), []),
        "csv titles again on each page": (
            text(TITLES, LINES[0], TITLES, LINES[1]).encode(),
            (2, 4),
            ["Les titres sont répétés à la ligne 3 : ils sont laissés de côté."],
        ),
        "csv titles over two lines": (text(*TWO_LINES).encode(), (3, 4), []),
        "csv a title that begins on the line above": (
            text(["Nom de la", "", ""], ["structure", "Courriel", "Tél"], *LINES).encode(),
            (3, 4),
            [above(2)],
        ),
        "csv a column without title": (
            text([*TITLES, "", "Couleur"], [*LINES[0], "x", "y"], LINES[1]).encode(),
            (2, 3),
            ["Colonnes ignorées : sans titre (D) et « Couleur » (E). Rien n’en sera importé."],
        ),
        "xlsx": (book(TABLE), (2, 3), []),
        "xlsx a column without title": (
            book([TITLES, [*LINES[0], None, "remarque"], LINES[1]]),
            (2, 3),
            ["Colonne ignorée : sans titre (E). Rien n’en sera importé."],
        ),
        "xlsx blank lines and columns": (
            book([[], [], [None, *TITLES], [], [None, *LINES[0]], [None, *LINES[1]]]),
            (5, 6),
            [],
        ),
        "xlsx groups over the titles": (
            book([["Structure", "Contact", None], *TABLE], act=merged("B1:C1")),
            (3, 4),
            [above(2)],
        ),
        "xlsx titles merged over two lines": (book(TWO_LINES, act=merged("A1:A2")), (3, 4), []),
        "xlsx a title merged over the table": (book([["Cotisants"], *TABLE], act=merged("A1:C1")), (3, 4), [above(2)]),
        "xlsx hidden rows": (
            book(TABLE, act=hidden_rows),
            (2, 3),
            [
                "Lignes masquées dans le tableau : 2 et 3. Elles seront importées comme les autres : "
                "supprimez-les du fichier si ce n’est pas voulu."
            ],
        ),
        "xlsx a hidden column": (
            book(TABLE, act=hidden_column),
            (2, 3),
            ["Colonne masquée dans le tableau : « Tél » (C)."],
        ),
        "xlsx instructions first": (
            book([["Mode d’emploi"], ["Remplir Nom"]], TABLE),
            (2, 3),
            [f"{aside.format('Feuil2')} Laissée de côté : « Feuil1 » (2 lignes)."],
        ),
        "xlsx a hidden sheet first, with more titles": (
            book([[*TITLES, "SIRET"], ["Ancienne"]], TABLE, act=hidden_sheet),
            (2, 3),
            [f"{aside.format('Feuil2')} Laissée de côté : « Feuil1 » (masquée, 2 lignes)."],
        ),
        "xlsx only the hidden sheet has the titles": (
            book(TABLE, [["Bonjour"]], act=hidden_sheet),
            (2, 3),
            ["Seule la feuille « Feuil1 » (masquée) a été lue. Laissée de côté : « Feuil2 » (1 ligne)."],
        ),
        "xlsx an empty sheet first": (book([], TABLE), (2, 3), [aside.format("Feuil2")]),
        "xlsx a space in the last column there is": (book(TABLE, act=far_cell), (2, 3), []),
    }
    return found


SHAPES = shapes()


def test_fifty_at_least() -> None:
    assert len(SHAPES) >= 50


@pytest.mark.parametrize("name", SHAPES)
def test_read_whole(name: str) -> None:
    content, numbers, notes = SHAPES[name]

    plan = importing.plan("members", importing.read("members", "f", content), now=NOW)

    def details(line: list[str]) -> list[str]:
        titles = ("COURRIEL :", "tél.") if "capitals" in name else ("Courriel", "Tél")
        return [f"{title} : « {value} »" for title, value in zip(titles, line[1:], strict=True)]

    assert said(plan) == [
        (number, "created", line[0], details(line)) for number, line in zip(numbers, LINES, strict=True)
    ]
    assert [folded(note) for note in plan.notes] == notes


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            text(*TABLE).encode("utf-8").decode("cp1252").encode(),
            "Des accents de ce fichier sont illisibles (« TÃ©l », « ForÃªt », « d'Ã‰tÃ© » et …) : "
            "enregistrez-le depuis votre tableur au format XLSX, ou CSV « UTF-8 », puis renvoyez-le.",
        ),
        (
            text(["Nom", "Courriel"], ["Москва", "a@b.example"]).encode("cp1251"),
            "Des accents de ce fichier sont illisibles (« Ìîñêâà ») : "
            "enregistrez-le depuis votre tableur au format XLSX, ou CSV « UTF-8 », puis renvoyez-le.",
        ),
    ],
)
def test_accents_that_nobody_can_read_are_announced(content: bytes, sentence: str) -> None:
    """D6: before anything is written."""
    plan = importing.plan("members", importing.read("members", "f", content), now=NOW)

    assert [folded(note) for note in plan.notes][:1] == [sentence]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            book([["Bonjour"]], [["Nom", "nom"], ["a", "b"]]),
            "La colonne « Nom » est là deux fois (A et B, feuille « Feuil2 ») : gardez-en une seule.",
        ),
        (
            book([["Bonjour"]], [["Nom", "Structure"], ["a", "b"]]),
            "Les colonnes « Nom » (feuille « Feuil2 », A) et « Structure » (feuille « Feuil2 », B) disent la même "
            "chose (Nom) : gardez-en une seule.",
        ),
        (
            book([["Titre"], ["Courriel", "Tél"], ["a@b.example", "04"]], [["Bonjour"]]),
            "Il manque la colonne « Nom » : ajoutez ce titre à la ligne 2 de la feuille « Feuil1 ».",
        ),
    ],
)
def test_a_refusal_names_the_sheet_and_the_column(content: bytes, sentence: str) -> None:
    """D2."""
    with pytest.raises((importing.WrongColumns, NotASpreadsheet)) as refused:
        importing.match("members", importing.read("members", "f", content))
    assert folded(str(refused.value)) == sentence


def test_a_refused_cell_is_named() -> None:
    """D1, D2: its sheet, its line and its column."""
    table = importing.read(
        "members", "f", book([["Bonjour"]], [["Fiche"], ["Nom", "Courriel"], ["a", "=1+1"], ["b", "x"]])
    )

    plan = importing.plan("members", table, now=NOW)

    assert [(line.number, [folded(detail) for detail in line.details]) for line in plan.lines] == [
        (
            3,
            [
                "Courriel (feuille « Feuil2 », B3) : cette formule n’a pas de résultat dans le fichier : "
                "ouvrez-le dans votre tableur, enregistrez-le, puis renvoyez-le."
            ],
        ),
        (
            4,
            [
                "Courriel (feuille « Feuil2 », B4) « x » : Saisissez une adresse e-mail complète, par exemple "
                "prenom.nom@structure.fr."
            ],
        ),
    ]
