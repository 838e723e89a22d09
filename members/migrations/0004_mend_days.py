"""Days that nobody can have meant, before the database refuses them: « 0026 » is 2026; what remains is brought back."""

import logging
from datetime import date

from django.db import migrations
from django.db.models import Q

logger = logging.getLogger(__name__)

BOUNDS = (date(2000, 1, 1), date(2100, 12, 31))


def mend_days(apps, schema_editor):
    """A payment needs its day, and a campaign its two: none can be emptied."""
    for model, names in (("MembershipFee", ("paid_on",)), ("FeeCampaign", ("starts_on", "ends_on"))):
        rows = apps.get_model("members", model).objects.order_by("pk")
        days = {f"{name}__range": BOUNDS for name in names}
        is_sound = Q(**days) | Q(**{f"{names[0]}__isnull": True})
        for row in rows.exclude(is_sound):
            typed = {name: getattr(row, name) for name in names}
            # Together: a campaign never ends before it starts, not even in passing.
            rows.filter(pk=row.pk).update(**{name: _meant(day) for name, day in typed.items()})
            logger.warning("%s %s: days brought back, from %s", model, row.pk, typed)


def _meant(day):
    if day.year < 100:
        return day.replace(year=day.year + 2000)
    return min(max(day, BOUNDS[0]), BOUNDS[1])


class Migration(migrations.Migration):
    dependencies = [("members", "0003_spreadsheet_import")]

    operations = [migrations.RunPython(mend_days, migrations.RunPython.noop)]
