"""What is typed about members and their fees: by whoever joins (`public`), by the team (`admin`)."""

from members.forms.admin import CoveredPersonForm, EmailDomainForm, NewFeeForm, OrganisationForm
from members.forms.recording import CancelFeeForm, RecordingForm

__all__ = [
    "CancelFeeForm",
    "CoveredPersonForm",
    "EmailDomainForm",
    "NewFeeForm",
    "OrganisationForm",
    "RecordingForm",
]
