"""Every message the sessions can send: one function each, queued in the caller's transaction (R23).

The subject states the situation. Each message carries the private link (R9) and answers to the session's contact. Each
leaves a `Message`: the log of a registration, and for a dated message, the proof that it left once (R24).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from caprural import emails
from members.models import Organisation
from sessions_app import roles, telling
from sessions_app.models import Message, Registration, TrainingSession

#: Names under which `sessions_app.documents` makes the attachments.
CALENDAR = "registration_calendar"
CALENDAR_CANCELLED = "registration_calendar_cancelled"
MEMBERSHIP_FORM = "registration_membership_form"

#: Kinds of the messages that `reminding` sends, as their log keeps them.
FEE_REMINDER = "fee_reminder"
DECISION_NEEDED = "decision_needed"
JOINING_INSTRUCTIONS = "joining_instructions"
SESSION_CHANGED = "session_changed"
#: And of the one the coordinator writes.
WRITTEN = "written"
#: What is nothing but links, maybe of several people: another one is written, they are not sent again.
LINK_AGAIN = "link_again"
LINKS = "links"
ONLY_LINKS = (LINKS, LINK_AGAIN)
#: To the address that was the person's until then.
ADDRESS_CHANGED = "address_changed"

_PRIVATE_LINK = re.compile(r"(/inscriptions/)[A-Za-z0-9_-]{22,43}(?=/)")

#: Letters that say when and where only to name the session: they end something, or go to someone else.
NOT_TELLING = frozenset({"cancelled", "replaced", "session_cancelled", "address_changed", "links"})


# A registration begins, and moves


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
        **_fee(registration, session),
    )


def waiting(registration: Registration, session: TrainingSession) -> None:
    """« Liste d’attente (rang n) »: no seat, nothing to pay yet."""
    _queue("waiting", registration, session, rank=registration.rank())


def standing(registration: Registration, session: TrainingSession) -> None:
    """What the person was told when they came in, as it stands now, to an address that may have read nothing of it."""
    if registration.status == Registration.Status.CONFIRMED:
        confirmed(registration, session)
    elif registration.status == Registration.Status.AWAITING_FEE:
        awaiting_fee(registration, session)
    else:
        waiting(registration, session)


def cancelled(registration: Registration, session: TrainingSession) -> None:
    """« Inscription annulée », and why; the event leaves the calendar of whoever had a seat."""
    had_seat = registration.seat_given_at is not None
    _queue("cancelled", registration, session, attach=(CALENDAR_CANCELLED,) if had_seat else ())


def replaced(registration: Registration, session: TrainingSession) -> None:
    """To whoever handed their seat over: « <colleague> vous remplace » (R10)."""
    _queue("replaced", registration, session, attach=(CALENDAR_CANCELLED,))


def replacing(registration: Registration, session: TrainingSession) -> None:
    """To the colleague: the seat they were given, by whom, what is expected, how to decline (R10)."""
    awaits_fee = registration.status == Registration.Status.AWAITING_FEE
    _queue(
        "replacing",
        registration,
        session,
        attach=(MEMBERSHIP_FORM,) if awaits_fee else (CALENDAR,),
        predecessor=getattr(registration, "replaces", None),
        **_fee(registration, session),
    )


# The fee


def fee_accepted(registration: Registration, session: TrainingSession) -> None:
    """« Cotisation à jour, inscription confirmée » with the calendar file (R16)."""
    _queue("fee_accepted", registration, session, attach=(CALENDAR,))


def fee_lost(registration: Registration, session: TrainingSession) -> None:
    """Nothing covers this seat any more on the session's first day: the fee is awaited, until a new date (R7b, R16)."""
    _queue("fee_lost", registration, session, attach=(MEMBERSHIP_FORM,), **_fee(registration, session))


def fee_extended(registration: Registration, session: TrainingSession) -> None:
    """The seat is held a little longer for its fee (R15)."""
    _queue("fee_extended", registration, session, attach=(MEMBERSHIP_FORM,), **_fee(registration, session))


def fee_reminder(registration: Registration, session: TrainingSession) -> None:
    """Three days before the seat is released (R15); once per due date."""
    key = str(registration.fee_due_on)
    _queue(FEE_REMINDER, registration, session, key=key, attach=(MEMBERSHIP_FORM,), **_fee(registration, session))


# The private link


def link_again(registrations: Sequence[Registration], session: TrainingSession, *, is_new: bool = False) -> None:
    """The private links of an address for a session: someone registered with it again (R7), or the link `is_new`."""
    _queue(LINK_AGAIN, registrations[0], session, links=_links(registrations), is_new=is_new)


def links(registrations: list[Registration]) -> None:
    """« Retrouver mon inscription »: one message with every link of an address (R11)."""
    first = registrations[0]
    _queue(
        LINKS,
        first,
        first.session,
        links=_links(registrations),
        is_one_person=len({item.name_key for item in registrations}) == 1,
    )


def _links(registrations: Iterable[Registration]) -> list[tuple[Registration, str]]:
    return [(item, f"{settings.SITE_URL}{item.get_absolute_url()}") for item in registrations]


def follow(registration: Registration) -> int:
    """What has not left yet, or was given up, goes to the present address with the present link. Returns how many."""
    letters = registration.messages.exclude(kind__in=(*ONLY_LINKS, ADDRESS_CHANGED)).exclude(email=None)
    return emails.readdress(
        letters.values("email"), to=registration.email, rewrite=lambda text: with_present_link(text, registration)
    )


def take_back(registrations: Iterable[Registration]) -> int:
    """What has not left for these people stays here, unless somebody else of the mailbox reads their links in it.
    Returns how many messages.
    """
    pks = [registration.pk for registration in registrations]
    others = Registration.objects.live().exclude(pk__in=pks).filter(email=OuterRef("registration__email"))
    letters = Message.objects.filter(registration__in=pks).exclude(Exists(others), kind__in=ONLY_LINKS)
    return emails.take_back(letters.exclude(email=None).values("email"))


def with_present_link(text: str, registration: Registration) -> str:
    """A letter that quoted a link which was replaced since."""
    return _PRIVATE_LINK.sub(rf"\g<1>{registration.token}", text)


def address_changed(registration: Registration, session: TrainingSession, *, former: str) -> None:
    """To the former address of someone who gave another one: it no longer receives anything, the link neither."""
    _queue(ADDRESS_CHANGED, registration, session, to=former)


def new_address(registration: Registration, session: TrainingSession) -> None:
    """To the address someone has just given instead of another one: the private link (R9)."""
    _queue("new_address", registration, session)


# The session


def session_maintained(registration: Registration, session: TrainingSession) -> None:
    """« Session maintenue », the go decision (R5)."""
    _queue("session_maintained", registration, session)


def session_postponed(registration: Registration, session: TrainingSession) -> None:
    """« Session reportée », to a new date or to a date to come (R5); the event moves or leaves the calendar."""
    attach = CALENDAR if session.status == TrainingSession.Status.PUBLISHED else CALENDAR_CANCELLED
    _queue("session_postponed", registration, session, attach=(attach,) if registration.seat_given_at else ())


def session_cancelled(registration: Registration, session: TrainingSession) -> None:
    """« Session annulée » (R5); the event leaves the calendar."""
    _queue(
        "session_cancelled", registration, session, attach=(CALENDAR_CANCELLED,) if registration.seat_given_at else ()
    )


def session_changed(registration: Registration, session: TrainingSession) -> None:
    """What differs from what this person was told, with the calendar file updated (R19); once per change."""
    _queue(
        SESSION_CHANGED,
        registration,
        session,
        key=str(session.calendar_sequence),
        attach=(CALENDAR,) if registration.holds_seat else (),
    )


def joining_instructions(
    registration: Registration, session: TrainingSession, *, carpool: Iterable[Registration]
) -> None:
    """« Convocation »: exact address, hours, access, contact, how to cancel, calendar file (R19); once per date.

    `carpool`: the other people who ticked the box, for someone who ticked it.
    """
    _queue(
        JOINING_INSTRUCTIONS,
        registration,
        session,
        key=str(session.first_date),
        attach=(CALENDAR,),
        carpool=list(carpool),
    )


def written(registration: Registration, session: TrainingSession, *, subject: str, text: str, key: str = "") -> None:
    """A message the coordinator wrote, its fields filled in already; once per `key`, which names the writing."""
    _queue(WRITTEN, registration, session, key=key, subject=subject, heading=subject, text=text)


# The team


def decision_needed(session: TrainingSession) -> None:
    """To the coordination: a decision is awaited on a session below its minimum (R5); once per deadline or date."""
    key = session.decision_key
    for number, address in enumerate(coordinators()):
        _write(
            DECISION_NEEDED,
            session,
            None,
            # One row proves it left; the other coordinators' copies carry no key.
            key=key if number == 0 else "",
            to=address,
            context={"admin_url": _admin_url(session)},
        )


def covers_lost(session: TrainingSession, people: Sequence[Registration]) -> None:
    """To the coordination: these confirmed seats are not covered any more, and await their fee (R7b)."""
    context = {"people": people, "admin_url": _admin_url(session)}
    for address in coordinators():
        _write("covers_lost", session, None, key="", to=address, context=context)


def coordinators() -> list[str]:
    """Addresses of the coordination's accounts; the organisation's own when none has one."""
    accounts = User.objects.filter(groups__name=roles.COORDINATION, is_active=True).exclude(email="")
    addresses: dict[str, str] = {}
    for email in accounts.order_by("pk").values_list("email", flat=True):
        addresses.setdefault(email.casefold(), email)  # two accounts may share one mailbox
    return list(addresses.values()) or list(filter(None, [Organisation.current().email]))


def _admin_url(session: TrainingSession) -> str:
    return f"{settings.SITE_URL}/admin/sessions_app/trainingsession/{session.pk}/change/"


def _fee(registration: Registration, session: TrainingSession) -> dict[str, Any]:
    """What the words about the fee are made of."""
    categories, application = registration.scale(session.first_date)
    campaign = categories[0].campaign if categories else None
    judged = session.judged_under(campaign)
    return {"campaign": campaign, "categories": categories, "application": application, "judged": judged}


def _queue(
    name: str,
    registration: Registration,
    session: TrainingSession,
    *,
    to: str = "",
    key: str = "",
    attach: tuple[str, ...] = (),
    **context: Any,
) -> None:
    link = f"{settings.SITE_URL}{registration.get_absolute_url()}"
    is_telling = name not in NOT_TELLING
    context["changes"] = telling.changes(registration, session) if is_telling else []
    _write(
        name,
        session,
        registration,
        key=key,
        to=to or registration.email,
        attach=attach,
        context={"registration": registration, "link": link, **context},
    )
    if is_telling:
        telling.note(registration, session, is_joining=name == JOINING_INSTRUCTIONS)


def _write(
    name: str,
    session: TrainingSession,
    registration: Registration | None,
    *,
    key: str,
    to: str,
    context: dict[str, Any],
    attach: tuple[str, ...] = (),
) -> None:
    organisation = Organisation.current()
    email = emails.queue(
        name,
        to=to,
        context={
            "session": session,
            "organisation": organisation,
            "site_url": settings.SITE_URL,
            "changes": [],
            **context,
        },
        attachments=[(document, str(registration.pk)) for document in attach if registration],
        sender=organisation.name,
        reply_to=session.contact_email or organisation.email,
    )
    Message.objects.create(session=session, registration=registration, kind=name, key=key, email=email)
