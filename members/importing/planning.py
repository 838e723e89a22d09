"""What a whole file would do, line by line: read only, in a constant number of queries."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from caprural import spreadsheets, typography
from caprural.spreadsheets import Table
from members.consequences import Change
from members.importing.fee import FeeLines
from members.importing.known import Known
from members.importing.lines import Cells, Line, Outcome
from members.importing.member import MemberLines
from members.importing.person import PersonLines
from members.importing.reading import Lines, repeats
from members.importing.sheet import match
from members.models import SpreadsheetImport

Kind = SpreadsheetImport.Kind

#: How often the reading says how far it has come.
STEP = 200
READERS: dict[str, type[Lines]] = {Kind.MEMBERS: MemberLines, Kind.PEOPLE: PersonLines, Kind.FEES: FeeLines}


@dataclass(frozen=True)
class Plan:
    """What each line would do, and what of the file is left aside; `reader` holds what is to be written."""

    lines: list[Line]
    notes: tuple[str, ...]
    reader: Lines
    changes: list[Change]

    @property
    def counts(self) -> dict[str, int]:
        """How many lines have each outcome."""
        found = Counter(line.outcome for line in self.lines)
        return {outcome.value: found[outcome] for outcome in Outcome}

    @property
    def is_refused(self) -> bool:
        """Whether a line is refused: then nothing may be written."""
        return any(line.outcome == Outcome.REFUSED for line in self.lines)

    @property
    def fingerprint(self) -> str:
        """What tells one outcome from another: every line, what changes and from what."""
        lost = [change.address for change in self.changes if change.is_lost]
        return sha256(repr((self.lines, lost)).encode()).hexdigest()


def plan(
    kind: str,
    table: Table,
    *,
    now: datetime,
    progress: Callable[[int], None] = lambda done: None,
    is_locking: bool = False,
) -> Plan:
    """Say what importing this table would do. Writes nothing, holds no lock unless `is_locking`.

    `progress` is told now and then how many lines are done. Raises WrongColumns.
    """
    sheet = match(kind, table)
    reader = READERS[kind](Known(kind, is_locking=is_locking), now=now)
    seen: dict[tuple[Any, ...], Line] = {}
    lines = []
    for done, row in enumerate(sheet.table.rows, start=1):
        # A number and its text are not the same cell: True == 1 == 1.0 for Python.
        key = tuple(map(spreadsheets.text, row.cells))
        cells = Cells(sheet, row.number, row.cells)
        if key in seen:
            line = repeats(cells, seen[key].number, seen[key].name)
        else:
            line = seen[key] = _read(reader, cells)
        lines.append(line)
        if done % STEP == 0:
            progress(done)
    is_refused = any(line.outcome == Outcome.REFUSED for line in lines)
    changes = [] if is_refused else reader.foresee()
    return Plan(lines, (*sheet.notes, *_said(changes)), reader, changes)


def _said(changes: list[Change]) -> list[str]:
    """How many seats the file would confirm, and how many would await a fee again (R7b): nobody is named for ever."""
    lost = sum(change.is_lost for change in changes)
    gained = len(changes) - lost
    people = "la personne en sera prévenue,les personnes en seront prévenues"
    said = {
        typography.counted(gained, "inscription sera confirmée,inscriptions seront confirmées"): gained,
        f"{typography.counted(lost, 'place confirmée attendra,places confirmées attendront')} de nouveau une "
        "cotisation": lost,
    }
    return [f"{what} : {typography.plural(count, people)}." for what, count in said.items() if count]


def _read(reader: Lines, cells: Cells) -> Line:
    return cells.refused("") if cells.is_shifted else reader.read(cells)
