"""What is typed about members and their fees: by whoever joins (`public`), by the team (`admin`)."""

from members.forms.admin import CoveredPersonForm, EmailDomainForm, NewFeeForm, OrganisationForm
from members.forms.checking import CheckForm, MergeForm, OtherMemberForm
from members.forms.public import MORE, ApplicationForm

__all__ = [
    "MORE",
    "ApplicationForm",
    "CheckForm",
    "CoveredPersonForm",
    "EmailDomainForm",
    "MergeForm",
    "NewFeeForm",
    "OrganisationForm",
    "OtherMemberForm",
]
