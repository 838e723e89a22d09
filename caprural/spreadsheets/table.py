"""Where the table is in a file: the sheet and the line that hold the most known titles; and what is left aside."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from caprural import typography
from caprural.spreadsheets.cells import Cell, fold, quoted, text

#: How many lines a file may have below its titles, and how many columns.
MAX_ROWS = 20_000
MAX_COLUMNS = 200
#: The titles stand somewhere in so many lines.
HEAD = 30
HELP = "enregistrez-le depuis votre tableur au format XLSX ou CSV"

#: The column that a title names, if it names one.
Knows = Callable[[str], object]


class NotASpreadsheet(ValueError):
    """The file cannot be read as a table; the message is the French sentence to show."""


@dataclass(frozen=True)
class Row:
    """One line below the titles; `number` is the one a spreadsheet shows in its margin."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """What one sheet holds, before anybody knows where its titles are. `groups`: cells merged over several columns."""

    title: str
    rows: list[Row]
    is_hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    groups: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Table:
    """The titles of the columns and the lines below; `notes` say what of the file is unusual or left aside.

    `sheet`: the one it is in, when the file has several. `number`: the line of the titles.
    """

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    sheet: str = ""
    number: int = 1

    def place(self, at: int, number: int | None = None) -> str:
        """Where a column or one of its cells is: « C », « C12 », « feuille « Cotisants », C12 »."""
        sheet = f"feuille {quoted(self.sheet)}, " if self.sheet else ""
        return f"{sheet}{column_letter(at)}{number or ''}"


@dataclass(frozen=True)
class _Head:
    """The titles in a sheet, how many are known, their line; how many rows are above, where those below start."""

    titles: tuple[Cell, ...]
    known: int
    number: int
    above: int
    first: int


def column_letter(at: int) -> str:
    """What a spreadsheet shows above the column: « A » for 0, « AA » for 26."""
    letters, at = "", at + 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def bounded(lines: Iterable[tuple[int, dict[int, Cell]]]) -> list[Row]:
    """Lines with something in them, each from its first column to its last filled one; none after what is too many."""
    rows: list[Row] = []
    for number, cells in lines:
        if not cells:
            continue
        # One column more than may be is enough to say that there are too many.
        rows.append(Row(number, tuple(cells.get(at, "") for at in range(min(max(cells), MAX_COLUMNS) + 1))))
        if len(rows) > MAX_ROWS + HEAD or max(cells) >= MAX_COLUMNS:
            break
    return rows


def find(sheets: Sequence[Sheet], knows: Knows, notes: Sequence[str] = (), *, is_ragged: bool = False) -> Table:
    """The table of the file. Raises NotASpreadsheet.

    `is_ragged`: a line longer than the titles is a mistake (CSV), not a column without title.
    """
    filled = [(sheet, _head(sheet, knows)) for sheet in sheets if sheet.rows]
    if not filled:
        raise NotASpreadsheet("Ce fichier est vide : choisissez celui qui contient vos lignes.")
    # A hidden sheet is read when no other has a title we know.
    sheet, head = max(filled, key=lambda found: (found[1].known > 0 and not found[0].is_hidden, found[1].known))
    title = sheet.title if len(sheets) > 1 else ""
    of_sheet = f" de la feuille {quoted(title)}" if title else ""
    if wide := [row.number for row in sheet.rows if len(row.cells) > MAX_COLUMNS]:
        raise NotASpreadsheet(
            f"La ligne {wide[0]}{of_sheet} a plus de {MAX_COLUMNS} colonnes : "
            "vérifiez le séparateur et les colonnes du fichier."
        )
    if head.known < 2 and any(map(_is_no_title, head.titles)):
        raise NotASpreadsheet(
            f"La ligne {head.number}{of_sheet} devrait porter les titres des colonnes : "
            "ajoutez-les au-dessus des données."
        )
    below = sheet.rows[head.first :]
    if len(below) > MAX_ROWS:
        raise NotASpreadsheet(
            f"Ce fichier a plus de {MAX_ROWS // 1000} 000 lignes : partagez-le en plusieurs fichiers."
        )
    # The top of each printed page says the titles again.
    repeated = [str(row.number) for row in below if row.cells == head.titles]
    rows = tuple(row for row in below if row.cells != head.titles)
    if not rows:
        raise NotASpreadsheet("Ce fichier n’a que ses titres : ajoutez vos lignes en dessous.")
    header = tuple(map(text, head.titles))
    if not is_ragged:
        header += ("",) * (max(len(row.cells) for row in rows) - len(header))
    said = [*notes, *_aside(sheet, head, sheets), *_hidden(sheet, header, rows)]
    if repeated:
        said.append(f"Les titres sont répétés {_lines(repeated)} : ils sont laissés de côté.")
    table = Table(header, rows, tuple(said), title, head.number)
    _refuse_twins(table)
    return table


def _head(sheet: Sheet, knows: Knows) -> _Head:
    """The line, or the two lines, with the most known titles; without any, the first one, but for a title alone."""
    rows = sheet.rows[:HEAD]
    best = _Head((), 0, 0, 0, 0)
    known = [_known(row.cells, knows) for row in rows]
    for at, row in enumerate(rows):
        if known[at] > best.known:
            best = _Head(row.cells, known[at], row.number, at, at + 1)
        if at + 1 < len(rows) and not any(map(_is_no_title, rows[at + 1].cells)):
            titles = _together(sheet, row, rows[at + 1], knows)
            # Two lines only when neither says as much alone.
            if (both := _known(titles, knows)) > max(known[at], known[at + 1], best.known):
                best = _Head(titles, both, rows[at + 1].number, at, at + 2)
    if best.known:
        return best
    alone = len(rows) > 1 and len([cell for cell in rows[0].cells if cell != ""]) == 1 and len(rows[1].cells) > 1
    return _Head(rows[alone].cells, 0, rows[alone].number, int(alone), alone + 1)


def _known(titles: Sequence[Cell], knows: Knows) -> int:
    return len({knows(text(cell)) for cell in titles} - {None})


def _together(sheet: Sheet, upper: Row, lower: Row, knows: Knows) -> tuple[Cell, ...]:
    """Titles over two lines: one cut in two is put together, one that stands above alone comes down."""
    titles: list[Cell] = []
    for at in range(max(len(upper.cells), len(lower.cells))):
        above, below = (row.cells[at] if at < len(row.cells) else "" for row in (upper, lower))
        both = f"{text(above)} {text(below)}"
        is_group = (upper.number, at) in sheet.groups
        titles.append(both if above and below and knows(both) else below or ("" if is_group else above))
    return tuple(titles)


def _is_no_title(cell: Cell) -> bool:
    return not isinstance(cell, str) or "@" in cell or bool(re.fullmatch(r"[\d\s.,/€-]+", cell))


def _refuse_twins(table: Table) -> None:
    titles = [fold(title) for title in table.header]
    for folded in dict.fromkeys(filter(None, titles)):
        places = [at for at, title in enumerate(titles) if title == folded]
        if len(places) > 1:
            letters = typography.join_and(map(column_letter, places))
            sheet = f", feuille {quoted(table.sheet)}" if table.sheet else ""
            raise NotASpreadsheet(
                f"La colonne {quoted(table.header[places[0]])} est là deux fois ({letters}{sheet}) : "
                "gardez-en une seule."
            )


# What is said before anything is written


def _aside(sheet: Sheet, head: _Head, sheets: Sequence[Sheet]) -> list[str]:
    notes = []
    if len(sheets) > 1:
        hidden = " (masquée)" if sheet.is_hidden else ""
        others = [_sketch(other) for other in sheets if other is not sheet and other.rows]
        aside = f" Laissée de côté : {typography.join_and(others)}." if others else ""
        notes.append(f"Seule la feuille {quoted(sheet.title)}{hidden} a été lue.{aside}")
    if head.above:
        notes.append(f"Les titres sont à la ligne {head.number} : ce qui est écrit au-dessus n’est pas importé.")
    return notes


def _sketch(sheet: Sheet) -> str:
    lines = f"{len(sheet.rows)} {typography.plural(len(sheet.rows), 'ligne,lignes')}"
    return f"{quoted(sheet.title)} ({'masquée, ' if sheet.is_hidden else ''}{lines})"


def _hidden(sheet: Sheet, header: tuple[str, ...], rows: tuple[Row, ...]) -> list[str]:
    notes = []
    if hidden := [str(row.number) for row in rows if row.number in sheet.hidden_rows]:
        many = len(hidden) > 1
        notes.append(
            f"{'Lignes masquées' if many else 'Ligne masquée'} dans le tableau : {_few(hidden)}. "
            f"{'Elles seront importées' if many else 'Elle sera importée'} comme les autres : "
            "supprimez-les du fichier si ce n’est pas voulu."
        )
    filled = [at for at in sorted(sheet.hidden_columns) if at < len(header) and header[at]]
    if filled:
        names = typography.join_and(f"{quoted(header[at])} ({column_letter(at)})" for at in filled)
        notes.append(f"{'Colonnes masquées' if len(filled) > 1 else 'Colonne masquée'} dans le tableau : {names}.")
    return notes


def _lines(numbers: list[str]) -> str:
    return f"{'aux lignes' if len(numbers) > 1 else 'à la ligne'} {_few(numbers)}"


def _few(numbers: list[str]) -> str:
    return typography.join_and(numbers if len(numbers) <= 10 else [*numbers[:10], f"{len(numbers) - 10} autres"])
