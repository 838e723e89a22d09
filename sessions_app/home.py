"""The home of the admin: what needs the coordination today, or where a trainer is expected next."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone

from caprural import typography
from caprural.house.models import Heartbeat
from caprural.mailing.models import Message
from caprural.staff_site import Heading, Home, Line
from members import home as members_home
from sessions_app import roles
from sessions_app.models import Registration, TrainingSession

#: A worker that has not been seen for that long is not running.
WORKER_SILENCE = timedelta(minutes=10)
#: A message that nobody sent again within that time will not be.
GIVEN_UP_SINCE = timedelta(days=30)


def home(user: User, now: datetime) -> Home | None:
    """What there is to do, for the coordination; where they are expected, for a trainer; nothing for anybody else."""
    if roles.sees_every_session(user):
        return Home("À faire aujourd’hui", to_do(now), "Rien à faire.")
    if user.has_perm("sessions_app.view_trainingsession"):
        own = [_to_come(session) for session in _next(TrainingSession.objects.led_by(user), now)]
        nothing = "Vous n’intervenez dans aucune session à venir."
        return Home("Vos prochaines sessions", [Heading("", own)] if own else [], nothing)
    return None


def to_do(now: datetime) -> list[Heading]:
    """What needs the coordination at `now`, the most pressing first; empty when nothing does. Constant in queries."""
    sessions = _next(TrainingSession.objects.all(), now)
    awaiting = Registration.objects.filter(session__in=[session.pk for session in sessions])
    headings = (
        Heading("Envoi des messages", _worker(now)),
        Heading("Sessions illisibles", _broken(now)),
        Heading("Décisions à prendre", [_decision(session) for session in sessions if session.awaits_decision(now)]),
        Heading("Places à attribuer", [_seat(session) for session in sessions if can_assign(session, now)]),
        Heading(
            "Cotisations à enregistrer",
            [_fee(registration) for registration in _soonest(awaiting.filter(status=Registration.Status.AWAITING_FEE))],
            f"{reverse('admin:sessions_app_registration_changelist')}?status__exact={Registration.Status.AWAITING_FEE}",
        ),
        *members_home.headings(now),
        Heading(
            "Personnes à rattacher à un cotisant",
            [_stranger(registration) for registration in _soonest(awaiting.without_member())],
            reverse("admin:people_to_attach"),
        ),
        Heading(
            "Messages qui n’ont pas pu partir",
            _given_up(now),
            f"{reverse('admin:mailing_message_changelist')}?etat={Message.State.FAILED}",
        ),
    )
    return [heading for heading in headings if heading.lines]


def can_assign(session: TrainingSession, now: datetime) -> bool:
    """Whether a seat is free while people wait: giving it is no longer automatic (R8)."""
    state = session.state(now)
    return session.waiting_count > 0 and session.has_free_seat and state.is_announced and not state.is_over


def _next(sessions: Any, now: datetime) -> list[TrainingSession]:
    """Published sessions that have not ended, the next one first. Two queries."""
    # An evening of yesterday may end this morning.
    found = sessions.lasting_until(timezone.localdate(now) - timedelta(days=1)).filter(
        status=TrainingSession.Status.PUBLISHED, days__isnull=False
    )
    by_pk = {session.pk: session for session in found.with_seats_and_days().sound(now)}
    return sorted(
        (session for session in by_pk.values() if not session.state(now).is_over),
        key=lambda session: (session.first_date, session.pk),
    )


def _soonest(registrations: Any) -> Any:
    sessions = TrainingSession.objects.with_seats_and_days()
    return registrations.prefetch_related(Prefetch("session", sessions)).order_by("fee_due_on", "pk")


def _page(instance: Registration | TrainingSession) -> str:
    return reverse(f"admin:sessions_app_{instance._meta.model_name}_change", args=[instance.pk])


def _dated(session: TrainingSession) -> str:
    return f"{session}, {session.date_label or 'date à venir'}"


def _to_come(session: TrainingSession) -> Line:
    held = typography.counted(session.seats_taken, "place tenue,places tenues")
    return Line(
        _dated(session), _page(session), f"{held} sur {session.max_participants}" if session.max_participants else held
    )


def _decision(session: TrainingSession) -> Line:
    held = typography.counted(session.seats_taken, "place tenue,places tenues")
    return Line(_dated(session), _page(session), f"{held} pour {session.min_participants} au moins")


def _seat(session: TrainingSession) -> Line:
    waiting = typography.counted(session.waiting_count, "personne attend,personnes attendent")
    return Line(_dated(session), f"{_page(session)}#inscriptions", f"une place est libre, {waiting}")


def _fee(registration: Registration) -> Line:
    return Line(
        f"{registration}, {registration.organisation}",
        reverse("admin:record_fee", args=[registration.pk]),
        f"au plus tard le {typography.medium_date(registration.fee_due_on)} – {_dated(registration.session)}",
    )


def _stranger(registration: Registration) -> Line:
    return Line(
        f"{registration}, {registration.organisation}",
        f"{reverse('admin:people_to_attach')}#inscription-{registration.pk}",
        f"{registration.email} – {_dated(registration.session)}",
    )


def _given_up(now: datetime) -> list[Line]:
    lines = []
    for message in Message.objects.given_up(since=now - GIVEN_UP_SINCE).prefetch_related("about"):
        # To the person, whose address may be wrong; the message is sent again from there.
        person = message.about if isinstance(message.about, Registration) else None
        url = _page(person) if person else reverse("admin:send_again", args=[message.pk])
        lines.append(Line(message.subject, url, f"pour {f'{person}, ' if person else ''}{message.to}"))
    return lines


def _broken(now: datetime) -> list[Line]:
    """Sessions left out of every list because something in them cannot be read."""
    everything = TrainingSession.objects.with_seats_and_days()
    if len(everything.sound(now)) == TrainingSession.objects.count():
        return []
    return [
        Line(
            f"Session n°\u00a0{pk}",
            reverse("admin:sessions_app_trainingsession_change", args=[pk]),
            "elle n’est plus montrée nulle part, tant que ce qui y est illisible n’est pas corrigé",
        )
        for pk in everything.broken(now)
    ]


def _worker(now: datetime) -> list[Line]:
    """The worker, when it is not running: everything that is dated waits for it."""
    seen = Heartbeat.objects.first()
    if seen and now - seen.seen_at < WORKER_SILENCE:
        return []
    life = "n’a jamais donné signe de vie"
    if seen:
        life = f"ne donne plus signe de vie depuis le {typography.moment(seen.seen_at)}"
    detail = f"le programme d’envoi {life} : prévenez la personne qui s’occupe du serveur"
    return [Line("Les messages ne partent plus", reverse("admin:mailing_message_changelist"), detail)]
