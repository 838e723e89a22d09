"""Lines of a file of covered people (R14)."""

from collections import defaultdict
from datetime import datetime

from caprural import spreadsheets, validators
from members import consequences
from members.covering import Circle
from members.importing.known import Known
from members.importing.lines import Cells, Claims, Line, Outcome, change, joined, shown
from members.models import CoveredPerson, Member


class PersonLines:
    """Reads them one after the other, and keeps what they would write."""

    def __init__(self, known: Known, *, now: datetime) -> None:
        self._known = known
        self._claims = Claims()
        self._created: list[CoveredPerson] = []
        self._changed: list[CoveredPerson] = []
        self._gained: dict[int, Member] = {}

    def read(self, cells: Cells) -> Line:
        """What this line would do."""
        member = self._known.member_of(cells)
        email = validators.normalise_email(cells.text("email"))
        given = {"email": email, "name": joined(cells.text("first_name"), cells.text("name"))}
        if not email:
            cells.refuse(f"{cells.where('email')} : la case est vide : donnez l’adresse de la personne.")
        given = {name: value for name, value in given.items() if value}
        cells.validate(CoveredPerson(**given), given, {name: name for name in given})
        name = " – ".join(filter(None, (email, member.name if member else cells.text("member"))))
        if member and email and (line := self._claims.repeated((member.pk, email), cells, given, name)):
            return line
        if member is None or cells.reasons:
            return Line(cells.number, Outcome.REFUSED, name, tuple(cells.reasons))
        person = self._known.people.get((member.pk, email))
        if person is None:
            self._created.append(CoveredPerson(member=member, **given))
            self._gained[member.pk] = member
            details = [f"{cells.title('name')} : {shown(given['name'])}"] if "name" in given else []
            return Line(cells.number, Outcome.CREATED, name, tuple(details))
        after = given.get("name", "")
        if not after or spreadsheets.clean(person.name) == after:
            return Line(cells.number, Outcome.UNCHANGED, name)
        details = [change(cells.title("name"), person.name, after)]
        person.name = after
        self._changed.append(person)
        return Line(cells.number, Outcome.CHANGED, name, tuple(details))

    def foresee(self, *, now: datetime) -> list[consequences.Change]:
        """The seats that the new people would have confirmed. Only reads."""
        people: dict[int, list[str]] = defaultdict(list)
        for person in self._created:
            people[person.member_id].append(person.email)
        coming = Circle(frozenset(person.email for person in self._created), frozenset())
        return consequences.foresee(people, lambda cover: cover.adding(people, {}), coming=coming, now=now)

    def write(self, *, now: datetime) -> None:
        """Write all of it, and announce whom it may cover (R14, R16)."""
        CoveredPerson.objects.bulk_create(self._created, batch_size=500)
        if self._changed:
            CoveredPerson.objects.bulk_update(self._changed, ["name"], batch_size=200)
        if self._gained:
            consequences.draw(Circle.of(self._gained), now=now)
