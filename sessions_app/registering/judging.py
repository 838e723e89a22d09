"""A registration is judged again, both ways, whenever what decided it changes (R7b, R15–R17).

A seat whose person is covered on the session's first day, or that needs no cover, is confirmed; any other awaits its
fee until a date. Each verb judges in the transaction of the change, under the sessions' locks; each « would lose » only
reads, and says beforehand what the verb will do.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from caprural import typography
from members import covering
from members.consequences import Change
from members.covering import Circle, Cover
from sessions_app import emails
from sessions_app.models import Registration, TrainingSession
from sessions_app.models.session_rows import TrainingSessionQuerySet
from sessions_app.registering.gate import SYSTEM, move_all
from sessions_app.registering.seats import fee_due_on, owes, serve_waiting_list

Status = Registration.Status
Letter = Callable[[Sequence[Registration], TrainingSession], None]


@dataclass(frozen=True)
class Verdict:
    """A seat that the facts give another status."""

    registration: Registration
    session: TrainingSession
    to: Status
    why: str

    def sentence(self, now: datetime) -> str:
        """« Camille Durand, « Session », 12 avr. 2017 : inscription confirmée »."""
        day = typography.medium_date(self.session.announced_on)
        what = "inscription confirmée"
        if self.to == Status.AWAITING_FEE:
            what = f"en attente de cotisation jusqu’au {typography.medium_date(fee_due_on(self.session, given_at=now))}"
        return f"{self.registration}, « {self.session} »{f', {day}' if day else ''} : {what}"


# Someone’s cover has changed


@transaction.atomic
def judge_cover(circle: Circle, *, lost: str, now: datetime) -> list[str]:
    """The cover of these people may have changed: judge all the seats they hold (R7b, R16).

    All the sessions to come that ask for the fee are locked, not only those where such a seat is seen already: someone
    registering at this instant holds the lock, and must be seen once it is released. As many queries to read for one
    person as for a thousand. Returns a sentence for each seat that changed.
    """
    ids = sorted(_concerning(circle, now))
    list(TrainingSession.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").values_list("pk"))
    seats = _seats(ids, circle, now)
    cover = Cover.of(registration.email for registration, _ in seats)
    return _carry_out(_judge(seats, cover, now=now, lost=lost), now=now)


def would_change(
    circle: Circle, members: Collection[int], after: Callable[[Cover], Cover], *, now: datetime
) -> list[Change]:
    """What `judge_cover` would do to the seats once `after` is done to the cover of these people (R7b)."""
    seats = _seats(_concerning(circle, now), circle, now)
    cover = after(Cover.of((registration.email for registration, _ in seats), members=members))
    return [
        Change(one.registration.email, one.sentence(now), is_lost=one.to == Status.AWAITING_FEE)
        for one in _judge(seats, cover, now=now)
    ]


def _concerning(circle: Circle, now: datetime) -> set[int]:
    """The sessions to come that ask for the fee, and those where one of these people awaits it."""
    asking = _asking()
    awaiting = Registration.objects.filter(status=Status.AWAITING_FEE, session__in=asking)
    known = {pk for pk, email in awaiting.values_list("session", "email") if email in circle}
    return known | set(asking.filter(days__date__gte=timezone.localdate(now)).values_list("pk", flat=True))


def not_covered(circle: Circle, starts_on: date, ends_on: date, *, now: datetime) -> list[str]:
    """« 12 avril 2027 (« Session ») », for each session to come outside this period where one of these people awaits a
    fee: what a payment for that period does not cover.
    """
    to_come = _asking().filter(days__date__gte=timezone.localdate(now)).values_list("pk", flat=True)
    awaiting = [
        session
        for registration, session in _seats(set(to_come), circle, now)
        if registration.status == Status.AWAITING_FEE
        and session.first_date
        and not starts_on <= session.first_date <= ends_on
    ]
    days = sorted({(session.first_date, str(session)) for session in awaiting if session.first_date})
    return [f"{typography.medium_date(day)} (« {title} »)" for day, title in days]


# The session has changed


@transaction.atomic
def review(session: TrainingSession, *, now: datetime) -> list[str]:
    """Draw the consequences of an edited session: its seats are judged again (R7b, R17), then seats added (R8).

    Nobody is written to about a session that has begun. Returns a sentence for each seat that changed.
    """
    done = judge_session(session, now=now)
    served = serve_waiting_list(session, now=now)
    return done + [f"{one} quitte la liste d’attente : {one.get_status_display()}" for one in served]


@transaction.atomic
def judge_session(session: TrainingSession, *, now: datetime) -> list[str]:
    """Its first day, or whether the fee is required, may have changed: judge all its seats (R7b, R17)."""
    locked = TrainingSession.objects.lock(session.pk)
    seats = [(registration, locked) for registration in locked.registrations.holding_seat().order_by("pk")]
    gained, lost = "cotisation à jour à la date de la session", "pas de cotisation à la date de la session"
    verdicts = _judge(seats, _cover_of(seats), now=now, gained=gained, lost=lost)
    return _carry_out(verdicts, now=now, confirmed=emails.confirmed)


def session_would_lose(
    session: TrainingSession, *, fee_required: bool, first_on: date | None, now: datetime
) -> list[str]:
    """What `judge_session` would say of the seats lost, were the session to require the fee, or to start that day."""
    today = timezone.localdate(now)
    has_begun = session.starts_at is not None and session.starts_at <= now
    if not fee_required or first_on is None or first_on < today or (has_begun and first_on == today):
        return []
    seats = list(session.registrations.filter(status=Status.CONFIRMED).order_by("pk"))
    covered = covering.up_to_date([seat.email for seat in seats], on=first_on)
    return [f"{seat}, {seat.email}" for seat in seats if seat.email not in covered]


# A person has changed


def judge_one(registration: Registration, session: TrainingSession, *, now: datetime) -> bool:
    """A person gave another address: judge their seat again, the session being locked by the caller (R7b).

    Whether it changed: the person is then told by the letter that says so.
    """
    if not registration.holds_seat:
        return False
    seats = [(registration, session)]
    gained, lost = "nouvelle adresse couverte par une cotisation", "nouvelle adresse sans cotisation à jour"
    return bool(_carry_out(_judge(seats, _cover_of(seats), now=now, gained=gained, lost=lost), now=now))


def would_lose_with(registration: Registration, session: TrainingSession, email: str, *, now: datetime) -> list[str]:
    """What `judge_one` would say if a confirmed seat were to await its fee, its person having this address (R7b)."""
    if not (_is_sure(registration, session, now) and owes(email, session, Cover.of([email]))):
        return []
    return [Verdict(registration, session, Status.AWAITING_FEE, "").sentence(now)]


# The judgement


def _asking() -> TrainingSessionQuerySet:
    """The sessions in which a seat may depend on a fee."""
    never = (TrainingSession.Status.DRAFT, TrainingSession.Status.CANCELLED)
    return TrainingSession.objects.filter(fee_required=True).exclude(status__in=never)


Seats = list[tuple[Registration, TrainingSession]]


def _seats(ids: Collection[int], circle: Circle, now: datetime) -> Seats:
    """The seats these people hold in these sessions, in the order in which they came. Three queries."""
    found = TrainingSession.objects.with_seats_and_days().filter(pk__in=ids).sound(now)
    sessions = {session.pk: session for session in found}
    held = Registration.objects.holding_seat().filter(session__in=sessions).order_by("pk")
    return [(one, sessions[one.session_id]) for one in held if one.email in circle]


def _cover_of(seats: Seats) -> Cover:
    return Cover.of(registration.email for registration, session in seats if session.fee_required)


def _judge(seats: Seats, cover: Cover, *, now: datetime, gained: str = "", lost: str = "") -> list[Verdict]:
    """The seats to which the facts give another status. A seat is never lost once the session has begun."""
    found = []
    for registration, session in seats:
        must_pay = owes(registration.email, session, cover)
        if must_pay and _is_sure(registration, session, now):
            found.append(Verdict(registration, session, Status.AWAITING_FEE, lost))
        elif not must_pay and registration.status == Status.AWAITING_FEE:
            why = gained if session.fee_required else "cotisation non exigée"
            if not why and session.first_date:
                why = f"cotisation acceptée ({cover.payer(registration.email, on=session.first_date)})"
            found.append(Verdict(registration, session, Status.CONFIRMED, why))
    return found


def _is_sure(registration: Registration, session: TrainingSession, now: datetime) -> bool:
    """Whether it may still lose its cover."""
    return registration.status == Status.CONFIRMED and bool(session.starts_at and session.starts_at > now)


def _carry_out(verdicts: Iterable[Verdict], *, now: datetime, confirmed: Letter = emails.fee_accepted) -> list[str]:
    """Move them, tell each person, and tell the coordination which seats are not sure any more. A sentence for each."""
    alike: dict[tuple[int, Status], list[Verdict]] = {}
    done = []
    for verdict in verdicts:
        alike.setdefault((verdict.session.pk, verdict.to), []).append(verdict)
        done.append(verdict.sentence(now))
    for (_, to), group in alike.items():
        session, people, is_lost = group[0].session, [one.registration for one in group], to == Status.AWAITING_FEE
        due_on = fee_due_on(session, given_at=now) if is_lost else None
        move_all([(one.registration, one.why) for one in group], to, now=now, by=SYSTEM, fee_due_on=due_on)
        if not session.state(now).has_begun:
            (emails.fee_lost if is_lost else confirmed)(people, session)
        if is_lost:
            emails.covers_lost(session, people)
    return done
