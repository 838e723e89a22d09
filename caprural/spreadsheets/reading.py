"""A file that someone sends, as a table: its titles, and its lines under the number a spreadsheet shows."""

import codecs
import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from caprural.spreadsheets.cells import Cell, clean, fold, quoted, restore, text

#: What one file may weigh, and how many lines it may have below its titles.
MAX_BYTES = 10_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 200
#: What an XLSX may weigh once unzipped, as it declares itself: a small one may hide a huge one.
MAX_UNZIPPED = 60_000_000

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = ";\t,"
_SEPARATOR_LINE = re.compile(r"sep=([;,|\t])\s*$", re.IGNORECASE | re.MULTILINE)
_HELP = "enregistrez-le depuis votre tableur au format XLSX ou CSV"


class NotASpreadsheet(ValueError):
    """The file cannot be read as a table; the message is the French sentence to show."""


@dataclass(frozen=True)
class Row:
    """One line below the titles; `number` is the one a spreadsheet shows in its margin."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """The titles of the columns and the lines below; `note` says what of the file was left aside."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


def read(name: str, content: bytes) -> Table:
    """The table in a CSV or XLSX file, whatever its name says. Raises NotASpreadsheet.

    Blank lines and columns are left out, and keep their number. A title alone above the table is passed over.
    """
    if len(content) > MAX_BYTES:
        raise NotASpreadsheet(
            f"Ce fichier est trop lourd : {MAX_BYTES // 1_000_000} Mo au plus. Partagez-le en plusieurs fichiers."
        )
    if not content.strip(b"\0 \t\r\n"):
        raise NotASpreadsheet("Ce fichier est vide : choisissez celui qui contient vos lignes.")
    if content.startswith(b"PK"):
        rows, note = _xlsx(content)
    else:
        _refuse_other_formats(content)
        rows, note = _csv(_decoded(content)), ""
    return _table(rows, note)


def _refuse_other_formats(content: bytes) -> None:
    if content.startswith(_OLD_OFFICE):
        if _ENCRYPTED in content:
            raise NotASpreadsheet("Ce fichier est protégé par un mot de passe : enregistrez-le sans, puis renvoyez-le.")
        raise NotASpreadsheet(f"Ce fichier est à l’ancien format XLS : {_HELP}.")
    controls = len(re.findall(rb"[\x01-\x08\x0e-\x1f\x7f]", content[:100_000]))
    if content.startswith((b"%PDF", b"{\\rtf", b"<")) or controls > 5 + len(content[:100_000]) // 200:
        raise NotASpreadsheet(f"Ce fichier n’est pas un tableau : {_HELP}.")


# XLSX


def _xlsx(content: bytes) -> tuple[list[Row], str]:
    _inspect(content)
    import openpyxl

    try:
        with warnings.catch_warnings():
            # What openpyxl does not keep (styles, validations) is nothing to us.
            warnings.simplefilter("ignore")
            workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            try:
                return _first_sheet(workbook.worksheets)
            finally:
                workbook.close()
    except NotASpreadsheet:
        raise
    except Exception as error:  # whatever a damaged file makes openpyxl say
        raise NotASpreadsheet(f"Ce fichier XLSX est abîmé : ouvrez-le dans votre tableur, puis {_HELP}.") from error


def _inspect(content: bytes) -> None:
    """What the archive says of itself, before anything of it is unzipped."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = archive.infolist()
            names = {file.filename for file in files}
            if any(file.flag_bits & 1 for file in files):
                raise NotASpreadsheet(
                    "Ce fichier est protégé par un mot de passe : enregistrez-le sans, puis renvoyez-le."
                )
            if len(files) > 2000 or sum(file.file_size for file in files) > MAX_UNZIPPED:
                raise NotASpreadsheet(
                    "Ce tableau est trop lourd, une fois ouvert : supprimez les feuilles, les images et les lignes "
                    "vides dont vous n’avez pas besoin, ou enregistrez-le au format CSV."
                )
            if "mimetype" in names and b"opendocument" in archive.read("mimetype")[:200]:
                raise NotASpreadsheet(f"Ce fichier est au format ODS : {_HELP}.")
            if not any(re.match(r"xl/work.*\.xml", name) for name in names):
                raise NotASpreadsheet(f"Ce fichier n’est pas un tableau : {_HELP}.")
            for file in files:
                if file.filename.endswith((".xml", ".rels")):
                    with archive.open(file) as part:
                        if b"<!DOCTYPE" in part.read(2000):
                            raise NotASpreadsheet(f"Ce fichier n’est pas un tableau : {_HELP}.")
    except NotASpreadsheet:
        raise
    except Exception as error:  # zipfile, and each of its compressions, has errors of its own
        raise NotASpreadsheet(f"Ce fichier est abîmé : ouvrez-le dans votre tableur, puis {_HELP}.") from error


def _first_sheet(sheets: list[Any]) -> tuple[list[Row], str]:
    """The first sheet with something in it; a note when there are others."""
    for sheet in sheets:
        # Its own idea of where it ends is often wrong.
        sheet.reset_dimensions()
        rows = _bounded(_sheet_rows(sheet))
        if rows:
            note = f"Seule la feuille {quoted(sheet.title)} a été lue." if len(sheets) > 1 else ""
            return rows, note
    return [], ""


def _sheet_rows(sheet: Any) -> Iterator[tuple[int, list[Cell]]]:
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        yield number, [_typed(value) for value in values]


def _typed(value: Any) -> Cell:
    """A cell of an XLSX; an hour of the day is of no use to us."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, bool | int | float | Decimal | date):
        return value
    return restore(clean(str(value)))


# CSV


def _decoded(content: bytes) -> str:
    """UTF-8 or UTF-16 when the file says so, UTF-8 when it can be, else what Windows writes in France."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return content.decode(encoding, errors="replace").replace("\0", "")
    content = content.replace(b"\0", b"")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _csv(content: str) -> list[Row]:
    separator = ""
    if match := _SEPARATOR_LINE.match(content):
        separator = match[1]
    lines = csv.reader(io.StringIO(content, newline=""), delimiter=separator or _separator(content))
    rows = _bounded(_csv_rows(lines, is_headed=bool(separator)))
    if rows and content.count('"') % 2 and any("\n" in str(cell) for cell in rows[-1].cells):
        raise _open_quote(rows[-1].number)
    return rows


def _separator(content: str) -> str:
    """The one that the first line with any has most of, outside quotes."""
    bare = (re.sub(r'"[^"]*"', "", line) for line in io.StringIO(content))
    first = next((line for line in bare if any(sign in line for sign in _SEPARATORS)), "")
    return max(_SEPARATORS, key=first.count)


def _csv_rows(lines: Any, *, is_headed: bool) -> Iterator[tuple[int, list[Cell]]]:
    number = 0
    try:
        for cells in lines:
            number += 1
            if number > 1 or not is_headed:
                yield number, [restore(clean(cell)) for cell in cells]
    except csv.Error as error:
        raise _open_quote(number + 1) from error


def _open_quote(number: int) -> NotASpreadsheet:
    return NotASpreadsheet(
        f"Un guillemet ouvert à la ligne {number} n’est jamais refermé : "
        "corrigez cette ligne, puis renvoyez le fichier."
    )


# The table


def _bounded(lines: Iterable[tuple[int, list[Cell]]]) -> list[Row]:
    """Lines with something in them, without the empty cells at their end; not too many of them."""
    rows: list[Row] = []
    for number, cells in lines:
        while cells and cells[-1] == "":
            cells.pop()
        if not cells:
            continue
        if len(cells) > MAX_COLUMNS:
            raise NotASpreadsheet(
                f"La ligne {number} a plus de {MAX_COLUMNS} colonnes : "
                "vérifiez le séparateur et les colonnes du fichier."
            )
        rows.append(Row(number, tuple(cells)))
        if len(rows) > MAX_ROWS + 2:
            break
    return rows


def _table(rows: list[Row], note: str) -> Table:
    if not rows:
        raise NotASpreadsheet("Ce fichier est vide : choisissez celui qui contient vos lignes.")
    head, *below = rows
    if below and len([cell for cell in head.cells if cell != ""]) == 1 and len(below[0].cells) > 1:
        head, *below = below
    if any(not isinstance(cell, str) or "@" in cell or re.fullmatch(r"[\d\s.,/€-]+", cell) for cell in head.cells):
        raise NotASpreadsheet(
            f"La ligne {head.number} devrait porter les titres des colonnes : ajoutez-les au-dessus des données."
        )
    if len(below) > MAX_ROWS:
        raise NotASpreadsheet(
            f"Ce fichier a plus de {MAX_ROWS // 1000} 000 lignes : partagez-le en plusieurs fichiers."
        )
    if not below:
        raise NotASpreadsheet("Ce fichier n’a que ses titres : ajoutez vos lignes en dessous.")
    header = tuple(text(cell) for cell in head.cells)
    titles = [fold(title) for title in header]
    for title, folded in zip(header, titles, strict=True):
        if folded and titles.count(folded) > 1:
            raise NotASpreadsheet(f"La colonne {quoted(title)} est là deux fois : gardez-en une seule.")
    return Table(header, tuple(below), note)
