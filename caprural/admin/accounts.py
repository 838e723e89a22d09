"""The accounts of the team in the admin, and how they sign in."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User

from caprural import signing_in
from caprural.admin.base import StaffAdmin

admin.site.login_form = signing_in.LoginForm
for model in (User, Group):
    admin.site.unregister(model)


@admin.register(User)
class AccountAdmin(StaffAdmin, UserAdmin):
    """The accounts of the team."""

    readonly_fields = ("last_login", "date_joined")


@admin.register(Group)
class AccountGroupAdmin(StaffAdmin, GroupAdmin):
    """Their groups."""
