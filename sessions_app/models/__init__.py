"""The nouns of the sessions: one file each, with its QuerySet."""

from sessions_app.models.registration import Registration, StatusChange
from sessions_app.models.session import (
    SessionDay,
    SessionDocument,
    SessionState,
    SessionTrainer,
    Trainer,
    TrainingSession,
)

__all__ = [
    "Registration",
    "SessionDay",
    "SessionDocument",
    "SessionState",
    "SessionTrainer",
    "StatusChange",
    "Trainer",
    "TrainingSession",
]
