from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

if TYPE_CHECKING:
    from members.models import Member


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Sessions"

    def ready(self) -> None:
        """Listen to the fees (R16), make the documents known to the mail queue, create the staff groups."""
        from members import fees
        from sessions_app import documents, roles

        documents.register_attachments()
        fees.coverage_gained.connect(_confirm_covered, dispatch_uid="sessions_app")
        fees.coverage_lost.connect(_await_fee_again, dispatch_uid="sessions_app")
        # After every application's permissions exist: contrib.auth creates them on the same signal, before us.
        post_migrate.connect(roles.create_groups, dispatch_uid="sessions_app")


def _confirm_covered(sender: object, *, members: "list[Member]", now: datetime, **kwargs: Any) -> list[str]:
    from sessions_app import registering

    return registering.confirm_covered(members, now=now)


def _await_fee_again(sender: object, *, members: "list[Member]", now: datetime, **kwargs: Any) -> list[str]:
    from sessions_app import registering

    return registering.await_fee_again(members, now=now)
