"""From one year to the next in the admin: the campaign that follows, and the fees of whoever paid before (R12, R13)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from caprural import typography
from caprural.admin import StaffAdmin, page
from caprural.confirming import Foreseen, Told, ask
from members import emails, opening
from members.forms import RenewalForm
from members.models import FeeCampaign, MembershipFee


class CampaignOpening(StaffAdmin):
    """Two pages: open the campaign that follows, open the fees of the year before's members."""

    @page("<int:pk>/suivante/", name="open_next_campaign")
    def open_next(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What will be opened, then the new campaign's page, where its amounts are edited."""
        campaign: FeeCampaign = self.row(request, pk, "add_feecampaign")
        context: dict[str, Any] = {"following": None, "other": None, "refusal": ""}
        try:
            if request.method == "POST":
                following = opening.open_next(campaign)
                self.log_addition(request, following, f"Ouverte d’après « {campaign} ».")
                messages.success(
                    request,
                    f"La campagne « {following} » est ouverte avec le barème de « {campaign} » : "
                    "vérifiez ses montants avant d’ouvrir les cotisations.",
                )
                return redirect("admin:members_feecampaign_change", following.pk)
            context["following"] = opening.next_campaign(campaign)
        except opening.PeriodTaken as refused:
            context.update(refusal=str(refused), other=refused.campaign)
        except opening.NoPeriodFollows as refused:
            context["refusal"] = str(refused)
        context = {**context, "original": campaign, "categories": list(campaign.categories.all())}
        return self.act_page(request, "admin/members/feecampaign/next.html", "Ouvrir la campagne suivante", context)

    @page("<int:pk>/reconduire/", name="renew_fees")
    def renew(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who paid the year before and has no fee yet: shown, with what each would receive, then opened at once."""
        campaign: FeeCampaign = self.row(request, pk, "add_membershipfee")
        form = RenewalForm(request.POST if request.method == "POST" else None)
        is_told = form.is_valid() and form.cleaned_data["is_told"]

        def plan() -> list[opening.Renewal]:
            return opening.renewals(campaign)

        def lock() -> list[opening.Renewal]:
            # Asked twice at once, the second finds nothing left to open.
            FeeCampaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
            return plan()

        def foresee(plan: list[opening.Renewal]) -> Foreseen:
            fees = [renewal.fee for renewal in plan if renewal.category]
            told = [_called(fee) for fee in fees if is_told and fee.member.email]
            return Foreseen(told, details=(is_told, [(fee.member_id, fee.category_id, fee.amount) for fee in fees]))

        def act(plan: list[opening.Renewal]) -> None:
            self._note(request, campaign, opening.renew(plan, is_told=is_told, now=timezone.now()), is_told)

        found, foreseen = plan(), None
        to_open = [renewal for renewal in found if renewal.category]
        if form.is_valid() and to_open:
            foreseen, is_done = ask(request, row=found, lock=lock, foresee=foresee, act=act)
            if is_done:
                return redirect("admin:renew_fees", campaign.pk)
        by_post = campaign.fees.filter(status=MembershipFee.Status.DUE, member__email="").select_related("member")
        count = len(to_open)
        context = {
            "form": form,
            "original": campaign,
            "preceding": FeeCampaign.objects.before(campaign),
            "foreseen": foreseen,
            "to_open": to_open,
            "by_hand": [renewal for renewal in found if renewal.category is None],
            "by_post": by_post,
            "submit": f"Ouvrir {count} {typography.plural(count, 'cotisation,cotisations')}",
            "back": reverse("admin:members_feecampaign_change", args=[campaign.pk]),
            "notice": "",
        }
        title = "Ouvrir les cotisations des cotisants de l’année précédente"
        return self.act_page(request, "admin/members/feecampaign/renewal.html", title, context)

    def _note(self, request: HttpRequest, campaign: FeeCampaign, opened: list[MembershipFee], is_told: bool) -> None:
        for fee in opened:
            self.log_addition(request, fee, f"Ouverte pour « {campaign} », comme l’année précédente.")
        count, sent = len(opened), sum(bool(fee.member.email) for fee in opened if is_told)
        said = f"{count} {typography.plural(count, 'cotisation ouverte,cotisations ouvertes')}."
        if sent:
            said += f" {sent} {typography.plural(sent, 'appel part,appels partent')} par e-mail."
        messages.success(request, said)


def _called(fee: MembershipFee) -> Told:
    """A fee call as it will be read, but for the reference and the link, which exist once the fee does."""
    letter = emails.fee_call_to_read(fee)
    letter.text = letter.text.replace(fee.token, "…")
    return Told.by(letter, fee.member)
