"""The public pages of the sessions. The clock is read here and passed down as `now`."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Min, prefetch_related_objects
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from caprural import pdf, typography
from members.models import FeeCampaign, FeeCategory
from sessions_app import registering
from sessions_app.documents import calendar, flyer, membership_form
from sessions_app.forms import RegistrationForm
from sessions_app.models import Registration, SessionState, StateCode, TrainingSession

CALENDAR_TYPE = "text/calendar; charset=utf-8"


@dataclass(frozen=True)
class Listed:
    """A session of the home page with its state at the time of the request."""

    session: TrainingSession
    state: SessionState


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Sessions to come, soonest first, then past ones, latest first."""
    now = timezone.now()
    sessions = TrainingSession.objects.published().for_display().annotate(first_on=Min("days__date"))
    listed = [
        Listed(session, session.state(now)) for session in sessions.order_by(F("first_on").asc(nulls_last=True), "pk")
    ]
    return render(
        request,
        "sessions_app/home.html",
        {
            "upcoming": [item for item in listed if not _is_over(item, now.date())],
            "past": [item for item in reversed(listed) if _is_over(item, now.date())],
        },
    )


def _is_over(item: Listed, today: date) -> bool:
    """Past, or cancelled or postponed on a day gone by."""
    if item.state.code in (StateCode.CANCELLED, StateCode.POSTPONED):
        return item.session.last_day is not None and item.session.last_day.date < today
    return item.state.code == StateCode.PAST


@require_safe
def session_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The session page: the flyer's sections in its order, the practical part, the state and one clear button."""
    session = get_object_or_404(TrainingSession.objects.for_display(), slug=slug)
    state = session.state(timezone.now())
    if state.code == StateCode.NOT_PUBLISHED:
        return _not_published(request, session, state)
    return render(
        request,
        "sessions_app/session_detail.html",
        {
            "session": session,
            "state": state,
            "sections_before_trainers": session.sections_before_trainers(),
            "sections_after_trainers": session.sections_after_trainers(),
        },
    )


@require_safe
def session_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """The calendar file of a session, with its public place."""
    session = _published(slug)
    return _download(calendar.filename(session), calendar.session_calendar(session), CALENDAR_TYPE)


@require_safe
def calendar_feed(request: HttpRequest) -> HttpResponse:
    """Every published session in one calendar, to subscribe to."""
    sessions = TrainingSession.objects.published().with_seats_and_days().order_by("pk")
    return _download("sessions.ics", calendar.feed(sessions), CALENDAR_TYPE)


@require_safe
def session_flyer(request: HttpRequest, slug: str) -> HttpResponse:
    """The flyer, made from the same record as the page."""
    session = _published(slug)
    return pdf.response(f"fiche-{slug}.pdf", flyer.pdf(session))


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
        return _not_published(request, session, state)
    context: dict[str, Any] = {"session": session, "state": state, "form": form, "refusal": refusal}
    return render(request, "sessions_app/register.html", context, status=_form_status(form, refusal))


def _form_status(form: RegistrationForm, refusal: str) -> int:
    if refusal:
        return 409
    return 422 if form.is_bound else 200


# The private page (R9): whoever holds the token. GET changes nothing.


@never_cache
@require_safe
def registration_detail(request: HttpRequest, token: str) -> HttpResponse:
    """What the participant has and what is expected of them, at their private address."""
    registration, session = _registration(token)
    now = timezone.now()
    response = render(
        request,
        "sessions_app/registration_detail.html",
        {
            "registration": registration,
            "session": session,
            "state": session.state(now),
            "rank": registration.rank(),
            "fee": _fee(registration, session),
            "steps": _steps(registration, session),
        },
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@dataclass(frozen=True)
class Fee:
    """What the person still owes, as the private page shows it (R15)."""

    campaign: FeeCampaign | None
    categories: list[FeeCategory]
    due_on: date | None


@dataclass(frozen=True)
class Step:
    """One step of a registration: done, to do, or not reached."""

    label: str
    state: str
    detail: str


def _fee(registration: Registration, session: TrainingSession) -> Fee | None:
    if registration.status != Registration.Status.AWAITING_FEE:
        return None
    categories = list(FeeCategory.objects.of(session.first_date))
    return Fee(categories[0].campaign if categories else None, categories, registration.fee_due_on)


def _steps(registration: Registration, session: TrainingSession) -> list[Step]:
    """Where the registration stands, step by step; a cancelled one has no steps left."""
    status = registration.status
    if status == Registration.Status.CANCELLED:
        return []
    steps = [Step("Inscription enregistrée", "done", typography.moment(registration.registered_at))]
    waits = status == Registration.Status.WAITING
    steps.append(Step("Place", "todo" if waits else "done", "liste d’attente" if waits else "votre place est retenue"))
    if session.fee_required:
        if waits:
            steps.append(Step("Cotisation annuelle", "none", "rien à régler tant que vous attendez une place"))
        elif status == Registration.Status.AWAITING_FEE and registration.fee_due_on:
            due = typography.long_date(registration.fee_due_on)
            steps.append(Step("Cotisation annuelle", "todo", f"attendue au plus tard le {due}"))
        else:
            steps.append(Step("Cotisation annuelle", "done", "à jour"))
    steps.append(Step("Inscription confirmée", "done" if status == Registration.Status.CONFIRMED else "none", ""))
    return steps


@never_cache
@require_safe
def registration_calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The participant's calendar file; nothing to put in a calendar without a seat."""
    registration, session = _registration(token)
    if not registration.holds_seat:
        raise Http404
    return _download(calendar.filename(session), calendar.registration_calendar(registration, session), CALENDAR_TYPE)


@never_cache
@require_safe
def registration_membership_form(request: HttpRequest, token: str) -> HttpResponse:
    """The membership form filled with what the person typed (R15)."""
    registration, session = _registration(token)
    if not session.fee_required:
        raise Http404
    return pdf.response(membership_form.filename(session), membership_form.pdf(registration, session))


@never_cache
@require_safe
def registration_document(request: HttpRequest, token: str, pk: int) -> FileResponse:
    """A document of the session, for people who hold a seat."""
    registration, session = _registration(token)
    if not registration.holds_seat:
        raise Http404
    document = get_object_or_404(session.documents, pk=pk)
    return FileResponse(document.file.open(), as_attachment=True)


def _published(slug: str) -> TrainingSession:
    return get_object_or_404(TrainingSession.objects.published().for_display(), slug=slug)


def _not_published(request: HttpRequest, session: TrainingSession, state: SessionState) -> HttpResponse:
    """A 404 that says why and whom to call, and nothing of what the draft says."""
    context = {"session": session, "state": state}
    return render(request, "sessions_app/not_published.html", context, status=404)


def _registration(token: str) -> tuple[Registration, TrainingSession]:
    registration = get_object_or_404(Registration, token=token)
    session = TrainingSession.objects.with_seats_and_days().get(pk=registration.session_id)
    registration.session = session
    return registration, session


def _download(filename: str, content: bytes, content_type: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
