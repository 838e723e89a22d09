"""Acts that write to people: shown first, exactly as they will happen, then done."""

from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from caprural import previewing, typography
from sessions_app import writing
from sessions_app.admin.base import SessionPages
from sessions_app.models import TrainingSession

Act = Callable[[TrainingSession], object]


class PreviewedActs(SessionPages):
    """A page that asks what an act needs to know, shows what it will write and to whom, then does it."""

    def preview_then_do(
        self,
        request: HttpRequest,
        session: TrainingSession,
        form: Form,
        act: Act,
        *,
        title: str,
        submit: str,
        notice: str,
        done: str,
        link: str = "et prévenir",
        nobody: str = "",
    ) -> HttpResponse:
        """The button that does it says `submit`, `link` and how many people.

        `nobody`: why the act makes no sense when it reaches nobody; empty when it does make sense.
        """
        back = reverse("admin:sessions_app_trainingsession_change", args=[session.pk])
        outcome = None
        if form.is_valid():
            is_confirmed = "confirm" in request.POST
            previewed = request.POST.get("previewed", "") if is_confirmed else ""
            try:
                outcome = previewing.attempt(
                    lambda: act(TrainingSession.objects.lock(session.pk)),
                    details=form.cleaned_data,
                    previewed=previewed,
                )
            except writing.AlreadyWritten as refused:
                messages.error(request, str(refused))
                return redirect(back)
            if outcome.is_done:
                self.log_change(request, session, title)
                messages.success(request, f"{done} {reach(outcome.people)}")
                return redirect(back)
            if nobody and not outcome.letters:
                form.add_error(None, nobody)
                outcome = None
            elif is_confirmed:
                messages.warning(
                    request, "Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez."
                )
        if outcome and outcome.letters:
            submit = f"{submit} {link} {people_told(outcome.people)}"
        context = {"form": form, "submit": submit, "original": session, "back": back, "notice": notice}
        context = {**context, "subtitle": str(session), "outcome": outcome}
        return self.act_page(request, "admin/preview.html", title, context)


def people_told(count: int) -> str:
    """« 3 personnes »."""
    return f"{count} {typography.plural(count, 'personne,personnes')}"


def reach(count: int) -> str:
    """Whom an act has written to, in a sentence."""
    if not count:
        return "Personne n’était à prévenir."
    return f"{people_told(count)} {typography.plural(count, 'reçoit,reçoivent')} un message."
