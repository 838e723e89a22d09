"""Which members a person nobody covers likely belongs to (R14): never decided here, only proposed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.core.exceptions import ValidationError
from django.db.models import Q

from caprural import typography, validators
from caprural.typography import fold
from members.finding.folding import ABBREVIATIONS, ARTICLES
from members.finding.naming import labels
from members.models import Application, CoveredPerson, EmailDomain, Member

#: What kind of structure it is, which many share: « Communauté de communes », « SARL ».
_KINDS = frozenset(
    "agglomeration agriculture association bureau centre chambre collectif comite commune communes communaute "  # noqa: SIM905
    "conseil cooperative cuma departement departemental earl equilibre eurl familiale federation gaec gie groupe "
    "groupement initiatives intercommunal intercommunale intercommunalite mairie maison metropole mixte multiple "
    "national naturel office parc pays permanent pole regie region regional reseau rural rurale sa sarl sas scic scop "
    "societe syndicat territoire territorial union unique urbaine ville vocation".split()
)
#: Two names less alike than that are two names.
_NEAR = 0.6
#: Two words less alike than that are two words.
_SAME_WORD = 0.8
_SHORTEST_MISSPELT = 4
#: Of two structures of different kinds, « Commune du Plateau » and « Communauté de communes du Plateau ».
_OTHER_KIND = 0.9

#: Suggestions for one person.
_MOST = 3
_APPLICATION, _ADDRESS, _DOMAIN, _PERSON = 4.0, 3.0, 2.0, 1.5


@dataclass(frozen=True)
class Suggestion:
    """A member a person likely belongs to, and why."""

    member: Member
    why: str
    #: Its name, with what tells it from another of the same name.
    label: str


@dataclass(frozen=True)
class _Name:
    """The words that tell a structure from another, and those that say what kind it is."""

    words: frozenset[str]
    kinds: frozenset[str]


def suggest(*, email: str, organisation: str, name: str = "") -> list[Suggestion]:
    """Members to which a person likely belongs, the likeliest first."""
    return suggest_all([(email, organisation, name)])[0]


def suggest_all(people: Sequence[tuple[str, str, str]]) -> list[list[Suggestion]]:
    """The suggestions for each of these « address, structure as typed, name of the person », in as many queries as for
    one.

    First whoever an on-line form names for that address; then the members that know the address or its domain; then
    those that list a person of that name, or are one; then those of a near name. A public mailbox is no domain; there,
    dots and what follows a + make no other mailbox. All of it proposes and decides nothing (R14).
    """
    if not people:
        return []
    addresses = [validators.normalise_email(email) for email, _, _ in people]
    applied = _applications(addresses)
    known, domains, persons = _addresses()
    names = _Names(Member.objects.order_by("pk").values_list("pk", "name"))
    ranked = []
    for address, (_, organisation, person) in zip(addresses, people, strict=True):
        scores: dict[int, float] = defaultdict(float)
        reasons: dict[int, list[str]] = defaultdict(list)
        domain = _own_domain(address)
        clues = (
            (_APPLICATION, applied.get(address, {})),
            (_ADDRESS, {pk: _same(address, other) for pk, other in known.get(validators.mailbox(address), {}).items()}),
            (_DOMAIN, dict.fromkeys(domains.get(domain, ()) if domain else (), f"même domaine : {domain}")),
        )
        for score, found in clues:
            for member, why in found.items():
                if score != _DOMAIN or scores[member] != _ADDRESS:
                    scores[member] += score
                    reasons[member].append(why)
        for member in persons.get(_person(person), ()):
            scores[member] += _PERSON
            reasons[member].append(f"même nom de personne : {person}")
        for member, (likeness, why) in names.near(organisation).items():
            scores[member] += likeness
            reasons[member].append(why)
        best = sorted((pk for pk in scores if scores[pk]), key=lambda pk: (-scores[pk], pk))[:_MOST]
        ranked.append([(pk, ", ".join(reasons[pk])) for pk in best])
    members = Member.objects.in_bulk({pk for best in ranked for pk, _ in best})
    named = labels(members.values())
    return [[Suggestion(members[pk], why, named[pk]) for pk, why in best if pk in members] for best in ranked]


def of_one_structure(people: Sequence[tuple[str, str]]) -> list[list[int]]:
    """For each of these pairs « address, structure as typed », the others that visibly work at the same place.

    They share a domain that is no public mailbox, or typed the same name but for its articles and abbreviations.
    """
    by_clue: dict[object, list[int]] = defaultdict(list)
    clues = [_clues(*person) for person in people]
    for number, own in enumerate(clues):
        for clue in own:
            by_clue[clue].append(number)
    return [sorted({other for clue in own for other in by_clue[clue]} - {n}) for n, own in enumerate(clues)]


def _clues(email: str, organisation: str) -> list[object]:
    domain, name = _own_domain(validators.normalise_email(email)), _read(organisation)
    return [clue for clue, says_something in ((domain, domain), (name, name.words)) if says_something]


def _own_domain(address: str) -> str:
    """The domain of an address when it says where the person works; empty for a public mailbox."""
    domain = address.rpartition("@")[2]
    try:
        validators.not_public_mailbox_domain(domain)
    except ValidationError:
        return ""
    return domain


def _applications(addresses: list[str]) -> dict[str, dict[int, str]]:
    """For each address, the members whose checked on-line form it filled or is named in."""
    naming = Application.objects.filter(Q(email__in=addresses) | Q(people__email__in=addresses)).order_by("pk")
    naming = naming.filter(checked_at__isnull=False)
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for member, at, *named in naming.values_list("fee__member", "received_at", "email", "people__email"):
        for address in filter(None, named):
            found[address][member] = f"bulletin en ligne du {typography.medium_date(at)}"
    return found


def _addresses() -> tuple[dict[str, dict[int, str]], dict[str, set[int]], dict[frozenset[str], set[int]]]:
    """Members by each mailbox they know (with the address as it is known), by each domain of theirs, and by the name
    of each person they list or are.
    """
    known: dict[str, dict[int, str]] = defaultdict(dict)
    domains: dict[str, set[int]] = defaultdict(set)
    persons: dict[frozenset[str], set[int]] = defaultdict(set)
    of_members = Member.objects.order_by().values_list("pk", "email", "contact_name", "kind", "name")
    rows = [
        (pk, email, name if kind == Member.Kind.PERSON else contact) for pk, email, contact, kind, name in of_members
    ]
    for member, email, name in (*rows, *CoveredPerson.objects.order_by().values_list("member", "email", "name")):
        persons[_person(name)].add(member)
        if email:
            address = validators.normalise_email(email)
            known[validators.mailbox(address)].setdefault(member, address)
            domains[address.rpartition("@")[2]].add(member)
    for member, domain in EmailDomain.objects.order_by().values_list("member", "domain"):
        domains[domain].add(member)
    persons.pop(frozenset(), None)
    return known, domains, persons


def _same(address: str, known: str) -> str:
    return "adresse connue" if address == known else f"adresse presque identique : {known}"


def _person(name: str) -> frozenset[str]:
    """The words of a person's name, in whichever order; a single one names nobody."""
    words = frozenset(fold(name).split())
    return words if len(words) > 1 else frozenset()


class _Names:
    """The names of all the members, by their words: only those that share one, or nearly, are looked at."""

    def __init__(self, rows: Iterable[tuple[int, str]]) -> None:
        self.names = {pk: _read(name) for pk, name in rows}
        self.by_word: dict[str, list[int]] = defaultdict(list)
        self.by_kinds: dict[frozenset[str], list[int]] = defaultdict(list)
        for pk, name in self.names.items():
            for word in name.words:
                self.by_word[word].append(pk)
            if not name.words:
                self.by_kinds[name.kinds].append(pk)
        self.by_initial: dict[str, list[str]] = defaultdict(list)
        for word in self.by_word:
            self.by_initial[word[0]].append(word)
        self.spellings: dict[str, dict[str, float]] = {}

    def near(self, typed: str) -> dict[int, tuple[float, str]]:
        """The members of a near name, how near from 0 to 1, and in which words that is said."""
        name = _read(typed)
        if not name.words:
            return dict.fromkeys(self.by_kinds[name.kinds], (1.0, "même nom")) if name.kinds else {}
        common: dict[int, float] = defaultdict(float)
        for word in name.words:
            best: dict[int, float] = {}
            for spelling, value in self._spellings(word).items():
                for pk in self.by_word[spelling]:
                    best[pk] = max(value, best.get(pk, 0))
            for pk, value in best.items():
                common[pk] += value
        likeness = {pk: _share(value, name, self.names[pk]) for pk, value in common.items()}
        return {
            pk: (value, "même nom" if self.names[pk] == name else "nom proche")
            for pk, value in likeness.items()
            if value >= _NEAR
        }

    def _spellings(self, word: str) -> dict[str, float]:
        """The words of the members' names that are this one, or this one misspelt, and how alike they are."""
        if word not in self.spellings:
            others = self.by_initial.get(word[0], ())
            alike = {other: _alike(word, other) for other in others if abs(len(other) - len(word)) <= 2}
            self.spellings[word] = {other: value for other, value in alike.items() if value}
        return self.spellings[word]


def _read(name: str) -> _Name:
    """A name without articles, its abbreviations spelt out."""
    spelt = " ".join(ABBREVIATIONS.get(word, word) for word in fold(name).split())
    words = frozenset(spelt.split()) - ARTICLES
    return _Name(words - _KINDS, words & _KINDS)


def _share(common: float, one: _Name, other: _Name) -> float:
    """The share of their words that two names have in common; a little less when they say that their kinds differ."""
    is_other_kind = one.kinds and other.kinds and not one.kinds & other.kinds
    return min(2 * common / (len(one.words) + len(other.words)), 1.0) * (_OTHER_KIND if is_other_kind else 1)


def _alike(word: str, other: str) -> float:
    """1 for the same word, a little less for a misspelt one, 0 for another."""
    if word == other:
        return 1.0
    if min(len(word), len(other)) < _SHORTEST_MISSPELT:
        return 0.0
    matcher = SequenceMatcher(None, word, other)
    if matcher.real_quick_ratio() < _SAME_WORD or matcher.quick_ratio() < _SAME_WORD:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= _SAME_WORD else 0.0
