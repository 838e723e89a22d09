"""The fee of the people registered, awaited a little longer (R15)."""

from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from caprural import typography
from sessions_app import emails
from sessions_app.models import Registration, TrainingSession
from sessions_app.registering.gate import SYSTEM, Actor, RegistrationRefused, note, staff
from sessions_app.registering.seats import fee_due_on

Status = Registration.Status


@transaction.atomic
def await_fees_longer(session: TrainingSession, *, now: datetime) -> None:
    """After a session was moved: a fee is awaited until the usual date, unless the person has longer and it still
    comes before the session (R15). Logged; the caller tells the people.
    """
    locked = TrainingSession.objects.lock(session.pk)
    usual = fee_due_on(locked, given_at=now)
    is_theirs_over = Q(fee_due_on__lt=usual)
    if locked.first_date and usual < locked.first_date:
        is_theirs_over |= Q(fee_due_on__gte=locked.first_date)
    concerned = list(locked.registrations.filter(is_theirs_over, status=Status.AWAITING_FEE).order_by("pk"))
    _await_until(concerned, usual, now=now, by=SYSTEM, why="session déplacée, ")


@transaction.atomic
def extend_fee_due(registration: Registration, *, until: date, user: User, now: datetime) -> None:
    """Hold one person's seat for its fee until another day (R15), told and logged.

    Raises RegistrationRefused when no fee is awaited, the session is postponed to a date to come, or the day is past
    or not before the session.
    """
    session = TrainingSession.objects.lock(registration.session_id)
    current = session.registrations.get(pk=registration.pk)
    if current.status != Status.AWAITING_FEE:
        raise RegistrationRefused("Cette inscription n’attend pas de cotisation.")
    if session.status == TrainingSession.Status.POSTPONED:
        raise RegistrationRefused("La cotisation n’est pas attendue tant que la nouvelle date n’est pas fixée.")
    if until < timezone.localdate(now) or (session.first_date and until >= session.first_date):
        raise RegistrationRefused("Choisissez un jour à venir, avant celui de la session.")
    _await_until([current], until, now=now, by=staff(user))
    emails.fee_extended(current, session)


def _await_until(people: list[Registration], until: date, *, now: datetime, by: Actor, why: str = "") -> None:
    """Another date for a fee still awaited: a line in the log, though the status stays (R15)."""
    for registration in people:
        registration.fee_due_on = until
    Registration.objects.filter(pk__in=[one.pk for one in people]).update(fee_due_on=until)
    note(people, now=now, by=by, why=f"{why}cotisation attendue jusqu’au {typography.medium_date(until)}")
