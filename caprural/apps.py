"""Names on screen for the applications that are not ours."""

from post_office.apps import PostOfficeConfig


class MailQueueConfig(PostOfficeConfig):  # type: ignore[misc]
    """The mail queue, under its French name in the admin."""

    verbose_name = "Messages"
