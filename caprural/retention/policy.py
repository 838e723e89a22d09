"""The table: field, how long it is kept, counted from what, what happens then, and why (R25).

Each application adds its lines, from `AppConfig.ready`. A field that may hold a word is in one of them, or is said
to be about nobody: a test refuses any other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import QuerySet

Rows = QuerySet[Any]


@dataclass(frozen=True)
class Line:
    """What is kept, how long, counted from what, and why; French, as people read it."""

    what: str
    kept: str
    why: str
    model: type[models.Model]
    fields: Sequence[str]
    #: The rows whose time has come; without it, something else ends them: the line of what they belong to, or the team.
    due: Callable[[datetime], Rows] | None = None
    #: The rows about whoever has this address that may go before, if they ask; without it, they are kept as proofs.
    about: Callable[[str, datetime], Rows] | None = None
    #: What happens to such rows.
    end: Callable[["Line", Rows, datetime], None] | None = None

    def __post_init__(self) -> None:
        if (self.due or self.about) and not self.end:
            raise ValueError(f"{self.what}: what happens to these rows?")


class StillExpected(Exception):
    """Somebody who asks to be forgotten takes part in something that is not over; `str()` says what to do first."""


_lines: list[Line] = []
_obstacles: list[Callable[[str, datetime], str]] = []
#: Fields about nobody, by model.
NOT_PERSONAL: dict[str, set[str]] = {}


def keep(*lines: Line) -> None:
    """Add these lines to the table, before those of the applications below: what most people look for comes first."""
    _lines[:0] = lines


def not_personal(model: type[models.Model], *fields: str) -> None:
    """These fields, or all those that no line names, hold nothing about a person."""
    NOT_PERSONAL.setdefault(model._meta.label, set()).update(fields or ("*",))


def unless(obstacle: Callable[[str, datetime], str]) -> None:
    """Forget nobody while this says, of their address at that instant, what is to be done first."""
    _obstacles.append(obstacle)


def obstacle(address: str, now: datetime) -> str:
    """What is to be done before whoever has this address is forgotten; empty when there is nothing."""
    return next(filter(None, (found(address, now) for found in _obstacles)), "")


def lines() -> Sequence[Line]:
    """The whole table."""
    return tuple(_lines)


def delete(line: Line, rows: Rows, now: datetime) -> None:
    """The rows go."""
    rows.delete()


def empty(line: Line, rows: Rows, now: datetime) -> None:
    """The fields of the line are emptied, the rows stay."""
    rows.update(**dict.fromkeys(line.fields, ""))


def filled(model: type[models.Model], *fields: str) -> Rows:
    """The rows where one of these fields says something."""
    return model._default_manager.exclude(**dict.fromkeys(fields, ""))
