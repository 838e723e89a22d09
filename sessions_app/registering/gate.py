"""The gate: the one place that writes a status, after the transition table, with its line in the log (R6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User

from caprural import typography
from sessions_app.models import Registration, SessionState, StatusChange

Status = Registration.Status


#: What the verbs write of a registration: what a person typed is not theirs to write.
OWNED = ("status", "cancellation_cause", "seat_given_at", "fee_due_on")


class RegistrationRefused(Exception):
    """Nobody can be registered; the message is the French sentence to show."""


class RegistrationClosed(RegistrationRefused):
    """The session takes no registration now; `state` says why (R2, R4)."""

    def __init__(self, state: SessionState) -> None:
        super().__init__(state.reason)
        self.state = state


class AddressTaken(RegistrationRefused):
    """The address is registered under another name: the team may say that it is someone else (R7)."""


class NoSeatLeft(RegistrationRefused):
    """The session has begun and every seat is held: waiting would be pointless (R4)."""


class TransitionRefused(Exception):
    """The transition table forbids this (R6); the message is the French sentence to show."""


@dataclass(frozen=True)
class Actor:
    """Who or what changes a status, for the log (R6)."""

    label: str
    user: User | None = None


PARTICIPANT = Actor("la personne")
SYSTEM = Actor("règle automatique")


def staff(user: User) -> Actor:
    """The actor of what a member of the team does in the admin."""
    return Actor(user.get_username(), user)


def standing(registration: Registration) -> str:
    """Where a registration stands, for who finds it moved already: since which day, and by whom."""
    moves = registration.status_changes.filter(to_status=registration.status).exclude(from_status=registration.status)
    words = f"L’inscription de {registration} est « {registration.get_status_display()} »"
    if moved := moves.last():
        by = "une règle automatique" if moved.actor == SYSTEM.label else moved.actor
        words += f" depuis le {typography.medium_date(moved.at)}, par {by}"
    return words


#: What one does about a registration that moves no more, or not that way.
_INSTEAD: dict[str, str] = {
    Status.WAITING: "Sa place dans la file ne change pas.",
    Status.AWAITING_FEE: "Sa place est tenue : enregistrez la cotisation, ou annulez-la.",
    Status.CONFIRMED: "Rien n’est à confirmer ; si c’est une erreur, annulez-la.",
    Status.CANCELLED: "Une inscription annulée le reste : inscrivez la personne de nouveau.",
}


def move(registration: Registration, to: Status, *, now: datetime, by: Actor, why: str) -> None:
    """The one place that writes a status, after the transition table, with its line in the log (R6)."""
    before = _step(registration, to)
    registration.save(update_fields=None if registration._state.adding else OWNED)
    _line(registration, before, now=now, by=by, why=why).save()


def move_all(
    moves: Iterable[tuple[Registration, str]],
    to: Status,
    *,
    now: datetime,
    by: Actor,
    cause: str = "",
    fee_due_on: date | None = None,
) -> None:
    """Registrations move alike, each for its own reason and with its own line, in as few queries as for one."""
    lines = []
    for registration, why in moves:
        lines.append(_line(registration, _step(registration, to), now=now, by=by, why=why))
        registration.cancellation_cause, registration.fee_due_on = cause, fee_due_on
    Registration.objects.filter(pk__in=[line.registration_id for line in lines]).update(
        status=to, cancellation_cause=cause, fee_due_on=fee_due_on
    )
    StatusChange.objects.bulk_create(lines)


def note(people: Iterable[Registration], *, now: datetime, by: Actor, why: str) -> None:
    """A line in the log of each though the status stays."""
    StatusChange.objects.bulk_create(_line(one, one.status, now=now, by=by, why=why) for one in people)


def _step(registration: Registration, to: Status) -> str:
    """The status that follows, and what a seat does not await any more; returns the status before."""
    before = registration.status
    if to not in Registration.TRANSITIONS[before]:
        raise TransitionRefused(f"{standing(registration)}. {_INSTEAD[before]}")
    registration.status = to
    if to != Status.AWAITING_FEE:
        registration.fee_due_on = None
    return before


def _line(registration: Registration, before: str, *, now: datetime, by: Actor, why: str) -> StatusChange:
    return StatusChange(
        registration=registration,
        at=now,
        from_status=before,
        to_status=registration.status,
        user=by.user,
        actor=by.label,
        reason=why,
    )
