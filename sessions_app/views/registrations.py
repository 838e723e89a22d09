"""What participants do: register, cancel, be replaced, correct what they typed, find their link again (R4-R11).

GET explains and changes nothing: mail scanners follow links. A POST does it; sent twice, it does it once.
"""

from contextlib import suppress
from copy import copy
from typing import Any

from django.db.models import prefetch_related_objects
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from caprural import limits
from caprural.private_pages import private
from members import applying
from members.forms import ApplicationForm
from members.views.application import TOO_MANY, form_status
from sessions_app import registering
from sessions_app.forms import DetailsForm, FindRegistrationForm, RegistrationForm, ReplacementForm
from sessions_app.models import StateCode, TrainingSession
from sessions_app.views.private_page import behind, can_be_replaced, fee_owed, new_submission_key
from sessions_app.views.sessions import not_published


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, slug: str) -> HttpResponse:
    """The registration form (R4, R7): refused, it comes back with the reason and what was typed."""
    session = get_object_or_404(TrainingSession.objects.with_seats(), slug=slug)
    now = timezone.now()
    form = RegistrationForm(request.POST if request.method == "POST" else None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            registration = registering.register(form.candidate(session), now=now)
        except registering.RegistrationClosed as closed:
            refusal = str(closed)
            session = TrainingSession.objects.with_seats().get(pk=session.pk)
        else:
            if registration is None:
                return render(request, "sessions_app/link_sent.html", {"email": form.cleaned_data["email"]})
            return redirect(registration)
    prefetch_related_objects([session], "days")
    state = session.state(now)
    if request.method != "POST" and state.code == StateCode.NOT_PUBLISHED:
        return not_published(request, session, state)
    context: dict[str, Any] = {"session": session, "state": state, "form": form, "refusal": refusal}
    return render(request, "sessions_app/register.html", context, status=_form_status(form, is_refused=bool(refusal)))


def _form_status(form: BaseForm, *, is_refused: bool) -> int:
    if form.is_bound and is_refused:
        return 409
    return 422 if form.is_bound else 200


# Behind the private link


def _page(request: HttpRequest, name: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    """A page that holds a form. Not « no-referrer » like the others behind the link: browsers would then send
    « Origin: null » with the form, which the CSRF protection refuses. Nothing is told to another site either way.
    """
    response = render(request, f"sessions_app/{name}.html", context, status=status)
    response.headers["Referrer-Policy"] = "same-origin"
    return response


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
    return _page(request, "registration_cancel", context, status=409 if request.method == "POST" else 200)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def registration_replace(request: HttpRequest, token: str) -> HttpResponse:
    """« Me faire remplacer » by a colleague, who gets the seat and a link of their own (R10)."""
    registration, session = behind(token)
    now = timezone.now()
    if request.method == "POST" and registration.replaced_by:
        return redirect(registration)
    form = ReplacementForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            registering.replace(registration, form.instance, now=now)
        except registering.RegistrationRefused as refused:
            registration, session = behind(token)
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
    status = _form_status(form, is_refused=not is_possible)
    return _page(request, "registration_replace", context, status=status)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def registration_edit(request: HttpRequest, token: str) -> HttpResponse:
    """« Modifier mes coordonnées » (R9); another address receives the link, the former one is told."""
    registration, session = behind(token)
    # A copy: the form writes what is typed, right or wrong, into its instance.
    form = DetailsForm(request.POST if request.method == "POST" else None, instance=copy(registration))
    if request.method == "POST" and form.is_valid():
        try:
            registering.change_details(registration, form.cleaned_data, now=timezone.now())
        except registering.RegistrationRefused as refused:
            registration, session = behind(token)
            if registration.can_be_cancelled:
                form.add_error("email", str(refused))
        else:
            return redirect(f"{registration.get_absolute_url()}?enregistre")
    context = {"registration": registration, "session": session, "form": form}
    status = _form_status(form, is_refused=not registration.can_be_cancelled)
    return _page(request, "registration_edit", context, status=status)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def registration_apply(request: HttpRequest, token: str) -> HttpResponse:
    """The membership form on line, for the fee this seat awaits (R15): what the registration says is not typed again,
    and its address stays among the people covered.
    """
    registration, session = behind(token)
    now = timezone.now()
    owed = fee_owed(registration, session, session.state(now))
    refusal = "" if owed and owed.categories else "Cette inscription n’attend pas de cotisation à régler en ligne."
    status = 0
    if refusal and request.method != "POST":
        return redirect(registration)
    form = ApplicationForm.of(
        request.POST if request.method == "POST" else None,
        categories=owed.categories if owed else [],
        must_cover=registration.email,
        initial={
            "name": registration.organisation,
            "contact_name": registration.full_name,
            "email": registration.email,
            "phone": registration.phone,
            "covers_contact": False,
            "submission_key": new_submission_key(registration),
        },
        people=[{"name": registration.full_name, "email": registration.email}],
    )
    if not refusal and form.is_bound and form.is_valid():
        try:
            applying.apply(*form.application(), network=limits.network_of(request), now=now)
        except limits.LimitReached as refused:
            refusal, status = str(refused), TOO_MANY
        else:
            return redirect(registration)
    context = {"registration": registration, "session": session, "form": form, "refusal": refusal}
    return _page(request, "registration_apply", context, status=status or form_status(form, is_refused=bool(refusal)))


# Without the link


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find_registration(request: HttpRequest) -> HttpResponse:
    """« Retrouver mon inscription » (R11): whatever is found, the answer on screen is the same."""
    form = FindRegistrationForm(request.POST if request.method == "POST" else None)
    is_sent = request.method == "POST" and form.is_valid()
    if is_sent:
        registering.send_links(form.cleaned_data["email"], now=timezone.now())
    status = 200 if is_sent else _form_status(form, is_refused=False)
    return render(request, "sessions_app/find_registration.html", {"form": form, "is_sent": is_sent}, status=status)
