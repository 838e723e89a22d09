"""Receipts: a number without gaps per year, never given twice, and words that never change (SPEC §6)."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from caprural.house.models import Organisation
from members.models import MembershipFee, Receipt, ReceiptCounter


@transaction.atomic
def issue(fee: MembershipFee, *, now: datetime) -> Receipt:
    """Give a paid fee its receipt, with the next number of the year; the one it has already, if any.

    The counter's row is locked until the transaction ends: payments recorded at once get numbers one after the other,
    and one that fails gives its number back. Raises ValueError when the fee is not paid.
    """
    if fee.status != MembershipFee.Status.PAID:
        raise ValueError(f"{fee} is not paid")
    year = timezone.localdate(now).year
    ReceiptCounter.objects.get_or_create(year=year)
    counter = ReceiptCounter.objects.select_for_update().get(year=year)
    existing = fee.receipts.filter(voided_at__isnull=True).first()
    if existing:
        return existing
    counter.last += 1
    counter.save(update_fields=["last"])
    return Receipt.objects.create(year=year, number=counter.last, fee=fee, issued_at=now, facts=_facts(fee))


def void(*fees: MembershipFee, now: datetime) -> None:
    """The payments were cancelled: their receipts are worth nothing, and keep their numbers."""
    Receipt.objects.filter(fee__in=fees, voided_at__isnull=True).update(voided_at=now)


def _facts(fee: MembershipFee) -> dict[str, Any]:
    """Everything the document prints but its number and its date: what is edited later does not rewrite it."""
    organisation, member, campaign = Organisation.current(), fee.member, fee.campaign
    return {
        "issuer": {
            name: getattr(organisation, name)
            for name in (
                *("name", "legal_form", "address", "town", "siret", "contact_name", "phone", "email"),
                *("signatory_name", "signatory_role", "fee_mention"),
            )
        },
        "payer": {name: getattr(member, name) for name in ("name", "contact_name", "address", "siret", "service_code")},
        "people": [{"name": person.name, "email": person.email} for person in fee.covered_people()],
        "domains": fee.covered_domains(),
        "campaign": {
            "name": campaign.name,
            "starts_on": campaign.starts_on.isoformat(),
            "ends_on": campaign.ends_on.isoformat(),
        },
        "category": {"label": fee.category.label, "scope": fee.category.scope_label},
        "code": fee.code,
        "amount": str(fee.amount),
        "method": fee.get_method_display(),
        "reference": fee.reference,
        "engagement_number": fee.engagement_number,
        "paid_on": fee.paid_on.isoformat() if fee.paid_on else "",
    }
