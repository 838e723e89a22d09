"""« Chiffres » of a campaign in the admin: two tables, a plot, and the same as files (R13)."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.text import slugify

from caprural import spreadsheets
from members import figures
from members.admin.campaign_base import CampaignPages

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class CampaignFigures(CampaignPages):
    """What was paid, committed, waived or is still expected, on one page."""

    def get_urls(self) -> list[URLPattern]:
        """The page and its two files."""
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/chiffres/", view(self.figures), name="campaign_figures"),
            path("<int:pk>/chiffres/cotisations.csv", view(self.figures_csv), name="campaign_figures_csv"),
            path("<int:pk>/chiffres/cotisations.xlsx", view(self.figures_xlsx), name="campaign_figures_xlsx"),
            *super().get_urls(),
        ]

    def figures(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The figures in words, as tables and as a plot."""
        campaign = self.campaign_for(request, pk, "view_membershipfee")
        found = figures.of(campaign)
        context = {
            "original": campaign,
            "figures": found,
            "statuses": [(status, figures.LABELS[status]) for status in figures.STATUSES],
            "plot": figures.plot(found),
        }
        return self.act_page(request, "admin/members/feecampaign/figures.html", "Chiffres", context)

    def figures_csv(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For a spreadsheet that reads CSV."""
        found = figures.of(self.campaign_for(request, pk, "view_membershipfee"))
        content = spreadsheets.write_csv(figures.HEADER, figures.sheet(found))
        return _file(content, "text/csv; charset=utf-8", f"chiffres-{slugify(found.campaign.name)}.csv")

    def figures_xlsx(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For Excel or LibreOffice."""
        found = figures.of(self.campaign_for(request, pk, "view_membershipfee"))
        content = spreadsheets.write_xlsx(figures.HEADER, figures.sheet(found), sheet="Chiffres", widths=figures.WIDTHS)
        return _file(content, XLSX, f"chiffres-{slugify(found.campaign.name)}.xlsx")


def _file(content: bytes, content_type: str, filename: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{filename}"'}
    )
