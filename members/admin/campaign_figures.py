"""« Chiffres » of a campaign in the admin: two tables, a plot, and the same as files (R13)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import slugify

from caprural import spreadsheets
from caprural.admin import StaffAdmin, page
from members import figures
from members.models import FeeCampaign


class CampaignFigures(StaffAdmin):
    """What was paid, committed, waived or is still expected, on one page."""

    @page("<int:pk>/chiffres/", name="campaign_figures")
    def figures(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The figures in words, as tables and as a plot."""
        campaign: FeeCampaign = self.row(request, pk, "view_membershipfee")
        found = figures.of(campaign)
        context = {
            "original": campaign,
            "figures": found,
            "statuses": [(status, figures.LABELS[status]) for status in figures.STATUSES],
            "plot": figures.plot(found),
        }
        return self.act_page(request, "admin/members/feecampaign/figures.html", "Chiffres", context)

    @page("<int:pk>/chiffres/cotisations.<str:extension>", name="campaign_figures_file")
    def figures_file(self, request: HttpRequest, pk: int, extension: str) -> HttpResponse:
        """The same lines, to be reckoned with elsewhere."""
        found = figures.of(self.row(request, pk, "view_membershipfee"))
        if extension not in spreadsheets.CONTENT_TYPES:
            raise Http404
        content = spreadsheets.write(extension, figures.HEADER, figures.sheet(found), sheet="Chiffres")
        return spreadsheets.attachment(content, f"chiffres-{slugify(found.campaign.name)}", extension)
