"""From one year to the next in the admin: the campaign that follows, and the fees of whoever paid before (R12, R13)."""

from contextlib import nullcontext
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from caprural import previewing, typography
from members import opening
from members.admin.campaign_base import CampaignPages
from members.forms import RenewalForm
from members.models import FeeCampaign, MembershipFee


class CampaignOpening(CampaignPages):
    """Two pages: open the campaign that follows, open the fees of the year before's members."""

    def get_urls(self) -> list[URLPattern]:
        """The two acts."""
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/suivante/", view(self.open_next), name="open_next_campaign"),
            path("<int:pk>/reconduire/", view(self.renew), name="renew_fees"),
            *super().get_urls(),
        ]

    def open_next(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What will be opened, then the new campaign's page, where its amounts are edited."""
        campaign = self.campaign_for(request, pk, "add_feecampaign")
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

    def renew(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who paid the year before and has no fee yet: shown, with what each would receive, then opened at once."""
        campaign = self.campaign_for(request, pk, "add_membershipfee")
        form = RenewalForm(request.POST if request.method == "POST" else None)
        now = timezone.now()
        outcome: previewing.Outcome | None = None
        opened: list[MembershipFee] = []
        is_sent = request.method == "POST"
        with transaction.atomic() if is_sent else nullcontext():
            if is_sent:
                # Asked twice at once, the second finds nothing left to open.
                FeeCampaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
            plan = opening.renewals(campaign)
            to_open = [renewal for renewal in plan if renewal.category]
            if form.is_valid() and to_open:
                is_told = form.cleaned_data["is_told"]
                details = [(r.member.pk, r.category.pk, r.category.amount) for r in to_open if r.category]
                is_confirmed = "confirm" in request.POST
                outcome = previewing.attempt(
                    lambda: opened.extend(opening.renew(to_open, is_told=is_told, now=now)),
                    details=(is_told, details),
                    previewed=request.POST.get("previewed", "") if is_confirmed else "",
                    told=_without_reference,
                )
                if outcome.is_done:
                    self._note(request, campaign, opened, outcome)
                    return redirect("admin:renew_fees", campaign.pk)
                if is_confirmed:
                    messages.warning(
                        request, "Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez."
                    )
        for letter in outcome.letters if outcome else ():
            _, letter.subject, letter.message = _without_reference(letter)
        by_post = campaign.fees.filter(status=MembershipFee.Status.DUE, member__email="").select_related("member")
        count = len(to_open)
        context = {
            "form": form,
            "original": campaign,
            "preceding": FeeCampaign.objects.before(campaign),
            "outcome": outcome,
            "to_open": to_open,
            "by_hand": [renewal for renewal in plan if renewal.category is None],
            "by_post": by_post,
            "submit": f"Ouvrir {count} {typography.plural(count, 'cotisation,cotisations')}",
            "back": reverse("admin:members_feecampaign_change", args=[campaign.pk]),
            "notice": "",
        }
        title = "Ouvrir les cotisations des cotisants de l’année précédente"
        return self.act_page(request, "admin/members/feecampaign/renewal.html", title, context)

    def _note(
        self, request: HttpRequest, campaign: FeeCampaign, opened: list[MembershipFee], outcome: previewing.Outcome
    ) -> None:
        for fee in opened:
            self.log_addition(request, fee, f"Ouverte pour « {campaign} », comme l’année précédente.")
        count, sent = len(opened), len(outcome.letters)
        said = f"{count} {typography.plural(count, 'cotisation ouverte,cotisations ouvertes')}."
        if sent:
            said += f" {sent} {typography.plural(sent, 'appel part,appels partent')} par e-mail."
        messages.success(request, said)


def _without_reference(letter: Any) -> tuple[list[str], str, str]:
    """A fee call as it will be read, but for the reference and the link, which exist once the fee does."""
    fee = letter.about_fee.fee

    def hide(text: str) -> str:
        return text.replace(fee.code, "COT-…").replace(fee.token, "…")

    return letter.to, hide(letter.subject), hide(letter.message)
