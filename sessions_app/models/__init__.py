"""The nouns of the sessions: one file each, with its QuerySet. A session knows its days, trainers and registrations."""

from sessions_app.models.day import HalfDay, RemovedDay, SessionDay
from sessions_app.models.document import SessionDocument
from sessions_app.models.message import LinkRequest
from sessions_app.models.registration import Registration, StatusChange
from sessions_app.models.session import TrainingSession
from sessions_app.models.state import SessionState, StateCode
from sessions_app.models.trainer import SessionTrainer, Trainer
