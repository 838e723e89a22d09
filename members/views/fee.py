"""What the annual fee is, its scale, and the blank form."""

from datetime import date
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from caprural import pdf
from caprural.house.models import Organisation
from members import documents
from members.models import FeeCampaign, FeeCategory


@require_safe
def fee(request: HttpRequest) -> HttpResponse:
    """« Cotisation annuelle »: what it gives right to, the scale and the forms of the current campaign and of those to
    come, how to pay (R12). From a session, that of its day comes first, and says so.
    """
    offered = FeeCategory.objects.offered(timezone.localdate())
    scales = [(campaign, list(lines)) for campaign, lines in groupby(offered, key=lambda line: line.campaign)]
    day = asked_day(request)
    if day:
        scales.sort(key=lambda scale: not scale[0].covers(day))
    is_covered = bool(day and scales and scales[0][0].covers(day))
    return render(request, "members/fee.html", {"scales": scales, "day": day, "is_covered": is_covered})


def asked_day(request: HttpRequest) -> date | None:
    """The day of the session one comes from (« ?le=2027-04-12 »): the campaign that covers it is the one shown."""
    try:
        return date.fromisoformat(request.GET.get("le", ""))
    except ValueError:
        return None


@require_safe
def membership_form_blank(request: HttpRequest) -> HttpResponseBase:
    """The blank membership form of the current campaign, or of the one that covers the day asked for."""
    today = timezone.localdate()
    campaign = FeeCampaign.objects.of(asked_day(request) or today)
    content = documents.membership_form(campaign, organisation=Organisation.current(), applicant=None, on=today)
    return pdf.public_response(request, documents.membership_form_filename(campaign), content)
