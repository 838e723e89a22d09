"""Lines of a file of covered people (R14)."""

from collections import defaultdict

from caprural import spreadsheets, validators
from members import consequences
from members.covering import Circle
from members.importing.lines import Cells, Line, Outcome, change, joined, shown
from members.importing.reading import Lines
from members.models import CoveredPerson


class PersonLines(Lines):
    """People, each under the member that covers them."""

    model = CoveredPerson

    def read(self, cells: Cells) -> Line:
        member = self.known.member_of(cells)
        email = validators.normalise_email(cells.text("email"))
        given = {"email": email, "name": joined(cells.text("first_name"), cells.text("name"))}
        if not email:
            cells.refuse(f"{cells.where('email')} : la case est vide : donnez l’adresse de la personne.")
        given = {name: value for name, value in given.items() if value}
        cells.validate(CoveredPerson(**given), given)
        name = " – ".join(filter(None, (email, member.name if member else cells.text("member"))))
        if member and email and (line := self.repeated((member.pk, email), cells, given, name)):
            return line
        if member is None or cells.reasons:
            return cells.refused(name)
        person = self.known.people.get((member.pk, email))
        if person is None:
            self.created.append(CoveredPerson(member=member, **given))
            self.concerned.add(member.pk)
            details = [f"{cells.title('name')} : {shown(given['name'])}"] if "name" in given else []
            return cells.line(Outcome.CREATED, name, details)
        after = given.get("name", "")
        if not after or spreadsheets.clean(person.name) == after:
            return cells.line(Outcome.UNCHANGED, name)
        details = [change(cells.title("name"), person.name, after)]
        person.name = after
        self.changed.append(person)
        self.fields.add("name")
        return cells.line(Outcome.CHANGED, name, details)

    def foresee(self) -> list[consequences.Change]:
        people: dict[int, list[str]] = defaultdict(list)
        for person in self.created:
            people[person.member_id].append(person.email)
        coming = Circle(frozenset(person.email for person in self.created), frozenset())
        return consequences.foresee(people, lambda cover: cover.adding(people, {}), coming=coming, now=self.now)
