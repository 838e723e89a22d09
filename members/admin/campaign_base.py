"""What the pages of one campaign share."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from caprural.admin import StaffAdmin
from members.models import FeeCampaign


class CampaignPages(StaffAdmin):
    """Pages around one campaign, for those who may see fees."""

    def campaign_for(self, request: HttpRequest, pk: int, permission: str) -> FeeCampaign:
        """The campaign, or 404; PermissionDenied for whoever may not see campaigns, or not do this."""
        if not (self.has_view_permission(request) and request.user.has_perm(f"members.{permission}")):
            raise PermissionDenied
        campaign: FeeCampaign | None = self.get_object(request, str(pk))
        if campaign is None:
            raise Http404
        return campaign
