"""The page of whoever has just registered, in the browser that did it, for two hours (R9).

The private link travels by e-mail only: anybody may type anybody's address. This page says where the registration
stands and what is expected, lets one correct the address, and leads to the membership form; never to the link.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from caprural import limits
from caprural.private_pages import private
from members.views.application import TOO_MANY, form_status
from sessions_app import registering
from sessions_app.forms import AddressForm
from sessions_app.models import Registration, TrainingSession
from sessions_app.registering import visiting
from sessions_app.views.applying import apply_for
from sessions_app.views.files import form_page
from sessions_app.views.private_page import Fee, fee_owed, with_session

LIFE = timedelta(hours=2)


def page_of(request: HttpRequest, registration: Registration) -> str:
    """Where this browser, and no other, reads about the registration it has just made."""
    get_token(request)  # whoever sent no cookie has one now
    return reverse("just_registered", args=[_signer(request).sign_object(registration.pk)])


def _signer(request: HttpRequest) -> signing.Signer:
    """Signs for this browser: its cookie against forged forms is a secret that no other has, and costs no query."""
    return signing.Signer(salt=f"just_registered.{request.META['CSRF_COOKIE']}")


def _of_this_browser(request: HttpRequest, handle: str, now: datetime) -> tuple[Registration, TrainingSession]:
    """Raises Http404: another browser's, or two hours old."""
    try:
        pk = _signer(request).unsign_object(handle)
    except (KeyError, signing.BadSignature) as error:
        raise Http404 from error
    registration, session = with_session(pk=pk)
    if now - registration.registered_at >= LIFE:
        raise Http404
    return registration, session


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "sessions_app/just_registered_over.html", status=404)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def just_registered(request: HttpRequest, handle: str = "") -> HttpResponse:
    """Status, rank, what is expected; a mistyped address may be corrected while nobody has proved it."""
    now = timezone.now()
    try:
        registration, session = _of_this_browser(request, handle, now)
    except Http404:
        return _over(request)
    can_correct = registration.can_be_cancelled and registration.address_confirmed_at is None
    form = AddressForm(request.POST if request.method == "POST" and can_correct else None)
    is_refused = request.method == "POST" and not can_correct
    status = 409 if is_refused else form_status(form, is_refused=False)
    if form.is_bound and form.is_valid():
        try:
            visiting.count_form(limits.network_of(request), now=now)
            registering.change_details(registration, form.cleaned_data, now=now)
        except limits.LimitReached as reached:
            form.add_error("email", str(reached))
            status = TOO_MANY
        except registering.RegistrationRefused as refused:
            form.add_error("email", str(refused))
        else:
            return redirect(f"{request.path}?corrigee")
    state = session.state(now)
    context = {
        "registration": registration,
        "session": session,
        "state": state,
        "rank": registration.rank(),
        # Whoever proved the address may have changed everything since: this browser may not be theirs.
        "email": registration.email if can_correct else "votre adresse",
        "form": form if can_correct else None,
        "fee": _fee(registration, session, now) if can_correct else None,
        "apply_url": reverse("just_registered_apply", args=[handle]),
        "is_just_corrected": "corrigee" in request.GET,
        "is_refused": is_refused,
    }
    return form_page(request, "just_registered", context, status=status)


def _fee(registration: Registration, session: TrainingSession, now: datetime) -> Fee | None:
    """What is owed; of the membership forms, only the one this browser filled."""
    fee = fee_owed(registration, session, session.state(now), sources=[registration.page_source])
    return replace(fee, application=None) if fee and not fee.is_theirs else fee


@private
@require_http_methods(["GET", "HEAD", "POST"])
def just_registered_apply(request: HttpRequest, handle: str) -> HttpResponse:
    """The membership form, at once (R15); behind the private link once the address is proved."""
    now = timezone.now()
    back = reverse("just_registered", args=[handle])
    try:
        registration, session = _of_this_browser(request, handle, now)
    except Http404:
        return _over(request)
    if registration.address_confirmed_at:
        return redirect(back)
    owed = _fee(registration, session, now)
    return apply_for(request, registration, owed, source=registration.page_source, back=back, now=now)
