"""The fee of the people registered: attached, accepted, lost, awaited a little longer (R14–R17)."""

from collections.abc import Sequence
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from caprural import typography
from members import fees
from members.models import CoveredPerson, EmailDomain, Member
from sessions_app import emails
from sessions_app.models import Registration, StatusChange, TrainingSession
from sessions_app.registering.gate import SYSTEM, Actor, RegistrationRefused, move, staff
from sessions_app.registering.seats import fee_due_on, owes_fee, serve_waiting_list

Status = Registration.Status


def attach(registration: Registration, member: Member, *, now: datetime) -> None:
    """Teach a member this person's address; whatever its accepted fee now covers is confirmed (R14, R16)."""
    fees.cover(member, registration.email, name=registration.full_name, now=now)


@transaction.atomic
def confirm_covered(members: Sequence[Member], *, now: datetime) -> list[str]:
    """Confirm every registration awaiting a fee that these members' fees now cover, and tell each person (R16).

    Nobody is written to about a session that has begun. Returns a sentence for each registration confirmed.
    """
    done = []
    for registration, session, member in _of_members(members, Status.AWAITING_FEE, now=now):
        if not owes_fee(registration, session):
            move(registration, Status.CONFIRMED, now=now, by=SYSTEM, why=f"cotisation acceptée ({member})")
            if not session.state(now).has_begun:
                emails.fee_accepted(registration, session)
            done.append(f"{_named(registration, session)} : inscription confirmée")
    return done


@transaction.atomic
def await_fee_again(members: Sequence[Member], *, now: datetime) -> list[str]:
    """Send the future registrations that only the lost fees covered back to awaiting it, with a new date (R16).

    Returns a sentence for each of them.
    """
    done = []
    for registration, session, member in _of_members(members, Status.CONFIRMED, now=now):
        if session.starts_at and session.starts_at > now and owes_fee(registration, session):
            registration.fee_due_on = fee_due_on(session, given_at=now)
            move(registration, Status.AWAITING_FEE, now=now, by=SYSTEM, why=f"cotisation annulée ({member})")
            emails.fee_lost(registration, session)
            until = typography.medium_date(registration.fee_due_on)
            done.append(f"{_named(registration, session)} : en attente de cotisation jusqu’au {until}")
    return done


def _named(registration: Registration, session: TrainingSession) -> str:
    day = typography.medium_date(session.first_date)
    return f"{registration}, « {session} »" + (f", {day}" if day else "")


def _of_members(
    members: Sequence[Member], status: Status, *, now: datetime
) -> list[tuple[Registration, TrainingSession, Member]]:
    """Registrations of these members' people in that status, each with the member, their sessions locked.

    All the sessions to come that ask for the fee are locked, not only those where such a registration is seen already:
    someone registering at this instant holds the lock, and must be seen once it is released. The same number of queries
    for one member and for a thousand.
    """
    by_pk = {member.pk: member for member in members}
    listed = CoveredPerson.objects.filter(member__in=by_pk)
    declared = EmailDomain.objects.filter(member__in=by_pk)
    by_address = {address: by_pk[pk] for address, pk in listed.values_list("email", "member")}
    by_domain = {domain: by_pk[pk] for domain, pk in declared.values_list("domain", "member")}
    asking = TrainingSession.objects.filter(fee_required=True).exclude(
        status__in=(TrainingSession.Status.DRAFT, TrainingSession.Status.CANCELLED)
    )
    of_status = Registration.objects.filter(status=status, session__in=asking)

    def member_of(email: str) -> Member | None:
        return by_address.get(email) or by_domain.get(email.rpartition("@")[2])

    theirs = {pk for pk, email in of_status.values_list("session", "email") if member_of(email)}
    to_come = asking.filter(days__date__gte=timezone.localdate(now)).values_list("pk", flat=True)
    ids = sorted(theirs | set(to_come))
    list(TrainingSession.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").values_list("pk"))
    sessions = {session.pk: session for session in TrainingSession.objects.with_seats_and_days().filter(pk__in=ids)}
    return [
        (registration, sessions[registration.session_id], member)
        for registration in of_status.filter(session__in=ids).order_by("pk")
        if (member := member_of(registration.email))
    ]


@transaction.atomic
def review(session: TrainingSession, *, now: datetime) -> None:
    """Draw the consequences of an edited session: fee no longer asked for (R17) or another date, then seats added (R8).

    Nobody is written to about a session that has begun.
    """
    locked = TrainingSession.objects.lock(session.pk)
    why = "cotisation à jour à la date de la session" if locked.fee_required else "cotisation non exigée"
    silently = locked.state(now).has_begun
    for registration in locked.registrations.filter(status=Status.AWAITING_FEE).order_by("pk"):
        if not owes_fee(registration, locked):
            move(registration, Status.CONFIRMED, now=now, by=SYSTEM, why=why)
            if not silently:
                emails.confirmed(registration, locked)
    serve_waiting_list(locked, now=now)


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
