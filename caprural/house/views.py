"""The pages of the site itself: the legal ones, the logo of the organisation, and whether the site runs."""

import logging
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from caprural import limits, retention, typography
from caprural.house.models import Heartbeat, Organisation, logo_type

logger = logging.getLogger(__name__)

#: How long /healthz believes that what could be written still can be.
WRITE_AGAIN_AFTER = timedelta(seconds=10)
#: A new logo is on every page within five minutes.
LOGO_CACHE = "public, max-age=300"


@require_safe
def legal_notice(request: HttpRequest) -> HttpResponse:
    """« Mentions légales »."""
    return render(request, "caprural/legal_notice.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """« Données personnelles » (R25, R26)."""
    return render(
        request,
        "caprural/privacy.html",
        {"lines": dict.fromkeys((line.what, line.kept, line.why) for line in retention.lines())},
    )


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """« Accessibilité »: the statement the law asks for."""
    return render(request, "caprural/accessibility.html")


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The organisation's logo: uploads have no address of their own. An image, whatever the file is called."""
    content = Organisation.current().logo_content()
    if not content:
        raise Http404
    etag = f'"{sha256(content).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": LOGO_CACHE}
    whole = HttpResponse(content, content_type=logo_type(content), headers=headers)
    return get_conditional_response(request, etag=etag, response=whole) or whole


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, its migrations are applied and it can be written (a full disk cannot), 503
    otherwise; says when a worker was last seen.
    """
    trouble = ""
    try:
        latest = Heartbeat.objects.first()
        if not _migrations() <= MigrationRecorder(connection).applied_migrations().keys():
            trouble = "migrations en attente"
        elif not _is_writable(timezone.now()):
            trouble = "base de données pleine ou en lecture seule"
    except DatabaseError:
        logger.exception("The database does not answer")
        trouble = "base de données injoignable"
    if trouble:
        return HttpResponse(f"{trouble}\n", status=503, content_type="text/plain; charset=utf-8")
    seen = typography.moment(latest.seen_at) if latest else "jamais"
    lines = ("ok", f"processus d’envoi vu\u00a0: {seen}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@cache
def _migrations() -> set[tuple[str, str]]:
    """Those of the code, which does not change while a process runs."""
    return set(MigrationLoader(None).disk_migrations or ())


def _is_writable(now: datetime) -> bool:
    """Tried on one row, and not at every visit: on SQLite it waits for whoever writes."""
    try:
        if not limits.is_under_way("healthz", now=now):
            limits.spend("healthz", "", most=1, within=WRITE_AGAIN_AFTER, now=now)
    except limits.LimitReached:
        pass
    except DatabaseError:
        logger.exception("The database cannot be written")
        return False
    return True


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may read: never the private pages, never the admin."""
    lines = (
        "User-agent: *",
        "Disallow: /inscriptions/",
        *(f"Disallow: /cotisation/{kind}/" for kind in ("bulletins", "appels", "recus")),
        "Disallow: /admin/",
        f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}",
    )
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
