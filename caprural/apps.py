"""Names on screen for the applications that are not ours."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """The admin, whose home says what needs one today."""

    # A module of its own: Django imports it while it looks for the admin.py files.
    default_site = "caprural.staff_site.StaffSite"
