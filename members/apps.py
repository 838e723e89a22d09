from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = "Cotisations"

    def ready(self) -> None:
        from caprural import agenda
        from members import documents, importing, reminding, retention

        documents.register_attachments()
        retention.declare()
        agenda.sources.append(reminding)
        agenda.each_round.append(importing.run)
