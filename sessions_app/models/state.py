"""Everything a session can be at a given instant, in one word and one sentence (R2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from caprural import typography

if TYPE_CHECKING:
    from sessions_app.models.session import TrainingSession


class Status(models.TextChoices):
    """What the team has decided of a session; everything else is derived."""

    DRAFT = "draft", "brouillon"
    PUBLISHED = "published", "publiée"
    POSTPONED = "postponed", "reportée"
    CANCELLED = "cancelled", "annulée"


class StateCode(models.TextChoices):
    """Everything a session can be at a given instant (R2), and the few French words of its badge."""

    NOT_PUBLISHED = "not_published", "Brouillon"
    OPEN = "open", "Inscriptions ouvertes"
    FULL = "full", "Complet – liste d’attente"
    CLOSED = "closed", "Inscriptions closes"
    POSTPONED = "postponed", "Reportée"
    CANCELLED = "cancelled", "Annulée"
    UNDER_WAY = "under_way", "En cours"
    PAST = "past", "Terminée"


@dataclass(frozen=True)
class SessionState:
    """The state of a session at one instant, and the French sentence that gives its reason (R2)."""

    code: StateCode
    reason: str

    @property
    def label(self) -> str:
        """The state in a few French words, for a badge."""
        return str(self.code.label)

    @property
    def is_registrable(self) -> bool:
        """Whether someone may register now, with a seat or on the waiting list."""
        return self.code in (StateCode.OPEN, StateCode.FULL)

    @property
    def is_announced(self) -> bool:
        """Whether the session takes place or took place: neither a draft, nor postponed, nor cancelled."""
        return self.code not in (StateCode.NOT_PUBLISHED, StateCode.POSTPONED, StateCode.CANCELLED)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is still to come."""
        return self.code in (StateCode.PAST, StateCode.CANCELLED)

    @property
    def has_begun(self) -> bool:
        """Whether its first hour has come: nobody is written to any more about their seat."""
        return self.code in (StateCode.UNDER_WAY, StateCode.PAST)


def state_of(session: "TrainingSession", now: datetime) -> SessionState:
    """What the session is at `now`, and why (R2)."""
    if session.status == Status.DRAFT:
        return SessionState(StateCode.NOT_PUBLISHED, "Cette session n’est pas encore publiée.")
    if session.status == Status.CANCELLED:
        return SessionState(StateCode.CANCELLED, "Cette session est annulée.")
    if session.status == Status.POSTPONED:
        return SessionState(
            StateCode.POSTPONED, "Cette session est reportée : les inscriptions reprendront à une date à venir."
        )
    if session.ends_at and now >= session.ends_at:
        return SessionState(StateCode.PAST, "Cette session a eu lieu.")
    if session.starts_at and now >= session.starts_at:
        return SessionState(StateCode.UNDER_WAY, "Cette session a commencé : il n’est plus possible de s’inscrire.")
    if session.closes_at and now >= session.closes_at and session.last_registration_day:
        return SessionState(
            StateCode.CLOSED,
            f"Les inscriptions sont closes depuis le {typography.day_month(session.last_registration_day)}, 23 h 59.",
        )
    if session.is_full and session.has_free_seat:
        return SessionState(
            StateCode.FULL,
            "Une place est libre, mais des personnes attendent : vous pouvez vous inscrire en liste d’attente.",
        )
    if session.is_full:
        return SessionState(
            StateCode.FULL,
            "Toutes les places sont prises. Vous pouvez vous inscrire en liste d’attente : "
            "une place qui se libère revient à la première personne qui attend.",
        )
    if session.seats_left is None:
        return SessionState(StateCode.OPEN, "Les inscriptions sont ouvertes.")
    return SessionState(
        StateCode.OPEN,
        f"Il reste {session.seats_left} place{'s' if session.seats_left > 1 else ''} sur {session.max_participants}.",
    )
