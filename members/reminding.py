"""Reminders of the fees still expected: what is due at an instant, and done once per step (R24).

What the agenda runs: `due` answers with data and changes nothing; `do` does one action under the fee's lock. The
database refuses a second message of the same fee, kind and key. A member without e-mail address is reminded by post:
the step waits on the list of letters until the coordination says they have left.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from caprural import typography
from caprural.agenda import MORNING
from caprural.mailing.models import Message
from members import emails
from members.models import Application, FeeCampaign, MembershipFee

#: Messages by which a payer was asked for the fee: the reminders count their days from the last of them.
ASKING = ("application_received", "fee_call")
#: What these messages and the reminders are called.
SAID = {
    "application_received": "accusé de réception du bulletin en ligne",
    "fee_call": "appel de cotisation",
    emails.MEMBERSHIP_REMINDER: "relance",
}


@dataclass(frozen=True)
class Reminder:
    """The next reminder of a fee still expected: its step, the first being 1, and from when it is due."""

    fee: MembershipFee
    step: int
    #: When the payer was last asked: the fee opened, its call, the step before.
    asked_at: datetime
    due_at: datetime

    def __str__(self) -> str:
        return f"reminder {self.code}"

    @property
    def is_by_post(self) -> bool:
        """Whether the payer has no e-mail address."""
        return not self.fee.member.email

    @property
    def code(self) -> str:
        """What tells this step of this fee from any other: « 42-1 »."""
        return f"{self.fee.pk}-{self.step}"


def to_come(now: datetime, fees: QuerySet[MembershipFee] | None = None) -> list[Reminder]:
    """The next reminder of every fee (of these) still expected that has one left, due or not; one query.

    Nothing for a campaign that has ended, nor once its number of reminders is reached, nor for a fee that rests on a
    form nobody has checked (received before forms opened none).
    """
    rows = MembershipFee.objects.all() if fees is None else fees
    steps = Q(messages__kind=emails.MEMBERSHIP_REMINDER) & ~Q(messages__key="")
    asking = Q(messages__kind__in=(*ASKING, emails.MEMBERSHIP_REMINDER))
    expected = (
        rows.filter(status=MembershipFee.Status.DUE, campaign__ends_on__gte=timezone.localdate(now))
        .exclude(Exists(Application.objects.to_check().filter(fee=OuterRef("pk"))))
        .annotate(steps_done=Count("messages", filter=steps), last_asked_at=Max("messages__written_at", filter=asking))
        .filter(steps_done__lt=F("campaign__reminders"))
        .select_related("member", "campaign", "category")
        .order_by("member__name", "pk")
    )
    return [_next(fee) for fee in expected]


def due(now: datetime, fees: QuerySet[MembershipFee] | None = None) -> list[Reminder]:
    """Every reminder (of these fees) that is due at `now`, by e-mail or by post, as data; one query."""
    return [reminder for reminder in to_come(now, fees) if reminder.due_at <= now]


def by_post(now: datetime, fees: QuerySet[MembershipFee] | None = None) -> list[Reminder]:
    """The letters to print and post at `now`; one query."""
    return [reminder for reminder in due(now, fees) if reminder.is_by_post]


@dataclass(frozen=True)
class Expected:
    """A fee still expected: what was sent about it, and the reminder to come if there is one."""

    fee: MembershipFee
    sent: list[str]
    reminder: Reminder | None
    is_due: bool

    @property
    def is_letter_due(self) -> bool:
        """Whether a letter is to be posted now."""
        return self.reminder is not None and self.is_due and self.reminder.is_by_post


def expected(campaign: FeeCampaign, now: datetime) -> list[Expected]:
    """Every fee of a campaign that is still expected, by name of the member; three queries."""
    reminders = {reminder.fee.pk: reminder for reminder in to_come(now, campaign.fees.all())}
    due_fees = campaign.fees.filter(status=MembershipFee.Status.DUE).select_related("member", "category")
    return [
        Expected(
            fee=fee,
            sent=[_sentence(message) for message in fee.messages.all() if message.kind in SAID],
            reminder=(reminder := reminders.get(fee.pk)),
            is_due=reminder is not None and reminder.due_at <= now,
        )
        for fee in due_fees.prefetch_related("messages").order_by("member__name", "pk")
    ]


def _sentence(message: Message) -> str:
    """« relance 1 par courrier, 4 avril 2017 »."""
    what = f"{SAID[message.kind]} {message.key}".strip()
    by_post = " par courrier" if message.state == Message.State.POSTED else ""
    return f"{what}{by_post}, {typography.medium_date(message.written_at)}"


def tell(reminders: Sequence[Reminder]) -> list[tuple[str, str]]:
    """What each is, and for which campaign."""
    return [
        (f"relance d’une cotisation{' à imprimer et à poster' if one.is_by_post else ''}", str(one.fee.campaign))
        for one in reminders
    ]


@transaction.atomic
def do(reminder: Reminder, *, now: datetime) -> bool:
    """Send one reminder if it is still due, once (R24). False when another worker has the fee, or has done it."""
    fees = MembershipFee.objects.filter(pk=reminder.fee.pk)
    is_locked = fees.select_for_update(of=("self",), skip_locked=True).exists()
    still = _due_of(fees, reminder.step, now) if is_locked else None
    if still is None or still.is_by_post:
        return False
    emails.membership_reminder(still.fee, step=still.step, now=now)
    return True


@transaction.atomic
def note_posted(codes: Collection[str], *, campaign: FeeCampaign, now: datetime) -> int:
    """The letters of these reminders have left: each counts as its step. Returns how many were still to be noted.

    Said twice, it is noted once: a code names its step, and a step that is done, or not due yet, is passed over.
    """
    noted = 0
    for reminder in due(now, campaign.fees.all()):
        if reminder.code not in codes:
            continue
        fees = MembershipFee.objects.filter(pk=reminder.fee.pk)
        list(fees.select_for_update(of=("self",)).values_list("pk"))
        if _due_of(fees, reminder.step, now):
            Message.objects.create(
                about=reminder.fee,
                kind=emails.MEMBERSHIP_REMINDER,
                key=str(reminder.step),
                state=Message.State.POSTED,
                written_at=now,
            )
            noted += 1
    return noted


def _due_of(fees: QuerySet[MembershipFee], step: int, now: datetime) -> Reminder | None:
    return next((found for found in due(now, fees) if found.step == step), None)


def _next(fee: MembershipFee) -> Reminder:
    asked_at = max(filter(None, (fee.status_changed_at, fee.last_asked_at)))  # type: ignore[attr-defined]
    day = timezone.localdate(asked_at) + timedelta(days=fee.campaign.reminder_days)
    due_at = timezone.make_aware(datetime.combine(day, MORNING))
    return Reminder(fee=fee, step=fee.steps_done + 1, asked_at=asked_at, due_at=due_at)  # type: ignore[attr-defined]
