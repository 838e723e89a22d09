"""What is typed about members and their fees: by whoever joins (`public`), by the team (`admin`, `campaign`)."""

from members.forms.admin import CoveredPersonForm, EmailDomainForm, NewFeeForm, OrganisationForm
from members.forms.campaign import FeeCampaignForm, FeeCategoryForm, FeeCategoryFormSet, RenewalForm

__all__ = [
    "CoveredPersonForm",
    "EmailDomainForm",
    "FeeCampaignForm",
    "FeeCategoryForm",
    "FeeCategoryFormSet",
    "NewFeeForm",
    "OrganisationForm",
    "RenewalForm",
]
