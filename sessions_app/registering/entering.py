"""Someone comes in: from the form, by hand, in a colleague's place; and corrects what they typed (R4, R7, R9, R10)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from caprural import limits, typography, validators
from sessions_app import emails, telling
from sessions_app.models import LinkRequest, Registration, TrainingSession
from sessions_app.models.registration import new_token
from sessions_app.registering import visiting
from sessions_app.registering.gate import (
    PARTICIPANT,
    Actor,
    AddressTaken,
    NoSeatLeft,
    RegistrationClosed,
    RegistrationRefused,
    move,
    note,
    staff,
)
from sessions_app.registering.judging import judge_one
from sessions_app.registering.seats import give_seat

Status = Registration.Status

#: The private link is not sent again to the same person more often than this.
LINK_INTERVAL = timedelta(minutes=5)


@transaction.atomic
def register(candidate: Registration, *, slug: str = "", now: datetime) -> Registration | None:
    """Register someone from the public form (R7).

    `candidate` is an unsaved registration with what the person typed, and with its session unless that is named by
    `slug`; it has it then. Returns the registration, or None when this address already has a live one, of whoever it
    is: its private link is then sent again and nothing else changes. The same form sent twice (`submission_key`) is
    one registration. Raises RegistrationClosed, LimitReached.
    """
    candidate.session = session = TrainingSession.objects.lock(candidate.session_id, slug=slug)
    candidate.email = validators.normalise_email(candidate.email)
    known = list(Registration.objects.known(candidate))
    live = [one for one in known if one.session_id == session.pk and one.can_be_cancelled]
    if same := [one for one in live if one.submission_key == candidate.submission_key is not None]:
        return same[0]
    state = session.state(now)
    if not state.is_registrable:
        raise RegistrationClosed(state)
    if live:
        _send_link_again(live, session, now=now)
        return None
    is_proved = any(one.address_confirmed_at for one in known if one.email == candidate.email)
    visiting.count_letters(candidate.email, now=now, is_proved=is_proved)
    _admit(candidate, session, now=now, by=PARTICIPANT, why="inscription en ligne")
    return candidate


def _send_link_again(registrations: Sequence[Registration], session: TrainingSession, *, now: datetime) -> None:
    """The private links of an address once more, unless they have just been sent (R7). Raises LimitReached."""
    if not _is_link_due(registrations, now):
        return
    visiting.count_letters(registrations[0].email, now=now)
    Registration.objects.filter(pk__in=[registration.pk for registration in registrations]).update(link_sent_at=now)
    emails.link_again(registrations, session)


def _is_link_due(registrations: Sequence[Registration], now: datetime) -> bool:
    return any(not r.link_sent_at or now - r.link_sent_at >= LINK_INTERVAL for r in registrations)


@transaction.atomic
def register_by_hand(
    candidate: Registration, *, reason: str, user: User, now: datetime, knowingly: bool = False
) -> Registration:
    """Register someone from the admin, also after the deadline, never beyond the seats nor past the queue (R4, R7).

    The same form sent twice is one registration. Raises RegistrationRefused: session not announced, person already
    registered, or no seat once it has begun. Raises AddressTaken when the address is registered under another name,
    unless the team says `knowingly` that it is someone else.
    """
    session = TrainingSession.objects.lock(candidate.session_id)
    candidate.email = validators.normalise_email(candidate.email)
    same_form = session.registrations.live().filter(submission_key=candidate.submission_key)
    if candidate.submission_key and (existing := same_form.first()):
        return existing
    state = session.state(now)
    if not state.is_announced:
        raise RegistrationClosed(state)
    _refuse_taken(candidate, knowingly=knowingly)
    if state.has_begun and not session.has_free_seat:
        raise NoSeatLeft("Toutes les places sont prises et la session a commencé.")
    past_the_queue = silently = state.has_begun
    _admit(candidate, session, now=now, by=staff(user), why=reason, past_the_queue=past_the_queue, silently=silently)
    return candidate


def _refuse_taken(registration: Registration, *, knowingly: bool) -> None:
    """One live registration per session, address and name; per address too, unless it is knowingly (R7)."""
    beside = list(Registration.objects.beside(registration))
    if any(other.name_key == registration.folded_name for other in beside):
        raise RegistrationRefused(f"{registration} est déjà inscrit·e à cette session avec cette adresse e-mail.")
    if beside and not knowingly:
        names = typography.join_and(other.full_name for other in beside)
        raise AddressTaken(
            f"Cette adresse e-mail est déjà inscrite à la session, au nom de {names}. "
            "Si c’est bien une autre personne, cochez la case ci-dessous."
        )


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
    has_seat = session.has_free_seat if past_the_queue else not session.is_full
    if not silently:
        candidate.told = telling.facts(None, session, has_seat=has_seat)  # by the letter that follows
    if has_seat:
        give_seat(candidate, session, now=now, by=by, why=why, silently=silently)
    else:
        move(candidate, Status.WAITING, now=now, by=by, why=why)
        emails.waiting(candidate, session, rank=session.waiting_count + 1)


@transaction.atomic
def replace(registration: Registration, colleague: Registration, *, now: datetime) -> Registration:
    """Give the seat of a registration to a colleague; the fee is checked again for them (R10).

    `colleague` is an unsaved registration with a name and an address; the rest is theirs to complete. Both are told.
    Raises RegistrationRefused when there is no seat to hand over, the session has begun, or the colleague's address is
    registered already, unless by whoever leaves: a colleague may read the same mailbox. Raises LimitReached.
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
    beside = Registration.objects.beside(colleague)
    if beside.exclude(pk=current.pk).exists() or beside.filter(name_key=colleague.folded_name).exists():
        raise RegistrationRefused(
            "Cette adresse ne peut pas prendre votre place : vérifiez-la, ou écrivez à la personne de contact."
        )
    visiting.count_letters(colleague.email, now=now)
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
def change_details(
    registration: Registration,
    details: Mapping[str, Any],
    *,
    now: datetime,
    by: Actor = PARTICIPANT,
    knowingly: bool = False,
    is_behind_link: bool = False,
) -> Registration:
    """Correct what a person typed (R9), by themselves or by the team.

    Another address gets a new link, and what could not reach the former one; it is not proved yet. The former one is
    told if it was; it is by whoever acts behind the link, which only that mailbox received. The seat is judged again,
    both ways: confirmed or awaiting its fee as the new address is covered (R7b). Raises RegistrationRefused when the
    registration is cancelled or the person registered already, or when a proved address would be changed from
    elsewhere, AddressTaken unless `knowingly` when the address is registered under another name, LimitReached.
    """
    session = TrainingSession.objects.lock(registration.session_id)
    current = session.registrations.get(pk=registration.pk)
    if not current.can_be_cancelled:
        raise RegistrationRefused("Cette inscription est annulée : elle ne peut plus être modifiée.")
    if by.user is None and not is_behind_link and current.address_confirmed_at:
        raise RegistrationRefused("L’adresse a été confirmée depuis : elle se change sur la page personnelle.")
    if is_behind_link and current.token == registration.token:
        current.address_confirmed_at = current.address_confirmed_at or now
    former, was_proved = current.email, current.address_confirmed_at is not None
    for name, value in details.items():
        setattr(current, name, value)
    current.email = validators.normalise_email(current.email)
    has_moved = current.email != former
    try:
        _refuse_taken(current, knowingly=knowingly or not has_moved)
    except RegistrationRefused as refused:
        if by.user:
            raise
        # Of the others, a participant learns nothing.
        raise RegistrationRefused(
            "Cette adresse ne peut pas être utilisée pour cette inscription : vérifiez-la."
        ) from refused
    if not has_moved:
        current.save(update_fields=[*details, "address_confirmed_at"])
        return current
    emails.take_back([current], only_links=True)
    current.token, current.address_confirmed_at, current.predates_confirming = new_token(), None, False
    current.save(update_fields=[*details, "email", "token", "address_confirmed_at", "predates_confirming"])
    note([current], now=now, by=by, why="adresse e-mail corrigée, nouveau lien envoyé")
    if was_proved:
        emails.address_changed(current, session, former=former)
    # The new address reads of a seat judged otherwise, or what the former one did not get, else where it stands.
    judge_one(current, session, now=now)
    recovered = emails.follow(current)
    if was_proved and not recovered:
        emails.new_address(current, session)
    elif not recovered:
        # Nobody may have read what was sent to the former one.
        emails.standing(current, session)
    if by.user is None:
        visiting.count_letters(current.email, now=now, letters=recovered or 1)
    return current


@transaction.atomic
def confirm_address(registration: Registration, *, now: datetime) -> None:
    """« C’est bien mon adresse »: whoever acts behind the link reads the mailbox it was sent to (R9). Once."""
    TrainingSession.objects.lock(registration.session_id)
    unproved = Registration.objects.filter(pk=registration.pk, token=registration.token, address_confirmed_at=None)
    unproved.update(address_confirmed_at=now)


@transaction.atomic
def renew_link(registration: Registration, *, user: User, now: datetime) -> None:
    """« Nouveau lien »: the former one leads nowhere any more, the new one is sent (R9). Logged.

    Raises RegistrationRefused when the registration is cancelled.
    """
    session = TrainingSession.objects.lock(registration.session_id)
    current = session.registrations.get(pk=registration.pk)
    if not current.can_be_cancelled:
        raise RegistrationRefused("Cette inscription est annulée : elle n’a plus besoin d’un lien.")
    emails.take_back([current], only_links=True)
    current.token, current.link_sent_at = new_token(), now
    current.save(update_fields=["token", "link_sent_at"])
    note([current], now=now, by=staff(user), why="nouveau lien envoyé, l’ancien ne fonctionne plus")
    emails.follow(current)
    emails.link_again([current], session, is_new=True)


def answer_link_requests(*, now: datetime, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """« Retrouver mon inscription », by the worker: what is found must not show in the answer's time (R11)."""
    for pk in list(LinkRequest.objects.values_list("pk", flat=True)):
        if is_stopping():
            return
        with transaction.atomic():
            asked = LinkRequest.objects.filter(pk=pk).select_for_update(skip_locked=True).first()
            if asked:
                send_links(asked.email, now=now)
                asked.delete()


@transaction.atomic
def send_links(email: str, *, now: datetime) -> None:
    """One message with the links of what is live and to come at an address; nothing else (R11)."""
    address = validators.normalise_email(email)
    # Locked, so that the form sent twice at once is answered once.
    live = list(Registration.objects.live().filter(email=address).select_for_update(of=("self",)).order_by("pk"))
    ids = {registration.session_id for registration in live}
    sessions = TrainingSession.objects.with_seats_and_days().filter(pk__in=ids).sound(now)
    to_come = {session.pk: session for session in sessions if not session.state(now).is_over}
    found = [registration for registration in live if registration.session_id in to_come]
    for registration in found:
        registration.session = to_come[registration.session_id]
    if not _is_link_due(found, now):
        return
    try:
        visiting.count_letters(address, now=now)
    except limits.LimitReached:
        return  # the page has said that a message is not sent at every request
    Registration.objects.filter(pk__in=[r.pk for r in found]).update(link_sent_at=now)
    emails.links(found)
