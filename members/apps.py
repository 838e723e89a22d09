from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = "Cotisations"

    def ready(self) -> None:
        """Make the documents known to the mail queue."""
        from members import documents

        documents.register_attachments()
