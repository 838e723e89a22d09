"""The documents of a session and of a registration, and those that go along with a message.

Nothing heavy is imported here: WeasyPrint and icalendar are loaded by the process that makes a document.
"""

import logging

from caprural.mailing.documents import Attachment, attachment
from caprural.pdf import PdfUnavailable
from sessions_app import emails
from sessions_app.models import Registration, TrainingSession

logger = logging.getLogger(__name__)


def register_attachments() -> None:
    """Tell the mail queue how to make the files of our messages (R23); the key is the registration's."""
    attachment(emails.CALENDAR, "fichier d’agenda")(_calendar)
    attachment(emails.CALENDAR_CANCELLED, "fichier d’agenda")(_calendar)
    attachment(emails.MEMBERSHIP_FORM, "bulletin de cotisation")(_membership_form)


def _calendar(key: str) -> Attachment | None:
    """The event as it is when the message leaves: put in the calendar, moved, or cancelled (R19).

    One maker for both names. A message that was held up must never bring back an event cancelled since, nor cancel one
    that has found a new date: calendars would then refuse the later file, which has the same sequence.
    """
    from sessions_app.documents import calendar

    found = _find(key)
    if found is None or found[1].first_day is None:
        return None
    registration, session = found
    content = calendar.registration_calendar(registration, session)
    return Attachment(calendar.filename(session), content, calendar.content_type(registration, session))


def _membership_form(key: str) -> Attachment | None:
    from sessions_app.documents import membership_form

    found = _find(key)
    if found is None:
        return None
    registration, session = found
    try:
        content = membership_form.pdf(registration, session)
    except PdfUnavailable:
        # The message says the amount and the means of payment: better without its form than never.
        logger.exception("Message without its membership form")
        return None
    return Attachment(membership_form.filename(session), content, "application/pdf")


def _find(key: str) -> tuple[Registration, TrainingSession] | None:
    """The registration as it is when the message leaves; None when it was erased in the meantime."""
    registration = Registration.objects.filter(pk=key).first()
    if registration is None:
        return None
    return registration, TrainingSession.objects.for_display().get(pk=registration.session_id)
