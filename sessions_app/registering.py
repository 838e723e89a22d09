"""Who gets the seat: register, cancel, serve the waiting list, settle the fee (R3–R8, R14–R16).

The only writers of a registration's status. Every function is one transaction that first locks the session: seats are
counted, given and freed by one writer at a time. Messages are queued inside the same transaction (R23).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from caprural import validators
from members import fees
from members.models import Member
from sessions_app import emails
from sessions_app.models import Registration, SessionState, StateCode, StatusChange, TrainingSession

Status = Registration.Status
Cause = Registration.Cause

#: A seat freed this close to the start is never given automatically (R8).
NO_AUTOMATIC_SEAT_BEFORE_START = timedelta(hours=48)
#: How long a seat is held for an unpaid fee, at least (R15).
FEE_DELAY = timedelta(days=5)
#: The private link is not sent again to the same person more often than this.
LINK_INTERVAL = timedelta(minutes=5)


class RegistrationRefused(Exception):
    """Nobody can be registered; the message is the French sentence to show."""


class RegistrationClosed(RegistrationRefused):
    """The session takes no registration now; `state` says why (R2, R4)."""

    def __init__(self, state: SessionState) -> None:
        super().__init__(state.reason)
        self.state = state


class NoSeatLeft(RegistrationRefused):
    """The session has begun and every seat is held: waiting would be pointless (R4)."""


class TransitionRefused(Exception):
    """The transition table forbids this (R6); the message is the French sentence to show."""


@dataclass(frozen=True)
class Actor:
    """Who or what changes a status, for the log (R6)."""

    label: str
    user: User | None = None


PARTICIPANT = Actor("la personne")
SYSTEM = Actor("règle automatique")


def staff(user: User) -> Actor:
    """The actor of what a member of the team does in the admin."""
    return Actor(user.get_username(), user)


# Register


@transaction.atomic
def register(candidate: Registration, *, now: datetime) -> Registration | None:
    """Register someone from the public form (R7).

    `candidate` is an unsaved registration with its session and what the person typed. Returns the registration, or
    None when this address already has a live one: its private link is then sent again and nothing else changes. The
    same form sent twice (`submission_key`) is one registration. Raises RegistrationClosed.
    """
    session = TrainingSession.objects.lock(candidate.session_id)
    candidate.email = validators.normalise_email(candidate.email)
    existing = session.registrations.live().filter(email=candidate.email).first()
    if existing and _is_same_form(existing, candidate):
        return existing
    state = session.state(now)
    if not state.is_registrable:
        raise RegistrationClosed(state)
    if existing:
        _send_link_again(existing, session, now=now)
        return None
    _admit(candidate, session, now=now, by=PARTICIPANT, why="inscription en ligne")
    return candidate


@transaction.atomic
def register_by_hand(candidate: Registration, *, reason: str, user: User, now: datetime) -> Registration:
    """Register someone from the admin, also after the deadline, never beyond the seats nor past the queue (R4, R7).

    The same form sent twice is one registration. Raises RegistrationRefused: session not announced, address already
    registered, or no seat once it has begun.
    """
    session = TrainingSession.objects.lock(candidate.session_id)
    candidate.email = validators.normalise_email(candidate.email)
    existing = session.registrations.live().filter(email=candidate.email).first()
    if existing and _is_same_form(existing, candidate):
        return existing
    state = session.state(now)
    if not state.is_announced:
        raise RegistrationClosed(state)
    if existing:
        raise RegistrationRefused("Cette adresse e-mail est déjà inscrite à la session.")
    if state.has_begun and not session.has_free_seat:
        raise NoSeatLeft("Toutes les places sont prises et la session a commencé.")
    past_the_queue = silently = state.has_begun
    _admit(candidate, session, now=now, by=staff(user), why=reason, past_the_queue=past_the_queue, silently=silently)
    return candidate


def _is_same_form(existing: Registration, candidate: Registration) -> bool:
    return existing.submission_key is not None and existing.submission_key == candidate.submission_key


def _admit(
    candidate: Registration,
    session: TrainingSession,
    *,
    now: datetime,
    by: Actor,
    why: str,
    past_the_queue: bool = False,
    silently: bool = False,
) -> None:
    """A seat when one is free and nobody waits, else the end of the waiting list (R7)."""
    candidate.session = session
    candidate.registered_at = now
    if session.has_free_seat if past_the_queue else not session.is_full:
        _give_seat(candidate, session, now=now, by=by, why=why, silently=silently)
    else:
        _move(candidate, Status.WAITING, now=now, by=by, why=why)
        emails.waiting(candidate, session)


def _give_seat(
    registration: Registration,
    session: TrainingSession,
    *,
    now: datetime,
    by: Actor,
    why: str,
    silently: bool = False,
) -> None:
    from_waiting_list = registration.status == Status.WAITING
    registration.seat_given_at = now
    if _owes_fee(registration, session):
        registration.fee_due_on = fee_due_on(session, given_at=now)
        _move(registration, Status.AWAITING_FEE, now=now, by=by, why=why)
        announce = emails.awaiting_fee
    else:
        _move(registration, Status.CONFIRMED, now=now, by=by, why=why)
        announce = emails.confirmed
    if not silently:
        announce(registration, session, from_waiting_list=from_waiting_list)


def _owes_fee(registration: Registration, session: TrainingSession) -> bool:
    """Whether the fee rule keeps this person's seat provisional on the session's date (R7, R17)."""
    if not session.fee_required or session.first_date is None:
        return False
    return not fees.is_up_to_date(registration.email, on=session.first_date)


def fee_due_on(session: TrainingSession, *, given_at: datetime) -> date:
    """The last day on which the fee is awaited for a seat given at that instant (R15).

    The later of the deadline and five days after the seat was given, never after the eve of the session; or the
    session's own date while it lies ahead. Never before the day the seat is given.
    """
    given_on = timezone.localdate(given_at)
    if session.fee_due_on and session.fee_due_on >= given_on:
        return session.fee_due_on
    due = max(session.registration_deadline or given_on, given_on + FEE_DELAY)
    if session.first_date:
        due = min(due, session.first_date - timedelta(days=1))
    return max(due, given_on)


def _send_link_again(registration: Registration, session: TrainingSession, *, now: datetime) -> None:
    if registration.link_sent_at and now - registration.link_sent_at < LINK_INTERVAL:
        return
    registration.link_sent_at = now
    registration.save(update_fields=["link_sent_at"])
    emails.link_again(registration, session)


# Free a seat, and give it


@transaction.atomic
def cancel(registration: Registration, *, cause: Cause, now: datetime, by: Actor, why: str = "") -> None:
    """Cancel a registration and give its seat to whoever is next (R6, R8). Raises TransitionRefused."""
    session = TrainingSession.objects.lock(registration.session_id)
    current = session.registrations.get(pk=registration.pk)
    current.cancellation_cause = cause
    _move(current, Status.CANCELLED, now=now, by=by, why=why or cause.label)
    if not session.state(now).has_begun:
        emails.cancelled(current, session)
    _serve_waiting_list(session, now=now)


@transaction.atomic
def delete(registrations: Iterable[Registration], *, now: datetime) -> None:
    """Erase registrations for good, log included, and give the seats they held to whoever is next (R8)."""
    rows = list(registrations)
    sessions = [TrainingSession.objects.lock(pk) for pk in sorted({row.session_id for row in rows})]
    Registration.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for session in sessions:
        _serve_waiting_list(session, now=now)


@transaction.atomic
def review(session: TrainingSession, *, now: datetime) -> None:
    """Draw the consequences of an edited session: fee no longer asked for (R17) or another date, then seats added (R8).

    Nobody is written to about a session that has begun.
    """
    locked = TrainingSession.objects.lock(session.pk)
    why = "cotisation à jour à la date de la session" if locked.fee_required else "cotisation non exigée"
    silently = locked.state(now).has_begun
    for registration in locked.registrations.filter(status=Status.AWAITING_FEE).order_by("pk"):
        if not _owes_fee(registration, locked):
            _move(registration, Status.CONFIRMED, now=now, by=SYSTEM, why=why)
            if not silently:
                emails.confirmed(registration, locked)
    _serve_waiting_list(locked, now=now)


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
    _give_seat(first, locked, now=now, by=staff(user), why=why, silently=state.has_begun)
    return first


def _serve_waiting_list(session: TrainingSession, *, now: datetime) -> None:
    """The one door for every freed seat: in order of arrival, in the transaction that freed it (R8)."""
    session = TrainingSession.objects.with_seats_and_days().get(pk=session.pk)
    if not _gives_seats_automatically(session, now):
        return
    queue = session.registrations.waiting()
    for registration in queue if session.seats_left is None else queue[: session.seats_left]:
        _give_seat(registration, session, now=now, by=SYSTEM, why="une place s’est libérée")


def _gives_seats_automatically(session: TrainingSession, now: datetime) -> bool:
    """Until the deadline, and never in the 48 hours before the start (R8)."""
    if not session.state(now).is_registrable:
        return False
    return session.starts_at is None or session.starts_at - now >= NO_AUTOMATIC_SEAT_BEFORE_START


# The fee


def attach(registration: Registration, member: Member, *, now: datetime) -> None:
    """Teach a member this person's address; whatever its accepted fee now covers is confirmed (R14, R16)."""
    fees.cover(member, registration.email, name=registration.full_name, now=now)


@transaction.atomic
def confirm_covered(member: Member, *, now: datetime) -> None:
    """Confirm every registration awaiting a fee that this member's fees now cover, and tell each person (R16)."""
    for registration, session in _of_member(member, Status.AWAITING_FEE, now=now):
        if not _owes_fee(registration, session):
            _move(registration, Status.CONFIRMED, now=now, by=SYSTEM, why=f"cotisation acceptée ({member})")
            emails.fee_accepted(registration, session)


@transaction.atomic
def await_fee_again(member: Member, *, now: datetime) -> None:
    """Send the future registrations that only the lost fee covered back to awaiting it, with a new date (R16)."""
    for registration, session in _of_member(member, Status.CONFIRMED, now=now):
        if _owes_fee(registration, session):
            registration.fee_due_on = fee_due_on(session, given_at=now)
            _move(registration, Status.AWAITING_FEE, now=now, by=SYSTEM, why=f"cotisation annulée ({member})")
            emails.fee_lost(registration, session)


def _of_member(member: Member, status: Status, *, now: datetime) -> list[tuple[Registration, TrainingSession]]:
    """Registrations of a member's people for sessions to come, in that status, their sessions locked.

    All the sessions to come that ask for the fee are locked, not only those where such a registration is seen already:
    someone registering at this instant holds the lock, and must be seen once it is released.
    """
    people = member.people.values("email")
    of_member = Q(email__in=people)
    for domain in member.domains.values_list("domain", flat=True):
        of_member |= Q(email__endswith=f"@{domain}")
    to_come = TrainingSession.objects.filter(fee_required=True, days__date__gte=timezone.localdate(now)).exclude(
        status__in=(TrainingSession.Status.DRAFT, TrainingSession.Status.CANCELLED)
    )
    ids = sorted(set(to_come.values_list("pk", flat=True)))
    list(TrainingSession.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").values_list("pk"))
    sessions = {session.pk: session for session in TrainingSession.objects.with_seats_and_days().filter(pk__in=ids)}
    found = Registration.objects.filter(of_member, session__in=ids, status=status).order_by("pk")
    return [
        (registration, sessions[registration.session_id])
        for registration in found
        if (starts_at := sessions[registration.session_id].starts_at) and starts_at > now
    ]


# The gate


def _move(registration: Registration, to: Status, *, now: datetime, by: Actor, why: str) -> None:
    """The one place that writes a status, after the transition table, with its line in the log (R6)."""
    before = registration.status
    if to not in Registration.TRANSITIONS[before]:
        raise TransitionRefused(
            f"L’inscription de {registration} est « {registration.get_status_display()} » : "
            f"elle ne peut pas devenir « {to.label} »."
        )
    registration.status = to
    if to != Status.AWAITING_FEE:
        registration.fee_due_on = None
    registration.save()
    StatusChange.objects.create(
        registration=registration,
        at=now,
        from_status=before,
        to_status=to,
        user=by.user,
        actor=by.label,
        reason=why,
    )
