"""Every message the sessions can send: one function each, queued in the caller's transaction (R23).

The subject states the situation. Each message carries the private link (R9) and answers to the session's contact. It
is the log of a registration; for a dated message, whose `key` names the occurrence, it is the proof that it left once
(R24).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from caprural.house.models import Organisation
from caprural.mailing import outbox
from caprural.mailing.models import Message, MessageQuerySet
from sessions_app import roles, telling
from sessions_app.models import Registration, TrainingSession

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
#: Where a registration stands: the last one makes those before untrue.
STANDING = (
    *("confirmed", "awaiting_fee", "waiting", "replacing", "new_address"),
    *("fee_accepted", "fee_lost", "fee_extended", FEE_REMINDER),
)
#: To the address that was the person's until then.
ADDRESS_CHANGED = "address_changed"

outbox.written_anew.update(ONLY_LINKS)

#: Letters that say when and where only to name the session: they end something, or go to someone else.
NOT_TELLING = frozenset({"cancelled", "replaced", "session_cancelled", "address_changed", "links"})


# A registration begins, and moves


def confirmed(people: Sequence[Registration], session: TrainingSession, *, from_waiting_list: bool = False) -> None:
    """« Inscription confirmée » with the calendar file; also when a seat was freed for someone waiting."""
    _queue("confirmed", people, session, attach=(CALENDAR,), from_waiting_list=from_waiting_list)


def fee_dropped(people: Sequence[Registration], session: TrainingSession) -> None:
    """The same, to people whose fee was awaited for a session that asks for none any more (R17)."""
    _queue("confirmed", people, session, attach=(CALENDAR,), is_fee_dropped=True)


def awaiting_fee(people: Sequence[Registration], session: TrainingSession, *, from_waiting_list: bool = False) -> None:
    """« Place retenue » until the fee's due date: amount, means of payment, pre-filled membership form (R15)."""
    _queue(
        "awaiting_fee",
        people,
        session,
        attach=(MEMBERSHIP_FORM,),
        from_waiting_list=from_waiting_list,
        each=_fees(people, session),
    )


def waiting(registration: Registration, session: TrainingSession, *, rank: int | None) -> None:
    """« Liste d’attente (rang n) »: no seat, nothing to pay yet."""
    _queue("waiting", [registration], session, rank=rank)


def standing(registration: Registration, session: TrainingSession) -> None:
    """What the person was told when they came in, as it stands now, to an address that may have read nothing of it."""
    if registration.status == Registration.Status.CONFIRMED:
        confirmed([registration], session)
    elif registration.status == Registration.Status.AWAITING_FEE:
        awaiting_fee([registration], session)
    else:
        waiting(registration, session, rank=registration.rank())


def cancelled(registration: Registration, session: TrainingSession) -> None:
    """« Inscription annulée », and why; the event leaves the calendar of whoever had a seat."""
    _queue("cancelled", [registration], session, attach=(CALENDAR_CANCELLED,), attach_to=_had_seat)


def replaced(registration: Registration, session: TrainingSession) -> None:
    """To whoever handed their seat over: « <colleague> vous remplace » (R10)."""
    _queue("replaced", [registration], session, attach=(CALENDAR_CANCELLED,))


def replacing(registration: Registration, session: TrainingSession) -> None:
    """To the colleague: the seat they were given, by whom, what is expected, how to decline (R10)."""
    awaits_fee = registration.status == Registration.Status.AWAITING_FEE
    _queue(
        "replacing",
        [registration],
        session,
        attach=(MEMBERSHIP_FORM,) if awaits_fee else (CALENDAR,),
        predecessor=getattr(registration, "replaces", None),
        each=_fees([registration], session),
    )


# The fee


def fee_accepted(people: Sequence[Registration], session: TrainingSession) -> None:
    """« Cotisation à jour, inscription confirmée » with the calendar file (R16)."""
    _queue("fee_accepted", people, session, attach=(CALENDAR,))


def fee_lost(people: Sequence[Registration], session: TrainingSession) -> None:
    """Nothing covers these seats on the session’s first day any more: their fee is awaited, until a date (R7b, R16)."""
    _queue("fee_lost", people, session, attach=(MEMBERSHIP_FORM,), each=_fees(people, session))


def fee_extended(registration: Registration, session: TrainingSession) -> None:
    """The seat is held a little longer for its fee (R15)."""
    _queue("fee_extended", [registration], session, attach=(MEMBERSHIP_FORM,), each=_fees([registration], session))


def fee_reminder(registration: Registration, session: TrainingSession, *, key: str = "") -> None:
    """Three days before the seat is released (R15)."""
    fees = _fees([registration], session)
    _queue(FEE_REMINDER, [registration], session, key=key, attach=(MEMBERSHIP_FORM,), each=fees)


# The private link


def link_again(registrations: Sequence[Registration], session: TrainingSession, *, is_new: bool = False) -> None:
    """The private links of an address for a session: someone registered with it again (R7), or the link `is_new`."""
    _queue(LINK_AGAIN, registrations[:1], session, links=_links(registrations), is_new=is_new)


def links(registrations: list[Registration]) -> None:
    """« Retrouver mon inscription »: one message with every link of an address (R11)."""
    first = registrations[0]
    _queue(
        LINKS,
        [first],
        first.session,
        links=_links(registrations),
        is_one_person=len({item.name_key for item in registrations}) == 1,
    )


def _links(registrations: Iterable[Registration]) -> list[tuple[Registration, str]]:
    return [(item, f"{settings.SITE_URL}{item.get_absolute_url()}") for item in registrations]


def follow(registration: Registration) -> int:
    """What has not left yet, or was given up, goes to the present address with the present link; what is no longer true
    stays here. Returns how many.
    """
    letters = registration.messages.exclude(kind__in=(*ONLY_LINKS, ADDRESS_CHANGED))
    untrue = list(letters.filter(kind__in=STANDING).order_by("-pk").values_list("pk", flat=True)[1:])
    outbox.take_back(letters.filter(pk__in=untrue))
    true = letters.exclude(pk__in=untrue)
    return len(outbox.readdress(true, to=registration.email, rewrite=registration.with_present_link))


def take_back(registrations: Iterable[Registration], *, only_links: bool = False) -> int:
    """What has not left for these people stays here, unless somebody else of the mailbox reads their links in it.
    Returns how many messages. `only_links`: of what is nothing but links, which lead nowhere any more.
    """
    people = {one.pk: one.email for one in registrations}
    others = Registration.objects.live().filter(email__in=people.values()).exclude(pk__in=people)
    shared = set(others.values_list("email", flat=True))
    links = to_people(pk for pk, email in people.items() if email not in shared).filter(kind__in=ONLY_LINKS)
    rest = to_people(people).exclude(kind__in=ONLY_LINKS)
    return outbox.take_back(links if only_links else links | rest)


def to_people(keys: Any) -> MessageQuerySet:
    """The letters about the registrations of these keys, or of a query of keys."""
    return Message.objects.of(Registration).filter(about_id__in=keys)


def address_changed(registration: Registration, session: TrainingSession, *, former: str) -> None:
    """To the former address of someone who gave another one: it no longer receives anything, the link neither."""
    _queue(ADDRESS_CHANGED, [registration], session, to=former)


def new_address(registration: Registration, session: TrainingSession) -> None:
    """To the address someone has just given instead of another one: the private link (R9)."""
    _queue("new_address", [registration], session)


# The session


def session_maintained(people: Sequence[Registration], session: TrainingSession) -> None:
    """« Session maintenue », the go decision (R5)."""
    _queue("session_maintained", people, session)


def session_postponed(people: Sequence[Registration], session: TrainingSession) -> None:
    """« Session reportée », to a new date or to a date to come (R5); the event moves or leaves the calendar."""
    attach = CALENDAR if session.status == TrainingSession.Status.PUBLISHED else CALENDAR_CANCELLED
    ranks = {pk: rank for rank, pk in enumerate(session.registrations.waiting().values_list("pk", flat=True), start=1)}
    each = {one.pk: {"rank": ranks.get(one.pk)} for one in people}
    _queue("session_postponed", people, session, attach=(attach,), attach_to=_had_seat, each=each)


def session_cancelled(people: Sequence[Registration], session: TrainingSession) -> None:
    """« Session annulée » (R5); the event leaves the calendar."""
    # Postponed to a date to come, it has left them already.
    attach = (CALENDAR_CANCELLED,) if session.announced_on else ()
    _queue("session_cancelled", people, session, attach=attach, attach_to=_had_seat)


def _had_seat(registration: Registration) -> bool:
    """Whether the session may be in this person's calendar."""
    return registration.seat_given_at is not None


def session_changed(registration: Registration, session: TrainingSession, *, key: str = "") -> None:
    """What differs from what this person was told, with the calendar file updated (R19)."""
    attach = (CALENDAR,) if registration.holds_seat else ()
    _queue(SESSION_CHANGED, [registration], session, key=key, attach=attach)


def joining_instructions(
    registration: Registration, session: TrainingSession, *, carpool: Iterable[Registration], key: str = ""
) -> None:
    """« Convocation »: exact address, hours, access, contact, how to cancel, calendar file (R19).

    `carpool`: the other people who ticked the box, for someone who ticked it.
    """
    _queue(JOINING_INSTRUCTIONS, [registration], session, key=key, attach=(CALENDAR,), carpool=list(carpool))


def written(people: Sequence[tuple[Registration, str, str]], session: TrainingSession, *, key: str = "") -> None:
    """A message the coordinator wrote, its subject and text filled in for each person; once per `key`, which names the
    writing."""
    each = {one.pk: {"subject": subject, "heading": subject, "text": text} for one, subject, text in people}
    _queue(WRITTEN, [one for one, _, _ in people], session, key=key, each=each)


# The team


def decision_needed(session: TrainingSession, *, key: str = "") -> None:
    """To the coordination: a decision is awaited on a session below its minimum (R5)."""
    for number, address in enumerate(coordinators()):
        letter = {"about": session, "to": address, "context": {"admin_url": _admin_url(session)}}
        # One row proves it left; the other coordinators' copies carry no key.
        _write(DECISION_NEEDED, session, [letter], key="" if number else key)


def covers_lost(session: TrainingSession, people: Sequence[Registration]) -> None:
    """To the coordination: these confirmed seats are not covered any more, and await their fee (R7b)."""
    context = {"people": people, "admin_url": _admin_url(session)}
    letters = ({"about": session, "to": address, "context": context} for address in coordinators())
    _write("covers_lost", session, letters)


def coordinators() -> list[str]:
    """Addresses of the coordination's accounts; the organisation's own when none has one."""
    accounts = User.objects.filter(groups__name=roles.COORDINATION, is_active=True).exclude(email="")
    addresses: dict[str, str] = {}
    for email in accounts.order_by("pk").values_list("email", flat=True):
        addresses.setdefault(email.casefold(), email)  # two accounts may share one mailbox
    return list(addresses.values()) or list(filter(None, [Organisation.current().email]))


def _admin_url(session: TrainingSession) -> str:
    return f"{settings.SITE_URL}/admin/sessions_app/trainingsession/{session.pk}/change/"


def _fees(people: Iterable[Registration], session: TrainingSession) -> dict[int, dict[str, Any]]:
    """For each of these people, what the words about the fee are made of; as many queries as for one."""
    registrations = list(people)
    categories, applications = Registration.scale(registrations, session.first_date)
    campaign = categories[0].campaign if categories else None
    common = {"campaign": campaign, "categories": categories, "judged": session.judged_under(campaign)}
    return {one.pk: {**common, "application": applications.get(one.pk)} for one in registrations}


def _queue(
    name: str,
    people: Sequence[Registration],
    session: TrainingSession,
    *,
    to: str = "",
    key: str = "",
    attach: tuple[str, ...] = (),
    attach_to: Callable[[Registration], bool] = lambda registration: True,
    each: Mapping[int, dict[str, Any]] = MappingProxyType({}),
    **context: Any,
) -> None:
    """One letter to each of these people, who differ by `each`; as many queries as for one."""
    is_telling = name not in NOT_TELLING
    letters = []
    for registration in people:
        about = {
            "registration": registration,
            "link": f"{settings.SITE_URL}{registration.get_absolute_url()}",
            "changes": telling.changes(registration, session) if is_telling else [],
            **context,
            **each.get(registration.pk, {}),
        }
        documents = [(document, str(registration.pk)) for document in attach if attach_to(registration)]
        address = to or registration.email
        letters.append({"about": registration, "to": address, "context": about, "documents": documents})
    _write(name, session, letters, key=key)
    if is_telling:
        telling.note(people, session, is_joining=name == JOINING_INSTRUCTIONS)


def _write(name: str, session: TrainingSession, letters: Iterable[dict[str, Any]], *, key: str = "") -> None:
    """Queue these letters of a session."""
    organisation = Organisation.current()
    common = {"session": session, "organisation": organisation, "site_url": settings.SITE_URL, "changes": []}
    of_session = {"sender": organisation.name, "reply_to": session.contact_email or organisation.email}
    outbox.queue(
        outbox.compose(name, key=key, **{**of_session, **letter, "context": {**common, **letter["context"]}})
        for letter in letters
    )
