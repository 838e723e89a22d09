"""What is typed about members and their fees: by whoever joins (`public`), and by the team."""

from members.forms.admin import CoveredPersonForm, EmailDomainForm, NewFeeForm, OrganisationForm
from members.forms.campaign import FeeCampaignForm, FeeCategoryForm, FeeCategoryFormSet, RenewalForm
from members.forms.recording import CancelFeeForm, RecordingForm
from members.forms.spreadsheets import SpreadsheetForm

__all__ = [
    "CancelFeeForm",
    "CoveredPersonForm",
    "EmailDomainForm",
    "FeeCampaignForm",
    "FeeCategoryForm",
    "FeeCategoryFormSet",
    "NewFeeForm",
    "OrganisationForm",
    "RecordingForm",
    "RenewalForm",
    "SpreadsheetForm",
]
