"""One box understands a name, a SIRET, an address, an amount or a reference."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import chain

from caprural.fields import compact
from caprural.typography import fold
from members.finding.folding import ABBREVIATIONS, ARTICLES, amount_in
from members.finding.naming import labels
from members.models import Application, CoveredPerson, EmailDomain, FeeCampaign, Member, MembershipFee, Receipt

_CODE = re.compile(r"cot\W*0*([1-9]\d{0,8})|0+([1-9]\d{0,8})", re.IGNORECASE)
_FORM = re.compile(r"bul\W*0*([1-9]\d{0,8})", re.IGNORECASE)
_RECEIPT = re.compile(r"(?:re[cç]u\W*)?(?:n\W*°?\W*)?(\d{4})\s*[-/]\s*0*([1-9]\d{0,8})", re.IGNORECASE)
#: Fewer digits than that are in too many numbers.
_SHORTEST_PART_OF_SIRET = 5
_SHORTEST_REFERENCE = 3


class Rank(IntEnum):
    """The surest reasons come first."""

    NUMBER = 0
    ADDRESS = 1
    NAME = 2
    PART_OF_NAME = 3
    PART_OF_NUMBER = 4


@dataclass(frozen=True)
class Found:
    """A payer, how many people it lists, its live fee for the campaign if it has one, and why it was found: nothing
    when its name says it.
    """

    member: Member
    people: int
    fee: MembershipFee | None
    #: Its name, with what tells it from another of the same name.
    label: str
    #: The domains it declares.
    domains: tuple[str, ...] = ()
    #: What it owes for other campaigns.
    owed: tuple[MembershipFee, ...] = ()
    why: str = ""


#: A member found, how sure that is, and why; nothing when its name says it.
Reason = tuple[int, Rank, str]


def search(text: str, *, campaign: FeeCampaign | None, limit: int = 50) -> list[Found]:
    """The payers that `text` may mean, the surest first, each with its live fee for the campaign.

    Understood: a name (accents, case, order of the words, their beginnings; of the payer, its contact, its people), a
    SIRET or a part of it, an address or a domain, an amount or a reference of the campaign's fees, the code of a fee,
    the number of a receipt.
    """
    text = text.strip()
    if not fold(text):
        return []
    rows = list(Member.objects.order_by().only("name", "contact_name", "email", "siret"))
    people: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for member, email, name in CoveredPerson.objects.order_by("pk").values_list("member", "email", "name"):
        people[member].append((email, name))
    surest: dict[int, tuple[Rank, str]] = {}
    for member, rank, why in chain(
        _by_document(text, campaign),
        _by_siret(text, rows),
        _by_address(text.lower(), rows, people),
        _by_fee(text, campaign),
        _by_name(text, rows, people),
    ):
        if member not in surest or rank < surest[member][0]:
            surest[member] = rank, why
    names = {row.pk: fold(row.name) for row in rows if row.pk in surest}
    best = sorted(names, key=lambda pk: (surest[pk][0], names[pk], pk))[:limit]
    return [replace(found, why=surest[found.member.pk][1]) for found in of_members(best, campaign)]


def of_members(pks: list[int], campaign: FeeCampaign | None) -> list[Found]:
    """These members in this order, each with its live fee for the campaign, and what it owes for others; without those
    who are gone.
    """
    members = Member.objects.in_bulk(pks)
    people = Counter(CoveredPerson.objects.filter(member__in=members).order_by().values_list("member", flat=True))
    live = MembershipFee.objects.live().filter(member__in=members).order_by("campaign__starts_on")
    fees: dict[int, MembershipFee] = {}
    owed: dict[int, list[MembershipFee]] = defaultdict(list)
    for fee in live.select_related("member", "campaign", "category"):
        if fee.campaign == campaign:
            fees[fee.member_id] = fee
        elif fee.is_owed:
            owed[fee.member_id].append(fee)
    domains: dict[int, list[str]] = defaultdict(list)
    for member, domain in EmailDomain.objects.filter(member__in=members).values_list("member", "domain"):
        domains[member].append(domain)
    named = labels(members.values())
    return [
        Found(members[pk], people[pk], fees.get(pk), named[pk], tuple(domains[pk]), tuple(owed[pk]))
        for pk in pks
        if pk in members
    ]


def fee_named(text: str) -> MembershipFee | None:
    """The fee whose code is typed, or that of the form whose reference is: of whichever campaign, cancelled or not."""
    found = MembershipFee.objects.select_related("member", "campaign")
    if code := _CODE.fullmatch(text.strip()):
        return found.filter(pk=int(code[1] or code[2])).first()
    if form := _FORM.fullmatch(text.strip()):
        return found.filter(applications=int(form[1])).first()
    return None


def forms_to_check(text: str) -> list[Application]:
    """The on-line forms nobody has checked that `text` may mean: by reference, SIRET, address, amount or names."""
    wanted, words = text.strip(), fold(text).split()
    if not words:
        return []
    form, digits, amount = _FORM.fullmatch(wanted), compact(wanted), amount_in(wanted)
    return [
        application
        for application in Application.objects.to_check().select_related("category__campaign")
        if (form and int(form[1]) == application.pk)
        or digits == application.siret
        or wanted.lower() == application.email
        or amount == application.amount
        or all(_is_in(f" {fold(f'{application.name} {application.contact_name}')}", word) for word in words)
    ]


def _by_document(text: str, campaign: FeeCampaign | None) -> Iterator[Reason]:
    """The code of a fee, or the number of a receipt: of whichever campaign, since it names one payer."""
    if fee := fee_named(text):
        other = [str(fee.campaign)] if fee.campaign != campaign else []
        other += ["annulée"] if fee.status == MembershipFee.Status.CANCELLED else []
        yield fee.member_id, Rank.NUMBER, fee.code + (f" ({', '.join(other)})" if other else "")
    if number := _RECEIPT.fullmatch(text):
        wanted = Receipt.objects.filter(year=int(number[1]), number=int(number[2]))
        for receipt in wanted.select_related("fee"):
            voided = " (annulé)" if receipt.voided_at else ""
            yield receipt.fee.member_id, Rank.NUMBER, f"reçu n° {receipt.label}{voided}"


def _by_siret(text: str, rows: list[Member]) -> Iterator[Reason]:
    digits = compact(text)
    if not (digits.isascii() and digits.isdigit() and _SHORTEST_PART_OF_SIRET <= len(digits) <= 14):
        return
    for row in rows:
        if digits == row.siret:
            yield row.pk, Rank.NUMBER, "SIRET"
        elif len(digits) == 9 and row.siret.startswith(digits):
            yield row.pk, Rank.NUMBER, "SIREN"
        elif digits in row.siret:
            yield row.pk, Rank.PART_OF_NUMBER, "partie du SIRET"


def _by_address(text: str, rows: list[Member], people: dict[int, list[tuple[str, str]]]) -> Iterator[Reason]:
    if not re.search(r"[@.]", text) or re.search(r"\s", text):
        return
    domain = text.rpartition("@")[2]
    for member, declared in EmailDomain.objects.order_by("pk").values_list("member", "domain"):
        if domain == declared or ("@" not in text and text in declared):
            yield member, Rank.ADDRESS, f"domaine : {declared}"
    for row in rows:
        if text in row.email.lower():
            yield row.pk, Rank.NUMBER if text == row.email.lower() else Rank.ADDRESS, "adresse e-mail"
        for email, _ in people.get(row.pk, ()):
            if text in email:
                yield row.pk, Rank.NUMBER if text == email else Rank.ADDRESS, f"personne couverte : {email}"


def _by_fee(text: str, campaign: FeeCampaign | None) -> Iterator[Reason]:
    """Among the campaign's fees, their amount, their reference, the engagement number given for them."""
    amount = amount_in(text)
    words = compact(fold(text))
    live = MembershipFee.objects.live().filter(campaign=campaign).order_by()
    for member, owed, *numbers in live.values_list("member", "amount", "reference", "engagement_number"):
        if amount is not None and owed == amount:
            yield member, Rank.NUMBER, "montant"
        for label, number in zip(("référence", "numéro d’engagement"), numbers, strict=True):
            known = compact(fold(number)) if number else ""
            if known and (words == known or (len(words) >= _SHORTEST_REFERENCE and words in known)):
                yield member, Rank.NUMBER if words == known else Rank.PART_OF_NUMBER, f"{label} : {number}"


def _by_name(text: str, rows: list[Member], people: dict[int, list[tuple[str, str]]]) -> Iterator[Reason]:
    """Every word asked for is somewhere in the names of the payer, of its contact and of its people."""
    words = fold(text).split()
    asked = [word for word in words if word not in ARTICLES] or words
    for row in rows:
        listed = [name for _, name in people.get(row.pk, ())]
        everything = f" {fold(' '.join((row.name, row.contact_name, *listed)))}"
        if not all(_is_in(everything, word) for word in asked):
            continue
        name = f" {fold(row.name)}"
        if all(_is_in(name, word) for word in asked):
            begins = all(f" {word}" in name or word in ABBREVIATIONS for word in asked)
            yield row.pk, Rank.NAME if begins else Rank.PART_OF_NAME, ""
        else:
            yield row.pk, Rank.PART_OF_NAME, ", ".join(_others(asked, row, listed))


def _others(asked: list[str], row: Member, people: list[str]) -> Iterator[str]:
    """The names, other than the payer's own, that hold what was asked for."""
    for label, names in (("contact", [row.contact_name]), ("personne couverte", people)):
        for name in names:
            if any(_is_in(f" {fold(name)}", word) for word in asked if not _is_in(f" {fold(row.name)}", word)):
                yield f"{label} : {name}"


def _is_in(words: str, asked: str) -> bool:
    """Whether a word is there, or what it is short for; of one or two letters, only as the beginning of a word."""
    if asked in words if len(asked) > 2 else f" {asked}" in words:
        return True
    long = ABBREVIATIONS.get(asked, "")
    return bool(long) and all(f" {word}" in words for word in long.split())
