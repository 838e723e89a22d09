"""The pages of the site itself: legal ones, health, and what is answered when a request is refused."""

import logging

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from caprural import typography
from sessions_app.models import Heartbeat

logger = logging.getLogger(__name__)


@require_safe
def legal_notice(request: HttpRequest) -> HttpResponse:
    """« Mentions légales »."""
    return render(request, "caprural/legal_notice.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """« Données personnelles » (R25, R26)."""
    return render(request, "caprural/privacy.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """« Accessibilité »: the statement the law asks for."""
    return render(request, "caprural/accessibility.html")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and its migrations are applied, 503 otherwise; says when a worker was last seen."""
    try:
        executor = MigrationExecutor(connection)
        is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        logger.exception("The database does not answer")
        return HttpResponse("base de données injoignable\n", status=503, content_type="text/plain; charset=utf-8")
    if not is_migrated:
        return HttpResponse("migrations en attente\n", status=503, content_type="text/plain; charset=utf-8")
    latest = Heartbeat.objects.first()
    seen = typography.moment(latest.seen_at) if latest else "jamais"
    lines = ("ok", f"processus d’envoi vu : {seen}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may read: never the private pages, never the admin."""
    lines = (
        "User-agent: *",
        "Disallow: /inscriptions/",
        "Disallow: /cotisation/bulletins/",
        "Disallow: /cotisation/appels/",
        "Disallow: /cotisation/recus/",
        "Disallow: /admin/",
        f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}",
    )
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, without context: the request may be the very thing that cannot be read."""
    return HttpResponse(render_to_string("400.html"), status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 when the form's protection is missing or too old: says to go back and send it again."""
    return HttpResponse(render_to_string("403_csrf.html"), status=403)
