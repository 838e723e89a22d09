"""What is typed about members and their fees: by whoever joins (`public`), by the team (`admin`)."""

from members.forms.admin import CoveredPersonForm, EmailDomainForm, NewFeeForm, OrganisationForm
from members.forms.public import MORE, ApplicationForm

__all__ = ["MORE", "ApplicationForm", "CoveredPersonForm", "EmailDomainForm", "NewFeeForm", "OrganisationForm"]
