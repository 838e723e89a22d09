"""A CSV as it is: whatever its separator and its charset."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from caprural.spreadsheets.cells import Cell, clean, restore
from caprural.spreadsheets.charset import decoded
from caprural.spreadsheets.table import HEAD, Knows, NotASpreadsheet, Sheet, bounded

_SEPARATORS = ";\t,|"
_SEPARATOR_LINE = re.compile(r"sep=([;,|\t])\s*$", re.IGNORECASE | re.MULTILINE)
#: « ="00123" »: how a text is kept from being taken for a number.
_TEXT_FORMULA = re.compile(r'="([^"]*)"')


def sheet(content: bytes, knows: Knows) -> tuple[Sheet, list[str]]:
    """Its lines, and what to check in its accents. Raises NotASpreadsheet."""
    words, notes = decoded(content)
    match = _SEPARATOR_LINE.match(words)
    separator = match[1] if match else _separator(words, knows)
    lines = csv.reader(io.StringIO(words, newline=""), delimiter=separator)
    rows = bounded(_lines(lines, is_headed=bool(match)))
    if rows and words.count('"') % 2 and any("\n" in str(cell) for cell in rows[-1].cells):
        raise _open_quote(rows[-1].number)
    return Sheet("", rows), notes


def _separator(words: str, knows: Knows) -> str:
    """The one that parts a line into most of the titles we know; else the one the first line with any has most of."""
    bare = (re.sub(r'"[^"]*"', "", line) for line in io.StringIO(words))
    first = next((line for line in bare if any(sign in line for sign in _SEPARATORS)), "")

    def worth(sign: str) -> tuple[int, int]:
        head = [line[:9_999] for line, _ in zip(io.StringIO(words), range(HEAD), strict=False)]
        known = [len({knows(title.strip(' "\r\n')) for title in line.split(sign)} - {None}) for line in head]
        return max(known, default=0), first.count(sign)

    return max(_SEPARATORS, key=worth)


def _lines(lines: Any, *, is_headed: bool) -> Iterator[tuple[int, dict[int, Cell]]]:
    number = 0
    try:
        for cells in lines:
            number += 1
            if number > 1 or not is_headed:
                yield number, {at: value for at, cell in enumerate(cells) if (value := _cell(cell))}
    except csv.Error as error:
        raise _open_quote(number + 1) from error


def _cell(written: str) -> str:
    match = _TEXT_FORMULA.fullmatch(written)
    return restore(clean(match[1] if match else written))


def _open_quote(number: int) -> NotASpreadsheet:
    return NotASpreadsheet(
        f"Un guillemet ouvert à la ligne {number} n’est jamais refermé : "
        "corrigez cette ligne, puis renvoyez le fichier."
    )
