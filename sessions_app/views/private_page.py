"""The private page of a registration and its files (R9): whoever holds the token. Nothing here changes anything."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from caprural import pdf, typography
from caprural.private_pages import private
from members.models import Application, FeeCampaign, FeeCategory
from sessions_app import emails, registering, telling
from sessions_app.documents import calendar, membership_form, own_data
from sessions_app.models import Registration, SessionDocument, SessionState, TrainingSession
from sessions_app.views.files import JSON, attached

logger = logging.getLogger(__name__)


def behind(token: str) -> tuple[Registration, TrainingSession]:
    """The registration of a private link, and its session. Raises Http404."""
    return with_session(token=token)


def with_session(**which: Any) -> tuple[Registration, TrainingSession]:
    """A registration and its session, as the pages of a person need them. Raises Http404."""
    found = Registration.objects.select_related("replaced_by", "replaces")
    registration = get_object_or_404(found, **which)
    documents = SessionDocument.objects.filter(session=OuterRef("pk"))
    sessions = TrainingSession.objects.with_seats_and_days().annotate(has_documents=Exists(documents))
    session = sessions.get(pk=registration.session_id)
    registration.session = session
    return registration, session


@private
@require_safe
def registration_detail(request: HttpRequest, token: str) -> HttpResponse:
    """What the participant has, what is expected of them, and what they can do."""
    registration, session = behind(token)
    now = timezone.now()
    state = session.state(now)
    is_to_come = not (state.is_over or state.has_begun)
    asks_address = registration.can_be_cancelled and registration.address_confirmed_at is None
    response = render(
        request,
        "sessions_app/registration_detail.html",
        {
            "registration": registration,
            "session": session,
            "state": state,
            "is_to_come": is_to_come,
            "rank": registration.rank(),
            "predecessor": getattr(registration, "replaces", None),
            "fee": fee_owed(registration, session, state, sources=registration.form_sources),
            "steps": _steps(registration, session, state, now) if is_to_come else [],
            "changes": telling.changes(registration, session),
            "can_be_replaced": can_be_replaced(registration, state),
            "is_just_saved": "enregistre" in request.GET,
            "is_just_confirmed": "confirmee" in request.GET and registration.address_confirmed_at is not None,
            "asks_address": asks_address,
        },
    )
    if asks_address:  # see `form_page`
        response.headers["Referrer-Policy"] = "same-origin"
    return response


def can_be_replaced(registration: Registration, state: SessionState) -> bool:
    """Whether there is a seat to hand over (R10)."""
    return registration.holds_seat and state.is_announced and not state.has_begun


@dataclass(frozen=True)
class Fee:
    """What the person still owes, as the private page shows it (R15)."""

    campaign: FeeCampaign | None
    categories: list[FeeCategory]
    due_on: date | None
    #: The on-line form that names the person for this campaign, if any.
    application: Application | None
    #: Whether it was filled by whoever reads this: someone else's says more than they may read.
    is_theirs: bool
    #: What is said of a session over two campaigns.
    judged: str


@dataclass(frozen=True)
class Step:
    """One step of a registration: done, to do, or not reached; `url` leads to what is to be done."""

    label: str
    state: str
    detail: str
    url: str = ""


def fee_owed(
    registration: Registration, session: TrainingSession, state: SessionState, *, sources: Sequence[str]
) -> Fee | None:
    """Nothing is owed before a session whose date no longer holds, nor asked for once it has begun."""
    if registration.status != Registration.Status.AWAITING_FEE or not state.is_announced or state.has_begun:
        return None
    categories, answers = Registration.scale([registration], session.first_date)
    application = answers.get(registration.pk)
    campaign = categories[0].campaign if categories else None
    is_theirs = application is not None and application.filled_from in sources
    judged = session.judged_under(campaign)
    return Fee(campaign, categories, registration.fee_due_on, application, is_theirs, judged)


def _steps(registration: Registration, session: TrainingSession, state: SessionState, now: datetime) -> list[Step]:
    """Where the registration stands, step by step; a cancelled one has no steps left."""
    status = registration.status
    if status == Registration.Status.CANCELLED:
        return []
    steps = [Step("Inscription enregistrée", "done", typography.moment(registration.registered_at))]
    if not (registration.job_title and registration.profile):
        edit = reverse("registration_edit", args=[registration.token])
        steps.append(Step("Vos coordonnées", "todo", "il manque votre fonction et votre profil", edit))
    waits = status == Registration.Status.WAITING
    steps.append(Step("Place", "todo" if waits else "done", "liste d’attente" if waits else "votre place est retenue"))
    if session.fee_required:
        steps.append(_fee_step(registration, state))
    steps.append(Step("Inscription confirmée", "done" if status == Registration.Status.CONFIRMED else "none", ""))
    if registration.holds_seat:
        steps.append(_joining_step(registration, session, state, now))
    return steps


def _fee_step(registration: Registration, state: SessionState) -> Step:
    label = "Cotisation annuelle"
    if registration.status == Registration.Status.WAITING:
        return Step(label, "none", "rien à régler tant que vous attendez une place")
    if registration.status == Registration.Status.CONFIRMED:
        return Step(label, "done", "à jour")
    if not state.is_announced:
        return Step(label, "none", "rien à régler tant que la nouvelle date n’est pas connue")
    return Step(label, "todo", f"attendue au plus tard le {typography.long_date(registration.fee_due_on)}")


def _joining_step(registration: Registration, session: TrainingSession, state: SessionState, now: datetime) -> Step:
    label = "Convocation"
    if not state.is_announced or session.joining_at is None:
        return Step(label, "none", "à recevoir par e-mail quand la date sera connue")
    if now < session.joining_at:
        return Step(label, "none", f"à recevoir par e-mail le {typography.long_date(session.joining_at)}")
    sent = registration.messages.filter(kind=emails.JOINING_INSTRUCTIONS, key=str(session.first_date)).first()
    if sent:
        return Step(label, "done", f"envoyée par e-mail le {typography.long_date(sent.written_at)}")
    return Step(label, "none", "à recevoir par e-mail très prochainement")


@private
@require_safe
def registration_calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The participant's calendar file: the event of a seat held, or its removal when the seat was lost."""
    registration, session = behind(token)
    if registration.seat_given_at is None:
        raise Http404
    content = calendar.registration_calendar(registration, session)
    return attached(calendar.filename(session), content, calendar.content_type(registration, session))


@private
@require_safe
def registration_membership_form(request: HttpRequest, token: str) -> HttpResponse:
    """The membership form filled with what the person typed (R15)."""
    registration, session = behind(token)
    if not session.fee_required:
        raise Http404
    return pdf.response(membership_form.filename(session), membership_form.pdf(registration, session))


@private
@require_safe
def registration_document(request: HttpRequest, token: str, pk: int) -> FileResponse:
    """A document of the session, for people who hold a seat."""
    registration, session = behind(token)
    if not registration.holds_seat:
        raise Http404
    document = get_object_or_404(session.documents, pk=pk)
    try:
        return FileResponse(document.file.open(), as_attachment=True)
    except FileNotFoundError as gone:
        logger.error("The file of document %s is missing: %s", document.pk, document.file.name)
        raise Http404 from gone


@private
@require_safe
def registration_own_data(request: HttpRequest, token: str) -> HttpResponse:
    """Everything held about the person, in a file (R9)."""
    registration, session = behind(token)
    actors = {registering.PARTICIPANT.label: "vous", registering.SYSTEM.label: "règle automatique"}
    named = Application.objects.naming([registration.email]).select_related("category__campaign").order_by("pk")
    # Anybody may register with somebody else's address: that a form names it is not enough to open it.
    applications = named.filter(filled_from__in=registration.form_sources)
    content = own_data.content(registration, session, applications=applications, actors=actors, now=timezone.now())
    return attached(own_data.filename(session), content, JSON)
