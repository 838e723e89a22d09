"""A new session from an existing one: everything but its registrations, on other dates."""

from datetime import date, time

from django.db import transaction
from django.utils.text import slugify

from sessions_app.models import SessionDay, SessionTrainer, TrainingSession
from sessions_app.models.session import DATES_TIED_TO_THE_FIRST_DAY

#: What belongs to the original alone: a copy starts as a draft, undecided, with its own identity in calendars.
NOT_COPIED = {
    *("id", "slug", "reference", "status", "created_at", "updated_at"),
    *("maintained_at", "calendar_sequence", "changed_at", "postponed_from", "cancelled_undated"),
}


@transaction.atomic
def duplicate(
    session: TrainingSession, *, first_on: date, starts_at: time | None = None, slug: str = ""
) -> TrainingSession:
    """A draft copy of a session whose first day is `first_on`; the other dates keep their distance to it.

    Trainers are shared, documents and registrations are not copied. Without a slug, one is made from the title and
    the year. A session without date gets a copy without date either, unless one says at what hour it begins.
    """
    first_day = session.first_day
    shift = first_on - first_day.date if first_day else None
    copy = TrainingSession(
        **{
            field.name: getattr(session, field.name)
            for field in TrainingSession._meta.concrete_fields
            if field.name not in NOT_COPIED
        }
    )
    copy.slug = slug or free_slug(session.title, f"-{first_on.year}")
    for name in DATES_TIED_TO_THE_FIRST_DAY:
        day = getattr(session, name)
        setattr(copy, name, day + shift if day and shift is not None else None)
    copy.save()
    SessionDay.objects.bulk_create(
        SessionDay(session=copy, date=day.date + shift, starts_at=day.starts_at, ends_at=day.ends_at, place=day.place)
        for day in session.days.all()
        if shift is not None
    )
    if first_day is None and starts_at is not None:
        SessionDay.objects.create(session=copy, date=first_on, starts_at=starts_at)
    SessionTrainer.objects.bulk_create(
        SessionTrainer(session=copy, trainer_id=row.trainer_id, position=row.position)
        for row in session.session_trainers.all()
    )
    return copy


def free_slug(title: str, year: str = "") -> str:
    """« titre-2018 » for « -2018 », or « titre-2018-2 » and so on when it is taken."""
    base = slug_base(title) + year
    taken = set(TrainingSession.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    candidates = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
    return next(slug for slug in candidates if slug not in taken)


def slug_base(title: str) -> str:
    """What an address made from this title begins with."""
    return slugify(title)[:100] or "session"
