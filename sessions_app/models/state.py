"""Everything a session can be at a given instant, in one word and one sentence (R2)."""

from dataclasses import dataclass
from enum import StrEnum


class StateCode(StrEnum):
    """Everything a session can be at a given instant (R2)."""

    NOT_PUBLISHED = "not_published"
    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    UNDER_WAY = "under_way"
    PAST = "past"

    @property
    def label(self) -> str:
        """The state in a few French words, for a badge."""
        return STATE_LABELS[self]


STATE_LABELS = {
    StateCode.NOT_PUBLISHED: "Brouillon",
    StateCode.OPEN: "Inscriptions ouvertes",
    StateCode.FULL: "Complet – liste d’attente",
    StateCode.CLOSED: "Inscriptions closes",
    StateCode.POSTPONED: "Reportée",
    StateCode.CANCELLED: "Annulée",
    StateCode.UNDER_WAY: "En cours",
    StateCode.PAST: "Terminée",
}


@dataclass(frozen=True)
class SessionState:
    """The state of a session at one instant, and the French sentence that gives its reason (R2)."""

    code: StateCode
    reason: str

    @property
    def label(self) -> str:
        """The state in a few French words, for a badge."""
        return self.code.label

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
