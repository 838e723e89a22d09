"""The verbs of the annual fee: the only writers of a fee's status and of what a member covers (R12–R16).

Each verb is one transaction. It announces its consequence with a signal of this module, inside that transaction:
whoever listens (the registrations, R16) succeeds or fails with it.
"""

from datetime import date, datetime

from django.db import transaction
from django.dispatch import Signal

from caprural import validators
from members.models import CoveredPerson, FeeCategory, Member, MembershipFee

#: Sent with `member` and `now` when a member now covers more: a fee accepted, an address or a domain added.
coverage_gained = Signal()
#: Sent with `member` and `now` when an accepted fee is cancelled.
coverage_lost = Signal()

Status = MembershipFee.Status

#: Which status may follow which (R13). A due or committed fee may still be paid; a cancelled fee is final.
TRANSITIONS: dict[str, frozenset[str]] = {
    Status.DUE: frozenset({Status.COMMITTED, Status.PAID, Status.WAIVED, Status.CANCELLED}),
    Status.COMMITTED: frozenset({Status.PAID, Status.WAIVED, Status.CANCELLED}),
    Status.PAID: frozenset({Status.CANCELLED}),
    Status.WAIVED: frozenset({Status.CANCELLED}),
    Status.CANCELLED: frozenset(),
}


class FeeTransitionRefused(Exception):
    """The fee is not in a status from which this can be done; the message is the French sentence to show."""


class AlreadySubscribed(Exception):
    """The member already has a live fee for this campaign; the message is the French sentence to show."""


def is_up_to_date(email: str, *, on: date) -> bool:
    """Whether the person with this address is covered by an accepted fee on the day `on` (R13, R14)."""
    return MembershipFee.objects.up_to_date(on).covering(email).exists()


@transaction.atomic
def subscribe(member: Member, category: FeeCategory, *, now: datetime) -> MembershipFee:
    """Open the fee « attendue » of a member for the category's campaign, its amount frozen (R13).

    Raises AlreadySubscribed when the member has a fee for that campaign that is not cancelled.
    """
    # The member's row is the lock: two subscriptions at once must not both find no fee.
    Member.objects.select_for_update().get(pk=member.pk)
    if member.fees.filter(campaign=category.campaign).exclude(status=Status.CANCELLED).exists():
        raise AlreadySubscribed(f"{member} a déjà une cotisation pour la campagne {category.campaign}.")
    return MembershipFee.objects.create(
        member=member,
        campaign=category.campaign,
        category=category,
        amount=category.amount,
        status=Status.DUE,
        status_changed_at=now,
    )


def commit(fee: MembershipFee, *, now: datetime) -> None:
    """A public body's order or mandate is on its way: its people are up to date at once (R13, R16)."""
    _move(fee, Status.COMMITTED, now=now)


def settle(fee: MembershipFee, *, now: datetime) -> None:
    """The fee is paid (R13, R16)."""
    _move(fee, Status.PAID, now=now)


def waive(fee: MembershipFee, *, now: datetime) -> None:
    """The member is exempted for this campaign (R13, R16)."""
    _move(fee, Status.WAIVED, now=now)


def cancel(fee: MembershipFee, *, now: datetime) -> None:
    """The fee no longer counts (bounced cheque, mistake): future registrations lose its cover (R16)."""
    _move(fee, Status.CANCELLED, now=now)


@transaction.atomic
def record(
    member: Member, category: FeeCategory, status: str, *, method: str = "", reference: str = "", now: datetime
) -> MembershipFee:
    """Bring a member's fee for the category's campaign to an accepted status, opening it where there is none (R13).

    Raises FeeTransitionRefused when the fee there is cannot become that.
    """
    # The same form sent twice must find its own fee the second time.
    Member.objects.select_for_update().get(pk=member.pk)
    fee = member.fees.filter(campaign=category.campaign).exclude(status=Status.CANCELLED).first()
    fee = fee or subscribe(member, category, now=now)
    fee.method, fee.reference = method or fee.method, reference or fee.reference
    fee.save(update_fields=["method", "reference"])
    if fee.status != status:
        _move(fee, Status(status), now=now)
    return fee


@transaction.atomic
def _move(fee: MembershipFee, to: Status, *, now: datetime) -> None:
    locked = MembershipFee.objects.select_for_update(of=("self",)).select_related("member").get(pk=fee.pk)
    if to not in TRANSITIONS[locked.status]:
        raise FeeTransitionRefused(
            f"La cotisation de {locked.member} est « {locked.get_status_display()} » : "
            f"elle ne peut pas devenir « {to.label} »."
        )
    was_accepted = locked.is_accepted
    locked.status = to
    locked.status_changed_at = now
    locked.save(update_fields=["status", "status_changed_at"])
    fee.status, fee.status_changed_at = locked.status, locked.status_changed_at
    if locked.is_accepted and not was_accepted:
        coverage_gained.send(sender=MembershipFee, member=locked.member, now=now)
    elif was_accepted and not locked.is_accepted:
        coverage_lost.send(sender=MembershipFee, member=locked.member, now=now)


@transaction.atomic
def cover(member: Member, email: str, *, name: str = "", now: datetime) -> None:
    """Teach a member one of its people's addresses; nothing changes when it is known already (R14)."""
    CoveredPerson.objects.get_or_create(member=member, email=validators.normalise_email(email), defaults={"name": name})
    announce_coverage(member, now=now)


def announce_coverage(member: Member, *, now: datetime) -> None:
    """Say that the people or domains of a member were edited, so that whoever waits for its fee is looked at again."""
    coverage_gained.send(sender=Member, member=member, now=now)
