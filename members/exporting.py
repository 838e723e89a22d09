"""Members, covered people and fees that go out, in the very columns that come back in (SPEC §6)."""

from collections.abc import Callable, Iterable

from django.db.models import Model, QuerySet

from caprural import spreadsheets
from caprural.spreadsheets import Cell
from members.columns import LAYOUTS
from members.models import CoveredPerson, FeeCategory, Member, MembershipFee, SpreadsheetImport

Kind = SpreadsheetImport.Kind


def members(found: QuerySet[Member], extension: str) -> bytes:
    """These members, each with its domains."""
    return _file(
        Kind.MEMBERS,
        extension,
        found.prefetch_related("domains"),
        {
            "pk": lambda member: member.pk,
            "kind": lambda member: member.get_kind_display(),
            "domains": lambda member: ", ".join(domain.domain for domain in member.domains.all()),
        },
    )


def people(found: QuerySet[Member], extension: str) -> bytes:
    """The people that these members cover."""
    listed = CoveredPerson.objects.filter(member__in=found.order_by().values("pk"))
    of_member: dict[str, Callable[[CoveredPerson], Cell]] = {
        "member_pk": lambda person: person.member_id,
        "member": lambda person: person.member.name,
        "siret": lambda person: person.member.siret,
    }
    return _file(Kind.PEOPLE, extension, listed.select_related("member").order_by("member__name", "pk"), of_member)


def fees(found: QuerySet[MembershipFee], extension: str) -> bytes:
    """These fees, cancelled ones included."""
    return _file(
        Kind.FEES,
        extension,
        found.select_related("member", "campaign", "category"),
        {
            "pk": lambda fee: fee.pk,
            "member_pk": lambda fee: fee.member_id,
            "member": lambda fee: fee.member.name,
            "siret": lambda fee: fee.member.siret,
            "campaign": lambda fee: fee.campaign.name,
            "category": lambda fee: fee.category.label,
            "status": lambda fee: fee.get_status_display(),
            "method": lambda fee: fee.get_method_display(),
            "paid_on": lambda fee: fee.paid_on or "",
        },
    )


def example(kind: str, extension: str) -> bytes:
    """The columns of a file that can be imported, and one line; its campaign and category are ours if there are any."""
    layout = LAYOUTS[kind]
    line = {column.name: column.example for column in layout.columns}
    category = FeeCategory.objects.select_related("campaign").order_by("-campaign__starts_on", "position", "pk").first()
    if kind == Kind.FEES and category:
        amount = spreadsheets.text(category.amount)
        line.update(campaign=category.campaign.name, category=category.label, amount=amount)
    return _written(kind, extension, [[line[column.name] for column in layout.columns]])


def _file(kind: str, extension: str, found: Iterable[Model], made: dict[str, Callable[..., Cell]]) -> bytes:
    """A line per row: a column is a field of that name, unless `made` says otherwise."""
    names = [column.name for column in LAYOUTS[kind].columns]
    cells = [(name, made.get(name)) for name in names]
    rows = [[make(row) if make else getattr(row, name) for name, make in cells] for row in found]
    return _written(kind, extension, rows)


def _written(kind: str, extension: str, rows: list[list[Cell]]) -> bytes:
    layout = LAYOUTS[kind]
    return spreadsheets.write(extension, layout.header, rows, sheet=layout.label)
