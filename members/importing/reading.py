"""What the lines of each kind of file have in common: they are read one after the other, then written all at once."""

from datetime import datetime
from typing import Any

from django.db.models import Model

from caprural import spreadsheets
from members import consequences
from members.covering import Circle
from members.importing.known import Known
from members.importing.lines import Cells, Line, Outcome


class Lines:
    """Reads the lines of one kind of file, and keeps what they would write."""

    model: type[Model]

    def __init__(self, known: Known, *, now: datetime) -> None:
        self.known, self.now = known, now
        self.created: list[Any] = []
        self.changed: list[Any] = []
        #: The columns that the changed rows differ by.
        self.fields: set[str] = set()
        #: The members whose people may gain or lose a cover.
        self.concerned: set[int] = set()
        self._said: dict[Any, tuple[int, dict[str, Any]]] = {}

    def read(self, cells: Cells) -> Line:
        """What this line would do."""
        raise NotImplementedError

    def repeated(self, key: Any, cells: Cells, given: dict[str, Any], name: str) -> Line | None:
        """The outcome of a line that says again what an earlier one said of the same thing; one that contradicts it is
        refused.
        """
        if key not in self._said:
            self._said[key] = (cells.number, given)
            return None
        earlier, before = self._said[key]
        others = [field for field, value in given.items() if not _says_the_same(before.get(field), value)]
        if not others and not cells.reasons:
            return repeats(cells, earlier, name)
        if others:
            titles = ", ".join(map(cells.where, others))
            cells.refuse(f"Dit autre chose que la ligne {earlier}, {titles} : gardez une seule de ces lignes.")
        return None

    def foresee(self) -> list[consequences.Change]:
        """The seats that all of it would confirm or cost. Only reads."""
        raise NotImplementedError

    def write(self) -> None:
        """Write all of it; who may be covered, or no longer, is announced once for everybody (R14, R16)."""
        rows = self.model._default_manager
        if self.changed:
            # Before the new ones: a fee cancelled here leaves its place to them.
            rows.bulk_update(self.changed, sorted(self.fields), batch_size=200)
        rows.bulk_create(self.created, batch_size=500)
        self.write_more()
        if self.concerned:
            consequences.draw(Circle.of(self.concerned), lost="cotisation annulée (import)", now=self.now)

    def write_more(self) -> None:
        """What goes with these rows."""


def repeats(cells: Cells, earlier: int, name: str) -> Line:
    """A line that says again what an earlier one said."""
    return cells.line(Outcome.IGNORED, name, [f"Répète la ligne {earlier} : ignorée."])


def _says_the_same(before: Any, value: Any) -> bool:
    if isinstance(before, str) and isinstance(value, str):
        return spreadsheets.fold(before) == spreadsheets.fold(value)
    return bool(before == value)
