"""The gate: the one place that writes a status, after the transition table, with its line in the log (R6)."""

from dataclasses import dataclass
from datetime import datetime

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
    before = registration.status
    if to not in Registration.TRANSITIONS[before]:
        raise TransitionRefused(f"{standing(registration)}. {_INSTEAD[before]}")
    registration.status = to
    if to != Status.AWAITING_FEE:
        registration.fee_due_on = None
    registration.save(update_fields=None if registration._state.adding else OWNED)
    _log(registration, before, now=now, by=by, why=why)


def note(registration: Registration, *, now: datetime, by: Actor, why: str) -> None:
    """A line in the log though the status stays."""
    _log(registration, registration.status, now=now, by=by, why=why)


def _log(registration: Registration, before: str, *, now: datetime, by: Actor, why: str) -> None:
    StatusChange.objects.create(
        registration=registration,
        at=now,
        from_status=before,
        to_status=registration.status,
        user=by.user,
        actor=by.label,
        reason=why,
    )
