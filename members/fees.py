"""The verbs of the annual fee: the only writers of a fee's status and of what a member covers (R12–R16).

Each verb is one transaction. It announces its consequence with a signal of this module, inside that transaction:
whoever listens (the registrations, R16) succeeds or fails with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.utils import timezone

from caprural import typography, validators
from members import consequences, emails, receipts
from members.covering import Circle
from members.models import CoveredPerson, FeeCategory, Member, MembershipFee, Receipt

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


@dataclass(frozen=True)
class Proof:
    """What says that a fee was accepted: by what means, under which number, and the day the money arrived.

    What is empty leaves what the fee already says. `paid_on` empty means the day it is recorded.
    """

    method: str = ""
    reference: str = ""
    engagement_number: str = ""
    paid_on: date | None = None


NO_PROOF = Proof()


@transaction.atomic
def subscribe(member: Member, category: FeeCategory, *, now: datetime) -> MembershipFee:
    """Open the fee « attendue » of a member for the category's campaign, its amount frozen (R13).

    Raises AlreadySubscribed when the member has a fee for that campaign that is not cancelled.
    """
    # The member's row is the lock: two subscriptions at once must not both find no fee.
    Member.objects.select_for_update().get(pk=member.pk)
    if live := member.fees.live().filter(campaign=category.campaign).first():
        raise AlreadySubscribed(refusal(live))
    return MembershipFee.objects.create(
        member=member,
        campaign=category.campaign,
        category=category,
        amount=category.amount,
        status=Status.DUE,
        status_changed_at=now,
    )


@transaction.atomic
def recategorise(fee: MembershipFee, category: FeeCategory, *, now: datetime) -> None:
    """Another line of the same scale for a fee still « attendue », with its amount (R13).

    Raises FeeTransitionRefused once the fee was accepted or cancelled: its amount is then part of the accounts.
    """
    locked = _lock(fee)
    if locked.status != Status.DUE or category.campaign_id != locked.campaign_id:
        raise FeeTransitionRefused(f"{standing(locked)} : sa catégorie ne change plus.")
    locked.category, locked.amount = category, category.amount
    locked.save(update_fields=["category", "amount"])
    fee.category, fee.amount = locked.category, locked.amount


def standing(fee: MembershipFee) -> str:
    """Where a fee stands, for who finds it moved already: since which day, by whom, under which receipt's number."""
    log = LogEntry.objects.filter(content_type__app_label="members", content_type__model="membershipfee")
    noted = log.filter(object_id=str(fee.pk), change_message__startswith=f"État : {fee.get_status_display()}")
    entry = noted.select_related("user").order_by("-pk").first()
    receipt = fee.receipts.order_by("-pk").first()
    state = "engagée" if fee.status == Status.COMMITTED else fee.get_status_display()
    words = f"La cotisation de {fee.member} pour {fee.campaign} ({fee.code}) est {state}"
    words += f" depuis le {typography.medium_date(fee.status_changed_at)}"
    words += f", par {entry.user}" if entry else ""
    return words + (f", reçu n° {receipt.label}{' annulé' if receipt.voided_at else ''}" if receipt else "")


def refusal(fee: MembershipFee) -> str:
    """Why a fee moves no more, or not that way: where it stands, and what one does about it."""
    return f"{standing(fee)}. {_INSTEAD[fee.status]}"


#: What one does about a fee that moves no more, or not that way.
_INSTEAD: dict[str, str] = {
    Status.DUE: "Enregistrez son paiement, ou annulez-la.",
    Status.COMMITTED: "L’engagement est enregistré : enregistrez son paiement, ou annulez-la.",
    Status.PAID: "Rien n’est à enregistrer ; si c’est une erreur, annulez-la, puis ouvrez-en une autre.",
    Status.WAIVED: "Rien n’est à enregistrer ; si c’est une erreur, annulez-la, puis ouvrez-en une autre.",
    Status.CANCELLED: "Une cotisation annulée le reste : ouvrez-en une autre.",
}


def commit(fee: MembershipFee, *, proof: Proof = NO_PROOF, now: datetime) -> None:
    """A public body's order or mandate is on its way: its people are up to date at once (R13, R16)."""
    accept([fee], Status.COMMITTED, proof=proof, now=now)


def settle(fee: MembershipFee, *, proof: Proof = NO_PROOF, now: datetime) -> None:
    """The fee is paid: its receipt is numbered and sent (R13, R16)."""
    accept([fee], Status.PAID, proof=proof, now=now)


def waive(fee: MembershipFee, *, now: datetime) -> None:
    """The member is exempted for this campaign (R13, R16)."""
    accept([fee], Status.WAIVED, now=now)


@transaction.atomic
def accept(fees: Iterable[MembershipFee], status: str, *, proof: Proof = NO_PROOF, now: datetime) -> list[str]:
    """Bring fees to an accepted status, all of them or none: one transfer may cover several (R13, R16).

    Returns what follows for the registrations, in sentences. Raises FeeTransitionRefused.
    """
    gained = []
    for fee in sorted(fees, key=lambda fee: fee.pk):
        locked = _lock(fee)
        was_accepted = locked.is_accepted
        for name in ("method", "reference", "engagement_number"):
            setattr(locked, name, getattr(proof, name) or getattr(locked, name))
        if status == Status.PAID:
            locked.paid_on = proof.paid_on or timezone.localdate(now)
        _move(locked, Status(status), now=now)
        if status == Status.PAID:
            emails.receipt(
                receipts.issue(locked, now=now), not_covered=consequences.not_covered(locked, now=now), now=now
            )
        if not was_accepted:
            gained.append(locked)
        _copy(locked, fee)
    if not gained:
        return []
    follows = consequences.draw(Circle.of(fee.member_id for fee in gained), now=now)
    return follows + [
        f"La cotisation de {fee.member} pour {fee.campaign} ne couvre pas le {day}, qui l’attend encore"
        for fee in gained
        for day in consequences.not_covered(fee, now=now)
    ]


@transaction.atomic
def cancel(fee: MembershipFee, *, now: datetime, is_told: bool = False, reopens: bool = False) -> list[str]:
    """The fee no longer counts (bounced cheque, mistake): its receipt is void, and future registrations lose its cover
    (R16). `is_told`: write to the payer too. `reopens`: a new fee of the same category is expected instead.

    Returns what follows for the registrations, in sentences. Raises FeeTransitionRefused when it is cancelled already.
    """
    locked = _lock(fee)
    was_accepted = locked.is_accepted
    _move(locked, Status.CANCELLED, now=now)
    receipts.void(locked, now=now)
    _copy(locked, fee)
    successor = subscribe(locked.member, locked.category, now=now) if reopens else None
    if is_told:
        emails.fee_cancelled(locked, successor=successor, now=now)
    if not was_accepted:
        return []
    return consequences.draw(Circle.of([locked.member_id]), lost=f"cotisation annulée ({locked.member})", now=now)


@transaction.atomic
def issue_receipt(fee: MembershipFee, *, now: datetime) -> Receipt:
    """Give a fee paid elsewhere (an imported payment) the receipt it lacks, and send it; asked twice, it is given once.

    Raises FeeTransitionRefused when the fee is not paid.
    """
    locked = _lock(fee)
    if locked.status != Status.PAID:
        raise FeeTransitionRefused(f"{standing(locked)}. Un reçu demande un paiement : enregistrez-le d’abord.")
    known = locked.receipts.filter(voided_at__isnull=True).first()
    if known:
        return known
    receipt = receipts.issue(locked, now=now)
    emails.receipt(receipt, not_covered=consequences.not_covered(locked, now=now), now=now)
    return receipt


@transaction.atomic
def record(
    member: Member, category: FeeCategory, status: str, *, proof: Proof = NO_PROOF, now: datetime
) -> MembershipFee:
    """Bring a member's fee for the category's campaign to an accepted status, opening it where there is none (R13).

    Raises FeeTransitionRefused when the fee there is cannot become that.
    """
    # The same form sent twice must find its own fee the second time.
    Member.objects.select_for_update().get(pk=member.pk)
    fee: MembershipFee | None = member.fees.live().filter(campaign=category.campaign).first()
    fee = fee or subscribe(member, category, now=now)
    if fee.status != status:
        accept([fee], status, proof=proof, now=now)
    return fee


def _lock(fee: MembershipFee) -> MembershipFee:
    related = ("member", "campaign", "category")
    return MembershipFee.objects.select_for_update(of=("self",)).select_related(*related).get(pk=fee.pk)


def _copy(locked: MembershipFee, fee: MembershipFee) -> None:
    """What the caller holds says what the database now says."""
    for field in MembershipFee._meta.concrete_fields:
        if not field.is_relation:
            setattr(fee, field.attname, getattr(locked, field.attname))


def _move(locked: MembershipFee, to: Status, *, now: datetime) -> None:
    """The one place that writes a status, after the table."""
    if to not in TRANSITIONS[locked.status]:
        raise FeeTransitionRefused(refusal(locked))
    locked.status = to
    locked.status_changed_at = now
    locked.save()


@transaction.atomic
def cover(member: Member, email: str, *, name: str = "", now: datetime) -> None:
    """Teach a member one of its people's addresses; nothing changes when it is known already (R14)."""
    address = validators.normalise_email(email)
    CoveredPerson.objects.get_or_create(member=member, email=address, defaults={"name": name})
    consequences.draw(Circle(frozenset({address}), frozenset()), now=now)
