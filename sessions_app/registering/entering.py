"""Someone comes in: from the form, by hand, in a colleague's place; and corrects what they typed (R4, R7, R9, R10)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from caprural import validators
from sessions_app import emails
from sessions_app.models import Registration, TrainingSession
from sessions_app.registering.gate import (
    PARTICIPANT,
    Actor,
    NoSeatLeft,
    RegistrationClosed,
    RegistrationRefused,
    move,
    staff,
)
from sessions_app.registering.judging import judge_one
from sessions_app.registering.seats import give_seat

Status = Registration.Status

#: The private link is not sent again to the same person more often than this.
LINK_INTERVAL = timedelta(minutes=5)


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
        send_link_again(existing, session, now=now)
        return None
    _admit(candidate, session, now=now, by=PARTICIPANT, why="inscription en ligne")
    return candidate


def send_link_again(registration: Registration, session: TrainingSession, *, now: datetime) -> None:
    """The private link once more, unless it has just been sent (R7)."""
    if registration.link_sent_at and now - registration.link_sent_at < LINK_INTERVAL:
        return
    registration.link_sent_at = now
    registration.save(update_fields=["link_sent_at"])
    emails.link_again(registration, session)


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
        give_seat(candidate, session, now=now, by=by, why=why, silently=silently)
    else:
        move(candidate, Status.WAITING, now=now, by=by, why=why)
        emails.waiting(candidate, session)


@transaction.atomic
def replace(registration: Registration, colleague: Registration, *, now: datetime) -> Registration:
    """Give the seat of a registration to a colleague; the fee is checked again for them (R10).

    `colleague` is an unsaved registration with a name and an address; the rest is theirs to complete. Both are told.
    Raises RegistrationRefused when there is no seat to hand over, the session has begun, or the colleague is
    registered already.
    """
    session = TrainingSession.objects.lock(registration.session_id)
    current = session.registrations.get(pk=registration.pk)
    state = session.state(now)
    if not state.is_announced or state.has_begun:
        raise RegistrationClosed(state)
    if not current.holds_seat:
        raise RegistrationRefused("Seule une personne qui a une place peut se faire remplacer.")
    colleague.session = session
    colleague.email = validators.normalise_email(colleague.email)
    colleague.organisation = colleague.organisation or current.organisation
    if session.registrations.live().filter(email=colleague.email).exists():
        raise RegistrationRefused(
            "Cette adresse ne peut pas prendre votre place : vérifiez-la, ou écrivez à la personne de contact."
        )
    colleague.registered_at = now
    current.cancellation_cause = Registration.Cause.REPLACED
    move(current, Status.CANCELLED, now=now, by=PARTICIPANT, why=f"remplacée par {colleague}")
    give_seat(colleague, session, now=now, by=PARTICIPANT, why=f"remplace {current}", silently=True)
    current.replaced_by = colleague
    current.save(update_fields=["replaced_by"])
    emails.replaced(current, session)
    emails.replacing(colleague, session)
    return colleague


@transaction.atomic
def change_details(registration: Registration, details: Mapping[str, Any], *, now: datetime) -> Registration:
    """Correct what a person typed (R9). Another address receives the link, the former one is told.

    Their seat is judged again, both ways: confirmed or awaiting its fee as the new address is covered (R7b). Raises
    RegistrationRefused when the address is registered already, or the registration is cancelled.
    """
    session = TrainingSession.objects.lock(registration.session_id)
    current = session.registrations.get(pk=registration.pk)
    if not current.can_be_cancelled:
        raise RegistrationRefused("Cette inscription est annulée : elle ne peut plus être modifiée.")
    former = current.email
    for name, value in details.items():
        setattr(current, name, value)
    current.email = validators.normalise_email(current.email)
    has_moved = current.email != former
    if has_moved and session.registrations.live().filter(email=current.email).exclude(pk=current.pk).exists():
        raise RegistrationRefused("Cette adresse ne peut pas être utilisée pour cette inscription : vérifiez-la.")
    current.save()
    if has_moved:
        emails.address_changed(current, session, former=former)
        if not judge_one(current, session, now=now):
            emails.new_address(current, session)
    return current


@transaction.atomic
def send_links(email: str, *, now: datetime) -> None:
    """« Retrouver mon inscription »: one message with the links of what is live and to come; nothing else (R11)."""
    address = validators.normalise_email(email)
    # Locked, so that the form sent twice at once is answered once.
    live = Registration.objects.live().filter(email=address).select_for_update(of=("self",))
    found = [
        registration
        for registration in live.select_related("session").order_by("pk")
        if not TrainingSession.objects.with_seats_and_days().get(pk=registration.session_id).state(now).is_over
    ]
    to_send = [r for r in found if not r.link_sent_at or now - r.link_sent_at >= LINK_INTERVAL]
    if to_send:
        Registration.objects.filter(pk__in=[r.pk for r in found]).update(link_sent_at=now)
        emails.links(found)
