"""Signing in: a wrong name or password is said at once, many of them make one wait; the page says until when."""

from datetime import datetime, timedelta
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from caprural import limits

#: django-axes counts what is tried on one name from one network; this, on all the names from one.
MOST_PER_NETWORK, NETWORK_WINDOW = 100, timedelta(hours=1)


class LoginForm(AdminAuthenticationForm):
    """The login of the team. Stock Django takes a name of any length, which PostgreSQL then refuses to log."""

    def clean_username(self) -> str:
        """No account has a name longer than the column."""
        username: str = self.cleaned_data["username"]
        if len(username) > (self.username_field.max_length or 254):
            raise self.get_invalid_login_error()
        return username

    def clean(self) -> dict[str, Any]:
        """The network's tries are counted before the password is looked at: a burst of them learns nothing more."""
        now = timezone.now()
        network = limits.network_of(self.request) if self.request else limits.UNKNOWN_NETWORK
        try:
            limits.spend("sign_in", network, most=MOST_PER_NETWORK, within=NETWORK_WINDOW, now=now)
        except limits.LimitReached as reached:
            raise ValidationError(
                "Trop d’essais de connexion depuis votre réseau\u00a0: le mot de passe n’a pas été vérifié. "
                f"Recommencez {limits.from_then_on(reached.until, now)}."
            ) from reached
        return super().clean()


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any]) -> HttpResponse:
    """What django-axes answers on a name that is locked for that network: until when. Trying again changes nothing."""
    now = timezone.now()
    until = _locked_until(credentials["username"], limits.network_of(request), now)
    page = render(request, "admin/locked_out.html", {"from_then_on": limits.from_then_on(until, now)}, status=429)
    page.headers["Retry-After"] = str(round((until - now).total_seconds()))
    return page


def _locked_until(username: str, network: str, now: datetime) -> datetime:
    """When enough of the failures are old enough: django-axes counts them per browser, each up to its last one."""
    cool_off: timedelta = get_cool_off()
    failures = 0
    attempts = AccessAttempt.objects.filter(username=username, ip_address=network, attempt_time__gte=now - cool_off)
    for attempt in attempts.order_by("-attempt_time"):
        failures += attempt.failures_since_start
        if failures >= settings.AXES_FAILURE_LIMIT:
            since: datetime = attempt.attempt_time
            return since + cool_off
    return now
