"""What search engines are told to read: the public pages."""

from datetime import datetime

from django.contrib.sitemaps import Sitemap
from django.urls import reverse
from django.utils import timezone

from sessions_app.models import TrainingSession


class SessionSitemap(Sitemap):
    """Every published session."""

    def items(self) -> list[TrainingSession]:
        """Never a draft (R2), nor what cannot be read (J4)."""
        return TrainingSession.objects.published().with_seats_and_days().order_by("pk").sound(timezone.now())

    def lastmod(self, session: TrainingSession) -> datetime:
        return session.updated_at


class PageSitemap(Sitemap):
    """The pages that are always there."""

    def items(self) -> list[str]:
        return ["home", "fee", "legal_notice", "privacy", "accessibility"]

    def location(self, name: str) -> str:
        return reverse(name)


SITEMAPS = {"sessions": SessionSitemap, "pages": PageSitemap}
