from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = "Cotisations"

    def ready(self) -> None:
        """Make the documents known to the mail queue, and how long what we hold is kept."""
        from members import documents, retention

        documents.register_attachments()
        retention.declare()
