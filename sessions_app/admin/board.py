"""The board of a session (R22): a row per person who holds a seat or waits, a column per step, what is missing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone

from caprural import typography
from members import covering
from members.models import FeeCampaign
from sessions_app import emails, roles
from sessions_app.admin.base import status_text
from sessions_app.models import Registration, TrainingSession

Status = Registration.Status


class Mark(models.TextChoices):
    """How a step stands for a person, and the sign beside the words that say it: told apart without its colour."""

    DONE = "done", "✓"
    MISSING = "missing", "✗"
    TO_COME = "to-come", "○"
    NONE = "none", "–"


@dataclass(frozen=True)
class Cell:
    """One step for one person."""

    mark: Mark
    text: str


NOT_CONCERNED = Cell(Mark.NONE, "sans objet")


class Board:
    """The people of a session at an instant, as one member of the team may see them. Six queries at most.

    `missing` is the name of a column: only the people who lack that step are in the rows.
    """

    def __init__(self, session: TrainingSession, *, user: Any, now: datetime, missing: str = "") -> None:
        self.session, self.user, self.now = session, user, now
        self.columns = [column for column in COLUMNS if column.is_for(self)]
        last_on = session.last_day.date if session.last_day else None
        self.shows_contacts = roles.sees_contacts(user, last_on=last_on, today=timezone.localdate(now))
        self.shows_acts = roles.sees_every_session(user)
        first_on = session.announced_on
        self.can_extend = first_on is not None and first_on > timezone.localdate(now)
        people = list(session.registrations.order_by("pk"))
        joining = emails.to_people([person.pk for person in people]).filter(kind=emails.JOINING_INSTRUCTIONS)
        self.joining = {message.about_id: message for message in joining.filter(key=str(session.announced_on))}
        self.covered, self.judged = self._covered(people)
        seats = sorted((person for person in people if person.holds_seat), key=lambda person: person.sort_key)
        waiting = [person for person in people if person.status == Status.WAITING]
        self.cancelled = [person for person in people if person.status == Status.CANCELLED]
        self.everybody = [
            Row(person, number, {column.name: column.cell(person, number, self) for column in self.columns})
            for group in (seats, waiting)
            for number, person in enumerate(group, 1)
        ]
        self.missing = next((column for column in self.columns if column.name == missing), None)
        self.rows = [row for row in self.everybody if self.missing is None or self.missing.name in row.missing]

    def _covered(self, people: list[Registration]) -> tuple[set[str], str]:
        """The addresses that a fee covers on the first day: the fact, whatever the status says (R7b); and what is said
        of a session over two campaigns.
        """
        first_on = self.session.announced_on
        if not _speaks_of_fees(self) or first_on is None:
            return set(), ""
        is_long = self.session.last_day is not self.session.first_day
        campaign = FeeCampaign.objects.of(first_on) if is_long else None
        held = [person.email for person in people if person.holds_seat]
        return covering.up_to_date(held, on=first_on), self.session.judged_under(campaign)

    @property
    def seats(self) -> list["Row"]:
        """The rows of the people who hold a seat, in the order of the attendance sheet."""
        return [row for row in self.rows if row.registration.holds_seat]

    @property
    def waiting(self) -> list["Row"]:
        """The rows of the people who wait, in the order of arrival."""
        return [row for row in self.rows if not row.registration.holds_seat]

    @property
    def width(self) -> int:
        """Cells of a row, those of contacts and acts included where they are shown: what a heading spans."""
        return 3 + self.shows_contacts + self.shows_acts + len(self.columns)

    @property
    def filters(self) -> list[tuple["Column", int]]:
        """Each column with the number of people for whom it is missing, those for whom nothing is left out."""
        counted = ((column, sum(column.name in row.missing for row in self.everybody)) for column in self.columns)
        return [(column, count) for column, count in counted if count]


@dataclass(frozen=True)
class Row:
    """One person: their number among the seats or their rank, and how each step stands."""

    registration: Registration
    number: int
    cells: dict[str, Cell]

    @property
    def missing(self) -> set[str]:
        """Names of the columns where something is missing."""
        return {name for name, cell in self.cells.items() if cell.mark == Mark.MISSING}


@dataclass(frozen=True)
class Column:
    """A step: its name in an address, its heading, what one says is missing, and how it stands for a person."""

    name: str
    label: str
    lack: str
    cell: Callable[[Registration, int, Board], Cell]
    is_for: Callable[[Board], bool] = lambda board: True


def _fee(registration: Registration, number: int, board: Board) -> Cell:
    if registration.status == Status.WAITING:
        return NOT_CONCERNED
    first_on = board.session.announced_on
    if first_on is None:
        return Cell(Mark.TO_COME, "jugée une fois la date connue")
    if registration.email in board.covered:
        return Cell(Mark.DONE, f"à jour le {typography.medium_date(first_on)}" if board.judged else "à jour")
    if registration.status == Status.AWAITING_FEE:
        return Cell(Mark.MISSING, f"attendue au plus tard le {typography.medium_date(registration.fee_due_on)}")
    return Cell(Mark.MISSING, "pas à jour à la date de la session")


def _confirmation(registration: Registration, number: int, board: Board) -> Cell:
    if registration.status == Status.WAITING:
        return Cell(Mark.MISSING, f"liste d’attente, rang {number}")
    is_confirmed = registration.status == Status.CONFIRMED
    return Cell(Mark.DONE if is_confirmed else Mark.MISSING, status_text(registration, board.user))


def _joining(registration: Registration, number: int, board: Board) -> Cell:
    if registration.status == Status.WAITING:
        return NOT_CONCERNED
    message = board.joining.get(registration.pk)
    if message is not None:
        if message.is_to_leave:
            return Cell(Mark.DONE, "en cours d’envoi")
        if message.sent_at:
            return Cell(Mark.DONE, f"envoyée le {typography.medium_date(message.sent_at)}")
        return Cell(Mark.MISSING, "n’a pas pu partir")
    joining_at = board.session.joining_at
    if joining_at is None:
        return Cell(Mark.TO_COME, "date à venir")
    if board.now < joining_at:
        return Cell(Mark.TO_COME, f"prévue le {typography.medium_date(joining_at)}")
    return Cell(Mark.MISSING, "pas encore envoyée")


def _speaks_of_fees(board: Board) -> bool:
    return board.session.fee_required and roles.sees_every_session(board.user)


#: The steps, in their order. A new one is a line here.
COLUMNS = (
    Column("cotisation", "Cotisation", "la cotisation", _fee, _speaks_of_fees),
    Column("confirmation", "Inscription", "la confirmation", _confirmation),
    Column("convocation", "Convocation", "la convocation", _joining),
)
