from email.utils import parseaddr

from django.core.management.color import no_style
from django.db import migrations, models

STATES = {0: "sent", 1: "failed", 2: "queued", 3: "queued"}
BATCH = 500


def move_letters(apps, schema_editor):
    """Each letter keeps its key: it is the order in which letters leave, and the address of its page. What was written
    about a letter whose words were erased comes after.
    """
    Message = apps.get_model("mailing", "Message")
    types = apps.get_model("contenttypes", "ContentType").objects

    def type_of(app_label, model):
        return types.get_or_create(app_label=app_label, model=model)[0].pk

    about, erased = {}, []

    def note(letter, **proof):
        if letter:
            about[letter] = proof
        else:
            erased.append(Message(state="sent", sent_at=proof["written_at"], **proof))

    application, fee = type_of("members", "application"), type_of("members", "membershipfee")
    for row in apps.get_model("members", "Application").objects.exclude(letter=None).only("letter"):
        about[row.letter] = {"about_type_id": application, "about_id": row.pk, "kind": "application_received"}
    for row in apps.get_model("members", "FeeMessage").objects.order_by("pk"):
        proof = {"about_type_id": fee, "about_id": row.fee_id, "kind": row.kind, "key": row.key}
        proof["written_at"] = row.written_at
        if row.is_by_post:
            erased.append(Message(state="posted", **proof))
        else:
            note(row.email, **proof)
    registration, session = type_of("sessions_app", "registration"), type_of("sessions_app", "trainingsession")
    for row in apps.get_model("sessions_app", "Message").objects.order_by("pk"):
        proof = {"kind": row.kind, "key": row.key, "written_at": row.written_at}
        if row.registration_id:
            note(row.email, about_type_id=registration, about_id=row.registration_id, **proof)
        else:
            note(row.email, about_type_id=session, about_id=row.session_id, **proof)

    connection = schema_editor.connection
    if "post_office_email" in connection.introspection.table_names():
        Log = apps.get_model("sessions_app", "FormerLog")
        errors = dict(Log.objects.filter(status=1).order_by("pk").values_list("email", "message"))
        letters = apps.get_model("sessions_app", "FormerEmail").objects.order_by("pk")
        Message.objects.bulk_create(
            (Message(**_moved(letter, about.get(letter.pk, {}), errors)) for letter in letters.iterator(BATCH)), BATCH
        )
        for pk, context in letters.filter(context__has_key="copy_of").values_list("pk", "context"):
            original = Message.objects.filter(pk=context["copy_of"]).first()
            Message.objects.filter(pk=pk).update(copy_of=original)
        for statement in connection.ops.sequence_reset_sql(no_style(), [Message]):
            schema_editor.execute(statement)
    Message.objects.bulk_create(sorted(erased, key=lambda message: message.written_at), BATCH)


def _moved(letter, proof, errors):
    context, headers = letter.context or {}, letter.headers or {}
    state = "taken_back" if context.get("taken_back") else STATES.get(letter.status, "failed")
    return {
        "kind": "",
        "written_at": letter.created,
        **proof,
        "pk": letter.pk,
        "to": letter.to[:254],
        "sender": parseaddr(letter.from_email)[0][:254],
        "reply_to": (headers.get("Reply-To") or "")[:254],
        "subject": letter.subject,
        "text": letter.message,
        "html": letter.html_message,
        "documents": context.get("attachments") or [],
        "message_id": letter.message_id or "",
        "state": state,
        "attempts": letter.number_of_retries or int(letter.status == 3),
        "last_error": errors.get(letter.pk, ""),
        "due_at": letter.scheduled_time if state == "queued" else None,
        "sent_at": letter.last_updated if state == "sent" else None,
    }


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0013_sign_of_life_elsewhere"),
        ("members", "0011_house_of_its_own"),
        ("mailing", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    run_before = [("members", "0012_one_letter_box")]

    operations = [
        # The tables of the mail library we had, where there are any.
        migrations.CreateModel(
            name="FormerEmail",
            fields=[
                ("id", models.AutoField(primary_key=True)),
                ("from_email", models.TextField()),
                ("to", models.TextField()),
                ("subject", models.TextField()),
                ("message", models.TextField()),
                ("html_message", models.TextField()),
                ("headers", models.JSONField(null=True)),
                ("context", models.JSONField(null=True)),
                ("message_id", models.TextField(null=True)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("number_of_retries", models.PositiveIntegerField(null=True)),
                ("scheduled_time", models.DateTimeField(null=True)),
                ("created", models.DateTimeField()),
                ("last_updated", models.DateTimeField()),
            ],
            options={"managed": False, "db_table": "post_office_email"},
        ),
        migrations.CreateModel(
            name="FormerLog",
            fields=[
                ("id", models.AutoField(primary_key=True)),
                ("email", models.IntegerField(db_column="email_id")),
                ("status", models.PositiveSmallIntegerField()),
                ("message", models.TextField()),
            ],
            options={"managed": False, "db_table": "post_office_log"},
        ),
        migrations.RunPython(move_letters, migrations.RunPython.noop),
        migrations.DeleteModel(name="FormerLog"),
        migrations.DeleteModel(name="FormerEmail"),
        migrations.DeleteModel(name="Message"),
    ]
