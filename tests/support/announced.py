"""Sessions dated from today, for whatever reads the real clock: views, pages, the browser."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from sessions_app.models import Registration, TrainingSession
from tests.factories import make_registration, make_session

STATES = ("open", "full", "closed", "postponed", "cancelled", "under_way", "past")


def today(days: int = 0) -> date:
    """A day counted from today, in Europe/Paris."""
    return timezone.localdate() + timedelta(days=days)


def open_session(**fields: Any) -> TrainingSession:
    """A session in sixty days, of which registrations close in fifty."""
    return make_session(**{"days": (today(60),), "registration_deadline": today(50), **fields})


def session_in(state: str, **fields: Any) -> TrainingSession:
    """A session that is in this state now (R2)."""
    own: dict[str, dict[str, Any]] = {
        "full": {"max_participants": 1},
        "closed": {"registration_deadline": today()},
        "postponed": {"status": "postponed"},
        "cancelled": {"status": "cancelled"},
        "under_way": {"days": (today(-1), today(1)), "registration_deadline": None},
        "past": {"days": (today(-2),), "registration_deadline": None},
    }
    session = open_session(**{**own.get(state, {}), **fields})
    if state == "full":
        registered(session)
    return session


def registered(session: TrainingSession, **fields: Any) -> Registration:
    """A registration made now, through the front door."""
    return make_registration(session, now=timezone.now(), **fields)


def bring(session: TrainingSession, state: str) -> None:
    """Bring a session that people have registered for to this state."""
    days = {"under_way": [today(-1), today(1)], "past": [today(-2)]}
    if state in days:
        session.days.all().delete()
        for day in days[state]:
            session.days.create(date=day, starts_at="09:30", ends_at="17:30")
    deadlines = {"closed": today(), "under_way": None, "past": None}
    session.registration_deadline = deadlines.get(state, session.registration_deadline)
    session.status = state if state in ("postponed", "cancelled") else session.status
    session.save()
    found = TrainingSession.objects.with_seats_and_days().get(pk=session.pk)
    assert found.state(timezone.now()).code == state
