from django.db import migrations

from caprural.typography import fold


def fill(apps, schema_editor):
    """As `Registration.save` does: rows read by batches, only this column written."""
    registrations = apps.get_model("sessions_app", "Registration").objects.using(schema_editor.connection.alias)
    for registration in registrations.only("first_name", "last_name").iterator(chunk_size=500):
        key = fold(f"{registration.first_name} {registration.last_name}")[:200]
        registrations.filter(pk=registration.pk).update(name_key=key)


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0009_mailbox_and_person"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
