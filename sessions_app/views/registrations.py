"""What participants do: register, cancel, be replaced, correct what they typed, find their link again (R4-R11).

GET explains and changes nothing: mail scanners follow links. A POST does it; sent twice, it does it once.
"""

from contextlib import suppress
from copy import copy
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from caprural import limits
from caprural.private_pages import private
from members.views.application import TOO_MANY, form_status
from sessions_app import registering
from sessions_app.forms import DetailsForm, FindRegistrationForm, RegistrationForm, ReplacementForm
from sessions_app.models import LinkRequest, StateCode, TrainingSession
from sessions_app.registering import visiting
from sessions_app.views import just_registered
from sessions_app.views.applying import apply_for
from sessions_app.views.files import form_page
from sessions_app.views.private_page import behind, can_be_replaced, fee_owed
from sessions_app.views.sessions import not_published

#: What two people of one structure certainly share, and the button that asks for the form of the second one.
SHARED = ("organisation", "phone", "departure_town")
FOR_ANOTHER = "pour_un_autre"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, slug: str) -> HttpResponse:
    """The registration form (R4, R7): refused, it comes back with the reason and what was typed.

    Asked for again for somebody else, it begins with what a colleague shares; never with an address, which the form
    registers once.
    """
    now = timezone.now()
    is_sent = request.method == "POST" and FOR_ANOTHER not in request.POST
    shared = {name: request.POST[name] for name in SHARED if name in request.POST}
    form = RegistrationForm(request.POST) if is_sent else RegistrationForm(initial=shared)
    refusal, is_limited = "", False
    if is_sent and form.is_valid():
        try:
            visiting.count_registration(slug, limits.network_of(request), now=now)
            registration = registering.register(form.candidate(), slug=slug, now=now)
        except TrainingSession.DoesNotExist as unknown:
            raise Http404 from unknown
        except registering.RegistrationClosed as closed:
            refusal = str(closed)
        except limits.LimitReached as reached:
            refusal, is_limited = str(reached), True
        else:
            if registration is None:
                told: dict[str, Any] = {"email": form.cleaned_data["email"], "session": form.instance.session}
                told["shared"] = [(name, form.cleaned_data[name]) for name in SHARED]
                return render(request, "sessions_app/link_sent.html", told)
            return redirect(just_registered.page_of(request, registration))
    session = get_object_or_404(TrainingSession.objects.with_seats().prefetch_related("days"), slug=slug)
    state = session.state(now)
    if request.method != "POST" and state.code == StateCode.NOT_PUBLISHED:
        return not_published(request, session, state)
    context: dict[str, Any] = {
        "session": session,
        "state": state,
        "form": form,
        "refusal": refusal,
        "is_limited": is_limited,
    }
    status = TOO_MANY if is_limited else form_status(form, is_refused=bool(refusal))
    return render(request, "sessions_app/register.html", context, status=status)


# Behind the private link


@private
@require_http_methods(["GET", "HEAD", "POST"])
def registration_confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """« C’est bien mon adresse » (R9): a button of the private page, never a link."""
    registration, _ = behind(token)
    if request.method == "POST":
        registering.confirm_address(registration, now=timezone.now())
        return redirect(f"{registration.get_absolute_url()}?confirmee")
    return redirect(registration)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def registration_cancel(request: HttpRequest, token: str) -> HttpResponse:
    """« Annuler mon inscription » (R10): possible until the session starts; already cancelled, nothing happens."""
    registration, session = behind(token)
    now = timezone.now()
    if request.method == "POST":
        with suppress(registering.RegistrationClosed, registering.TransitionRefused):
            registering.withdraw(registration, now=now, by=registering.PARTICIPANT)
        registration, session = behind(token)
        if not registration.can_be_cancelled:
            return redirect(registration)
    state = session.state(now)
    context = {
        "registration": registration,
        "session": session,
        "state": state,
        "rank": registration.rank(),
        "can_be_replaced": can_be_replaced(registration, state),
    }
    return form_page(request, "registration_cancel", context, status=409 if request.method == "POST" else 200)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def registration_replace(request: HttpRequest, token: str) -> HttpResponse:
    """« Me faire remplacer » by a colleague, who gets the seat and a link of their own (R10)."""
    registration, session = behind(token)
    now = timezone.now()
    status = 0
    if request.method == "POST" and registration.replaced_by:
        return redirect(registration)
    form = ReplacementForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            visiting.count_form(limits.network_of(request), now=now)
            registering.replace(registration, form.instance, now=now)
        except limits.LimitReached as reached:
            form.add_error(None, str(reached))
            status = TOO_MANY
        except registering.RegistrationRefused as refused:
            registration, session = behind(token)
            if registration.replaced_by:  # by the first of two clicks
                return redirect(registration)
            if can_be_replaced(registration, session.state(now)):
                form.add_error("email", str(refused))
        else:
            return redirect(registration)
    state = session.state(now)
    is_possible = can_be_replaced(registration, state)
    context = {
        "registration": registration,
        "session": session,
        "state": state,
        "form": form,
        "is_possible": is_possible,
    }
    status = status or form_status(form, is_refused=not is_possible)
    return form_page(request, "registration_replace", context, status=status)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def registration_edit(request: HttpRequest, token: str) -> HttpResponse:
    """« Modifier mes coordonnées » (R9); another address receives a new link, the former one is told."""
    registration, session = behind(token)
    now = timezone.now()
    # A copy: the form writes what is typed, right or wrong, into its instance.
    form = DetailsForm(request.POST if request.method == "POST" else None, instance=copy(registration))
    status = 0
    if request.method == "POST" and form.is_valid():
        try:
            visiting.count_form(limits.network_of(request), now=now)
            changed = registering.change_details(registration, form.cleaned_data, now=now, is_behind_link=True)
        except limits.LimitReached as reached:
            form.add_error(None, str(reached))
            status = TOO_MANY
        except registering.RegistrationRefused as refused:
            registration, session = behind(token)
            if registration.can_be_cancelled:
                form.add_error("email", str(refused))
        else:
            if changed.token != token:
                # The new link travels by e-mail only.
                return form_page(request, "address_changed", {"registration": changed, "session": session})
            return redirect(f"{registration.get_absolute_url()}?enregistre")
    context = {"registration": registration, "session": session, "form": form}
    status = status or form_status(form, is_refused=not registration.can_be_cancelled)
    return form_page(request, "registration_edit", context, status=status)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def registration_apply(request: HttpRequest, token: str) -> HttpResponse:
    """The membership form on line, for the fee this seat awaits (R15)."""
    registration, session = behind(token)
    now = timezone.now()
    return apply_for(
        request,
        registration,
        fee_owed(registration, session, session.state(now), sources=registration.form_sources),
        source=registration.link_source,
        back=registration.get_absolute_url(),
        now=now,
    )


# Without the link


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find_registration(request: HttpRequest) -> HttpResponse:
    """« Retrouver mon inscription » (R11): whatever is found, the answer on screen is the same."""
    form = FindRegistrationForm(request.POST if request.method == "POST" else None)
    is_sent, status, now = False, 0, timezone.now()
    if request.method == "POST" and form.is_valid():
        try:
            visiting.count_search(limits.network_of(request), form.cleaned_data["email"], now=now)
        except limits.LimitReached as reached:
            form.add_error(None, str(reached))
            status = TOO_MANY
        else:
            # The worker looks it up: the answer takes the same time whatever is found.
            LinkRequest.objects.create(email=form.cleaned_data["email"], asked_at=now)
            is_sent, status = True, 200
    status = status or form_status(form, is_refused=False)
    return render(request, "sessions_app/find_registration.html", {"form": form, "is_sent": is_sent}, status=status)
