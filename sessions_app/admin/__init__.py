"""The admin of the sessions: the coordinator runs everything here, the trainer reads here.

A trainer (roles.sees_every_session is false) sees only their own sessions and nothing about fees; anything else is a
404.
"""

from sessions_app.admin.registration import RegistrationAdmin
from sessions_app.admin.session import TrainingSessionAdmin
from sessions_app.admin.trainer import TrainerAdmin
