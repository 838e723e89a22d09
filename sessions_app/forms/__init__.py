"""Is what was typed well formed? Only that: what follows from it is in `registering`."""

from sessions_app.forms.admin import (
    AttachForm,
    CancelForm,
    DuplicateForm,
    ExtendForm,
    LabelledFormSet,
    PostponeForm,
    RecordFeeForm,
    RegisterByHandForm,
    SessionDayFormSet,
    TrainingSessionForm,
    WriteForm,
)
from sessions_app.forms.public import DetailsForm, FindRegistrationForm, RegistrationForm, ReplacementForm

__all__ = [
    "AttachForm",
    "CancelForm",
    "DetailsForm",
    "DuplicateForm",
    "ExtendForm",
    "FindRegistrationForm",
    "LabelledFormSet",
    "PostponeForm",
    "RecordFeeForm",
    "RegisterByHandForm",
    "RegistrationForm",
    "ReplacementForm",
    "SessionDayFormSet",
    "TrainingSessionForm",
    "WriteForm",
]
