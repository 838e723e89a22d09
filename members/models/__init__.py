"""Who pays, what is paid, and what « à jour » means (R12–R14). Knows nothing of sessions."""

from members.models.application import Application, ApplicationPerson
from members.models.campaign import FeeCampaign, FeeCategory
from members.models.fee import MembershipFee
from members.models.member import FULL_NAME_LENGTH, CoveredPerson, EmailDomain, Member
from members.models.receipt import Receipt, ReceiptCounter
from members.models.spreadsheet_import import SpreadsheetImport
