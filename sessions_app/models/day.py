"""When a session takes place: its days, and the half-days derived from their hours."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from caprural import typography, validators

NOON_BREAK = time(13)
#: A session that begins from then on is an evening; so is what goes past midnight.
EVENING = time(18)
#: Longer than that, an end before the start is a typing error rather than the next morning.
LONGEST_DAY = timedelta(hours=16)
SHORTEST_HALF_DAY = timedelta(hours=1)
END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True)
class HalfDay:
    """Half a day of a session, derived from the hours of its day; `start` or `end` is None where nobody said it."""

    day: date
    label: str
    start: time | None
    end: time | None


def new_uid() -> str:
    """The name of an event in people's calendars, for good."""
    return str(uuid4())


class Hours(models.Model):
    """A date and its hours as typed in Europe/Paris; an end before the start is the next morning."""

    date: "models.DateField[date, date]"
    starts_at: "models.TimeField[time, time]"
    ends_at: "models.TimeField[time | None, time | None]"

    class Meta:
        abstract = True

    @property
    def starts_at_instant(self) -> datetime:
        """The instant the day starts."""
        return paris(self.date, self.starts_at)

    @property
    def is_past_midnight(self) -> bool:
        """Whether it ends the next morning."""
        return self.ends_at is not None and self.ends_at < self.starts_at

    @property
    def ends_at_instant(self) -> datetime:
        """The instant the day ends; the end of the day when the hour is unknown."""
        return paris(self.date + timedelta(days=self.is_past_midnight), self.ends_at or END_OF_DAY)


class SessionDay(Hours):
    """One day of a session, with its hours as typed in Europe/Paris; an end before the start is the next morning."""

    session = models.ForeignKey(
        "TrainingSession", on_delete=models.CASCADE, related_name="days", verbose_name="session"
    )
    date = models.DateField("date", validators=[validators.plausible_day])
    starts_at = models.TimeField("début")
    ends_at = models.TimeField("fin", null=True, blank=True, help_text="Laisser vide si elle n’est pas connue.")
    place = models.CharField(
        "lieu de ce jour, s’il diffère", max_length=160, blank=True, validators=[validators.single_line]
    )
    uid = models.CharField(max_length=60, unique=True, default=new_uid, editable=False)

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
                condition=Q(ends_at__isnull=True) | ~Q(ends_at=F("starts_at")),
                name="day_ends_when_it_does_not_start",
                violation_error_message="L’heure de fin doit suivre l’heure de début.",
            ),
            models.CheckConstraint(condition=validators.are_plausible_days("date"), name="day_is_plausible"),
        )

    def __str__(self) -> str:
        return typography.long_date(self.date)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A day put back on the date of one that was removed is the same event again in people's calendars."""
        if self._state.adding and (
            removed := RemovedDay.objects.filter(session=self.session_id, date=self.date).first()
        ):
            self.uid = removed.uid
            removed.delete()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """What calendars may hold is remembered, to be cancelled there."""
        if self.session.status != "draft":
            RemovedDay.objects.create(
                session=self.session, uid=self.uid, date=self.date, starts_at=self.starts_at, ends_at=self.ends_at
            )
        return super().delete(*args, **kwargs)

    def clean(self) -> None:
        if self.date and self.starts_at and self.ends_at and self.is_past_midnight:
            missing = datetime.combine(self.date, self.starts_at) - datetime.combine(self.date, self.ends_at)
            if timedelta(days=1) - missing > LONGEST_DAY:
                raise ValidationError(
                    {
                        "ends_at": "L’heure de fin précède l’heure de début : vérifiez-les. Une soirée peut finir "
                        "après minuit, mais une journée ne dure pas plus de 16 heures."
                    }
                )

    def half_days(self) -> list[HalfDay]:
        """Morning and afternoon, cut at 13 h, and an evening; a half with less than an hour of session is none (R27).

        An evening begins at 18 h or later, or is what follows 18 h in a day that ends past midnight. When the end is
        unknown, a day that starts in the morning is taken for a whole day.
        """
        whole = datetime.combine(self.date, self.starts_at)
        daytime = datetime.combine(self.date, EVENING) - whole
        if daytime <= timedelta(0) or (self.is_past_midnight and daytime < SHORTEST_HALF_DAY):
            return [HalfDay(self.date, "soirée", self.starts_at, self.ends_at)]
        if self.is_past_midnight:
            *before, last = SessionDay(date=self.date, starts_at=self.starts_at, ends_at=EVENING).half_days()
            return [*before, replace(last, end=None), HalfDay(self.date, "soirée", None, self.ends_at)]
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


def overlap(days: Iterable[Hours]) -> str:
    """What is wrong when a day ends, past midnight, after the next one has begun; empty when none does."""
    for day, following in pairwise(sorted(days, key=lambda day: day.starts_at_instant)):
        if day.ends_at and day.ends_at_instant > following.starts_at_instant:
            return (
                f"Le {typography.long_date(day.date)} finit le lendemain à {typography.hour(day.ends_at)}, alors que "
                f"le {typography.long_date(following.date)} a déjà commencé à {typography.hour(following.starts_at)} : "
                "corrigez les horaires de l’une de ces deux journées."
            )
    return ""


class RemovedDay(Hours):
    """A day that is no longer of the session, which calendars are told to cancel under the name it had there."""

    session = models.ForeignKey(
        "TrainingSession", on_delete=models.CASCADE, related_name="removed_days", verbose_name="session"
    )
    uid = models.CharField(max_length=60, unique=True, editable=False)
    date = models.DateField("date")
    starts_at = models.TimeField("début")
    ends_at = models.TimeField("fin", null=True)
    removed_at = models.DateTimeField("supprimée le", auto_now_add=True)

    class Meta:
        verbose_name = "journée supprimée"
        verbose_name_plural = "journées supprimées"
        ordering = ("date", "pk")

    def __str__(self) -> str:
        return typography.long_date(self.date)


def paris(day: date, at: time) -> datetime:
    """The instant of an hour typed by people, who live in Europe/Paris."""
    return datetime.combine(day, at, tzinfo=timezone.get_default_timezone())
