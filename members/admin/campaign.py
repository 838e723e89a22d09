"""Campaigns and their scale in the admin (R12)."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from caprural.admin import StaffAdmin
from members.models import FeeCampaign, FeeCategory


class FeeCategoryInline(admin.TabularInline):
    """The scale of a campaign."""

    model = FeeCategory
    extra = 0
    fields = ("position", "label", "amount", "scope", "max_people", "description")


@admin.register(FeeCampaign)
class FeeCampaignAdmin(StaffAdmin):
    """Campaigns with their scale."""

    list_display = ("name", "starts_on", "ends_on", "fee_count")
    inlines = (FeeCategoryInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FeeCampaign]:
        """With the number of fees, in one query."""
        return FeeCampaign.objects.annotate(fee_count=Count("fees"))

    @admin.display(description="cotisations", ordering="fee_count")
    def fee_count(self, campaign: FeeCampaign) -> int:
        """Fees of the campaign, cancelled ones included."""
        return int(campaign.fee_count)  # type: ignore[attr-defined]
