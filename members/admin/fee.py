"""Fees in the admin: opened here, recorded in a screen of their own, cancelled after reading what follows (R13)."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from caprural import typography
from members import fees
from members.admin.cancelling import FeeCancelling
from members.admin.papers import FeePapers
from members.admin.recording import PaymentRecording, recording_url
from members.forms import NewFeeForm
from members.models import MembershipFee

Status = MembershipFee.Status


@admin.register(MembershipFee)
class MembershipFeeAdmin(PaymentRecording, FeeCancelling, FeePapers):
    """Fees: their status moves by acts, what was written beside them may be corrected."""

    kept = "Une cotisation fait partie des comptes\u00a0: annulez-la plutôt («\u00a0Annuler la cotisation\u00a0»)."
    change_list_template = "admin/members/membershipfee/change_list.html"
    list_display = ("member", "campaign", "category_label", "amount_text", "status", "reference")
    list_filter = ("status", "campaign", "method")
    list_select_related = ("member", "campaign", "category")
    search_fields = ("member__name", "member__siret", "member__email", "member__people__email", "reference", "amount")
    autocomplete_fields = ("member",)
    actions = ("record", "send_calls")
    change_form_template = "admin/members/membershipfee/change_form.html"
    readonly_fields = (
        "member",
        "campaign",
        "category",
        "amount_text",
        "status",
        "status_changed_at",
        "paid_on",
        "papers",
    )
    fields = (*readonly_fields, "method", "reference", "engagement_number", "note")

    def get_fields(self, request: HttpRequest, obj: MembershipFee | None = None) -> Any:
        return self.fields if obj else NewFeeForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: MembershipFee | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def get_form(
        self, request: HttpRequest, obj: MembershipFee | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
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

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        fee = self.get_object(request, object_id) if object_id else None
        context = {} if fee is None else {"acts": self._acts(request, fee)}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def _acts(self, request: HttpRequest, fee: MembershipFee) -> list[tuple[str, str]]:
        acts = []
        if self.has_change_permission(request):
            if fee.status in (Status.DUE, Status.COMMITTED):
                acts.append(("Enregistrer le paiement", recording_url(fee.campaign_id, [fee.member_id])))
            if fee.status != Status.CANCELLED:
                acts.append(("Annuler la cotisation", reverse("admin:cancel_fee", args=[fee.pk])))
        if receipt := fee.receipts.filter(voided_at__isnull=True).first():
            acts.append((f"Reçu n° {receipt.label} (PDF)", reverse("receipt_pdf", args=[receipt.token])))
        elif fee.status == Status.PAID and self.has_change_permission(request):
            acts.append(("Émettre le reçu", reverse("admin:issue_receipt", args=[fee.pk])))
        return acts

    @admin.display(description="catégorie", ordering="category__label")
    def category_label(self, fee: MembershipFee) -> str:
        return fee.category.label

    @admin.display(description="montant", ordering="amount")
    def amount_text(self, fee: MembershipFee) -> str:
        return typography.amount(fee.amount)
