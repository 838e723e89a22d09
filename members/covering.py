"""Who is covered, on which day (R13, R14): what rules, what advises and what lists all ask here.

`Cover` is what the accepted fees say of some addresses: read at once, then asked without a query. It can be told what
an act would change, so that a screen says beforehand what the act will do.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

from django.db.models import Q

from caprural import validators
from members.models import CoveredPerson, EmailDomain, MembershipFee

#: Of some members: the addresses they list, the first listed first.
People = Mapping[int, Sequence[str]]
#: Of some members: the domains they declare.
Domains = Mapping[int, Collection[str]]


def up_to_date(emails: Iterable[str], *, on: date) -> set[str]:
    """Those of these addresses that an accepted fee covers on the day `on` (R14), in as many queries as for one."""
    asked = set(emails)
    cover = Cover.of(asked)
    return {email for email in asked if cover.covers(email, on=on)}


def domain_of(email: str) -> str:
    """What follows the at sign."""
    return email.rpartition("@")[2]


class Cover:
    """Which accepted fees cover which addresses. One query when none does, two at most."""

    def __init__(self, fees: Sequence[MembershipFee], people: People, domains: Domains) -> None:
        self.fees, self.people, self.domains = fees, people, domains
        self._covering: dict[str, list[MembershipFee]] = defaultdict(list)
        for fee in fees:
            listed, declared = fee.category.reach(people.get(fee.member_id, ()), domains.get(fee.member_id, ()))
            for key in (*listed, *(f"@{domain}" for domain in declared)):
                self._covering[key].append(fee)

    @classmethod
    def of(cls, emails: Iterable[str], *, members: Collection[int] = ()) -> Self:
        """What is true of these addresses; and of all the people of `members`, whom an act is about to change."""
        addresses = {validators.normalise_email(email) for email in emails}
        hosts = {domain_of(address) for address in addresses}
        listing = CoveredPerson.objects.filter(email__in=addresses)
        declaring = EmailDomain.objects.filter(domain__in=hosts)
        theirs = Q(member__in=listing.values("member")) | Q(member__in=declaring.values("member"))
        accepted = MembershipFee.objects.accepted().select_related("member", "campaign", "category")
        fees = list(accepted.filter(theirs | Q(member__in=members)).order_by("pk"))
        if not fees and not members:
            return cls((), {}, {})
        payers = {fee.member_id for fee in fees} | set(members)
        # Only a place in a list needs the whole list.
        limited = {fee.member_id for fee in fees if fee.category.people_limit is not None} | set(members)
        people: dict[int, list[str]] = defaultdict(list)
        domains: dict[int, list[str]] = defaultdict(list)
        listed = CoveredPerson.objects.filter(Q(email__in=addresses) | Q(member__in=limited), member__in=payers)
        declared = EmailDomain.objects.filter(Q(domain__in=hosts) | Q(member__in=members), member__in=payers)
        both = (
            listed.order_by()
            .values_list("pk", "member", "email")
            .union(declared.order_by().values_list("pk", "member", "domain"), all=True)
        )
        for _, member, key in sorted(both):
            (people if "@" in key else domains)[member].append(key)
        return cls(fees, people, domains)

    def payer(self, email: str, *, on: date) -> str:
        """The name of a member whose accepted fee covers this address on that day; empty when nobody's does."""
        address = validators.normalise_email(email)
        for fee in (*self._covering.get(address, ()), *self._covering.get(f"@{domain_of(address)}", ())):
            if fee.campaign.starts_on <= on <= fee.campaign.ends_on:
                return str(fee.member)
        return ""

    def covers(self, email: str, *, on: date) -> bool:
        """Whether an accepted fee covers this address on that day (R14)."""
        return bool(self.payer(email, on=on))

    # What an act would make of it

    def without(self, *fees: MembershipFee) -> "Cover":
        """Once these fees are cancelled."""
        gone = {fee.pk for fee in fees}
        return Cover([fee for fee in self.fees if fee.pk not in gone], self.people, self.domains)

    def accepting(self, *fees: MembershipFee) -> "Cover":
        """Once these fees are accepted."""
        return Cover([*self.fees, *fees], self.people, self.domains)

    def listing(self, people: People, domains: Domains) -> "Cover":
        """Once these members list these addresses, and declare these domains."""
        return Cover(self.fees, {**self.people, **people}, {**self.domains, **domains})

    def adding(self, people: People, domains: Domains) -> "Cover":
        """Once these members list these addresses too, and declare these domains."""
        return self.listing(
            {member: [*self.people.get(member, ()), *more] for member, more in people.items()},
            {member: [*self.domains.get(member, ()), *more] for member, more in domains.items()},
        )


@dataclass(frozen=True)
class Circle:
    """The people whose cover depends on some members, by address or by domain: those an act on them may concern."""

    addresses: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(cls, members: Iterable[int]) -> Self:
        """Everybody whom these members list, or whose domain they declare. Two queries."""
        pks = list(members)
        listed = CoveredPerson.objects.filter(member__in=pks).order_by().values_list("email", flat=True)
        declared = EmailDomain.objects.filter(member__in=pks).order_by().values_list("domain", flat=True)
        return cls(frozenset(listed), frozenset(declared))

    def __contains__(self, email: str) -> bool:
        return email in self.addresses or domain_of(email) in self.domains

    def __or__(self, other: "Circle") -> "Circle":
        return Circle(self.addresses | other.addresses, self.domains | other.domains)


NOBODY = Circle(frozenset(), frozenset())
