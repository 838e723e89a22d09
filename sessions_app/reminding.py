"""What is due at an instant, and done once: reminders, releases, decisions, joining instructions, changes (R24).

What the agenda runs: `due` answers with data and changes nothing; `do` does one action under the session's lock. The
database refuses a second message of the same kind and key. What no longer makes sense is simply no longer due.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from caprural.emails import MORNING
from sessions_app import emails, registering, telling
from sessions_app.models import Message, Registration, StatusChange, TrainingSession
from sessions_app.models.day import paris

Status = Registration.Status

#: The fee is reminded of that long before the seat is released (R15).
REMINDER_DELAY = timedelta(days=3)
#: A change of date, hours or place is announced once nothing has changed for that long: typing errors are corrected.
QUIET_BEFORE_ANNOUNCING = timedelta(minutes=15)


#: Dated messages that have left already: kind, session, registration, key.
Sent = set[tuple[str, int, int | None, str]]


class Act(StrEnum):
    """What the worker can have to do, in the order in which it is done."""

    RELEASE = "release"
    ANNOUNCE_CHANGE = "announce_change"
    REMIND_FEE = "remind_fee"
    ASK_DECISION = "ask_decision"
    SEND_JOINING = "send_joining"


#: How the agenda names them.
NAMES = {
    Act.RELEASE: "place rendue, faute de cotisation",
    Act.ANNOUNCE_CHANGE: "annonce d’un changement",
    Act.REMIND_FEE: "rappel de la cotisation",
    Act.ASK_DECISION: "décision demandée à la coordination",
    Act.SEND_JOINING: "convocation",
}


@dataclass(frozen=True)
class Due:
    """One thing to do, for a session or for one of its registrations."""

    act: Act
    session_id: int
    registration_id: int | None = None


def due(now: datetime) -> list[Due]:
    """Everything that is due at `now`, as data. At most seven queries, whatever there is to do."""
    sessions = TrainingSession.objects.with_seats_and_days().filter(
        status=TrainingSession.Status.PUBLISHED, days__date__gte=timezone.localdate(now)
    )
    return _due_of({session.pk: session for session in sessions.order_by("pk").sound(now)}.values(), now)


def tell(actions: Sequence[Due]) -> list[tuple[str, str]]:
    """What each is, and for which session. Two queries."""
    found = TrainingSession.objects.with_seats_and_days().filter(pk__in={action.session_id for action in actions})
    sessions = {session.pk: f"{session}, {session.date_label}" for session in found} if actions else {}
    return [(NAMES[action.act], sessions[action.session_id]) for action in actions]


@transaction.atomic
def do(action: Due, *, now: datetime) -> bool:
    """Do one action if it is still due, once (R24). False when another worker has the session, or has done it."""
    session = TrainingSession.objects.try_lock(action.session_id)
    if session is None or action not in _due_of([session], now):
        return False
    if action.registration_id is None:
        emails.decision_needed(session)
        return True
    registration = Registration.objects.get(pk=action.registration_id)
    match action.act:
        case Act.RELEASE:
            return registering.release_unpaid(registration, now=now)
        case Act.REMIND_FEE:
            emails.fee_reminder(registration, session)
        case Act.ANNOUNCE_CHANGE:
            emails.session_changed(registration, session)
        case Act.SEND_JOINING:
            emails.joining_instructions(registration, session, carpool=carpool(registration))
    return True


def carpool(registration: Registration) -> list[Registration]:
    """The other people of the session who offered to share a car, for someone who offered it too."""
    if not registration.carpool:
        return []
    return list(
        Registration.objects.holding_seat()
        .filter(session=registration.session_id, carpool=True)
        .exclude(pk=registration.pk)
        .order_by("departure_town", "first_name")
    )


def _due_of(sessions: Iterable[TrainingSession], now: datetime) -> list[Due]:
    found = list(sessions)
    ids = [session.pk for session in found]
    live = defaultdict(list)
    for registration in Registration.objects.live().filter(session__in=ids).order_by("pk"):
        live[registration.session_id].append(registration)
    kinds = (emails.FEE_REMINDER, emails.DECISION_NEEDED, emails.SESSION_CHANGED, emails.JOINING_INSTRUCTIONS)
    written = Message.objects.filter(session__in=ids, kind__in=kinds).exclude(key="")
    sent: Sent = set(written.values_list("kind", "session_id", "registration_id", "key"))
    dated = StatusChange.objects.filter(registration__session__in=ids, to_status=Status.AWAITING_FEE).order_by()
    told_at = dict(dated.values_list("registration").annotate(Max("at")))
    has_team = any(session.awaits_decision(now) for session in found) and bool(emails.coordinators())
    return [
        action
        for session in found
        for action in _due_for(session, live[session.pk], sent, told_at, now, has_team=has_team)
    ]


def _due_for(
    session: TrainingSession,
    live: list[Registration],
    sent: Sent,
    told_at: dict[int, datetime],
    now: datetime,
    *,
    has_team: bool,
) -> list[Due]:
    """What is due for one session, in the order in which to do it; nothing once it has begun."""
    if session.starts_at is None or now >= session.starts_at:
        return []
    if session.status != TrainingSession.Status.PUBLISHED:
        return []
    today = timezone.localdate(now)
    late = [r for r in live if r.fee_due_on and today > r.fee_due_on]
    actions = [Due(Act.RELEASE, session.pk, r.pk) for r in late]
    is_changing = session.changed_at is not None and now < session.changed_at + QUIET_BEFORE_ANNOUNCING
    # Before any other letter, which would say it too but not in its subject.
    if session.changed_at and not is_changing:
        actions += [
            Due(Act.ANNOUNCE_CHANGE, session.pk, r.pk)
            for r in live
            if r not in late
            and telling.changes(r, session)
            and (emails.SESSION_CHANGED, session.pk, r.pk, str(session.calendar_sequence)) not in sent
        ]
    actions += [
        Due(Act.REMIND_FEE, session.pk, r.pk)
        for r in live
        if r not in late
        and _is_reminder_due(r, told_at.get(r.pk), now)
        and (emails.FEE_REMINDER, session.pk, r.pk, str(r.fee_due_on)) not in sent
    ]
    awaits_decision = session.awaits_decision(now)
    if awaits_decision and has_team and (emails.DECISION_NEEDED, session.pk, None, session.decision_key) not in sent:
        actions.append(Due(Act.ASK_DECISION, session.pk))
    # Instructions that a decision or a correction may contradict in a moment wait for it.
    if session.joining_at and now >= session.joining_at and not awaits_decision and not is_changing:
        actions += [
            Due(Act.SEND_JOINING, session.pk, r.pk)
            for r in live
            if r.holds_seat
            and r not in late
            and (emails.JOINING_INSTRUCTIONS, session.pk, r.pk, str(session.first_date)) not in sent
        ]
    return actions


def _is_reminder_due(registration: Registration, told_at: datetime | None, now: datetime) -> bool:
    """From 8 h, three days before the due date; not for a date told of since: that message has just said it all."""
    if registration.fee_due_on is None or told_at is None:
        return False
    return told_at < paris(registration.fee_due_on - REMINDER_DELAY, MORNING) <= now
