"""What is typed about members and their fees: by whoever joins (`public`), and by the team."""

from members.forms.admin import EmailDomainForm, NewFeeForm
from members.forms.campaign import FeeCampaignForm, FeeCategoryForm, FeeCategoryFormSet, RenewalForm
from members.forms.checking import NEW, CheckForm, MergeForm, OtherMemberForm
from members.forms.public import MORE, ApplicationForm
from members.forms.recording import CancelFeeForm, RecordingForm
from members.forms.spreadsheets import SpreadsheetForm
