"""Fees in the admin: opened here, recorded in a screen of their own, cancelled after reading what follows (R13)."""

from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from caprural import typed_again, typography
from caprural.admin import page
from caprural.confirming import Foreseen, Told, ask, say_what_followed
from members import consequences, fees
from members.admin.papers import FeePapers
from members.admin.recording import PaymentRecording, recording_url
from members.forms import CancelFeeForm, NewFeeForm
from members.models import Member, MembershipFee

Status = MembershipFee.Status


@admin.register(MembershipFee)
class MembershipFeeAdmin(PaymentRecording, FeePapers):
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

    # « Annuler la cotisation »: a bounced cheque, or a mistake; what follows is shown before it is done (R16)

    @page("<int:pk>/annuler/", name="cancel_fee")
    def cancel_fee(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Cancelling, as it will happen: the registrations that lose their cover, the words their people will read."""
        fee: MembershipFee = self.row(request, pk)
        back = reverse("admin:members_membershipfee_change", args=[fee.pk])
        # Shown at once as it would happen with the usual choices: a bounced cheque is still owed.
        usual = {"is_told": bool(fee.member.email), "reopens": fee.status == Status.PAID}
        form = CancelFeeForm(request.POST if request.method == "POST" else typed_again.typed() or usual)
        foreseen = None
        if form.is_valid():
            try:
                foreseen, is_done = ask(
                    request,
                    row=fee,
                    lock=lambda: _locked(fee),
                    foresee=lambda fee: _foreseen(fee, form),
                    act=lambda fee: say_what_followed(request, self._cancel(request, fee, form)),
                )
            except (fees.FeeTransitionRefused, fees.AlreadySubscribed) as refused:
                messages.error(request, str(refused))
                return redirect(back)
            if is_done:
                return redirect(back)
        title = "Annuler une cotisation"
        submit = foreseen.button("Annuler la cotisation") if foreseen else "Annuler la cotisation"
        context = {"form": form, "submit": submit, "original": fee, "back": back, "subtitle": str(fee), "notice": ""}
        context = {**context, "foreseen": foreseen, "facts": _facts(fee, form, foreseen)}
        return self.act_page(request, "admin/members/membershipfee/cancel_fee.html", title, context)

    def _cancel(self, request: HttpRequest, fee: MembershipFee, form: CancelFeeForm) -> list[str]:
        now, reason = timezone.now(), form.cleaned_data["reason"]
        is_told, reopens = form.cleaned_data["is_told"], form.cleaned_data["reopens"]
        note = fee.note
        follows = fees.cancel(fee, now=now, is_told=is_told, reopens=reopens)
        if reason:
            line = f"Annulée le {typography.medium_date(now)} : {reason}"
            MembershipFee.objects.filter(pk=fee.pk).update(note="\n".join(filter(None, (note, line))))
        self.log_change(request, fee, f"État : annulée{f' ({reason})' if reason else ''}.")
        messages.success(request, f"La cotisation de {fee.member} est annulée.")
        return follows


def _locked(fee: MembershipFee) -> MembershipFee:
    """In the order of whoever records payments: first the member, then its fee."""
    Member.objects.select_for_update().get(pk=fee.member_id)
    return MembershipFee.objects.select_related("member", "category__campaign", "campaign").get(pk=fee.pk)


def _foreseen(fee: MembershipFee, form: CancelFeeForm) -> Foreseen:
    """Whom cancelling tells, and which seats lose their cover. Raises FeeTransitionRefused when that is done."""
    if fee.status == Status.CANCELLED:
        raise fees.FeeTransitionRefused(f"{fees.standing(fee)}.")
    changes = []
    if fee.is_accepted:
        changes = consequences.foresee([fee.member_id], lambda cover: cover.without(fee), now=timezone.now())
    told = [Told(str(fee.member), fee.member.email)] if form.cleaned_data["is_told"] and fee.member.email else []
    told += dict.fromkeys(Told("", change.address) for change in changes)
    details = (fee.status, form.cleaned_data["is_told"], form.cleaned_data["reopens"])
    return replace(Foreseen.of(changes, details=details), told=told)


def _facts(fee: MembershipFee, form: CancelFeeForm, foreseen: Foreseen | None) -> list[str]:
    """What cancelling does, besides the registrations, in sentences."""
    since = typography.medium_date(fee.paid_on if fee.status == Status.PAID else fee.status_changed_at)
    state = f"{fee.get_status_display()} {'le' if fee.status == Status.PAID else 'depuis le'} {since}"
    facts = [f"{fee.member}, {fee.campaign} : {typography.amount(fee.amount)}, {state}. L’annulation est définitive."]
    if receipt := fee.receipts.filter(voided_at__isnull=True).first():
        facts.append(f"Le reçu n° {receipt.label} sera annulé, son numéro ne servira plus.")
    if not fee.is_accepted:
        facts.append("Elle n’était pas encore acceptée : aucune inscription n’en dépend.")
    elif foreseen and not foreseen.lost:
        facts.append("Aucune inscription à venir ne dépend d’elle.")
    if fee.is_accepted:
        facts.append("Les inscriptions aux sessions passées ou commencées ne changent pas.")
    if form.is_valid() and form.cleaned_data["reopens"]:
        owed = typography.amount(fee.category.amount)
        facts.append(f"Une nouvelle cotisation attendue sera ouverte : {fee.category.label}, {owed}.")
    if not fee.member.email:
        facts.append("Le cotisant n’a pas d’adresse e-mail : prévenez-le par téléphone ou par courrier.")
    return facts
