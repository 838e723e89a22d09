from typing import Any

from django.db import migrations


def forget_its_name(apps: Any, schema_editor: Any) -> None:
    """Nobody is offered a right on what is no more; it is offered again where it now is."""
    gone = apps.get_model("contenttypes", "ContentType").objects.filter(app_label="sessions_app", model="heartbeat")
    apps.get_model("auth", "Permission").objects.filter(content_type__in=gone).delete()
    gone.delete()


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0012_cancelled_undated"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.RunPython(forget_its_name, migrations.RunPython.noop),
        migrations.DeleteModel(name="Heartbeat"),
    ]
