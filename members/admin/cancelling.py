"""« Annuler une cotisation »: what follows is shown before it is done (R16)."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from caprural import typed_again, typography
from caprural.admin import StaffAdmin, page
from caprural.confirming import Foreseen, Told, ask, say_what_followed
from members import consequences, fees
from members.forms import CancelFeeForm
from members.models import Member, MembershipFee

Status = MembershipFee.Status


class FeeCancelling(StaffAdmin):
    """The page of a bounced cheque, or of a mistake."""

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
