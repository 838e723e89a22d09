"""A form whose sending could not be accepted (protection too old, signed out) comes back filled; it is never obeyed.

The public pages are asked for as by a GET, which writes nothing, while their forms take what was typed for a beginning.
The admin's own forms are shown as sent, and refuse to be valid.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError

NOT_SENT = (
    "Rien n’a encore été enregistré\u00a0: la page était ouverte depuis trop longtemps, ou une autre session l’a été "
    "depuis. Votre saisie est ci-dessous\u00a0: relisez-la, puis envoyez-la à nouveau."
)
#: Files and passwords do not come back.
FILES_TOO = "Les fichiers sont à choisir de nouveau."

_typed: ContextVar[QueryDict | None] = ContextVar("typed", default=None)


def typed() -> QueryDict | None:
    """What was typed in the form that comes back, while its page is made."""
    return _typed.get()


def given(request: HttpRequest) -> QueryDict:
    """What the page is made from: what is sent, what comes back, or else what the address asks."""
    return request.POST if request.method == "POST" else typed() or request.GET


@contextmanager
def coming_back(sent: QueryDict) -> Iterator[None]:
    """While a page is made, its forms begin with this."""
    token = _typed.set(sent)
    try:
        yield
    finally:
        _typed.reset(token)


def send_in_vain(request: HttpRequest, sent: QueryDict) -> None:
    """Make of a visit the sending of a row's form, shown again and never obeyed."""
    request.FILES.clear()  # read now: whoever reads them first empties POST
    request.method, request.POST = "POST", sent  # type: ignore[assignment]
    request.not_sent = True  # type: ignore[attr-defined]


class Form(forms.BaseForm):
    """A form that begins with what was typed, when it comes back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sent = typed()
        if self.is_bound or sent is None:
            return
        for name, field in self.fields.items():
            self.initial[name] = field.widget.value_from_datadict(sent, {}, self.add_prefix(name))


def page(request: HttpRequest) -> HttpResponse | None:
    """The page of the form that was refused, filled; None when it has none, or when it came from another site."""
    match = request.resolver_match
    if match is None or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return None
    try:
        sent = request.POST
    except (SuspiciousOperation, BadRequest, MultiPartParserError, OSError):
        return None
    request.csrf_processing_done = True  # type: ignore[attr-defined]
    if comes_back_as_sent(request):
        request.not_sent = True  # type: ignore[attr-defined]
    else:
        # A view that binds its form without asking for the method finds nothing to obey either.
        request.FILES.clear()
        request.method, request.POST = "GET", QueryDict()
        request.said_not_sent = NOT_SENT  # type: ignore[attr-defined]
        # Whoever is not signed in is led to the login, which says so itself: strangers fill no session.
        is_team = hasattr(match.func, "admin_site") or request.path.startswith("/admin/")
        if is_team and (request.user.is_authenticated or match.url_name == "login"):
            messages.warning(request, NOT_SENT)
    with coming_back(sent), transaction.atomic():
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        if hasattr(response, "render"):
            response.render()
        transaction.set_rollback(True)  # whatever the view did
    if response.status_code == 302:
        return response  # to the login
    if response.status_code >= 400 or not response.headers.get("Content-Type", "").startswith("text/html"):
        return None
    response.status_code = 403
    return response


def comes_back_as_sent(request: HttpRequest) -> bool:
    """Whether this is the form of a row in the admin, new or not."""
    match = request.resolver_match
    return (
        match is not None
        and getattr(getattr(match.func, "model_admin", None), "comes_back_as_sent", False)
        and (match.url_name or "").endswith(("_add", "_change"))
    )


def unaccepted(form: type[forms.ModelForm]) -> type[forms.ModelForm]:
    """The same form, which says so instead of being valid."""

    class Unaccepted(form):  # type: ignore[misc, valid-type]
        def clean(self) -> Any:
            cleaned = super().clean()
            self.add_error(None, f"{NOT_SENT} {FILES_TOO}")
            return cleaned

    return Unaccepted
