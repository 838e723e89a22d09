"""When a session takes place: its days, and the half-days derived from their hours."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from caprural import typography, validators

NOON_BREAK = time(13)
SHORTEST_HALF_DAY = timedelta(hours=1)
END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True)
class HalfDay:
    """Half a day of a session, derived from the hours of its day; `start` or `end` is None where nobody said it."""

    day: date
    label: str
    start: time | None
    end: time | None


class SessionDay(models.Model):
    """One day of a session, with its hours as typed in Europe/Paris."""

    session = models.ForeignKey(
        "TrainingSession", on_delete=models.CASCADE, related_name="days", verbose_name="session"
    )
    date = models.DateField("date")
    starts_at = models.TimeField("début")
    ends_at = models.TimeField("fin", null=True, blank=True, help_text="Laisser vide si elle n’est pas connue.")
    place = models.CharField(
        "lieu de ce jour, s’il diffère", max_length=160, blank=True, validators=[validators.single_line]
    )

    class Meta:
        verbose_name = "journée"
        verbose_name_plural = "journées"
        ordering = ("date",)
        constraints = (
            models.UniqueConstraint(
                fields=("session", "date"),
                name="one_day_per_date",
                violation_error_message="Cette journée figure déjà dans la session.",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="day_ends_after_it_starts",
                violation_error_message="L’heure de fin doit suivre l’heure de début.",
            ),
        )

    def __str__(self) -> str:
        return typography.long_date(self.date)

    @property
    def starts_at_instant(self) -> datetime:
        """The instant the day starts."""
        return paris(self.date, self.starts_at)

    @property
    def ends_at_instant(self) -> datetime:
        """The instant the day ends; the end of the day when the hour is unknown."""
        return paris(self.date, self.ends_at or END_OF_DAY)

    def half_days(self) -> list[HalfDay]:
        """Morning and afternoon, cut at 13 h; a half with less than an hour of session is none.

        When the end is unknown, a day that starts in the morning is taken for a whole day.
        """
        whole = datetime.combine(self.date, self.starts_at)
        noon = datetime.combine(self.date, NOON_BREAK)
        end = datetime.combine(self.date, self.ends_at or END_OF_DAY)
        has_morning = noon - whole >= SHORTEST_HALF_DAY
        has_afternoon = end - max(noon, whole) >= SHORTEST_HALF_DAY
        if has_morning and has_afternoon:
            return [
                HalfDay(self.date, "matin", self.starts_at, None),
                HalfDay(self.date, "après-midi", None, self.ends_at),
            ]
        label = "matin" if self.starts_at < NOON_BREAK and not has_afternoon else "après-midi"
        return [HalfDay(self.date, label, self.starts_at, self.ends_at)]


def paris(day: date, at: time) -> datetime:
    """The instant of an hour typed by people, who live in Europe/Paris."""
    return datetime.combine(day, at, tzinfo=timezone.get_default_timezone())
