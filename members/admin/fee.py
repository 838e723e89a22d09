"""Fees in the admin: opened here, moved by acts (R13)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from caprural import typography
from members import fees
from members.admin.papers import FeePapers
from members.forms import NewFeeForm
from members.models import MembershipFee

Verb = Callable[..., None]


@admin.register(MembershipFee)
class MembershipFeeAdmin(FeePapers):
    """Fees: opened here, moved by four actions."""

    change_list_template = "admin/members/exported_list.html"
    list_display = ("member", "campaign", "category_label", "amount_text", "status", "method", "reference")
    list_filter = ("status", "campaign", "method")
    list_select_related = ("member", "campaign", "category")
    search_fields = ("member__name", "member__siret", "member__email", "member__people__email", "reference", "amount")
    autocomplete_fields = ("member",)
    actions = ("send_calls", "mark_committed", "mark_paid", "mark_waived", "mark_cancelled")
    readonly_fields = ("member", "campaign", "category", "amount_text", "status", "status_changed_at", "papers")
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
