"""The decision on a session in the admin: maintain, postpone or cancel it (R5)."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime

from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from caprural import typography
from caprural.previewing import Foreseen
from sessions_app import deciding, registering
from sessions_app.admin.base import SessionPages, current_user
from sessions_app.admin.previewing import people_told, reach
from sessions_app.forms import PostponeForm
from sessions_app.models import Registration, TrainingSession

Told = Callable[[TrainingSession, datetime], list[Registration]]
Act = Callable[[TrainingSession, datetime], object]


#: What a decision is called, on its page and in the history.
MAINTAIN, POSTPONE, CANCEL = "Maintenir la session", "Reporter la session", "Annuler la session"
FIX_DATE = "Fixer la nouvelle date"


class SessionDecisions(SessionPages):
    """Three pages, one per decision; each shows whom it concerns, and only reads until it is confirmed."""

    def get_urls(self) -> list[URLPattern]:
        """The three decisions."""
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/maintenir/", view(self.maintain), name="maintain_session"),
            path("<int:pk>/reporter/", view(self.postpone), name="postpone_session"),
            path("<int:pk>/annuler/", view(self.cancel), name="cancel_session"),
            *super().get_urls(),
        ]

    def maintain(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Maintenir »."""
        return self._decide(
            request,
            self.session_for(request, pk, "change"),
            Form(request.POST),
            told=lambda session, now: deciding.told_of_maintaining(session, now=now),
            act=lambda session, now: deciding.maintain(session, now=now),
            title=MAINTAIN,
            notice="La session a lieu, même sous son minimum de participants. "
            "Les personnes qui ont une place l’apprennent.",
            done="La session est maintenue.",
        )

    def postpone(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Reporter », to another first day or to a date to come; then « Fixer la nouvelle date »."""
        session = self.session_for(request, pk, "change")
        form = PostponeForm(request.POST or None, session=session)
        if (request.POST.get("was") or session.status) != session.status:
            stands = session.state(timezone.now()).reason
            messages.error(
                request, f"Rien n’a été fait\u00a0: la page était ouverte depuis. {stands}{_latest(session)}"
            )
            return redirect("admin:sessions_app_trainingsession_change", session.pk)

        def lost(session: TrainingSession, now: datetime) -> list[str]:
            first_on = form.cleaned_data["first_on"]
            return registering.session_would_lose(
                session, fee_required=session.fee_required, first_on=first_on, now=now
            )

        return self._decide(
            request,
            session,
            form,
            told=lambda session, now: deciding.told_of_postponing(
                session, first_on=form.cleaned_data["first_on"], now=now
            ),
            act=lambda session, now: deciding.postpone(
                session, first_on=form.cleaned_data["first_on"], deadline=form.cleaned_data["deadline"], now=now
            ),
            lost=lost,
            title=FIX_DATE if session.status == TrainingSession.Status.POSTPONED else POSTPONE,
            notice=f"{_announced(form)}Toutes les personnes inscrites l’apprennent et gardent leur place ou leur rang.",
            done="La nouvelle date est fixée, la session est publiée."
            if session.status == TrainingSession.Status.POSTPONED
            else "La session est reportée.",
        )

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Annuler la session », for good."""
        user = current_user(request)
        return self._decide(
            request,
            self.session_for(request, pk, "change"),
            Form(request.POST),
            told=lambda session, now: deciding.told_of_cancelling(session, now=now),
            act=lambda session, now: deciding.cancel(session, user=user, now=now),
            title=CANCEL,
            notice="C’est définitif : toutes les inscriptions sont annulées, et chaque personne l’apprend. "
            "Si la session peut avoir lieu plus tard, reportez-la plutôt.",
            done="La session est annulée.",
        )

    def _decide(
        self,
        request: HttpRequest,
        session: TrainingSession,
        form: Form,
        *,
        told: Told,
        act: Act,
        title: str,
        notice: str,
        done: str,
        lost: Callable[[TrainingSession, datetime], Sequence[str]] = lambda session, now: (),
    ) -> HttpResponse:
        """Who is told, and who loses their cover; then done, once, if that is still so under the lock."""
        back = reverse("admin:sessions_app_trainingsession_change", args=[session.pk])
        now, submit, foreseen = timezone.now(), title, None
        if form.is_valid():
            is_confirmed = request.method == "POST" and "confirm" in request.POST
            try:
                with transaction.atomic() if is_confirmed else nullcontext():
                    current = TrainingSession.objects.lock(session.pk) if is_confirmed else session
                    named = [(one.full_name, one.email) for one in told(current, now)]
                    typed = sorted(form.cleaned_data.items())
                    stood = (current.status, [day.date for day in current.days.all()])
                    foreseen = Foreseen(named, (typed, stood), list(lost(current, now)))
                    is_done = is_confirmed and request.POST.get("previewed") == foreseen.fingerprint
                    if is_done:
                        act(current, now)
                        self.log_change(request, session, title)
            except deciding.DecisionRefused as refused:
                messages.error(request, f"{refused}{_latest(session)}")
                return redirect(back)
            if is_done:
                messages.success(request, f"{done} {reach(foreseen.people)}")
                return redirect(back)
            if is_confirmed:
                messages.warning(
                    request,
                    f"Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez.{_latest(session)}",
                )
        if foreseen and foreseen.named:
            submit = f"{submit} et prévenir {people_told(foreseen.people)}"
        context = {"form": form, "submit": submit, "original": session, "back": back, "notice": notice}
        context = {**context, "subtitle": str(session), "outcome": foreseen}
        return self.act_page(request, "admin/preview.html", title, context)


def _announced(form: PostponeForm) -> str:
    """The days and the deadline that people would read, once they are typed."""
    days, deadline = form.announced() if form.is_valid() else ([], None)
    if not days:
        return ""
    closing = f", inscription avant le {typography.long_date(deadline)}" if deadline else ""
    if deadline and deadline <= timezone.localdate():
        closing = ", et les inscriptions resteront closes"
    named = typography.join_and(f"le {typography.long_date(day)}" for day in days)
    return f"La session aura lieu {named}{closing}. "


def _latest(session: TrainingSession) -> str:
    """Who took the latest decision on the session, which a page opened earlier knows nothing of."""
    log = LogEntry.objects.filter(content_type__app_label="sessions_app", content_type__model="trainingsession")
    decisions = log.filter(object_id=str(session.pk), change_message__in=(MAINTAIN, POSTPONE, FIX_DATE, CANCEL))
    entry = decisions.select_related("user").order_by("-pk").first()
    if entry is None:
        return ""
    return f" Dernière décision : « {entry.change_message} », par {entry.user}, {typography.moment(entry.action_time)}."
