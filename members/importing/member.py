"""Lines of a file of members."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from caprural import spreadsheets, typography, validators
from caprural.spreadsheets import fold, quoted
from members import consequences
from members.covering import Circle
from members.importing.known import Known
from members.importing.lines import Cells, Line, Outcome, change, joined, number, shown
from members.importing.reading import Lines
from members.models import EmailDomain, Member

#: Fields written as the file has them.
_FIELDS = ("kind", "name", "contact_name", "email", "phone", "address", "siret", "service_code", "note")
_KINDS = {
    **dict.fromkeys(("structure", "association", "collectivite", "organisme", "personnemorale"), Member.Kind.STRUCTURE),
    **dict.fromkeys(("personne", "particulier", "individuel", "personnephysique"), Member.Kind.PERSON),
}
#: What is written for an identifier when a member is not the one of that name.
_NEW = ("nouveau", "nouvelle")
_KIND_LABELS = "« structure » ou « personne »"


class MemberLines(Lines):
    """Members, and the domains that are added to theirs."""

    model = Member

    def __init__(self, known: Known, *, now: datetime) -> None:
        super().__init__(known, now=now)
        self._domains: list[EmailDomain] = []

    def read(self, cells: Cells) -> Line:
        given = self._given(cells)
        member = self._target(cells, given)
        name = str(given.get("name") or member or "")
        if member is None:
            return cells.refused(name)
        if line := self.repeated(id(member), cells, given, name):
            return line
        if cells.reasons:
            return cells.refused(name)
        if member._state.adding:
            return self._create(cells, member, given)
        return self._change(cells, member, given)

    def _given(self, cells: Cells) -> dict[str, Any]:
        """What the line says, empty cells left out: they leave what is there."""
        given: dict[str, Any] = {name: cells.text(name) for name in _FIELDS if name not in ("kind", "siret")}
        given["name"] = joined(cells.text("first_name"), given["name"])
        given["contact_name"] = joined(cells.text("contact_first_name"), given["contact_name"])
        given["address"] = _address(cells)
        given["email"] = validators.normalise_email(given["email"])
        given["kind"] = cells.chosen("kind", _KINDS, _KIND_LABELS)
        given["siret"] = cells.understood("siret", spreadsheets.siret)
        if re.fullmatch(r"[1-9]\d{8}", given["phone"]):
            # Read as a number, it has lost its first zero.
            given["phone"] = f"0{given['phone']}"
        given = {name: value for name, value in given.items() if value}
        cells.validate(Member(**given), given)
        domains = [validators.normalise_domain(word) for word in re.split(r"[\s,;]+", cells.text("domains")) if word]
        for domain in domains:
            cells.validate(EmailDomain(domain=domain), {"domain": domain}, "domains")
        return {**given, "domains": sorted(set(domains))} if domains else given

    def _target(self, cells: Cells, given: dict[str, Any]) -> Member | None:
        """The member this line is about, a new one if need be; None when nobody can tell, with the reason."""
        wrong = len(cells.reasons)
        is_new = fold(cells.text("pk")) in _NEW
        pk = None if is_new else cells.understood("pk", number)
        siret, name = given.get("siret"), given.get("name", "")
        if len(cells.reasons) > wrong or (siret is None and cells.raw("siret") != ""):
            return None
        holder = self.known.by_siret.get(siret) if siret else None
        if pk is not None:
            member = self.known.members.get(pk)
            if member is None:
                cells.refuse(f"{cells.where('pk')} : aucun cotisant n’a l’identifiant {pk} : videz cette case.")
            elif holder not in (None, member):
                cells.refuse(f"{cells.where('siret')} : {quoted(str(holder))} porte déjà le SIRET {siret}.")
            return member
        if holder and is_new:
            cells.refuse(f"{cells.where('siret')} : {quoted(str(holder))} porte déjà le SIRET {siret}.")
            return None
        if holder:
            return holder
        named = [] if is_new else self.known.named(name)
        if candidates := [member for member in named if not siret or not member.siret]:
            return self._by_name(cells, given, candidates)
        if not name:
            cells.refuse(f"{cells.where('name')} : la case est vide : donnez le nom du cotisant.")
            return None
        member = Member(**{name: given[name] for name in _FIELDS if name in given})
        self.known.add(member)
        return member

    def _by_name(self, cells: Cells, given: dict[str, Any], candidates: list[Member]) -> Member | None:
        """The one of that name, unless another address says that it may be a homonym; None when nobody can tell."""
        if len(candidates) > 1:
            candidates = [member for member in candidates if _is_same_email(member, given)] or candidates
        if len(candidates) > 1:
            numbers = typography.join_and(f"{member.pk} ({member.email or 'sans e-mail'})" for member in candidates)
            cells.refuse(
                f"{cells.where('name')} : {len(candidates)} cotisants portent le nom {quoted(candidates[0].name)} : "
                f"ajoutez le SIRET, ou l’identifiant : {numbers}."
            )
            return None
        [member] = candidates
        apart = _tells_apart(member, given)
        # An earlier line of the file: the contradiction is said where the two are compared.
        if not apart or member._state.adding:
            return member
        field = apart[0]
        cells.refuse(
            f"{cells.where(field)} : {quoted(member.name)} a déjà une autre valeur, {shown(getattr(member, field))}. "
            f"Si c’est lui, écrivez {member.pk} dans une colonne « Identifiant » ; si c’est un homonyme, écrivez-y "
            "« nouveau »."
        )
        return None

    def _create(self, cells: Cells, member: Member, given: dict[str, Any]) -> Line:
        self.created.append(member)
        self._domains += [EmailDomain(member=member, domain=domain) for domain in given.get("domains", ())]
        details = [
            f"{cells.title(name)} : {shown(_label(name, value))}" for name, value in given.items() if name != "name"
        ]
        return cells.line(Outcome.CREATED, member.name, details)

    def _change(self, cells: Cells, member: Member, given: dict[str, Any]) -> Line:
        details = []
        for name in _FIELDS:
            before, after = getattr(member, name), given.get(name)
            if after is None or spreadsheets.clean(before) == after:
                continue
            # Our own number alone says that a name was respelt; otherwise the name may have been what was looked for.
            if name == "name" and cells.raw("pk") == "" and fold(before) == fold(after):
                continue
            # A town alone says nothing new of an address that has it.
            if name == "address" and not cells.text("address") and fold(after) in fold(before):
                continue
            details.append(change(cells.title(name), _label(name, before), _label(name, after)))
            setattr(member, name, after)
            self.fields.add(name)
        if details:
            self.changed.append(member)
            self.known.take_siret(member)
        for domain in given.get("domains", ()):
            if domain not in self.known.domains[member.pk]:
                details.append(f"Domaine ajouté : {quoted(domain)}")
                self._domains.append(EmailDomain(member=member, domain=domain))
                self.concerned.add(member.pk)
        return cells.line(Outcome.CHANGED if details else Outcome.UNCHANGED, member.name, details)

    def foresee(self) -> list[consequences.Change]:
        domains = {pk: [new.domain for new in self._domains if new.member_id == pk] for pk in self.concerned}
        coming = Circle(frozenset(), frozenset(name for names in domains.values() for name in names))
        return consequences.foresee(domains, lambda cover: cover.adding({}, domains), coming=coming, now=self.now)

    def write_more(self) -> None:
        EmailDomain.objects.bulk_create(self._domains, batch_size=500)


def _address(cells: Cells) -> str:
    """The whole of it, were its town and its postcode in columns of their own."""
    code = cells.text("postcode")
    # Read as a number, it has lost its first zero.
    code = f"0{code}" if re.fullmatch(r"[1-9]\d{3}", code) else code
    street = joined(cells.text("address"), cells.text("address_more"), by="\n")
    town = joined(code, cells.text("town"))
    return street if fold(town) in fold(street) else joined(street, town, by="\n")


def _tells_apart(member: Member, given: dict[str, Any]) -> list[str]:
    """What the line says that a member of that name contradicts; an address that only says more does not."""
    found = []
    if given.get("email") and member.email and not _is_same_email(member, given):
        found.append("email")
    before, after = fold(member.address), fold(given.get("address", ""))
    if before and after and before not in after and after not in before:
        found.append("address")
    return found


def _is_same_email(member: Member, given: dict[str, Any]) -> bool:
    return bool(member.email) and validators.normalise_email(member.email) == given.get("email")


def _label(name: str, value: Any) -> Any:
    if name == "kind":
        return Member.Kind(value).label
    return ", ".join(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
