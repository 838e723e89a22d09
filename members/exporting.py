"""Members, covered people and fees that go out, in the very columns that come back in (SPEC §6)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from caprural import spreadsheets
from caprural.spreadsheets import Cell
from members.columns import LAYOUTS
from members.models import CoveredPerson, FeeCategory, Member, SpreadsheetImport

Kind = SpreadsheetImport.Kind


def export(kind: str, found: QuerySet[Any], extension: str) -> bytes:
    """These members each with its domains, the people that these members cover, or these fees."""
    if kind == Kind.MEMBERS:
        found = found.prefetch_related("domains")
    elif kind == Kind.PEOPLE:
        found = CoveredPerson.objects.filter(member__in=found.order_by().values("pk"))
        found = found.select_related("member").order_by("member__name", "pk")
    else:
        found = found.select_related("member", "campaign", "category")
    return _file(kind, extension, ([_cell(row, column.name) for column in LAYOUTS[kind].columns] for row in found))


def example(kind: str, extension: str) -> bytes:
    """The columns of a file that can be imported, and one line; its campaign and category are ours if there are any."""
    layout = LAYOUTS[kind]
    line = {column.name: column.example for column in layout.columns}
    category = FeeCategory.objects.select_related("campaign").order_by("-campaign__starts_on", "position", "pk").first()
    if kind == Kind.FEES and category:
        amount = spreadsheets.text(category.amount)
        line.update(campaign=category.campaign.name, category=category.label, amount=amount)
    return _file(kind, extension, [list(line.values())])


def _cell(row: Any, name: str) -> Cell:
    """The field of that name, unless the column says it otherwise."""
    match name:
        case "member_pk":
            return int(row.member_id)
        case "siret" if not isinstance(row, Member):
            return str(row.member.siret)
        case "member" | "campaign":
            return str(getattr(row, name).name)
        case "category":
            return str(row.category.label)
        case "kind" | "status" | "method":
            return str(getattr(row, f"get_{name}_display")())
        case "domains":
            return ", ".join(domain.domain for domain in row.domains.all())
    value: Cell | None = getattr(row, name)
    return "" if value is None else value


def _file(kind: str, extension: str, rows: Iterable[list[Cell]]) -> bytes:
    layout = LAYOUTS[kind]
    return spreadsheets.write(extension, [column.title for column in layout.columns], rows, sheet=layout.label)
