"""What search engines are told to read: the public pages."""

from datetime import datetime

from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse

from sessions_app.models import TrainingSession


class SessionSitemap(Sitemap):
    """Every published session."""

    def items(self) -> QuerySet[TrainingSession]:
        """Never a draft (R2)."""
        return TrainingSession.objects.published().order_by("pk")

    def lastmod(self, session: TrainingSession) -> datetime:
        """When its text last changed."""
        return session.updated_at


class PageSitemap(Sitemap):
    """The pages that are always there."""

    def items(self) -> list[str]:
        """Names of views."""
        return ["home", "fee", "legal_notice", "privacy", "accessibility"]

    def location(self, name: str) -> str:
        """Their address."""
        return reverse(name)


SITEMAPS = {"sessions": SessionSitemap, "pages": PageSitemap}
