"""Every message the sessions can send: one function each, queued in the caller's transaction (R23).

The subject states the situation. Each message carries the private link (R9) and answers to the session's contact.
"""

from typing import Any

from django.conf import settings

from caprural import emails
from members.models import FeeCategory, Organisation
from sessions_app.models import Registration, TrainingSession

#: Names under which `sessions_app.documents` makes the attachments.
CALENDAR = "registration_calendar"
MEMBERSHIP_FORM = "registration_membership_form"


def confirmed(registration: Registration, session: TrainingSession, *, from_waiting_list: bool = False) -> None:
    """« Inscription confirmée » with the calendar file; also when a seat was freed for someone waiting."""
    _queue("confirmed", registration, session, attach=(CALENDAR,), from_waiting_list=from_waiting_list)


def awaiting_fee(registration: Registration, session: TrainingSession, *, from_waiting_list: bool = False) -> None:
    """« Place retenue » until the fee's due date: amount, means of payment, pre-filled membership form (R15)."""
    _queue(
        "awaiting_fee",
        registration,
        session,
        attach=(MEMBERSHIP_FORM,),
        from_waiting_list=from_waiting_list,
        **_fee(session),
    )


def waiting(registration: Registration, session: TrainingSession) -> None:
    """« Liste d’attente (rang n) »: no seat, nothing to pay yet."""
    _queue("waiting", registration, session, rank=registration.rank())


def fee_accepted(registration: Registration, session: TrainingSession) -> None:
    """« Cotisation à jour, inscription confirmée » with the calendar file (R16)."""
    _queue("fee_accepted", registration, session, attach=(CALENDAR,))


def fee_lost(registration: Registration, session: TrainingSession) -> None:
    """The fee that confirmed this seat was cancelled: it is awaited again, until a new date (R16)."""
    _queue("fee_lost", registration, session, attach=(MEMBERSHIP_FORM,), **_fee(session))


def cancelled(registration: Registration, session: TrainingSession) -> None:
    """« Inscription annulée », and why."""
    _queue("cancelled", registration, session)


def link_again(registration: Registration, session: TrainingSession) -> None:
    """The private link, to someone who registered with an address already registered (R7)."""
    _queue("link_again", registration, session)


def _fee(session: TrainingSession) -> dict[str, Any]:
    """The scale that applies on the session's date."""
    categories = list(FeeCategory.objects.of(session.first_date))
    return {"campaign": categories[0].campaign if categories else None, "categories": categories}


def _queue(
    name: str,
    registration: Registration,
    session: TrainingSession,
    *,
    attach: tuple[str, ...] = (),
    **context: Any,
) -> None:
    organisation = Organisation.current()
    emails.queue(
        name,
        to=registration.email,
        context={
            "registration": registration,
            "session": session,
            "organisation": organisation,
            "site_url": settings.SITE_URL,
            "link": f"{settings.SITE_URL}{registration.get_absolute_url()}",
            **context,
        },
        attachments=[(document, str(registration.pk)) for document in attach],
        reply_to=session.contact_email or organisation.email,
    )
