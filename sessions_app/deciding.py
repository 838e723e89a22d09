"""The decision on a session: maintain, postpone or cancel it; everyone concerned is written to (R5)."""

from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app import emails, registering
from sessions_app.models import Registration, TrainingSession


class DecisionRefused(Exception):
    """The session is not in a state in which this can be decided; the message is the French sentence to show."""


@transaction.atomic
def maintain(session: TrainingSession, *, now: datetime) -> list[Registration]:
    """The session takes place (« maintenue »), even below its minimum. Returns the people written to.

    Raises DecisionRefused, also when that is decided already: nobody is written to twice.
    """
    locked = TrainingSession.objects.lock(session.pk)
    concerned = told_of_maintaining(locked, now=now)
    locked.maintained_at = now
    locked.save(update_fields=["maintained_at", "updated_at"])
    emails.session_maintained(concerned, locked)
    return concerned


@transaction.atomic
def postpone(
    session: TrainingSession, *, first_on: date | None, deadline: date | None = None, now: datetime
) -> list[Registration]:
    """Move the session to another first day, or to a date to come (None). Returns the people written to.

    With a date, the session is published and every date of it keeps its distance to that one, but for a `deadline` of
    its own; without, it is « reportée » and nothing is due until it is given one. Everybody keeps their seat or their
    rank. Raises DecisionRefused, also for the day on which it begins already: nobody is written to twice.
    """
    locked = TrainingSession.objects.lock(session.pk)
    concerned = told_of_postponing(locked, first_on=first_on, now=now)
    # What was announced first, however often it moves.
    locked.postponed_from = locked.postponed_from or locked.first_date
    if first_on is not None:
        locked.move_to(first_on)
        locked.registration_deadline = deadline or locked.registration_deadline
        locked.status = TrainingSession.Status.PUBLISHED
    else:
        locked.status = TrainingSession.Status.POSTPONED
    locked.maintained_at = None
    locked.changed_at = None
    locked.calendar_sequence += 1
    locked.save()
    moved = TrainingSession.objects.with_seats_and_days().get(pk=locked.pk)
    if first_on is not None:
        registering.await_fees_longer(moved, now=now)
        # Its new date may be covered by other fees: what people read of their seat is then true (R7b).
        registering.judge_session(moved, now=now)
    concerned = list(moved.registrations.filter(pk__in=[one.pk for one in concerned]).order_by("pk"))
    emails.session_postponed(concerned, moved)
    if first_on is not None:
        # Its new deadline gives the free seats again (R8).
        registering.review(moved, now=now)
    return concerned


@transaction.atomic
def cancel(session: TrainingSession, *, user: User, now: datetime) -> list[Registration]:
    """The session does not take place: every registration is cancelled. Returns the people written to.

    Raises DecisionRefused.
    """
    locked = TrainingSession.objects.lock(session.pk)
    told_of_cancelling(locked, now=now)
    concerned = registering.cancel_all(locked, now=now, by=registering.staff(user))
    locked.cancelled_undated = locked.status == TrainingSession.Status.POSTPONED
    locked.status = TrainingSession.Status.CANCELLED
    locked.changed_at = None
    locked.calendar_sequence += 1
    locked.save()
    emails.session_cancelled(concerned, locked)
    return concerned


# Whom each decision tells: asked by the page that shows it, then again under the session's lock.


def told_of_maintaining(session: TrainingSession, *, now: datetime) -> list[Registration]:
    """The people who would learn that it is maintained. Raises DecisionRefused when that cannot be decided."""
    _require_to_come(session, now)
    if session.maintained_at:
        raise DecisionRefused("Cette session est déjà maintenue.")
    return list(session.registrations.holding_seat().order_by("pk"))


def told_of_postponing(session: TrainingSession, *, first_on: date | None, now: datetime) -> list[Registration]:
    """The people who would learn that it is postponed. Raises DecisionRefused when that cannot be decided."""
    if first_on is None or session.status != TrainingSession.Status.POSTPONED:
        _require_to_come(session, now)
    if first_on is not None and first_on <= timezone.localdate(now):
        raise DecisionRefused("Choisissez un jour à venir.")
    if first_on is not None and session.first_date is None:
        raise DecisionRefused("Ajoutez d’abord à cette session une journée avec ses horaires.")
    if first_on is not None and first_on == session.announced_on:
        raise DecisionRefused("La session commence déjà ce jour-là.")
    return list(session.registrations.live().order_by("pk"))


def told_of_cancelling(session: TrainingSession, *, now: datetime) -> list[Registration]:
    """The people who would learn that it is cancelled. Raises DecisionRefused when that cannot be decided."""
    state = session.state(now)
    if state.has_begun or session.status not in (TrainingSession.Status.PUBLISHED, TrainingSession.Status.POSTPONED):
        raise DecisionRefused(f"Cette session ne peut pas être annulée. {state.reason}")
    return list(session.registrations.live().order_by("pk"))


def _require_to_come(session: TrainingSession, now: datetime) -> None:
    state = session.state(now)
    if not state.is_announced or state.has_begun:
        raise DecisionRefused(f"Cette décision n’est plus possible. {state.reason}")
