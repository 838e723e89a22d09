"""What one line of a file would do, and what makes it do so."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model

from caprural import spreadsheets
from caprural.spreadsheets import Cell, NotUnderstood, quoted
from members.importing.sheet import Sheet

T = TypeVar("T")


class Outcome(StrEnum):
    """What becomes of a line, the most pressing first."""

    REFUSED = "refused"
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    IGNORED = "ignored"


class Line(NamedTuple):
    """A line under its number in the file: what it is about, and what changes or why it is refused."""

    number: int
    outcome: Outcome
    name: str
    details: tuple[str, ...] = ()


class Cells:
    """One line, column by column; whatever is wrong in it is gathered in `reasons`."""

    def __init__(self, sheet: Sheet, number: int, cells: tuple[Cell, ...]) -> None:
        self.sheet = sheet
        self.number = number
        self.cells = cells
        self.reasons: list[str] = []
        #: Then no cell is surely under its own title.
        self.is_shifted = len(cells) > len(sheet.table.header)
        if self.is_shifted:
            self.refuse(
                f"Cette ligne a {len(cells)} cases pour {len(sheet.table.header)} titres : "
                "vérifiez ses points-virgules."
            )
        for name in sheet.places:
            if (cell := self.raw(name)) == spreadsheets.NO_RESULT:
                self.refuse(
                    f"{self.where(name)} : cette formule n’a pas de résultat dans le fichier : ouvrez-le dans votre "
                    "tableur, enregistrez-le, puis renvoyez-le."
                )
            elif cell in spreadsheets.FORMULA_ERRORS:
                self.refuse(f"{self.where(name)} : la formule de cette case donne {quoted(cell)} : corrigez-la.")

    def refuse(self, reason: str) -> None:
        """One more thing to correct."""
        self.reasons.append(reason)

    def line(self, outcome: Outcome, name: str, details: Iterable[str] = ()) -> Line:
        """What becomes of it."""
        return Line(self.number, outcome, name, tuple(details))

    def refused(self, name: str) -> Line:
        """It is refused, for all its reasons."""
        return self.line(Outcome.REFUSED, name, self.reasons)

    def title(self, name: str) -> str:
        """The title of that column in the file, or ours when the file has none."""
        at = self.sheet.places.get(name)
        return self.sheet.layout.column(name).title if at is None else self.sheet.table.header[at]

    def where(self, name: str) -> str:
        """The title of that column, and where its cell is: « Montant (D2) »."""
        at = self.sheet.places.get(name)
        return self.title(name) if at is None else f"{self.title(name)} ({self.sheet.table.place(at, self.number)})"

    def raw(self, name: str) -> Cell:
        """The cell as it was read; empty when the file has no such column."""
        at = self.sheet.places.get(name, len(self.cells))
        return self.cells[at] if at < len(self.cells) else ""

    def text(self, name: str) -> str:
        """The cell as words; nothing for a formula without result, refused already."""
        return "" if (raw := self.raw(name)) == spreadsheets.NO_RESULT else spreadsheets.text(raw)

    def understood(self, name: str, parse: Callable[[Cell], T]) -> T | None:
        """What `parse` makes of the cell; nothing when it is empty, or refused."""
        raw = self.raw(name)
        if raw == "" or raw in spreadsheets.FORMULA_ERRORS:
            return None
        try:
            return parse(raw)
        except NotUnderstood as reason:
            self.refuse(f"{self.where(name)} : {reason}.")
            return None

    def chosen(self, name: str, choices: Mapping[str, str], labels: str) -> str | None:
        """The choice that the cell names, whatever its accents and case; nothing when it is empty, or refused."""

        def parse(raw: Cell) -> str:
            found = choices.get(spreadsheets.fold(spreadsheets.text(raw)))
            if found is None:
                raise NotUnderstood(f"{quoted(raw)} n’est pas connu : écrivez {labels}")
            return found

        return self.understood(name, parse)

    def validate(self, row: Model, given: Mapping[str, Any], column: str = "") -> None:
        """Judge what was given as the model's own fields do, without a query; `column` is not always the field's."""
        others = [field.name for field in row._meta.fields if field.name not in given]
        try:
            row.clean_fields(exclude=others)
        except ValidationError as error:
            for name, errors in error.error_dict.items():
                # Of two sentences that say the same thing, ours comes after Django's.
                for sentence in {fault.code: fault.messages[0] for fault in errors}.values():
                    self.refuse(f"{self.where(column or name)} {quoted(given[name])} : {sentence}")


def number(value: Cell) -> int:
    """An identifier of ours: « 42 », or « COT-00042 » for a fee. Raises NotUnderstood."""
    digits = spreadsheets.text(value).upper().removeprefix("COT-").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise NotUnderstood(f"{quoted(value)} n’est pas un identifiant : laissez la case vide, ou reprenez nos exports")
    return int(digits)


def either(values: Sequence[str]) -> str:
    """« « a », « b » ou « c » »."""
    *first, last = map(quoted, values)
    return f"{', '.join(first)} ou {last}" if first else last


def joined(*parts: str, by: str = " ") -> str:
    """One value from the several columns in which a file keeps it."""
    return by.join(filter(None, parts))


def shown(value: Any) -> str:
    """A value as a preview says it."""
    return quoted(value) if value not in ("", None) else "rien"


def change(title: str, before: Any, after: Any) -> str:
    """« Téléphone : « 04… » → « 06… » »."""
    return f"{title} : {shown(before)} → {shown(after)}"
