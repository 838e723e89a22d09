"""Is what was typed well formed? Only that: what follows from it is in `registering`."""

from sessions_app.forms.admin import (
    AttachForm,
    CancelForm,
    DuplicateForm,
    RecordFeeForm,
    RegisterByHandForm,
    SessionDayFormSet,
    TrainingSessionForm,
)
from sessions_app.forms.public import RegistrationForm

__all__ = [
    "AttachForm",
    "CancelForm",
    "DuplicateForm",
    "RecordFeeForm",
    "RegisterByHandForm",
    "RegistrationForm",
    "SessionDayFormSet",
    "TrainingSessionForm",
]
