"""To which member, for which fee."""

from decimal import Decimal

import pytest

from members.models import MembershipFee
from sessions_app.forms import (
    AttachForm,
    RecordFeeForm,
)
from tests.factories import (
    make_campaign,
    make_category,
    make_member,
)


@pytest.mark.django_db
class TestFee:
    def test_categories_are_those_of_the_campaign(self) -> None:
        campaign = make_campaign()
        category = make_category(campaign=campaign)
        other = make_category(campaign=make_campaign(year=2018))
        sent = {"new_member": "Commune", "status": "paid"}
        assert RecordFeeForm({**sent, "category": category.pk}, campaign=campaign, likely=[]).is_valid()
        for campaign_of_the_day, pk in ((campaign, other.pk), (None, category.pk)):
            errors = RecordFeeForm({**sent, "category": pk}, campaign=campaign_of_the_day, likely=[]).errors
            assert list(errors) == ["category"]

    def test_a_member_or_a_name(self) -> None:
        category = make_category(amount=Decimal("10"))
        sent = {"category": category.pk, "status": "committed"}
        form = RecordFeeForm(sent, campaign=category.campaign, likely=[])
        assert form.errors == {"new_member": ["Choisissez un cotisant, ou donnez le nom du nouveau."]}
        assert RecordFeeForm({**sent, "member": make_member().pk}, campaign=category.campaign, likely=[]).is_valid()
        assert RecordFeeForm({**sent, "new_member": "Commune"}, campaign=category.campaign, likely=[]).is_valid()

    def test_only_what_accepts_a_fee(self) -> None:
        """R13: committed, paid or waived."""
        category = make_category()
        for status in MembershipFee.Status:
            sent = {"new_member": "Commune", "category": category.pk, "status": status}
            assert RecordFeeForm(sent, campaign=category.campaign, likely=[]).is_valid() is (
                status in MembershipFee.ACCEPTED
            )

    def test_attach_needs_a_member(self) -> None:
        assert AttachForm({}, others=()).errors == {"member": ["Choisissez un cotisant."]}
        assert AttachForm({"member": make_member().pk}, others=()).is_valid()
