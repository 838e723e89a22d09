"""What is due at an instant, and done once: reminders, releases, decisions, joining instructions, changes (R24).

What the agenda runs: `due` answers with data and changes nothing; `do` does one action under the session's lock. The
database refuses a second message of the same kind and key. What no longer makes sense is simply no longer due.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from caprural.agenda import MORNING
from caprural.mailing.models import Message
from sessions_app import emails, registering, telling
from sessions_app.models import Registration, StatusChange, TrainingSession
from sessions_app.models.day import paris

Status = Registration.Status

#: The fee is reminded of that long before the seat is released (R15).
REMINDER_DELAY = timedelta(days=3)
#: A change of date, hours or place is announced once nothing has changed for that long: typing errors are corrected.
QUIET_BEFORE_ANNOUNCING = timedelta(minutes=15)


#: Dated letters that were written already: kind, key of the registration or of the session, occurrence.
Sent = set[tuple[str, int | None, str]]


class Act(StrEnum):
    """What the worker can have to do: `DATED` says all of each."""

    RELEASE = "release"
    ANNOUNCE_CHANGE = "announce_change"
    REMIND_FEE = "remind_fee"
    ASK_DECISION = "ask_decision"
    SEND_JOINING = "send_joining"


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
    return [(DATED[action.act].name, sessions[action.session_id]) for action in actions]


@transaction.atomic
def do(action: Due, *, now: datetime) -> bool:
    """Do one action if it is still due, once (R24). False when another worker has the session, or has done it."""
    session = TrainingSession.objects.try_lock(action.session_id)
    if session is None or action not in _due_of([session], now):
        return False
    one = Registration.objects.get(pk=action.registration_id) if action.registration_id else None
    dated = DATED[action.act]
    return dated.do(one, session, now, dated.key(one, session)) is not False


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
    people = list(Registration.objects.live().filter(session__in=ids).order_by("pk"))
    for registration in people:
        live[registration.session_id].append(registration)
    to_team = Message.objects.of(TrainingSession).filter(about_id__in=ids)
    written = to_team | emails.to_people([one.pk for one in people])
    sent: Sent = set(written.filter(kind__in=LETTERS).exclude(key="").values_list("kind", "about_id", "key"))
    dated = StatusChange.objects.filter(registration__session__in=ids, to_status=Status.AWAITING_FEE).order_by()
    told_at = dict(dated.values_list("registration").annotate(Max("at")))
    has_team = any(session.awaits_decision(now) for session in found) and bool(emails.coordinators())
    situations = [Situation(session, live[session.pk], told_at, has_team, now) for session in found]
    return [action for situation in situations for action in _due_for(situation, sent)]


@dataclass(frozen=True)
class Situation:
    """What decides which dated acts of a session are due at an instant."""

    session: TrainingSession
    live: list[Registration]
    #: When each person was last told of a date for their fee.
    told_at: dict[int, datetime]
    has_team: bool
    now: datetime

    @cached_property
    def late(self) -> list[Registration]:
        """Whose fee was awaited until a day that is over."""
        today = timezone.localdate(self.now)
        return [one for one in self.live if one.fee_due_on and today > one.fee_due_on]

    @cached_property
    def on_time(self) -> list[Registration]:
        """The others."""
        return [one for one in self.live if one not in self.late]

    @property
    def is_changing(self) -> bool:
        """Whether somebody was changing it a moment ago: typing errors are corrected."""
        changed_at = self.session.changed_at
        return changed_at is not None and self.now < changed_at + QUIET_BEFORE_ANNOUNCING

    def to_tell_of_a_change(self) -> list[Registration]:
        """Who was last told something else."""
        if not self.session.changed_at or self.is_changing:
            return []
        return [one for one in self.on_time if telling.changes(one, self.session)]

    def to_remind(self) -> list[Registration]:
        """Whose seat is about to be released."""
        return [one for one in self.on_time if _is_reminder_due(one, self.told_at.get(one.pk), self.now)]

    def to_ask(self) -> list[None]:
        """The coordination, when there is one and a decision is due."""
        return [None] if self.has_team and self.session.awaits_decision(self.now) else []

    def to_call(self) -> list[Registration]:
        """Who comes: instructions that a decision or a correction may contradict in a moment wait for it."""
        at = self.session.joining_at
        if at is None or self.now < at or self.session.awaits_decision(self.now) or self.is_changing:
            return []
        return [one for one in self.on_time if one.holds_seat]


@dataclass(frozen=True)
class Dated:
    """One kind of dated act: all there is to say of it, but for its letter."""

    name: str
    due: Callable[[Situation], Sequence[Registration | None]]
    #: Given the key too. False when it was not to be done any more.
    do: Callable[[Any, TrainingSession, datetime, str], bool | None]
    #: The letter that proves it was done, and what names its occurrence, of which the database holds one for each
    #: person or session; without a letter, its effect does.
    letter: str = ""
    key: Callable[[Any, TrainingSession], str] = lambda one, session: ""


#: In the order in which they are done: a change before any other letter, which would say it too but not in its subject.
DATED = {
    Act.RELEASE: Dated(
        "place rendue, faute de cotisation",
        due=lambda situation: situation.late,
        do=lambda one, session, now, key: registering.release_unpaid(one, now=now),
    ),
    Act.ANNOUNCE_CHANGE: Dated(
        "annonce d’un changement",
        due=Situation.to_tell_of_a_change,
        do=lambda one, session, now, key: emails.session_changed(one, session, key=key),
        letter=emails.SESSION_CHANGED,
        key=lambda one, session: str(session.calendar_sequence),
    ),
    Act.REMIND_FEE: Dated(
        "rappel de la cotisation",
        due=Situation.to_remind,
        do=lambda one, session, now, key: emails.fee_reminder(one, session, key=key),
        letter=emails.FEE_REMINDER,
        key=lambda one, session: str(one.fee_due_on),
    ),
    Act.ASK_DECISION: Dated(
        "décision demandée à la coordination",
        due=Situation.to_ask,
        do=lambda one, session, now, key: emails.decision_needed(session, key=key),
        letter=emails.DECISION_NEEDED,
        key=lambda one, session: session.decision_key,
    ),
    Act.SEND_JOINING: Dated(
        "convocation",
        due=Situation.to_call,
        do=lambda one, session, now, key: emails.joining_instructions(one, session, carpool=carpool(one), key=key),
        letter=emails.JOINING_INSTRUCTIONS,
        key=lambda one, session: str(session.first_date),
    ),
}
LETTERS = [dated.letter for dated in DATED.values() if dated.letter]


def _due_for(situation: Situation, sent: Sent) -> list[Due]:
    """What is due for one session, in the order in which to do it; nothing once it has begun."""
    session = situation.session
    if session.starts_at is None or situation.now >= session.starts_at:
        return []
    if session.status != TrainingSession.Status.PUBLISHED:
        return []
    return [
        Due(act, session.pk, one.pk if one else None)
        for act, dated in DATED.items()
        for one in dated.due(situation)
        if (dated.letter, (one or session).pk, dated.key(one, session)) not in sent
    ]


def _is_reminder_due(registration: Registration, told_at: datetime | None, now: datetime) -> bool:
    """From 8 h, three days before the due date; not for a date told of since: that message has just said it all."""
    if registration.fee_due_on is None or told_at is None:
        return False
    return told_at < paris(registration.fee_due_on - REMINDER_DELAY, MORNING) <= now
