"""What is typed about members and their fees: by whoever joins (`public`), by the team (`admin`)."""

from members.forms.admin import CoveredPersonForm, EmailDomainForm, NewFeeForm, OrganisationForm
from members.forms.spreadsheets import SpreadsheetForm

__all__ = ["CoveredPersonForm", "EmailDomainForm", "NewFeeForm", "OrganisationForm", "SpreadsheetForm"]
