"""What every page of the admin shares, and the accounts of the team."""

from caprural.admin.accounts import AccountAdmin, AccountGroupAdmin
from caprural.admin.base import FewFilter, ReadOnly, SoundChoices, StaffAdmin, page
