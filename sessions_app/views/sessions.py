"""The public pages of the sessions."""

from datetime import date, datetime, timedelta

from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from caprural import pdf, validators
from sessions_app import roles
from sessions_app.documents import calendar, flyer
from sessions_app.models import SessionState, StateCode, TrainingSession
from sessions_app.models.session_rows import TrainingSessionQuerySet
from sessions_app.views.files import CALENDAR, attached

#: A session with its state at the time of the request.
Listed = tuple[TrainingSession, SessionState]
#: Sessions over for longer than that are on the pages of their years.
RECENT, DAY = timedelta(days=365), timedelta(days=1)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Sessions to come, soonest first, then those of the last twelve months, latest first, and the years before."""
    now = timezone.now()
    today = timezone.localdate(now)
    listed = _listed(TrainingSession.objects.lasting_until(today - RECENT), now)
    over = TrainingSession.objects.published().exclude(status=TrainingSession.Status.POSTPONED)
    older = over.filter(days__date__range=(validators.FIRST_DAY, today - RECENT - DAY))
    years = older.order_by("-days__date__year").values_list("days__date__year", flat=True)
    return render(
        request,
        "sessions_app/home.html",
        {
            "upcoming": [item for item in listed if not _is_over(item, today)],
            "past": [item for item in reversed(listed) if _is_over(item, today)],
            # An impossible date has no year.
            "years": [year for year in years.distinct() if year],
        },
    )


@require_safe
def archive(request: HttpRequest, year: str) -> HttpResponse:
    """The sessions of a year that are over, latest first."""
    now = timezone.now()
    today = timezone.localdate(now)
    if int(year) > today.year:
        raise Http404
    of_the_year = TrainingSession.objects.filter(
        days__date__range=(date(int(year), 1, 1), date(int(year), 12, 31))
    ).distinct()
    past = [item for item in reversed(_listed(of_the_year, now)) if _is_over(item, today)]
    return render(request, "sessions_app/archive.html", {"year": year, "past": past})


def _listed(sessions: TrainingSessionQuerySet, now: datetime) -> list[Listed]:
    """The published ones among them, by their first day, those without date last."""
    found = TrainingSession.objects.published().filter(pk__in=sessions.values("pk")).for_display()
    ordered = found.with_first_on().order_by(F("first_on").asc(nulls_last=True), "pk")
    return [(session, session.state(now)) for session in ordered.sound(now)]


def _is_over(item: Listed, today: date) -> bool:
    """Past, or cancelled on a day gone by; what is postponed to a date to come is still to come."""
    session, state = item
    if state.code == StateCode.CANCELLED:
        return session.last_day is not None and session.last_day.date < today
    return state.code == StateCode.PAST


@require_safe
def session_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The session page: the flyer's sections in its order, the practical part, the state and one clear button."""
    session = get_object_or_404(TrainingSession.objects.for_display(), slug=slug)
    state = session.state(timezone.now())
    is_preview = state.code == StateCode.NOT_PUBLISHED
    if is_preview and not _may_preview(request, session):
        return not_published(request, session, state)
    response = render(
        request,
        "sessions_app/session_detail.html",
        {
            "session": session,
            "state": state,
            "sections_before_trainers": session.sections_before_trainers(),
            "sections_after_trainers": session.sections_after_trainers(),
            "is_preview": is_preview,
        },
    )
    if is_preview:
        add_never_cache_headers(response)
    return response


@require_safe
def session_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """The calendar file of a session, with its public place."""
    session = get_object_or_404(TrainingSession.objects.published().for_display(), slug=slug)
    return attached(calendar.filename(session), calendar.session_calendar(session), CALENDAR)


@require_safe
def calendar_feed(request: HttpRequest) -> HttpResponse:
    """The published sessions to come and of the last twelve months in one calendar, to subscribe to."""
    now = timezone.now()
    recent = TrainingSession.objects.published().lasting_until(timezone.localdate(now) - RECENT)
    sessions = recent.with_seats_and_days().prefetch_related("removed_days").order_by("pk").sound(now)
    return attached("sessions.ics", calendar.feed(sessions), CALENDAR)


@require_safe
def session_flyer(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The flyer, made from the same record as the page."""
    session = get_object_or_404(TrainingSession.objects.for_display(), slug=slug)
    is_preview = session.status == TrainingSession.Status.DRAFT
    if is_preview and not _may_preview(request, session):
        raise Http404
    name, content = f"fiche-{slug}.pdf", flyer.pdf(session)
    return pdf.response(name, content) if is_preview else pdf.public_response(request, name, content)


def _may_preview(request: HttpRequest, session: TrainingSession) -> bool:
    """A draft is shown to the coordination, and to its own trainers."""
    user = request.user
    if roles.sees_every_session(user):
        return True
    is_trainer = user.is_staff and user.has_perm("sessions_app.view_trainingsession")
    return is_trainer and TrainingSession.objects.led_by(user).filter(pk=session.pk).exists()


def not_published(request: HttpRequest, session: TrainingSession, state: SessionState) -> HttpResponse:
    """A 404 that says why and whom to call, and nothing of what the draft says."""
    context = {"session": session, "state": state}
    return render(request, "sessions_app/not_published.html", context, status=404)
