"""What is true of a fee (R13)."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from members.models import MembershipFee
from tests.factories import NOW, make_fee, make_member

pytestmark = pytest.mark.django_db


class TestFee:
    """R13: one fee per member and campaign, except cancelled ones."""

    def test_the_database_refuses_a_second_live_fee(self) -> None:
        fee = make_fee(make_member(), status="due")

        with pytest.raises(IntegrityError), transaction.atomic():
            self.duplicate(fee, status="due")

    def test_but_cancelled_ones_are_as_many_as_there_were(self) -> None:
        fee = make_fee(make_member(), status="paid")

        for _ in range(2):
            self.duplicate(fee, status="cancelled")

        assert MembershipFee.objects.count() == 3

    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"amount": Decimal("-0.01")}, "fee_amount_not_negative"),
            ({"status": "unknown"}, "fee_status_is_known"),
        ],
    )
    def test_the_database_refuses(self, fields: dict[str, Any], constraint: str) -> None:
        fee = make_fee(make_member())

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            MembershipFee.objects.filter(pk=fee.pk).update(**fields)

    def test_a_member_or_a_category_with_fees_is_not_deleted(self) -> None:
        fee = make_fee(make_member())

        for row in (fee.member, fee.category, fee.campaign):
            with pytest.raises(IntegrityError), transaction.atomic():
                row.delete()

        assert MembershipFee.objects.get() == fee

    @pytest.mark.parametrize(
        ("status", "expected"),
        [("due", False), ("committed", True), ("paid", True), ("waived", True), ("cancelled", False)],
    )
    def test_accepted(self, status: str, expected: bool) -> None:
        fee = make_fee(make_member(), status=status)

        assert (fee.is_accepted, MembershipFee.objects.accepted().exists()) == (expected, expected)

    def duplicate(self, fee: MembershipFee, *, status: str) -> MembershipFee:
        """The same fee once more, written straight to the database."""
        return MembershipFee.objects.create(
            member=fee.member,
            campaign=fee.campaign,
            category=fee.category,
            amount=fee.amount,
            status=status,
            status_changed_at=NOW,
        )
