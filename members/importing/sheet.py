"""Which column of a file is which."""

import re
from dataclasses import dataclass
from functools import partial

from caprural import spreadsheets, typography
from caprural.spreadsheets import Table, fold, quoted
from members.columns import LAYOUTS, Column, Layout


class WrongColumns(ValueError):
    """The file lacks a column, or has one twice; the message is the French sentence to show."""


@dataclass(frozen=True)
class Sheet:
    """A table whose columns are known. `notes` say what of it is left aside."""

    layout: Layout
    table: Table
    places: dict[str, int]
    notes: tuple[str, ...]


def read(kind: str, name: str, content: bytes) -> Table:
    """The table of a file, where it holds the most titles of this kind. Raises NotASpreadsheet."""
    return spreadsheets.read(name, content, partial(_column, LAYOUTS[kind]))


def match(kind: str, table: Table) -> Sheet:
    """Recognise the columns by their titles: accents, case, spaces and punctuation do not count.

    Raises WrongColumns.
    """
    layout = LAYOUTS[kind]
    places: dict[str, int] = {}
    unknown: list[str] = []
    for at, title in enumerate(table.header):
        column = _column(layout, title)
        if column is None:
            if title or any(len(row.cells) > at and row.cells[at] != "" for row in table.rows):
                unknown.append(f"{quoted(title) if title else 'sans titre'} ({table.place(at)})")
        elif column.name in places:
            raise WrongColumns(
                f"Les colonnes {quoted(table.header[places[column.name]])} ({table.place(places[column.name])}) et "
                f"{quoted(title)} ({table.place(at)}) disent la même chose ({column.title}) : gardez-en une seule."
            )
        else:
            places[column.name] = at
    missing = [group for group in layout.needed if not places.keys() & set(group)]
    if missing:
        raise WrongColumns(_missing(kind, table, missing))
    notes = list(table.notes)
    if unknown:
        many = len(unknown) > 1
        notes.append(
            f"{'Colonnes ignorées' if many else 'Colonne ignorée'} : {typography.join_and(unknown)}. "
            f"Rien n’en sera importé."
        )
    return Sheet(layout, table, places, tuple(notes))


def _column(layout: Layout, title: str) -> Column | None:
    """By its whole title, or by what stands outside its parentheses."""
    if len(title) > 100:
        return None
    return layout.by_title.get(fold(title)) or layout.by_title.get(fold(re.sub(r"\([^)]*\)", "", title)))


def _missing(kind: str, table: Table, groups: list[tuple[str, ...]]) -> str:
    layout = LAYOUTS[kind]
    names = [" ou ".join(quoted(layout.column(name).title) for name in group) for group in groups]
    line = "à la première ligne" if table.number == 1 else f"à la ligne {table.number}"
    line = f"{line} de la feuille {quoted(table.sheet)}" if table.sheet else line
    sentence = (
        f"Il manque {'la colonne' if len(names) == 1 else 'les colonnes'} {typography.join_and(names)} : "
        f"ajoutez {'ce titre' if len(names) == 1 else 'ces titres'} {line}."
    )
    titles = {column.name: column for title in table.header if (column := _column(layout, title))}
    for other, theirs in LAYOUTS.items():
        known = {column.name for title in table.header if (column := _column(theirs, title))}
        if other != kind and len(known) > len(titles) and all(known & set(group) for group in theirs.needed):
            return f"{sentence} Ou choisissez « {theirs.label} » : ce fichier y ressemble."
    return sentence
