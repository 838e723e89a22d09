"""Members, campaigns, categories and fees in the admin: the coordinator's side of R12–R16."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from caprural import typography
from caprural.admin import StaffAdmin
from members import fees
from members.forms import CoveredPersonForm, EmailDomainForm, NewFeeForm
from members.models import (
    CoveredPerson,
    EmailDomain,
    FeeCampaign,
    FeeCategory,
    Member,
    MembershipFee,
    Organisation,
)


@admin.register(Organisation)
class OrganisationAdmin(StaffAdmin):
    """The one organisation: its list is its page."""

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = (
        (None, {"fields": ("name", "legal_form", "address", "siret", "phone", "email", "website")}),
        ("Recevoir les cotisations", {"fields": ("cheque_payee", "iban", "bic")}),
        ("Mentions", {"fields": ("publication_director", "hosting", "privacy_email")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only while there is none."""
        return super().has_add_permission(request) and not Organisation.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Organisation | None = None) -> bool:
        """Every document names it."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Straight to the only page there is."""
        if Organisation.objects.exists() and self.has_view_permission(request):
            return redirect("admin:members_organisation_change", 1)
        return super().changelist_view(request, extra_context)


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


class CoveredPersonInline(admin.TabularInline):
    """Addresses a member lists."""

    model = CoveredPerson
    form = CoveredPersonForm
    extra = 1


class EmailDomainInline(admin.TabularInline):
    """Domains a member declares."""

    model = EmailDomain
    form = EmailDomainForm
    extra = 0


class FeeInline(admin.TabularInline):
    """A member's fees, read only: their status is moved from their own page."""

    model = MembershipFee
    extra = 0
    fields = readonly_fields = ("campaign", "category", "amount_text", "status", "status_changed_at")
    show_change_link = True
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        """A fee is opened from its own page."""
        return False

    @admin.display(description="montant")
    def amount_text(self, fee: MembershipFee) -> str:
        """The frozen amount."""
        return typography.amount(fee.amount)


@admin.register(Member)
class MemberAdmin(StaffAdmin):
    """Members, the people they cover and their fees."""

    list_display = ("name", "kind", "contact_name", "email", "siret")
    list_filter = ("kind",)
    search_fields = ("name", "contact_name", "email", "siret", "people__email", "people__name", "domains__domain")
    inlines = (CoveredPersonInline, EmailDomainInline, FeeInline)
    fieldsets = (
        (None, {"fields": ("kind", "name", "contact_name", "email", "phone", "address")}),
        ("Organisme public", {"fields": ("siret", "service_code")}),
        (None, {"fields": ("note",)}),
    )

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """People or domains may have been added: whoever waited for this member's fee is confirmed (R14, R16)."""
        super().save_related(request, form, formsets, change)
        fees.announce_coverage(form.instance, now=timezone.now())


Verb = Callable[..., None]


@admin.register(MembershipFee)
class MembershipFeeAdmin(StaffAdmin):
    """Fees: opened here, moved by four actions."""

    list_display = ("member", "campaign", "category_label", "amount_text", "status", "method", "reference")
    list_filter = ("status", "campaign", "method")
    list_select_related = ("member", "campaign", "category")
    search_fields = ("member__name", "member__siret", "member__email", "member__people__email", "reference", "amount")
    autocomplete_fields = ("member",)
    actions = ("mark_committed", "mark_paid", "mark_waived", "mark_cancelled")
    readonly_fields = ("member", "campaign", "category", "amount_text", "status", "status_changed_at")
    fields = (*readonly_fields, "method", "reference", "note")

    def get_fields(self, request: HttpRequest, obj: MembershipFee | None = None) -> Any:
        """A new fee is a member and a category; the rest follows."""
        return self.fields if obj else NewFeeForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: MembershipFee | None = None) -> Any:
        """The amount is frozen and the status moves by the actions (R13)."""
        return self.readonly_fields if obj else ()

    def get_form(
        self, request: HttpRequest, obj: MembershipFee | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A form of its own to open a fee."""
        if obj is None:
            kwargs["form"] = NewFeeForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: MembershipFee, form: ModelForm, change: bool) -> None:
        """Opening goes through the verb, which freezes the amount."""
        if not change:
            opened = fees.subscribe(obj.member, obj.category, now=timezone.now())
            opened.method, opened.reference, opened.note = obj.method, obj.reference, obj.note
            obj.__dict__.update(opened.__dict__)
        super().save_model(request, obj, form, change=True)

    def has_delete_permission(self, request: HttpRequest, obj: MembershipFee | None = None) -> bool:
        """A fee is cancelled, not deleted: it is part of the accounts."""
        return False

    @admin.display(description="catégorie", ordering="category__label")
    def category_label(self, fee: MembershipFee) -> str:
        """The line of the scale, without its campaign."""
        return fee.category.label

    @admin.display(description="montant", ordering="amount")
    def amount_text(self, fee: MembershipFee) -> str:
        """The frozen amount."""
        return typography.amount(fee.amount)

    @admin.action(description="Engagement reçu", permissions=["change"])
    def mark_committed(self, request: HttpRequest, queryset: QuerySet[MembershipFee]) -> None:
        """A public body's order or mandate has arrived (R13)."""
        self._apply(request, queryset, fees.commit)

    @admin.action(description="Payée", permissions=["change"])
    def mark_paid(self, request: HttpRequest, queryset: QuerySet[MembershipFee]) -> None:
        """The payment has arrived (R13)."""
        self._apply(request, queryset, fees.settle)

    @admin.action(description="Exonérée", permissions=["change"])
    def mark_waived(self, request: HttpRequest, queryset: QuerySet[MembershipFee]) -> None:
        """The member owes nothing for this campaign (R13)."""
        self._apply(request, queryset, fees.waive)

    @admin.action(description="Annulée", permissions=["change"])
    def mark_cancelled(self, request: HttpRequest, queryset: QuerySet[MembershipFee]) -> None:
        """The fee no longer counts (R16)."""
        self._apply(request, queryset, fees.cancel)

    def _apply(self, request: HttpRequest, queryset: QuerySet[MembershipFee], verb: Verb) -> None:
        """Each fee on its own: one that refuses does not hold the others back, and says why."""
        now: datetime = timezone.now()
        done = 0
        for fee in queryset.select_related("member").order_by("pk"):
            try:
                verb(fee, now=now)
            except fees.FeeTransitionRefused as refused:
                messages.error(request, str(refused))
            else:
                self.log_change(request, fee, f"État : {fee.get_status_display()}.")
                done += 1
        if done:
            plural = "s" if done > 1 else ""
            messages.success(request, f"{done} cotisation{plural} mise{plural} à jour.")
