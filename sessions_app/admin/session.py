"""Sessions in the admin."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from caprural import pdf, typography
from caprural.admin import FewFilter, SoundChoices, page
from caprural.confirming import ConfirmingAdmin, Foreseen, say_what_followed
from sessions_app import duplicating, registering, reminding, roles, telling
from sessions_app.admin.base import current_user
from sessions_app.admin.board import Board
from sessions_app.admin.decision import SessionDecisions
from sessions_app.admin.mending import SessionMending
from sessions_app.admin.writing import SessionWriting
from sessions_app.documents import attendance_sheet
from sessions_app.forms import (
    SECTIONS,
    DuplicateForm,
    LabelledFormSet,
    RegisterByHandForm,
    SessionDayFormSet,
    SessionDocumentForm,
    TrainingSessionForm,
)
from sessions_app.home import can_assign
from sessions_app.models import SessionDay, SessionDocument, SessionTrainer, TrainingSession

Status = TrainingSession.Status


class SessionDayInline(admin.TabularInline):
    model = SessionDay
    formset = SessionDayFormSet

    def get_extra(self, request: HttpRequest, obj: TrainingSession | None = None, **kwargs: Any) -> int:
        """A line to fill in as long as there is no day; it may stay empty (R27)."""
        return 0 if obj and obj.first_day else 1


class SessionTrainerInline(SoundChoices, admin.TabularInline):
    model = SessionTrainer
    formset = LabelledFormSet
    extra = 0
    autocomplete_fields = ("trainer",)


class SessionDocumentInline(admin.TabularInline):
    model = SessionDocument
    form = SessionDocumentForm
    formset = LabelledFormSet
    extra = 0


class PeriodFilter(FewFilter):
    """Sessions to come or past."""

    title, parameter_name = "période", "periode"
    options = {"a-venir": "à venir", "passees": "passées"}

    def narrowed(self, rows: QuerySet[Any], asked: str) -> QuerySet[Any]:
        to_come = TrainingSession.objects.lasting_until(timezone.localdate()).values("pk")
        return rows.filter(pk__in=to_come) if asked == "a-venir" else rows.exclude(pk__in=to_come)


@admin.register(TrainingSession)
class TrainingSessionAdmin(SessionMending, SessionDecisions, SessionWriting, ConfirmingAdmin):
    """Sessions with their seats and state, and everything one does from a session."""

    takes_files = True
    form = TrainingSessionForm
    inlines = (SessionDayInline, SessionTrainerInline, SessionDocumentInline)
    search_fields = ("title", "subtitle", "reference", "place")
    prepopulated_fields = {"slug": ("title",)}
    change_form_template = "admin/sessions_app/trainingsession/change_form.html"
    list_per_page = 50
    fieldsets = (
        (None, {"fields": ("title", "subtitle", "slug", "reference", "kind", "theme", "partners", "status")}),
        (
            "Places et inscription",
            {
                "fields": (
                    ("min_participants", "max_participants"),
                    ("registration_deadline", "decision_days"),
                    "fee_required",
                    "fee_due_on",
                )
            },
        ),
        (
            "Lieu et contact",
            {
                "fields": (
                    *("place", "exact_address", "exact_address_follows", "joining_on"),
                    *("contact_name", "contact_phone", "contact_email"),
                )
            },
        ),
        (
            "Contenu",
            {
                "description": "Paragraphes, **gras**, [liens](https://…) et listes à deux niveaux (« - »). "
                "Les puces d’un texte collé deviennent des listes à l’enregistrement. "
                "Une rubrique vide ne laisse aucune trace sur la page.",
                "fields": SECTIONS,
            },
        ),
        ("Mentions", {"fields": ("training_hours", "funders_notice")}),
    )

    # Lists

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrainingSession]:
        sessions = TrainingSession.objects.for_display().with_first_on()
        return sessions if roles.sees_every_session(request.user) else sessions.led_by(request.user)

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        """Latest first; not in get_queryset, where the list would put the model's own order before it."""
        return (F("first_on").desc(nulls_first=True), "-pk")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        if roles.sees_every_session(request.user):
            return ("title", "first_on", "place", "state_label", "seats", "awaiting_fee", "waiting")
        return ("title", "first_on", "place", "state_label", "seats", "waiting")

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        return (PeriodFilter, "status") if roles.sees_every_session(request.user) else (PeriodFilter,)

    def get_fieldsets(self, request: HttpRequest, obj: TrainingSession | None = None) -> Any:
        if roles.sees_every_session(request.user):
            return self.fieldsets
        hidden = {"fee_required", "fee_due_on"}
        return [
            (title, {**options, "fields": tuple(name for name in options["fields"] if name not in hidden)})
            for title, options in self.fieldsets
        ]

    @admin.display(description="date", ordering="first_on")
    def first_on(self, session: TrainingSession) -> str:
        """The first day, in full, and its hours when a twin has the same."""
        day = next(iter(session.announced_days), None)
        if day is None:
            return session.undated
        hours = f", {typography.hours(day.starts_at, day.ends_at)}" if session.has_twin else ""
        return typography.long_date(day.date) + hours

    @admin.display(description="état")
    def state_label(self, session: TrainingSession) -> str:
        return session.state(timezone.now()).label

    @admin.display(description="places tenues", ordering="seats_taken")
    def seats(self, session: TrainingSession) -> str:
        return f"{session.seats_taken} / {session.max_participants or '∞'}"

    @admin.display(description="sans cotisation", ordering="awaiting_fee_count")
    def awaiting_fee(self, session: TrainingSession) -> int:
        return session.awaiting_fee_count

    @admin.display(description="liste d’attente", ordering="waiting_count")
    def waiting(self, session: TrainingSession) -> int:
        return session.waiting_count

    # One session

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        session = self.get_object(request, object_id)
        context: dict[str, Any] = {}
        if session is not None:
            now = timezone.now()
            state = session.state(now)
            is_to_come = state.is_announced and not state.has_begun
            context = {
                "state": state,
                "board": Board(session, user=request.user, now=now, missing=request.GET.get("manque", "")),
                "can_act": request.user.has_perm("sessions_app.change_trainingsession"),
                "can_assign": can_assign(session, now),
                "awaits_decision": session.awaits_decision(now),
                "can_maintain": is_to_come and session.maintained_at is None,
                "can_postpone": is_to_come or session.status == Status.POSTPONED,
                "can_cancel": is_to_come or session.status == Status.POSTPONED,
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def save_model(self, request: HttpRequest, obj: TrainingSession, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for changed in form.tidied:
            messages.info(request, f"Texte collé, mis en forme – {changed}.")

    def lock(self, obj: Any) -> None:
        """As whoever gives a seat or decides does (R3): the seats are then counted for good."""
        TrainingSession.objects.lock(obj.pk)

    def foresee(self, request: HttpRequest, obj: TrainingSession, formsets: Sequence[Any]) -> Foreseen:
        [days] = [formset for formset in formsets if formset.model is SessionDay]
        lines = [form.cleaned_data for form in days.forms if form not in days.deleted_forms]
        first_on = min((line["date"] for line in lines if line.get("date")), default=None)
        now = timezone.now()
        lost = registering.session_would_lose(obj, fee_required=obj.fee_required, first_on=first_on, now=now)
        return Foreseen(lost=lost)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Days and cap are saved: a change is announced (R19), and whoever now has a right to a seat gets it, in this
        transaction (R8)."""
        super().save_related(request, form, formsets, change)
        now = timezone.now()
        if change:
            days = next(formset for formset in formsets if formset.model is SessionDay)
            self._note_change(request, form, days, now)
        say_what_followed(request, registering.review(form.instance, now=now))
        if form.instance.status == Status.PUBLISHED and form.initial.get("status") != Status.PUBLISHED:
            self._advise(request, TrainingSession.objects.for_display().get(pk=form.instance.pk), now)

    def _advise(self, request: HttpRequest, session: TrainingSession, now: datetime) -> None:
        """What was just published, and looks unfinished or odd: said, not refused."""
        if lacks := session.lacks():
            messages.warning(request, f"La session est publiée ; il y manque peut-être {', '.join(lacks)}.")
        state = session.state(now)
        if not state.is_registrable:
            messages.warning(request, f"La session est publiée, mais personne ne peut s’inscrire. {state.reason}")

    def _note_change(self, request: HttpRequest, form: ModelForm, days: BaseInlineFormSet, now: datetime) -> None:
        """Another date, hour or place of a published session: people are told (R19)."""
        is_other = days.has_changed() or not {"place", "exact_address"}.isdisjoint(form.changed_data)
        if not is_other or form.instance.status != Status.PUBLISHED or form.initial["status"] == Status.DRAFT:
            return
        session = TrainingSession.objects.lock(form.instance.pk)
        live = list(session.registrations.live())
        if not live or session.state(now).has_begun:
            return
        session.changed_at = now
        session.calendar_sequence += 1
        session.save(update_fields=["changed_at", "calendar_sequence"])
        before = min((day.initial["date"] for day in days.initial_forms), default=None)
        if session.first_date != before:
            registering.await_fees_longer(session, now=now)
        concerned = sum(bool(telling.changes(registration, session)) for registration in live)
        if not concerned:
            messages.info(request, "Personne ne sera prévenu : chaque personne inscrite sait déjà ce qui vaut.")
            return
        minutes = reminding.QUIET_BEFORE_ANNOUNCING // timedelta(minutes=1)
        people = typography.plural(concerned, "personne inscrite sera prévenue,personnes inscrites seront prévenues")
        messages.info(
            request,
            f"{concerned} {people} de ce changement dans {minutes} minutes, sauf si vous modifiez encore la session.",
        )

    def why_kept(self, request: HttpRequest, obj: TrainingSession) -> str:
        count = obj.registrations.count()
        people = f"{count} {typography.plural(count, 'inscription y a été faite,inscriptions y ont été faites')}"
        if not count or obj.status == Status.CANCELLED:
            return f"{people}\u00a0: elle reste, annulée, avec leur histoire." if count else ""
        instead = "Annulez-la plutôt («\u00a0Annuler la session\u00a0»)\u00a0: les personnes inscrites l’apprennent."
        return f"{people}. {instead}"

    def has_delete_permission(self, request: HttpRequest, obj: TrainingSession | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not obj.registrations.exists())

    def get_actions(self, request: HttpRequest) -> Any:
        """No bulk deletion: it would not look at the registrations one by one."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @page("<int:pk>/emargement/", name="attendance_sheet")
    def attendance_sheet(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The attendance sheet on a page, with its link to the PDF."""
        session: TrainingSession = self.row(request, pk, "view")
        context = attendance_sheet.context(session, now=timezone.now())
        template = "admin/sessions_app/trainingsession/attendance_sheet.html"
        return self.act_page(request, template, "Feuille d’émargement", {"original": session, **context})

    @page("<int:pk>/emargement.pdf", name="attendance_sheet_pdf")
    def attendance_sheet_pdf(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The attendance sheet to print and sign."""
        session: TrainingSession = self.row(request, pk, "view")
        return pdf.response(f"emargement-{session.slug}.pdf", attendance_sheet.pdf(session, now=timezone.now()))

    @page("<int:pk>/dupliquer/", name="duplicate_session")
    def duplicate(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A draft copy on another date, opened at once."""
        session: TrainingSession = self.row(request, pk, "add")
        form = DuplicateForm(request.POST or None, session=session)
        if form.is_valid():
            copy = duplicating.duplicate(session, **form.cleaned_data)
            self.log_addition(request, copy, f"Copie de « {session} ».")
            messages.success(request, "La copie est un brouillon : relisez-la, puis publiez-la.")
            return redirect("admin:sessions_app_trainingsession_change", copy.pk)
        return self.form_page(
            request,
            form,
            title="Dupliquer la session",
            submit="Créer la copie",
            original=session,
        )

    @page("<int:pk>/inscrire/", name="register_by_hand")
    def register_by_hand(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Someone registers by telephone, or after the deadline (R4)."""
        session: TrainingSession = self.row(request, pk)
        form = RegisterByHandForm(request.POST or None)
        if form.is_valid():
            try:
                registration = registering.register_by_hand(
                    form.candidate(session),
                    reason=form.cleaned_data["reason"],
                    user=current_user(request),
                    now=timezone.now(),
                    knowingly=form.is_someone_else,
                )
            except registering.AddressTaken as taken:
                form.ask_who()
                form.add_error(None, str(taken))
            except registering.RegistrationRefused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{registration} : {registration.get_status_display()}.")
                return redirect("admin:sessions_app_trainingsession_change", session.pk)
        return self.form_page(
            request,
            form,
            title="Inscrire quelqu’un",
            submit="Inscrire",
            original=session,
        )

    @page("<int:pk>/attribuer/", name="assign_next_seat")
    def assign_next_seat(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One click gives the free seat to the first person waiting, once that is no longer automatic (R8)."""
        session: TrainingSession = self.row(request, pk)
        if request.method == "POST":
            try:
                registration = registering.assign_next_seat(session, user=current_user(request), now=timezone.now())
            except registering.RegistrationRefused as refused:
                messages.error(request, str(refused))
            else:
                messages.success(request, f"La place est attribuée à {registration}.")
        return redirect("admin:sessions_app_trainingsession_change", session.pk)
