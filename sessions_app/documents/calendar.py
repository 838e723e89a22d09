"""The calendar files: a session for everybody, and a registration for its holder (R9, R19).

One event per day. Its UID is the day's own for good and not its date, so that a session moved to another date moves in
people's calendars too: same UID, higher sequence (R19). Events that no longer hold are cancelled the same way, with the
method CANCEL; a day taken away from a session that goes on is a cancelled event beside the others.

The session's file, the feed and each person's file name the same events, and somebody may read all three: their
sequences are the instants of the last change each of them shows. Whatever comes later wins, wherever it is read.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils.functional import SimpleLazyObject
from icalendar import Calendar, Event, Timezone, vCalAddress, vUri

from caprural import typography
from caprural.house.models import Organisation
from sessions_app.models import Registration, RemovedDay, SessionDay, TrainingSession

Status = Registration.Status
#: Until when a day is blocked while nobody has said when it ends; a day that starts late blocks two hours.
USUAL_END = time(17, 30)
SHORTEST_DAY = timedelta(hours=2)
#: Sequences count the seconds since then: 31 bits last until 2085.
EPOCH = datetime(2017, 1, 1, tzinfo=UTC)

# By hand: icalendar's own lists every change of hour since 1970 one by one, at the wrong hour, and ends in 2038.
PARIS = """\
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""

BY_THE_LINK = "Pour modifier ou annuler\u00a0: votre lien personnel, dans le message que vous avez reçu."
#: What is put before the title of an event that no longer holds, for calendars that neither strike through nor remove.
DAY_REMOVED = "Journée annulée : "
REGISTRATION_CANCELLED = "Inscription annulée : "
DATES_NO_LONGER_HOLD = {
    TrainingSession.Status.CANCELLED: "Annulée : ",
    TrainingSession.Status.POSTPONED: "Reportée : ",
}
STATUSES = {
    Status.CONFIRMED: "CONFIRMED",
    Status.AWAITING_FEE: "TENTATIVE",
    Status.WAITING: "TENTATIVE",
    Status.CANCELLED: "CANCELLED",
}


def content_type(registration: Registration, session: TrainingSession) -> str:
    """Of the file of a registration: mail programs read there what to do with it, before the file itself."""
    return f"text/calendar; method={_method(session, registration)}; charset=utf-8"


def filename(session: TrainingSession) -> str:
    """« <slug>.ics »."""
    return f"{session.slug}.ics"


def session_calendar(session: TrainingSession) -> bytes:
    """The file of the public page: the page as address, the place everybody may know (R1)."""
    return _calendar(_public_events(session), method=_method(session))


def feed(sessions: Iterable[TrainingSession]) -> bytes:
    """Every session given, in one calendar to subscribe to; what no longer holds is shown as cancelled."""
    organisation: Any = SimpleLazyObject(Organisation.current)
    return _calendar(event for session in sessions for event in _public_events(session, organisation))


def _public_events(session: TrainingSession, organisation: Organisation | None = None) -> list[Event]:
    lines = [f"Présentation et inscription : {_page_of(session)}"]
    removed = session.removed_days.all()
    return _events(session, organisation=organisation, lines=lines, stamp=session.updated_at, removed=removed)


def _page_of(session: TrainingSession) -> str:
    return f"{settings.SITE_URL}{session.get_absolute_url()}"


def registration_calendar(registration: Registration, session: TrainingSession) -> bytes:
    """The file of one registration: its status, the exact address for who holds a seat (R1, R9).

    Calendars are shared with colleagues and assistants: it leads to the session's page, never to the private one.

    Someone who cancels and registers again, under whatever address, gets their event back.
    """
    last_change = registration.status_changes.last()
    events = _events(
        session,
        lines=[_status_sentence(registration), f"La session\u00a0: {_page_of(session)}", BY_THE_LINK],
        stamp=max(session.updated_at, last_change.at) if last_change else session.updated_at,
        status=STATUSES[Status(registration.status)],
        knows_address=registration.holds_seat,
        removed=session.removed_days.filter(removed_at__gt=registration.registered_at),
    )
    return _calendar(events, method=_method(session, registration))


def _method(session: TrainingSession, registration: Registration | None = None) -> str:
    """What the file asks of the calendar that reads it."""
    is_cancelled = registration is not None and registration.status == Status.CANCELLED
    return "CANCEL" if is_cancelled or session.status in DATES_NO_LONGER_HOLD else "PUBLISH"


def _calendar(events: Iterable[Event], *, method: str = "PUBLISH") -> bytes:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//caprural//Inscriptions aux sessions//FR")
    calendar.add("method", method)
    calendar.add_component(Timezone.from_ical(PARIS))
    for event in events:
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _events(
    session: TrainingSession,
    *,
    organisation: Organisation | None = None,
    lines: list[str],
    stamp: datetime,
    removed: Iterable[RemovedDay],
    status: str = "CONFIRMED",
    knows_address: bool = False,
) -> list[Event]:
    days = list(session.days.all())
    organiser = _organiser(session, organisation)
    prefix = DATES_NO_LONGER_HOLD.get(
        TrainingSession.Status(session.status), REGISTRATION_CANCELLED if status == "CANCELLED" else ""
    )
    events = []
    # The session's own number tells apart what changed twice within a second.
    sequence = session.calendar_sequence + int((stamp - EPOCH).total_seconds())

    def add(day: SessionDay | RemovedDay, *, summary: str, status: str) -> Event:
        event = Event()
        event.add("uid", day.uid)
        event.add("sequence", sequence)
        event.add("dtstamp", stamp)
        event.add("dtstart", day.starts_at_instant)
        event.add("dtend", _ends_at(day))
        event.add("summary", summary)
        event.add("status", status)
        event.add("url", vUri(_page_of(session)))
        if organiser:
            event.add("organizer", organiser)
        events.append(event)
        return event

    for rank, day in enumerate(days, start=1):
        event = add(
            day,
            summary=prefix + session.title + (f" (jour {rank} sur {len(days)})" if len(days) > 1 else ""),
            status="CANCELLED" if session.status in DATES_NO_LONGER_HOLD else status,
        )
        event.add("location", _location(session, day, knows_address=knows_address))
        event.add("description", "\n".join([*lines, *_practical(session, day)]))
    for gone in removed:
        add(gone, summary=f"{DAY_REMOVED}{session.title}", status="CANCELLED")
    return events


def _location(session: TrainingSession, day: SessionDay, *, knows_address: bool) -> str:
    """The place of the day if it has its own, else the session's: the exact one only for who holds a seat (R1)."""
    if day.place:
        return day.place
    if knows_address and session.exact_address:
        return ", ".join(line.strip() for line in session.exact_address.splitlines() if line.strip())
    return session.place


def _ends_at(day: SessionDay | RemovedDay) -> datetime:
    if day.ends_at:
        return day.ends_at_instant
    usual_end = datetime.combine(day.date, USUAL_END, tzinfo=day.starts_at_instant.tzinfo)
    return min(max(usual_end, day.starts_at_instant + SHORTEST_DAY), day.ends_at_instant)


def _practical(session: TrainingSession, day: SessionDay) -> list[str]:
    contact = (session.contact_name, typography.phone(session.contact_phone), session.contact_email)
    lines = [] if day.ends_at else ["L’heure de fin n’est pas encore connue."]
    if any(contact):
        lines.append(f"Contact : {', '.join(filter(None, contact))}")
    return lines


def _status_sentence(registration: Registration) -> str:
    match registration.status:
        case Status.CONFIRMED:
            return "Votre inscription est confirmée."
        case Status.AWAITING_FEE:
            due = typography.long_date(registration.fee_due_on)
            return f"Votre place est retenue ; votre cotisation est attendue au plus tard le {due}."
        case Status.WAITING:
            return "Vous êtes sur la liste d’attente : aucune place ne vous est encore attribuée."
    return "Votre inscription est annulée."


def _organiser(session: TrainingSession, organisation: Organisation | None) -> vCalAddress | None:
    """Who publishes the event: the session's contact, else the organisation; None when neither has an address."""
    name, email = session.contact_name, session.contact_email
    if not email:
        organisation = organisation or Organisation.current()
        name, email = organisation.name, organisation.email
    if not email:
        return None
    organiser = vCalAddress(f"mailto:{email}")
    organiser.params["CN"] = name or email
    return organiser
