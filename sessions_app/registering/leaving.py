"""Someone goes out, and their seat goes to whoever is next (R6, R8, R15)."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from sessions_app import emails
from sessions_app.models import Registration, TrainingSession
from sessions_app.registering.gate import SYSTEM, Actor, RegistrationClosed, move, move_all
from sessions_app.registering.seats import serve_waiting_list

Status = Registration.Status
Cause = Registration.Cause


@transaction.atomic
def cancel(registration: Registration, *, cause: Cause, now: datetime, by: Actor, why: str = "") -> None:
    """Cancel a registration and give its seat to whoever is next (R6, R8). Raises TransitionRefused."""
    session = TrainingSession.objects.lock(registration.session_id)
    current = session.registrations.get(pk=registration.pk)
    current.cancellation_cause = cause
    move(current, Status.CANCELLED, now=now, by=by, why=why or cause.label)
    if not session.state(now).has_begun:
        emails.cancelled(current, session)
    serve_waiting_list(session, now=now)


@transaction.atomic
def delete(registrations: Iterable[Registration], *, now: datetime) -> None:
    """Erase registrations for good, log included, and give the seats they held to whoever is next (R8).

    What was still to leave for who was registered does not: its links lead nowhere any more.
    """
    rows = list(registrations)
    sessions = [TrainingSession.objects.lock(pk) for pk in sorted({row.session_id for row in rows})]
    emails.take_back(Registration.objects.live().filter(pk__in=[row.pk for row in rows]))
    Registration.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for session in sessions:
        serve_waiting_list(session, now=now)


@transaction.atomic
def withdraw(registration: Registration, *, now: datetime, by: Actor) -> None:
    """The participant cancels, which is possible until the session starts (R10).

    Raises RegistrationClosed, TransitionRefused.
    """
    state = TrainingSession.objects.lock(registration.session_id).state(now)
    if state.has_begun:
        raise RegistrationClosed(state)
    cancel(registration, cause=Cause.PARTICIPANT, now=now, by=by)


@transaction.atomic
def release_unpaid(registration: Registration, *, now: datetime) -> bool:
    """Release a seat whose fee did not come in time, and tell the person (R15). False when there is nothing to release:
    paid, extended, cancelled or begun in the meantime.
    """
    session = TrainingSession.objects.lock(registration.session_id)
    current = session.registrations.get(pk=registration.pk)
    is_late = current.fee_due_on is not None and timezone.localdate(now) > current.fee_due_on
    state = session.state(now)
    if not is_late or not state.is_announced or state.has_begun:
        return False
    cancel(current, cause=Cause.FEE_UNPAID, now=now, by=SYSTEM)
    return True


@transaction.atomic
def discard(session: TrainingSession, registrations: Iterable[Registration], *, now: datetime, by: Actor) -> int:
    """« Écarter » registrations that nobody meant: at once, without a word to them, their seats to whoever waits (R8).
    What was still to leave for them does not.

    Returns how many were still live.
    """
    locked = TrainingSession.objects.lock(session.pk)
    live = locked.registrations.live().filter(pk__in=[registration.pk for registration in registrations])
    discarded = list(live.order_by("pk"))
    moves = [(registration, "inscription écartée, sans message") for registration in discarded]
    move_all(moves, Status.CANCELLED, now=now, by=by, cause=Cause.DISCARDED)
    emails.take_back(discarded)
    serve_waiting_list(locked, now=now)
    return len(discarded)


@transaction.atomic
def cancel_all(session: TrainingSession, *, now: datetime, by: Actor) -> list[Registration]:
    """Cancel every live registration of a session that is cancelled; the caller tells the people (R5)."""
    locked = TrainingSession.objects.lock(session.pk)
    live = list(locked.registrations.live().order_by("pk"))
    moves = [(registration, Cause.SESSION_CANCELLED.label) for registration in live]
    move_all(moves, Status.CANCELLED, now=now, by=by, cause=Cause.SESSION_CANCELLED)
    return live
