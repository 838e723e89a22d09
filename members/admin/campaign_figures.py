"""« Chiffres » of a campaign in the admin: two tables, a plot, and the same as files (R13)."""

from django.http import HttpRequest, HttpResponse
from django.utils.text import slugify

from caprural import spreadsheets
from caprural.admin import StaffAdmin, page
from members import figures
from members.models import FeeCampaign

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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

    @page("<int:pk>/chiffres/cotisations.csv", name="campaign_figures_csv")
    def figures_csv(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For a spreadsheet that reads CSV."""
        found = figures.of(self.row(request, pk, "view_membershipfee"))
        content = spreadsheets.write_csv(figures.HEADER, figures.sheet(found))
        return _file(content, "text/csv; charset=utf-8", f"chiffres-{slugify(found.campaign.name)}.csv")

    @page("<int:pk>/chiffres/cotisations.xlsx", name="campaign_figures_xlsx")
    def figures_xlsx(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For Excel or LibreOffice."""
        found = figures.of(self.row(request, pk, "view_membershipfee"))
        content = spreadsheets.write_xlsx(figures.HEADER, figures.sheet(found), sheet="Chiffres", widths=figures.WIDTHS)
        return _file(content, XLSX, f"chiffres-{slugify(found.campaign.name)}.xlsx")


def _file(content: bytes, content_type: str, filename: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{filename}"'}
    )
