"""The fee of the people registered: attached, awaited a little longer (R14, R15)."""

from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from caprural import typography
from members import fees
from members.models import Member
from sessions_app import emails
from sessions_app.models import Registration, StatusChange, TrainingSession
from sessions_app.registering.gate import SYSTEM, Actor, RegistrationRefused, staff
from sessions_app.registering.seats import fee_due_on

Status = Registration.Status


def attach(registration: Registration, member: Member, *, now: datetime) -> None:
    """Teach a member this person's address; whatever its accepted fee now covers is confirmed (R14, R16)."""
    fees.cover(member, registration.email, name=registration.full_name, now=now)


@transaction.atomic
def await_fees_longer(session: TrainingSession, *, now: datetime) -> None:
    """After a session was moved: a fee is awaited until the usual date, unless the person has longer and it still
    comes before the session (R15). Logged; the caller tells the people.
    """
    locked = TrainingSession.objects.lock(session.pk)
    usual = fee_due_on(locked, given_at=now)
    for registration in locked.registrations.filter(status=Status.AWAITING_FEE).order_by("pk"):
        theirs = registration.fee_due_on
        if not theirs or theirs < usual or (locked.first_date and usual < locked.first_date <= theirs):
            _await_until(registration, usual, now=now, by=SYSTEM, why="session déplacée, ")


@transaction.atomic
def extend_fee_due(registration: Registration, *, until: date, user: User, now: datetime) -> None:
    """Hold one person's seat for its fee until another day (R15), told and logged.

    Raises RegistrationRefused when no fee is awaited, or the day is past or not before the session.
    """
    session = TrainingSession.objects.lock(registration.session_id)
    current = session.registrations.get(pk=registration.pk)
    if current.status != Status.AWAITING_FEE:
        raise RegistrationRefused("Cette inscription n’attend pas de cotisation.")
    if until < timezone.localdate(now) or (session.first_date and until >= session.first_date):
        raise RegistrationRefused("Choisissez un jour à venir, avant celui de la session.")
    _await_until(current, until, now=now, by=staff(user))
    emails.fee_extended(current, session)


def _await_until(registration: Registration, until: date, *, now: datetime, by: Actor, why: str = "") -> None:
    """Another date for a fee still awaited: a line in the log, though the status stays (R15)."""
    registration.fee_due_on = until
    registration.save(update_fields=["fee_due_on"])
    StatusChange.objects.create(
        registration=registration,
        at=now,
        from_status=registration.status,
        to_status=registration.status,
        user=by.user,
        actor=by.label,
        reason=f"{why}cotisation attendue jusqu’au {typography.medium_date(until)}",
    )
