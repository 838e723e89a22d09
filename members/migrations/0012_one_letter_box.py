from django.db import migrations

#: Those of the mail library we had, each before what it refers to.
TABLES = (
    "post_office_attachment_emails",
    "post_office_attachment",
    "post_office_log",
    "post_office_email",
    "post_office_emailtemplate",
)


def forget_the_library(apps, schema_editor):
    for table in TABLES:
        schema_editor.execute(f"DROP TABLE IF EXISTS {table}")
    schema_editor.execute("DELETE FROM django_migrations WHERE app = 'post_office'")


def forget_its_names(apps, schema_editor):
    """Nobody is offered a right on what is no more; the history of the admin keeps its lines."""
    gone = apps.get_model("contenttypes", "ContentType").objects.filter(app_label="post_office")
    apps.get_model("auth", "Permission").objects.filter(content_type__in=gone).delete()
    apps.get_model("admin", "LogEntry").objects.filter(content_type__in=gone).update(content_type=None)
    gone.delete()


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0011_house_of_its_own"),
        ("mailing", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.RemoveField(model_name="application", name="letter"),
        migrations.DeleteModel(name="FeeMessage"),
        migrations.RunPython(forget_the_library, migrations.RunPython.noop),
        migrations.RunPython(forget_its_names, migrations.RunPython.noop),
    ]
