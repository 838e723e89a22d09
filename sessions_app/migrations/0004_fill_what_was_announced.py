"""Days keep the name they have had in calendars; people know what stands today; a year in two digits gets its century."""

import logging
from collections import defaultdict
from datetime import date

from django.db import migrations
from django.db.models import Q

logger = logging.getLogger(__name__)

BOUNDS = (date(2000, 1, 1), date(2100, 12, 31))


def mend_days(apps, schema_editor):
    """Days that nobody can have meant: « 0026 » is 2026; what remains is taken away, and said."""
    SessionDay = apps.get_model("sessions_app", "SessionDay")
    TrainingSession = apps.get_model("sessions_app", "TrainingSession")
    for day in SessionDay.objects.filter(date__lt=date(100, 1, 1)):
        meant = day.date.replace(year=day.date.year + 2000)
        if not SessionDay.objects.filter(session=day.session_id, date=meant).exists():
            SessionDay.objects.filter(pk=day.pk).update(date=meant)
            logger.warning("Session %s: the day %s is now %s", day.session_id, day.date, meant)
    for pk, session in SessionDay.objects.exclude(date__range=BOUNDS).values_list("pk", "session"):
        SessionDay.objects.filter(pk=pk).delete()
        logger.warning("Session %s: a day whose date made no sense was removed", session)
    for name in ("registration_deadline", "fee_due_on", "joining_on"):
        absurd = TrainingSession.objects.exclude(Q(**{f"{name}__range": BOUNDS}) | Q(**{f"{name}__isnull": True}))
        for pk in list(absurd.values_list("pk", flat=True)):
            TrainingSession.objects.filter(pk=pk).update(**{name: None})
            logger.warning("Session %s: %s made no sense and was emptied", pk, name)


def name_days(apps, schema_editor):
    """Until now an event was named after its session and its place among the days."""
    SessionDay = apps.get_model("sessions_app", "SessionDay")
    seen = defaultdict(int)
    for pk, session, uid in SessionDay.objects.order_by("session", "date").values_list(
        "pk", "session", "session__calendar_uid"
    ):
        seen[session] += 1
        SessionDay.objects.filter(pk=pk).update(uid=f"{uid}-{seen[session]}")


def note_what_was_told(apps, schema_editor):
    """Everybody registered has been told what stands, or is within the quarter of an hour before."""
    SessionDay = apps.get_model("sessions_app", "SessionDay")
    Registration = apps.get_model("sessions_app", "Registration")
    days = defaultdict(list)
    for day in SessionDay.objects.order_by("date"):
        days[day.session_id].append(
            {
                "uid": day.uid,
                "date": day.date.isoformat(),
                "starts_at": day.starts_at.isoformat(),
                "ends_at": day.ends_at.isoformat() if day.ends_at else "",
                "place": day.place,
            }
        )
    for registration in Registration.objects.exclude(status="cancelled").select_related("session"):
        session, is_held = registration.session, registration.status != "waiting"
        registration.told = {
            "days": [] if session.status == "postponed" else days[session.pk],
            "place": session.place,
            "exact_address": (session.exact_address or None) if is_held else None,
        }
        registration.save(update_fields=["told"])


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0003_what_was_announced")]

    operations = [
        migrations.RunPython(mend_days, migrations.RunPython.noop),
        migrations.RunPython(name_days, migrations.RunPython.noop),
        migrations.RunPython(note_what_was_told, migrations.RunPython.noop),
    ]
