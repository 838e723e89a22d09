"""What every page of the admin shares; the accounts of the team, and the reading of the message queue."""

from caprural.admin.accounts import AccountAdmin, AccountGroupAdmin
from caprural.admin.base import FewFilter, ReadOnly, SoundChoices, StaffAdmin, WrittenInline, page
from caprural.admin.messages import MessageAdmin
