"""« Feuille d’émargement »: the sheet people sign, and the funders' proof (SPEC §6)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from caprural import pdf as printing
from caprural.house.models import Organisation
from members import covering
from sessions_app.models import HalfDay, SessionDay, TrainingSession

#: Cells of 30 mm at least: beyond, the columns of names would be too narrow, and a further sheet begins.
MAX_HALF_DAYS = 5
#: As many fit a portrait page, where a full session of ten takes one page.
MAX_HALF_DAYS_IN_PORTRAIT = 3
#: For people who come without having registered.
BLANK_ROWS = 2


@dataclass
class Sheet:
    """What one sheet has columns for: the half-days of whole days."""

    days: list[SessionDay] = field(default_factory=list)
    half_days: list[HalfDay] = field(default_factory=list)


def pdf(session: TrainingSession, *, now: datetime) -> bytes:
    """The sheet as a PDF, A4; a long session goes on with further sheets, each complete (SPEC §6)."""
    found = context(session, now=now)
    return printing.render("pdf/attendance_sheet.html", {**found, "logo": found["organisation"].logo_uri})


def context(session: TrainingSession, *, now: datetime) -> dict[str, Any]:
    """What `pdf/includes/attendance_sheet.html` shows, in the PDF and in the admin (SPEC §6).

    `session` comes from `for_display()`. Everybody who holds a seat, in French order of surnames; no e-mail address,
    phone nor amount; « sous réserve » says that nothing covers the person on the first day (R7b). Five queries at most.
    """
    registrations = sorted(session.registrations.holding_seat(), key=lambda registration: registration.sort_key)
    organisation = Organisation.current()
    cut = sheets(session)
    provisional = set[str]()
    if session.fee_required and session.announced_on:
        emails = {registration.email for registration in registrations}
        provisional = emails - covering.up_to_date(emails, on=session.announced_on)
    return {
        "session": session,
        "organisation": organisation,
        "logo": organisation.logo_url,
        "address": ", ".join(session.exact_address.splitlines()),
        "sheets": cut,
        "is_landscape": any(len(sheet.half_days) > MAX_HALF_DAYS_IN_PORTRAIT for sheet in cut),
        "registrations": registrations,
        "provisional": provisional,
        "blank_rows": range(BLANK_ROWS),
        "trainers": [link.trainer for link in session.session_trainers.all()],
        "edited_at": now,
    }


def sheets(session: TrainingSession) -> list[Sheet]:
    """The days shared out between sheets, none of them cut in two; one sheet without day while no date is set."""
    found = [Sheet()]
    for day in session.announced_days:
        half_days = day.half_days()
        if len(found[-1].half_days) + len(half_days) > MAX_HALF_DAYS:
            found.append(Sheet())
        found[-1].days.append(day)
        found[-1].half_days += half_days
    return found
