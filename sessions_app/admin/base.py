"""What the two admin files share: what a trainer may read, and a page for each act."""

import logging
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from caprural import typography
from caprural.admin import StaffAdmin
from caprural.confirming import Foreseen, ask, people_told
from caprural.listing import FrenchList
from sessions_app import deciding, roles, writing
from sessions_app.models import Registration, TrainingSession

logger = logging.getLogger(__name__)

#: What a trainer reads instead of a status that speaks of fees.
PROVISIONAL = "sous réserve"


def status_text(registration: Registration, user: Any) -> str:
    """The status as this person may read it: a trainer learns nothing about fees."""
    if registration.status == Registration.Status.AWAITING_FEE and not roles.sees_every_session(user):
        return PROVISIONAL
    return registration.get_status_display()


class SoundList(FrenchList):
    """A list without the rows whose session cannot be read: one of them never takes the others down (J4)."""

    def get_results(self, request: HttpRequest) -> None:
        """No query more as long as every row is sound."""
        super().get_results(request)
        admin: Any = self.model_admin
        now = timezone.now()
        try:
            for row in self.result_list:
                admin.session_of(row).prove(now)
        except Exception:
            broken = TrainingSession.objects.broken(now)
            self.queryset = self.queryset.exclude(**{f"{admin.session_name}__in": broken})
            super().get_results(request)
            left_out = "Une session illisible est laissée de côté\u00a0: l’accueil de la coordination dit laquelle."
            messages.warning(request, left_out)


class RoleAdmin(StaffAdmin):
    """What trainers may see is narrowed here, once, for lists, pages, filters and histories."""

    #: Of the column that names a row's session.
    session_name = "pk"

    def session_of(self, row: Any) -> TrainingSession:
        """The session a row is, or is of."""
        return cast(TrainingSession, row)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SoundList

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        try:
            found = super().get_object(request, object_id, from_field)
            if found is not None:
                self.session_of(found).prove(timezone.now())
        except Exception:
            logger.exception("%s %s is broken", self.opts.model_name, object_id)
            return None
        return found

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A trainer filters only by the filters shown: the address bar must not tell who awaits a fee."""
        if roles.sees_every_session(request.user):
            return super().lookup_allowed(lookup, value, request)
        return lookup in {getattr(shown, "parameter_name", None) for shown in self.get_list_filter(request)}

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Stock Django refuses before it looks: what one may not see must be a 404 here as everywhere."""
        if object_id is not None:
            self._require_visible(request, object_id)
        context = {"hides_history": not roles.sees_every_session(request.user), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The history speaks of fees."""
        self._require_visible(request, object_id)
        if not roles.sees_every_session(request.user):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        self._require_visible(request, object_id)
        return super().delete_view(request, object_id, extra_context)

    def _require_visible(self, request: HttpRequest, object_id: str) -> None:
        if not roles.sees_every_session(request.user) and self.get_object(request, unquote(object_id)) is None:
            raise Http404

    def form_page(
        self,
        request: HttpRequest,
        form: BaseForm,
        *,
        title: str,
        submit: str,
        original: TrainingSession | Registration,
        notice: str = "",
        foreseen: Foreseen | None = None,
    ) -> HttpResponse:
        """A page that asks what an act needs to know; « Retour » leads to the session."""
        session = original.pk if isinstance(original, TrainingSession) else original.session_id
        back = reverse("admin:sessions_app_trainingsession_change", args=[session])
        context = {"form": form, "submit": submit, "original": original, "back": back, "notice": notice}
        return self.act_page(request, "admin/act.html", title, {**context, "foreseen": foreseen})


class SessionPages(RoleAdmin):
    """What the pages of one session share."""

    def confirmed_act(
        self,
        request: HttpRequest,
        session: TrainingSession,
        form: BaseForm,
        *,
        foresee: Callable[[TrainingSession], Foreseen],
        act: Callable[[TrainingSession], object],
        title: str,
        notice: str,
        done: str,
        submit: str = "",
        link: str = "et prévenir",
        nobody: str = "",
    ) -> HttpResponse:
        """A page that asks what an act needs to know, says what it would do, then does it.

        `nobody`: why the act makes no sense when it reaches nobody; empty when it does make sense.
        """

        def noted(current: TrainingSession) -> None:
            act(current)
            self.log_change(request, session, title)

        back = reverse("admin:sessions_app_trainingsession_change", args=[session.pk])
        foreseen = None
        if form.is_valid():
            try:
                foreseen, is_done = ask(
                    request,
                    row=session,
                    lock=lambda: TrainingSession.objects.lock(session.pk),
                    foresee=foresee,
                    act=noted,
                )
            except (deciding.DecisionRefused, writing.AlreadyWritten) as refused:
                return self.undone(request, session, str(refused))
            if is_done:
                messages.success(request, f"{done} {_reach(foreseen.people)}")
                return redirect(back)
            if "confirm" in request.POST and (latest := _latest_act(session)):
                messages.warning(request, latest)
            if nobody and not foreseen.told:
                form.add_error(None, nobody)
                foreseen = None
        submit = foreseen.button(submit or title, link) if foreseen else submit or title
        context = {"form": form, "submit": submit, "original": session, "back": back, "notice": notice}
        context = {**context, "subtitle": str(session), "foreseen": foreseen}
        return self.act_page(request, "admin/preview.html", title, context)

    def undone(self, request: HttpRequest, session: TrainingSession, why: str) -> HttpResponse:
        """Back to the session: nothing was done, and who did what in the meantime."""
        messages.error(request, f"{why} {_latest_act(session)}".rstrip())
        return redirect("admin:sessions_app_trainingsession_change", session.pk)


def _latest_act(session: TrainingSession) -> str:
    """Who acted last on the session, and when: a page opened earlier knows nothing of it. What was typed in its form
    is not an act."""
    log = LogEntry.objects.filter(content_type__app_label="sessions_app", content_type__model="trainingsession")
    acts = log.filter(object_id=str(session.pk), action_flag=CHANGE).exclude(change_message__startswith="[")
    entry = acts.select_related("user").order_by("-pk").first()
    if entry is None:
        return ""
    when = typography.moment(entry.action_time)
    return f"Dernier acte\u00a0: «\u00a0{entry.change_message}\u00a0», par {entry.user}, {when}."


def _reach(count: int) -> str:
    if not count:
        return "Personne n’était à prévenir."
    return f"{people_told(count)} {typography.plural(count, 'reçoit,reçoivent')} un message."


class RegistrationPages(RoleAdmin):
    """What the pages of one registration share."""

    session_name = "session"

    def session_of(self, row: Any) -> TrainingSession:
        return cast(Registration, row).session

    def back_to_session(self, registration: Registration) -> HttpResponse:
        """Where one goes once it is done."""
        return redirect("admin:sessions_app_trainingsession_change", registration.session_id)


def current_user(request: HttpRequest) -> User:
    """The account of the request, which the admin has already required."""
    return cast(User, request.user)
