"""Campaigns and their scale in the admin (R12)."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from caprural import typography
from caprural.confirming import say_what_followed
from members import consequences, figures
from members.admin.campaign_figures import CampaignFigures
from members.admin.campaign_opening import CampaignOpening
from members.admin.campaign_reminders import CampaignReminders
from members.covering import Circle
from members.forms import FeeCampaignForm, FeeCategoryForm, FeeCategoryFormSet
from members.models import FeeCampaign, FeeCategory


class FeeCategoryInline(admin.TabularInline):
    """The scale of a campaign."""

    model = FeeCategory
    form = FeeCategoryForm
    formset = FeeCategoryFormSet
    extra = 0
    fields = ("position", "label", "amount", "scope", "max_people", "description")


@admin.register(FeeCampaign)
class FeeCampaignAdmin(CampaignOpening, CampaignReminders, CampaignFigures):
    """Campaigns with their scale, and everything one does from a campaign."""

    form = FeeCampaignForm
    list_display = ("name", "from_text", "to_text", "fee_count")
    inlines = (FeeCategoryInline,)
    change_form_template = "admin/members/feecampaign/change_form.html"
    fieldsets = (
        (None, {"fields": ("name", "starts_on", "ends_on")}),
        ("Relances", {"fields": ("reminders", "reminder_days")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[FeeCampaign]:
        return FeeCampaign.objects.annotate(fee_count=Count("fees"))

    @admin.display(description="premier jour couvert", ordering="starts_on")
    def from_text(self, campaign: FeeCampaign) -> str:
        return typography.medium_date(campaign.starts_on)

    @admin.display(description="dernier jour couvert", ordering="ends_on")
    def to_text(self, campaign: FeeCampaign) -> str:
        return typography.medium_date(campaign.ends_on)

    @admin.display(description="cotisations", ordering="fee_count")
    def fee_count(self, campaign: FeeCampaign) -> int:
        return int(campaign.fee_count)  # type: ignore[attr-defined]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        campaign = self.get_object(request, unquote(object_id))
        context: dict[str, Any] = {}
        if campaign is not None:
            context = {
                "sentence": figures.of(campaign).sentence,
                "show_delete": not _is_used(campaign),
                "can_open": request.user.has_perm("members.add_feecampaign"),
                "can_renew": request.user.has_perm("members.add_membershipfee"),
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def lock(self, obj: Any) -> None:
        """All of them: no two cover the same day."""
        FeeCampaign.objects.lock()
        super().lock(obj)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """A longer period or a wider line of the scale: whoever waited for these fees is confirmed (R16)."""
        super().save_related(request, form, formsets, change)
        accepted = form.instance.fees.accepted().values_list("member", flat=True)
        say_what_followed(request, consequences.draw(Circle.of(accepted), now=timezone.now()))

    def why_kept(self, request: HttpRequest, obj: FeeCampaign) -> str:
        return "Des cotisations ou des bulletins en ligne en dépendent." if _is_used(obj) else ""

    def get_actions(self, request: HttpRequest) -> Any:
        """No bulk deletion: it would not look at the fees one campaign at a time."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


def _is_used(campaign: FeeCampaign) -> bool:
    return campaign.fees.exists() or campaign.categories.filter(applications__isnull=False).exists()
