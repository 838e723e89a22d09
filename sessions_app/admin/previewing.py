"""Acts that write to people: shown first, exactly as they will happen, then done."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from caprural import typography
from sessions_app import deciding, writing
from sessions_app.admin.base import SessionPages
from sessions_app.models import Message, TrainingSession

Act = Callable[[TrainingSession], object]


@dataclass(frozen=True)
class Outcome:
    """What an act has written, or would write; the fingerprint tells one outcome from another."""

    written: list[Message]
    fingerprint: str
    is_done: bool

    @property
    def people(self) -> int:
        """How many people are written to: someone to whom a seat falls reads that too."""
        return len({message.registration_id for message in self.written})


def attempt(session: TrainingSession, act: Act, *, details: object, previewed: str) -> Outcome:
    """Do an act and keep it only if its outcome is the one that was previewed; otherwise undo it all.

    So the preview is the act itself: the real people, the real words. `details` is what was typed for it.
    """
    with transaction.atomic():
        locked = TrainingSession.objects.lock(session.pk)
        before = set(session.messages.values_list("pk", flat=True))
        act(locked)
        now_there = session.messages.order_by("pk").select_related("email", "registration")
        written = [message for message in now_there if message.pk not in before]
        letters: list[Any] = [message.email for message in written]
        said = [(letter.to, letter.subject, letter.message) for letter in letters]
        fingerprint = sha256(repr((details, said)).encode()).hexdigest()
        is_done = previewed == fingerprint
        if not is_done:
            transaction.set_rollback(True)
    return Outcome(written, fingerprint, is_done)


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
                outcome = attempt(session, act, details=form.cleaned_data, previewed=previewed)
            except (deciding.DecisionRefused, writing.AlreadyWritten) as refused:
                messages.error(request, str(refused))
                return redirect(back)
            if outcome.is_done:
                self.log_change(request, session, title)
                messages.success(request, f"{done} {_reach(outcome.people)}")
                return redirect(back)
            if nobody and not outcome.written:
                form.add_error(None, nobody)
                outcome = None
            elif is_confirmed:
                messages.warning(
                    request, "Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez."
                )
        if outcome and outcome.written:
            submit = f"{submit} {link} {_people(outcome.people)}"
        context = {"form": form, "submit": submit, "original": session, "back": back, "notice": notice}
        context = {**context, "subtitle": str(session), "outcome": outcome}
        return self.act_page(request, "admin/preview.html", title, context)


def _people(count: int) -> str:
    return f"{count} {typography.plural(count, 'personne,personnes')}"


def _reach(count: int) -> str:
    if not count:
        return "Personne n’était à prévenir."
    return f"{_people(count)} {typography.plural(count, 'reçoit,reçoivent')} un message."
