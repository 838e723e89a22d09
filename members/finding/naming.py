"""Two payers of one name: what tells each from the other wherever one chooses among them."""

import re
from collections import defaultdict
from collections.abc import Iterable

from caprural import typography
from caprural.typography import fold
from members.models import Member

_TOWN = re.compile(r"\b\d{5}[ \u00a0]+(.*\S)")


def labels(members: Iterable[Member]) -> dict[int, str]:
    """How each of these members is named where one chooses: its name, followed by its town, its address, its SIRET or
    its number, the first that tells it apart, when another has the same name but for case and accents. One query.
    """
    wanted = {member.pk: member for member in members}
    if not wanted:
        return {}
    namesakes: dict[str, list[tuple[int, list[str]]]] = defaultdict(list)
    for pk, name, *details in Member.objects.order_by("pk").values_list("pk", "name", "address", "email", "siret"):
        namesakes[fold(name)].append((pk, details))
    return {pk: _label(member, namesakes[fold(member.name)]) for pk, member in wanted.items()}


def _label(member: Member, namesakes: list[tuple[int, list[str]]]) -> str:
    others = [_distinct(*details) for pk, details in namesakes if pk != member.pk]
    if not others:
        return member.name
    own = _distinct(member.address, member.email, member.siret)
    told = (one for n, one in enumerate(own) if one and all(fold(one) != fold(other[n]) for other in others))
    return f"{member.name} ({next(told, f'cotisant n° {member.pk}')})"


def _distinct(address: str, email: str, siret: str) -> tuple[str, str, str]:
    town = _TOWN.findall(address)
    return town[-1] if town else "", email, f"SIRET {typography.siret(siret)}" if siret else ""
