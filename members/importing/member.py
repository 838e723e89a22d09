"""Lines of a file of members."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from caprural import spreadsheets, validators
from caprural.spreadsheets import fold, quoted
from members import consequences
from members.covering import Circle
from members.importing.known import Known
from members.importing.lines import Cells, Claims, Line, Outcome, change, number, shown
from members.models import EmailDomain, Member

#: Fields written as the file has them.
_FIELDS = ("kind", "name", "contact_name", "email", "phone", "address", "siret", "service_code", "note")
_KINDS = {
    **dict.fromkeys(("structure", "association", "collectivite", "organisme", "personnemorale"), Member.Kind.STRUCTURE),
    **dict.fromkeys(("personne", "particulier", "individuel", "personnephysique"), Member.Kind.PERSON),
}
_KIND_LABELS = "« structure » ou « personne »"


class MemberLines:
    """Reads them one after the other, and keeps what they would write."""

    def __init__(self, known: Known, *, now: datetime) -> None:
        self._known = known
        self._claims = Claims()
        self._created: list[Member] = []
        self._changed: list[Member] = []
        self._fields: set[str] = set()
        self._domains: list[EmailDomain] = []
        self._gained: dict[int, Member] = {}

    def read(self, cells: Cells) -> Line:
        """What this line would do."""
        given = self._given(cells)
        member = self._target(cells, given)
        name = str(given.get("name") or member or "")
        if member is None:
            return Line(cells.number, Outcome.REFUSED, name, tuple(cells.reasons))
        if line := self._claims.repeated(id(member), cells, given, name):
            return line
        if cells.reasons:
            return Line(cells.number, Outcome.REFUSED, name, tuple(cells.reasons))
        if member._state.adding:
            return self._create(cells, member, given)
        return self._change(cells, member, given)

    def _given(self, cells: Cells) -> dict[str, Any]:
        """What the line says, empty cells left out: they leave what is there."""
        given: dict[str, Any] = {name: cells.text(name) for name in _FIELDS if name not in ("kind", "siret")}
        given["email"] = validators.normalise_email(given["email"])
        given["kind"] = cells.chosen("kind", _KINDS, _KIND_LABELS)
        given["siret"] = cells.understood("siret", spreadsheets.siret)
        if re.fullmatch(r"[1-9]\d{8}", given["phone"]):
            # Read as a number, it has lost its first zero.
            given["phone"] = f"0{given['phone']}"
        given = {name: value for name, value in given.items() if value}
        cells.validate(Member(**given), given, {name: name for name in given})
        domains = [validators.normalise_domain(word) for word in re.split(r"[\s,;]+", cells.text("domains")) if word]
        for domain in domains:
            cells.validate(EmailDomain(domain=domain), {"domain": domain}, {"domain": "domains"})
        return {**given, "domains": sorted(set(domains))} if domains else given

    def _target(self, cells: Cells, given: dict[str, Any]) -> Member | None:
        """The member this line is about, a new one if need be; None when nobody can tell, with the reason."""
        wrong = len(cells.reasons)
        pk = cells.understood("pk", number)
        siret, name = given.get("siret"), given.get("name", "")
        if len(cells.reasons) > wrong or (siret is None and cells.raw("siret") != ""):
            return None
        holder = self._known.with_siret(siret) if siret else None
        if pk is not None:
            member = self._known.members.get(pk)
            if member is None:
                cells.refuse(f"{cells.title('pk')} : aucun cotisant n’a l’identifiant {pk} : videz cette case.")
            elif holder not in (None, member):
                cells.refuse(f"{cells.title('siret')} : {quoted(str(holder))} porte déjà le SIRET {siret}.")
            return member
        if holder:
            return holder
        candidates = [member for member in self._known.named(name) if not siret or not member.siret]
        if len(candidates) > 1:
            cells.refuse(
                f"{cells.title('name')} : {len(candidates)} cotisants portent le nom {quoted(name)} : "
                "ajoutez le SIRET, ou l’identifiant."
            )
            return None
        if candidates:
            return candidates[0]
        if not name:
            cells.refuse(f"{cells.title('name')} : la case est vide : donnez le nom du cotisant.")
            return None
        member = Member(**{name: given[name] for name in _FIELDS if name in given})
        self._known.add(member)
        return member

    def _create(self, cells: Cells, member: Member, given: dict[str, Any]) -> Line:
        self._created.append(member)
        self._domains += [EmailDomain(member=member, domain=domain) for domain in given.get("domains", ())]
        details = [
            f"{cells.title(name)} : {shown(_label(name, value))}" for name, value in given.items() if name != "name"
        ]
        return Line(cells.number, Outcome.CREATED, member.name, tuple(details))

    def _change(self, cells: Cells, member: Member, given: dict[str, Any]) -> Line:
        details = []
        for name in _FIELDS:
            before, after = getattr(member, name), given.get(name)
            if after is None or spreadsheets.clean(before) == after:
                continue
            # Our own number alone says that a name was respelt; otherwise the name may have been what was looked for.
            if name == "name" and cells.raw("pk") == "" and fold(before) == fold(after):
                continue
            details.append(change(cells.title(name), _label(name, before), _label(name, after)))
            setattr(member, name, after)
            self._fields.add(name)
        if details:
            self._changed.append(member)
            self._known.take_siret(member)
        for domain in given.get("domains", ()):
            if domain not in self._known.domains[member.pk]:
                details.append(f"Domaine ajouté : {quoted(domain)}")
                self._domains.append(EmailDomain(member=member, domain=domain))
                self._gained[member.pk] = member
        return Line(cells.number, Outcome.CHANGED if details else Outcome.UNCHANGED, member.name, tuple(details))

    def write(self, *, now: datetime) -> None:
        """Write all of it, and announce whom the new domains may cover (R16)."""
        Member.objects.bulk_create(self._created, batch_size=500)
        if self._changed:
            Member.objects.bulk_update(self._changed, sorted(self._fields), batch_size=200)
        EmailDomain.objects.bulk_create(self._domains, batch_size=500)
        if self._gained:
            consequences.draw(Circle.of(self._gained), now=now)


def _label(name: str, value: Any) -> Any:
    """A value as a person reads it."""
    if name == "kind":
        return Member.Kind(value).label
    return ", ".join(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
