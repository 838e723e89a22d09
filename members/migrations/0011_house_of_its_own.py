from collections.abc import Callable
from typing import Any

from django.db import migrations


def moved(source: str, target: str) -> Callable[[Any, Any], None]:
    """The organisation goes from one application to the other, with its history in the admin and the rights on it."""

    def move(apps: Any, schema_editor: Any) -> None:
        before = apps.get_model(source, "Organisation").objects.all()
        apps.get_model(target, "Organisation").objects.bulk_create(
            [apps.get_model(target, "Organisation")(**row) for row in before.values()]
        )
        before.delete()
        kinds = apps.get_model("contenttypes", "ContentType").objects.filter(model="organisation")
        if known := kinds.filter(app_label=source).first():
            # Made by a `migrate` that stopped in between: it names nothing yet.
            kinds.filter(app_label=target).delete()
            kinds.filter(pk=known.pk).update(app_label=target)

    return move


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0010_application_filled_from"),
        ("house", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.RunPython(moved("members", "house"), moved("house", "members")),
        migrations.DeleteModel(name="Organisation"),
    ]
