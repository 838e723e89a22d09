"""A seat is given: at once, from the waiting list, in the order of arrival (R3, R7, R8)."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from members.covering import Cover
from sessions_app import emails
from sessions_app.models import Registration, StateCode, TrainingSession
from sessions_app.registering.gate import SYSTEM, Actor, RegistrationClosed, RegistrationRefused, move, staff

Status = Registration.Status

#: A seat freed this close to the start is never given automatically (R8).
NO_AUTOMATIC_SEAT_BEFORE_START = timedelta(hours=48)
#: How long a seat is held for an unpaid fee, at least (R15).
FEE_DELAY = timedelta(days=5)


def give_seat(
    registration: Registration,
    session: TrainingSession,
    *,
    now: datetime,
    by: Actor,
    why: str,
    silently: bool = False,
) -> None:
    """A seat, confirmed or provisional as the fee stands (R7); the person is told unless it is of no use any more."""
    from_waiting_list = registration.status == Status.WAITING
    registration.seat_given_at = now
    if session.fee_required and owes(registration.email, session, Cover.of([registration.email])):
        registration.fee_due_on = fee_due_on(session, given_at=now)
        move(registration, Status.AWAITING_FEE, now=now, by=by, why=why)
        announce = emails.awaiting_fee
    else:
        move(registration, Status.CONFIRMED, now=now, by=by, why=why)
        announce = emails.confirmed
    if not silently:
        announce([registration], session, from_waiting_list=from_waiting_list)


def owes(email: str, session: TrainingSession, cover: Cover) -> bool:
    """Whether the fee rule keeps a seat provisional: nothing covers this address on the session's first day (R7, R17).

    Nothing is owed while that day is unknown.
    """
    return session.fee_required and session.first_date is not None and not cover.covers(email, on=session.first_date)


def fee_due_on(session: TrainingSession, *, given_at: datetime) -> date:
    """The last day on which the fee is awaited for a seat given at that instant (R15).

    The later of the deadline and five days after the seat was given, or the session's own date while it lies ahead;
    never after the eve of the session, nor before the day the seat is given.
    """
    given_on = timezone.localdate(given_at)
    if session.fee_due_on and session.fee_due_on >= given_on:
        due = session.fee_due_on
    else:
        due = max(session.registration_deadline or given_on, given_on + FEE_DELAY)
    if session.first_date:
        due = min(due, session.first_date - timedelta(days=1))
    return max(due, given_on)


@transaction.atomic
def assign_next_seat(session: TrainingSession, *, user: User, now: datetime) -> Registration:
    """Give one free seat to the first person waiting, when that is no longer automatic (R8).

    Raises RegistrationRefused when there is no free seat, nobody waits, or the session will not take place.
    """
    locked = TrainingSession.objects.lock(session.pk)
    state = locked.state(now)
    if not state.is_announced or state.code == StateCode.PAST:
        raise RegistrationClosed(state)
    first = locked.registrations.waiting().first()
    if first is None:
        raise RegistrationRefused("Personne n’attend de place pour cette session.")
    if not locked.has_free_seat:
        raise RegistrationRefused("Aucune place n’est libre pour cette session.")
    why = "place attribuée depuis la liste d’attente"
    give_seat(first, locked, now=now, by=staff(user), why=why, silently=state.has_begun)
    return first


def serve_waiting_list(session: TrainingSession, *, now: datetime) -> list[Registration]:
    """The one door for every freed seat: in order of arrival, in the transaction that freed it (R8). Who got one."""
    session = TrainingSession.objects.with_seats_and_days().get(pk=session.pk)
    served = next_served(session, now=now)
    for registration in served:
        give_seat(registration, session, now=now, by=SYSTEM, why="une place s’est libérée")
    return served


def next_served(
    session: TrainingSession, *, leaving: Collection[Registration] = (), now: datetime
) -> list[Registration]:
    """Who is given a seat at once, in order of arrival, were these people to leave (R8). Only reads."""
    if not _gives_seats_automatically(session, now):
        return []
    queue = session.registrations.waiting().exclude(pk__in=[one.pk for one in leaving])
    if session.seats_left is None:
        return list(queue)
    return list(queue[: session.seats_left + sum(one.holds_seat for one in leaving)])


def _gives_seats_automatically(session: TrainingSession, now: datetime) -> bool:
    """Until the deadline, and never in the 48 hours before the start (R8)."""
    if not session.state(now).is_registrable:
        return False
    return session.starts_at is None or session.starts_at - now >= NO_AUTOMATIC_SEAT_BEFORE_START
