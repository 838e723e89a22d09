"""Names on screen for the applications that are not ours."""

from django.contrib.admin.apps import AdminConfig
from post_office.apps import PostOfficeConfig


class MailQueueConfig(PostOfficeConfig):  # type: ignore[misc]
    """The mail queue, under its French name in the admin."""

    verbose_name = "Messages"

    def ready(self) -> None:
        """Its rows too: one word per thing."""
        super().ready()
        meta = self.get_model("Email")._meta
        meta.verbose_name, meta.verbose_name_plural = "message", "messages"


class StaffAdminConfig(AdminConfig):
    """The admin, whose home says what needs one today."""

    # A module of its own: Django imports it while it looks for the admin.py files.
    default_site = "sessions_app.staff_site.StaffSite"
