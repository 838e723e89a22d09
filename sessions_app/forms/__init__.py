"""Is what was typed well formed? Only that: what follows from it is in `registering`."""

from sessions_app.forms.admin import (
    CancelForm,
    CorrectAddressForm,
    DiscardForm,
    DuplicateForm,
    ExtendForm,
    PersonForm,
    PostponeForm,
    RegisterByHandForm,
    WriteForm,
)
from sessions_app.forms.attaching import AttachForm, NewMemberForm, RecordFeeForm, together_label
from sessions_app.forms.documents import SessionDocumentForm
from sessions_app.forms.public import (
    AddressForm,
    DetailsForm,
    FindRegistrationForm,
    RegistrationForm,
    ReplacementForm,
)
from sessions_app.forms.session import SECTIONS, LabelledFormSet, SessionDayFormSet, TrainerForm, TrainingSessionForm
