"""Signing in: a wrong name or password is said at once, many of them make one wait; the page says until when."""

from datetime import datetime, timedelta
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from caprural import limits

#: The hidden field that says whose page a form was, so that what one person typed is not shown to another.
OWNER = "page_of"
#: In the address of the login: something was sent in vain.
IN_VAIN = "perdu"
#: Where a session keeps what was sent without being signed in, and for how long.
KEPT, KEPT_FOR = "kept", timedelta(hours=1)
LOST = "Votre session avait pris fin\u00a0: ce que vous aviez envoyé n’a pas été enregistré."

#: django-axes counts what is tried on one name from one network; this, on all the names from one.
MOST_PER_NETWORK, NETWORK_WINDOW = 100, timedelta(hours=1)


class LoginForm(AdminAuthenticationForm):
    """The login of the team. Stock Django takes a name of any length, which PostgreSQL then refuses to log."""

    def clean_username(self) -> str:
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


# What is sent by someone whose session is over


_signer = Signer(salt=__name__)


def page_of(request: HttpRequest) -> str:
    """Whose page this is, for the hidden field of its form: there is no cookie for that (R26)."""
    return _signer.sign(str(request.user.pk))


def keep(request: HttpRequest) -> None:
    """Keep what a form held until the same person signs in again there; never a password nor a file.

    Only from a page that was shown to someone of the team: nobody else may fill our sessions.
    """
    try:
        owner = _signer.unsign(request.POST.get(OWNER, ""))
    except BadSignature:
        return
    sent = request.POST.copy()
    for name in [name for name in sent if "password" in name or name in (OWNER, "csrfmiddlewaretoken")]:
        del sent[name]
    until = timezone.now() + KEPT_FOR
    kept = {"owner": owner, "path": request.get_full_path(), "until": until.timestamp(), "sent": sent.urlencode()}
    request.session[KEPT] = kept


def what_is_kept(request: HttpRequest, path: str) -> dict[str, Any] | None:
    """What was sent to that page, while it is kept."""
    kept: dict[str, Any] | None = request.session.get(KEPT)
    is_of_now = kept and kept["path"] == path and timezone.now().timestamp() < kept["until"]
    return kept if is_of_now else None


def give_back(request: HttpRequest) -> QueryDict | None:
    """What was kept of this page, to whoever it was of, on the visit after signing in; once."""
    kept = what_is_kept(request, request.get_full_path()) if request.method == "GET" else None
    if kept is None:
        return None
    del request.session[KEPT]
    if kept["owner"] == str(request.user.pk):
        return QueryDict(kept["sent"])
    messages.warning(request, LOST)
    return None


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
