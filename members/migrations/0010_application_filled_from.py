from typing import Any

from django.db import migrations, models


def from_keys(apps: Any, schema_editor: Any) -> None:
    """Until now the first half of the key said where a form was filled."""
    applications = apps.get_model("members", "Application")._base_manager
    for application in applications.only("submission_key"):
        place = application.submission_key.bytes[:8].hex()
        applications.filter(pk=application.pk).update(filled_from=place)


class Migration(migrations.Migration):
    dependencies = [("members", "0009_remove_application_is_new_member")]

    operations = [
        migrations.AddField(
            model_name="application",
            name="filled_from",
            field=models.CharField(blank=True, default="", editable=False, max_length=16),
            preserve_default=False,
        ),
        migrations.RunPython(from_keys, migrations.RunPython.noop, elidable=True),
    ]
