from django.db import migrations


def take_back(apps, schema_editor):
    """What forms nobody has checked said of a payer goes back to them; those whose fee was recorded were looked at."""
    Application = apps.get_model("members", "Application")
    unchecked = Application.objects.filter(checked_at__isnull=True, fee__isnull=False)
    for application in unchecked.select_related("fee").order_by("pk"):
        fee = application.fee
        if not application.is_new_member:
            application.fee = None
        elif fee.status != "due":
            application.checked_at = fee.status_changed_at
        else:
            people = list(application.people.values_list("email", flat=True))
            apps.get_model("members", "CoveredPerson").objects.filter(member=fee.member_id, email__in=people).delete()
            domains = apps.get_model("members", "EmailDomain").objects
            domains.filter(member=fee.member_id, domain=application.domain).delete()
            continue
        application.save(update_fields=["fee", "checked_at"])


class Migration(migrations.Migration):
    dependencies = [("members", "0007_unchecked_forms")]

    operations = [migrations.RunPython(take_back, migrations.RunPython.noop, elidable=True)]
