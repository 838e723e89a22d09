"""The coordinator's side of the annual fee (R12–R16)."""

from members.admin.application import ApplicationAdmin
from members.admin.campaign import FeeCampaignAdmin
from members.admin.fee import MembershipFeeAdmin
from members.admin.member import MemberAdmin
from members.admin.receipt import ReceiptAdmin
from members.admin.spreadsheets import SpreadsheetImportAdmin
