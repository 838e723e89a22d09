"""What the database says when a file is looked at: read once, in a constant number of queries."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from caprural import spreadsheets, typography
from caprural.spreadsheets import fold, quoted
from members.importing.lines import Cells, either, number
from members.models import (
    CoveredPerson,
    EmailDomain,
    FeeCampaign,
    FeeCategory,
    Member,
    MembershipFee,
    SpreadsheetImport,
)

Kind = SpreadsheetImport.Kind


class Known:
    """Members, and what a kind of file needs besides. With `is_locking`, nobody else changes them until we commit.

    New members of the file are added as it is read, so that a later line finds them.
    """

    def __init__(self, kind: str, *, is_locking: bool = False) -> None:
        def rows(found: QuerySet[Any]) -> Iterator[Any]:
            # Not the key: a registration or an application that refers to a member need not wait.
            return iter(found.select_for_update(no_key=True) if is_locking else found)

        self.members: dict[int, Member] = {}
        self.by_siret: dict[str, Member] = {}
        self._by_name: dict[str, list[Member]] = defaultdict(list)
        for member in rows(Member.objects.order_by("pk")):
            self.members[member.pk] = member
            self.add(member)
        self.domains: dict[int, set[str]] = defaultdict(set)
        self.people: dict[tuple[int, str], CoveredPerson] = {}
        self.campaigns: list[FeeCampaign] = []
        self.categories: dict[int, list[FeeCategory]] = defaultdict(list)
        self.fees: dict[int, MembershipFee] = {}
        self.fees_of: dict[tuple[int, int], list[MembershipFee]] = defaultdict(list)
        if kind == Kind.MEMBERS:
            for pk, domain in EmailDomain.objects.values_list("member", "domain"):
                self.domains[pk].add(domain)
        elif kind == Kind.PEOPLE:
            for person in rows(CoveredPerson.objects.order_by("pk")):
                self.people[person.member_id, person.email] = person
        else:
            self._read_fees(rows(MembershipFee.objects.order_by("pk")))

    def _read_fees(self, fees: Iterator[MembershipFee]) -> None:
        self.campaigns = list(FeeCampaign.objects.order_by("starts_on"))
        by_pk = {campaign.pk: campaign for campaign in self.campaigns}
        categories: dict[int, FeeCategory] = {}
        for category in FeeCategory.objects.order_by("position", "pk"):
            category.campaign = by_pk[category.campaign_id]
            categories[category.pk] = category
            self.categories[category.campaign_id].append(category)
        for fee in fees:
            fee.member, fee.campaign = self.members[fee.member_id], by_pk[fee.campaign_id]
            fee.category = categories[fee.category_id]
            self.fees[fee.pk] = fee
            self.fees_of[fee.member_id, fee.campaign_id].append(fee)

    def add(self, member: Member) -> None:
        """One more member that lines may name."""
        self.take_siret(member)
        self._by_name[_name_key(member.name)].append(member)

    def take_siret(self, member: Member) -> None:
        """The SIRET of this member is no longer free; the one it had stays taken: the database would see it twice."""
        if member.siret:
            self.by_siret.setdefault(member.siret, member)

    def named(self, name: str) -> list[Member]:
        """The members of this name: accents, case, spaces and punctuation do not count."""
        return self._by_name.get(_name_key(name), []) if name else []

    def member_of(self, cells: Cells) -> Member | None:
        """The member that a line about a person or a fee names; None when it is refused, with the reason."""
        wrong = len(cells.reasons)
        pk = cells.understood("member_pk", number)
        siret = cells.understood("siret", spreadsheets.siret)
        name = cells.text("member")
        if not siret and re.fullmatch(r"[\d\s.]{13,}", name):
            siret, name = cells.understood("member", spreadsheets.siret), ""
        if len(cells.reasons) > wrong:
            return None
        if pk is not None:
            return self._numbered(cells, pk, siret, name)
        if siret and (found := self.by_siret.get(siret)):
            return found
        candidates = [member for member in self.named(name) if not siret or not member.siret]
        if len(candidates) == 1:
            return candidates[0]
        cells.refuse(self._unknown(cells, siret, name, len(candidates)))
        return None

    def _numbered(self, cells: Cells, pk: int, siret: str | None, name: str) -> Member | None:
        """By our own number, if the rest of the line does not speak of somebody else."""
        member = self.members.get(pk)
        title = cells.title("member_pk")
        if member is None:
            cells.refuse(f"{title} : aucun cotisant n’a l’identifiant {pk} : videz cette case, son nom suffit.")
        elif (name and _name_key(name) != _name_key(member.name)) or (siret and siret != member.siret):
            other = quoted(name) if name and _name_key(name) != _name_key(member.name) else f"le SIRET {siret}"
            cells.refuse(
                f"{title} : {pk} est celui de {quoted(member.name)}, et la ligne dit {other} : corrigez l’un des deux."
            )
            member = None
        return member

    def _unknown(self, cells: Cells, siret: str | None, name: str, count: int) -> str:
        if count > 1:
            return f"{cells.where('member')} : {count} cotisants portent le nom {quoted(name)} : ajoutez leur SIRET."
        if siret:
            return f"{cells.where('siret')} : aucun cotisant n’a le SIRET {siret} : importez d’abord les cotisants."
        if name:
            unknown = f"aucun cotisant ne s’appelle {quoted(name)}"
            return f"{cells.where('member')} : {unknown} : importez d’abord les cotisants."
        return f"{cells.where('member')} : la case est vide : donnez le nom ou le SIRET du cotisant."

    def campaign_of(self, cells: Cells) -> FeeCampaign | None:
        """The campaign of that name, or the only one that covers that year; None when it is refused."""
        said = cells.text("campaign")
        title = cells.title("campaign")
        if not said:
            cells.refuse(f"{title} : la case est vide : donnez le nom de la campagne, ou son année.")
            return None
        found = [campaign for campaign in self.campaigns if fold(campaign.name) == fold(said)]
        if not found and re.fullmatch(r"\d{4}", said):
            year = int(said)
            found = [c for c in self.campaigns if c.starts_on.year <= year <= c.ends_on.year]
        if len(found) == 1:
            return found[0]
        if found:
            names = typography.join_and(quoted(campaign.name) for campaign in found)
            cells.refuse(f"{title} : {quoted(said)} désigne {names} : écrivez le nom de la campagne.")
        else:
            cells.refuse(f"{title} : aucune campagne ne répond à {quoted(said)} : créez-la, ou corrigez son nom.")
        return None

    def category_of(self, cells: Cells, campaign: FeeCampaign) -> FeeCategory | None:
        """The line of the campaign's scale with that label; None when the cell is empty, or refused."""
        said = cells.text("category")
        scale = self.categories[campaign.pk]
        found = [category for category in scale if fold(category.label) == fold(said)]
        if len(found) == 1 or not said:
            return found[0] if said else None
        labels = either([category.label for category in scale[:8]]) if scale else "une catégorie, une fois créée"
        cells.refuse(
            f"{cells.where('category')} : {quoted(said)} n’est pas au barème de {quoted(campaign.name)} : "
            f"écrivez {labels}."
        )
        return None


def _name_key(name: str) -> str:
    return fold(name) or name.casefold()
