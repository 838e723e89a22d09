"""« Relances » in the admin: the fees of a campaign still expected, and the letters to post (R24)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from caprural import typography
from caprural.admin import StaffAdmin, page
from members import reminding
from members.models import FeeCampaign


class CampaignReminders(StaffAdmin):
    """Two pages: every fee still expected, and the letters for whoever has no e-mail address."""

    @page("<int:pk>/relances/", name="fee_reminders")
    def reminders(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Each fee still expected: since when, what was sent, and what comes next."""
        campaign: FeeCampaign = self.row(request, pk, "view_membershipfee")
        now = timezone.now()
        rows = reminding.expected(campaign, now)
        context = {
            "original": campaign,
            "rows": rows,
            "letters": sum(1 for row in rows if row.is_letter_due),
            "is_over": timezone.localdate(now) > campaign.ends_on,
        }
        return self.act_page(request, "admin/members/feecampaign/reminders.html", "Relances", context)

    @page("<int:pk>/relances/courrier/", name="reminder_letters")
    def letters(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The letters to print and post; those ticked are noted as sent, once."""
        campaign: FeeCampaign = self.row(request, pk, "change_membershipfee")
        now = timezone.now()
        if request.method == "POST":
            codes = set(request.POST.getlist("letter"))
            noted = reminding.note_posted(codes, campaign=campaign, now=now)
            if noted:
                letters = typography.plural(noted, "lettre est notée comme envoyée,lettres sont notées comme envoyées")
                messages.success(request, f"{noted} {letters}.")
            elif codes:
                messages.warning(request, "Ces lettres étaient déjà notées comme envoyées, ou ne sont plus à envoyer.")
            else:
                messages.error(request, "Cochez les lettres que vous avez envoyées.")
            return redirect("admin:reminder_letters", campaign.pk)
        context = {
            "original": campaign,
            "letters": reminding.by_post(now, campaign=campaign),
            "today": timezone.localdate(now),
        }
        return self.act_page(request, "admin/members/feecampaign/letters.html", "Relances par courrier", context)
