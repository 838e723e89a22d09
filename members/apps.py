from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = "Cotisations"

    def ready(self) -> None:
        """Make known the documents of messages, how long what we hold is kept, and what is done at its date."""
        from caprural import agenda
        from members import documents, reminding, retention

        documents.register_attachments()
        retention.declare()
        agenda.add(agenda.Source(reminding.due, reminding.do, reminding.tell))
