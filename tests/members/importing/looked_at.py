"""A file as the coordinator keeps it, and what would become of each of its lines."""

import re
from datetime import datetime
from typing import Any

from members import importing
from members.importing import Plan
from tests.factories import NOW
from tests.support.traces import folded

#: Where a cell is: what stands where is the business of test_real_files.
_PLACE = re.compile(r" \((?:feuille « [^»]+ », )?[A-Z]{1,2}\d+\)")

Said = list[tuple[int, str, str, list[str]]]


def planned(kind: str, *lines: str, now: datetime = NOW) -> Plan:
    """The plan of a CSV file with these lines."""
    return importing.plan(kind, importing.read(kind, "f.csv", "\n".join(lines).encode()), now=now)


def placeless(detail: str) -> str:
    """What is said of a line, without where the cell is, all spaces alike."""
    return _PLACE.sub("", folded(detail))


def said(plan: Plan) -> Said:
    """Number, outcome, name and details of each line, all spaces alike."""
    return [
        (
            line.number,
            line.outcome.value,
            folded(line.name),
            [*map(placeless, line.details)],
        )
        for line in plan.lines
    ]


def outcomes(plan: Plan) -> list[str]:
    """The outcome of each line."""
    return [line.outcome.value for line in plan.lines]


def reasons(plan: Plan) -> list[str]:
    """Why its only line is refused."""
    [(_, outcome, _, details)] = said(plan)
    assert outcome == "refused"
    return details


def brought_in(kind: str, *lines: str, now: datetime = NOW) -> Plan:
    """The same file, written; then looked at again, when nothing may change any more."""
    plan = planned(kind, *lines, now=now)
    assert not plan.is_refused, said(plan)
    plan.reader.write()
    again = planned(kind, *lines, now=now)
    assert set(outcomes(again)) <= {"unchanged", "ignored"}, said(again)
    return plan


def values(row: Any, *names: str) -> tuple[Any, ...]:
    """These fields, as the database has them now."""
    row.refresh_from_db()
    return tuple(getattr(row, name) for name in names)
