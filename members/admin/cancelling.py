"""« Annuler une cotisation »: what follows is shown before it is done (R16)."""

from contextlib import nullcontext

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from caprural import typed_again, typography
from caprural.admin import StaffAdmin
from caprural.confirming import say_what_followed
from caprural.previewing import Foreseen
from members import consequences, fees
from members.forms import CancelFeeForm
from members.models import Member, MembershipFee

Status = MembershipFee.Status


class FeeCancelling(StaffAdmin):
    """The page of a bounced cheque, or of a mistake."""

    def get_urls(self) -> list[URLPattern]:
        """The one page."""
        return [
            path("<int:pk>/annuler/", self.admin_site.admin_view(self.cancel_fee), name="cancel_fee"),
            *super().get_urls(),
        ]

    def cancel_fee(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Cancelling, as it will happen: the registrations that lose their cover, the words their people will read."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        fee = get_object_or_404(MembershipFee.objects.select_related("member", "campaign", "category"), pk=pk)
        back = reverse("admin:members_membershipfee_change", args=[fee.pk])
        if fee.status == Status.CANCELLED:
            messages.info(request, f"{fees.standing(fee)}.")
            return redirect(back)
        # Shown at once as it would happen with the usual choices: a bounced cheque is still owed.
        usual = {"is_told": bool(fee.member.email), "reopens": fee.status == Status.PAID}
        form = CancelFeeForm(request.POST if request.method == "POST" else typed_again.typed() or usual)
        foreseen, follows = None, list[str]()
        if form.is_valid():
            is_confirmed = request.method == "POST" and "confirm" in request.POST
            try:
                with transaction.atomic() if is_confirmed else nullcontext():
                    if is_confirmed:
                        # In the order of whoever records payments: first the member, then its fee.
                        Member.objects.select_for_update().get(pk=fee.member_id)
                        fee = MembershipFee.objects.select_related("member", "category__campaign", "campaign").get(
                            pk=pk
                        )
                        if fee.status == Status.CANCELLED:  # by whoever confirmed at the same instant
                            messages.info(request, f"{fees.standing(fee)}.")
                            return redirect(back)
                    foreseen = _foreseen(fee, form)
                    is_done = is_confirmed and request.POST.get("previewed") == foreseen.fingerprint
                    if is_done:
                        follows = self._cancel(fee, form)
            except (fees.FeeTransitionRefused, fees.AlreadySubscribed) as refused:
                messages.error(request, str(refused))
                return redirect(back)
            if is_done:
                reason = form.cleaned_data["reason"]
                self.log_change(request, fee, f"État : annulée{f' ({reason})' if reason else ''}.")
                messages.success(request, f"La cotisation de {fee.member} est annulée.")
                say_what_followed(request, follows)
                return redirect(back)
            if is_confirmed:
                messages.warning(
                    request, "Quelque chose a changé depuis ce que vous avez lu : relisez, puis confirmez."
                )
        submit = "Annuler la cotisation"
        if foreseen and foreseen.people:
            submit += f" et prévenir {foreseen.people} {typography.plural(foreseen.people, 'personne,personnes')}"
        follows = list(foreseen.follows) if foreseen else []
        context = {"form": form, "submit": submit, "original": fee, "back": back, "subtitle": str(fee), "notice": ""}
        context = {**context, "outcome": foreseen, "follows": follows, "facts": _facts(fee, form, follows)}
        return self.act_page(request, "admin/members/membershipfee/cancel_fee.html", "Annuler une cotisation", context)

    def _cancel(self, fee: MembershipFee, form: CancelFeeForm) -> list[str]:
        now, reason = timezone.now(), form.cleaned_data["reason"]
        is_told, reopens = form.cleaned_data["is_told"], form.cleaned_data["reopens"]
        note = fee.note
        follows = fees.cancel(fee, now=now, is_told=is_told, reopens=reopens)
        if reason:
            line = f"Annulée le {typography.medium_date(now)} : {reason}"
            MembershipFee.objects.filter(pk=fee.pk).update(note="\n".join(filter(None, (note, line))))
        return follows


def _foreseen(fee: MembershipFee, form: CancelFeeForm) -> Foreseen:
    """Whom cancelling tells, and which seats lose their cover: only read."""
    losses = []
    if fee.is_accepted:
        losses = consequences.foresee([fee.member_id], lambda cover: cover.without(fee), now=timezone.now())
    told = [(str(fee.member), fee.member.email)] if form.cleaned_data["is_told"] and fee.member.email else []
    named = [*told, *dict.fromkeys(("", loss.address) for loss in losses)]
    details = (fee.status, form.cleaned_data["is_told"], form.cleaned_data["reopens"])
    return Foreseen(named, details, [loss.sentence for loss in losses])


def _facts(fee: MembershipFee, form: CancelFeeForm, follows: list[str]) -> list[str]:
    """What cancelling does, besides the registrations, in sentences."""
    since = typography.medium_date(fee.paid_on if fee.status == Status.PAID else fee.status_changed_at)
    state = f"{fee.get_status_display()} {'le' if fee.status == Status.PAID else 'depuis le'} {since}"
    facts = [f"{fee.member}, {fee.campaign} : {typography.amount(fee.amount)}, {state}. L’annulation est définitive."]
    if receipt := fee.receipts.filter(voided_at__isnull=True).first():
        facts.append(f"Le reçu n° {receipt.label} sera annulé, son numéro ne servira plus.")
    if not fee.is_accepted:
        facts.append("Elle n’était pas encore acceptée : aucune inscription n’en dépend.")
    elif not follows:
        facts.append("Aucune inscription à venir ne dépend d’elle.")
    if fee.is_accepted:
        facts.append("Les inscriptions aux sessions passées ou commencées ne changent pas.")
    if form.is_valid() and form.cleaned_data["reopens"]:
        owed = typography.amount(fee.category.amount)
        facts.append(f"Une nouvelle cotisation attendue sera ouverte : {fee.category.label}, {owed}.")
    if not fee.member.email:
        facts.append("Le cotisant n’a pas d’adresse e-mail : prévenez-le par téléphone ou par courrier.")
    return facts
