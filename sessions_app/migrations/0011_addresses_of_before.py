from django.db import migrations, models
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F, Max, Q

#: From then on people were asked to confirm their address.
ASKED_SINCE = {"app": "sessions_app", "name": "0009_mailbox_and_person"}


def say_what_is_known(apps, schema_editor):
    """Who registered before was never asked: whoever acted behind their link has read it, of the others nobody knows."""
    connection = schema_editor.connection
    asked_since = MigrationRecorder(connection).migration_qs.get(**ASKED_SINCE).applied
    registrations = apps.get_model("sessions_app", "Registration").objects.using(connection.alias)
    of_before = registrations.filter(registered_at__lt=asked_since, address_confirmed_at=None)
    acted = Q(status_changes__actor="la personne") & ~Q(
        status_changes__from_status__in=("", F("status_changes__to_status"))
    )
    for row in of_before.annotate(acted_at=Max("status_changes__at", filter=acted)).only("pk").iterator(chunk_size=500):
        known = {"address_confirmed_at": row.acted_at} if row.acted_at else {"predates_confirming": True}
        registrations.filter(pk=row.pk).update(**known)


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0010_fill_name_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="registration",
            name="predates_confirming",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunPython(say_what_is_known, migrations.RunPython.noop),
    ]
