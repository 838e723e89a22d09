from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Sessions"

    def ready(self) -> None:
        from caprural import agenda, staff_site
        from members import consequences
        from sessions_app import documents, home, registering, reminding, retention, roles

        documents.register_attachments()
        consequences.register(registering)
        retention.declare()
        agenda.sources.append(reminding)
        agenda.each_round.append(registering.answer_link_requests)
        staff_site.homes.append(home.home)
        # After every application's permissions exist: contrib.auth creates them on the same signal, before us.
        post_migrate.connect(roles.create_groups, dispatch_uid="sessions_app")
