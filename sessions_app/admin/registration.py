"""Registrations in the admin: details may be corrected, the status moves by acts."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, Max, Prefetch, Q, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from caprural import retention, typography
from caprural.admin import FewFilter, ReadOnly, page
from caprural.confirming import Foreseen, ask
from caprural.mailing.admin import LettersInline
from sessions_app import registering, roles
from sessions_app.admin.attaching import MemberAttaching
from sessions_app.admin.base import current_user, status_text
from sessions_app.forms import CancelForm, CorrectAddressForm, ExtendForm, PersonForm
from sessions_app.models import Registration, StatusChange, TrainingSession

#: How much longer a seat is held for its fee, unless another day is chosen.
LONGER = timedelta(days=7)
#: Sessions over for longer are not offered as a filter: their own page leads to their people.
RECENT = timedelta(days=366)


class StatusChangeInline(ReadOnly, admin.TabularInline):
    """The log of a registration: read only, like every log."""

    model = StatusChange
    extra = 0
    fields = readonly_fields = ("at", "from_status", "to_status", "actor", "reason")
    can_delete = False


class PersonLetters(LettersInline):
    """What the person was written."""

    verbose_name_plural = "messages à cette personne"


class SessionFilter(admin.SimpleListFilter):
    """By session, among those one may see."""

    title = "session"
    parameter_name = "session"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Of those this person may see: the last twelve months, what is to come, and the one asked for (H5)."""
        sessions = TrainingSession.objects.with_first_on().annotate(last_on=Max("days__date"))
        if not roles.sees_every_session(request.user):
            sessions = sessions.led_by(request.user)
        recent = Q(first_on__isnull=True) | Q(last_on__gte=timezone.localdate() - RECENT) | Q(pk=self._asked())
        return [
            (str(session.pk), f"{session} – {session.date_label or session.undated}")
            for session in sessions.filter(recent)
            .with_twins()
            .order_by(F("first_on").desc(nulls_first=True), "-pk")
            .prefetch_related("days")
            .only("title", "status", "cancelled_undated")
            .sound(timezone.now(), proof=lambda session: session.date_label)
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        asked = self._asked()
        return queryset if asked is None else queryset.filter(session=asked)

    def _asked(self) -> int | None:
        value = self.value() or ""
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


class AttachmentFilter(FewFilter):
    """« À rattacher »: people awaiting a fee whom no member lists (R14)."""

    title = parameter_name = "cotisant"
    options = {"a-rattacher": "à rattacher"}

    def narrowed(self, rows: Any, asked: str) -> Any:
        return rows.without_member()


@admin.register(Registration)
class RegistrationAdmin(MemberAttaching):
    """Registrations: details may be corrected, the status moves by acts."""

    form = PersonForm
    search_fields = ("first_name", "last_name", "email", "organisation")
    list_select_related = False
    ordering = ("-pk",)
    list_per_page = 50
    change_form_template = "admin/sessions_app/registration/change_form.html"
    change_list_template = "admin/sessions_app/registration/change_list.html"
    details = (
        "first_name",
        "last_name",
        "phone",
        "organisation",
        "job_title",
        "profile",
        "accessibility_needs",
        "carpool",
        "departure_town",
        "message",
    )
    readonly_fields = ("session_link", "status_display", "email", "registered_at", "seat_given_at", "fee_due_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        """A trainer sees the people of their own sessions who are not cancelled, until 30 days after the session."""
        sessions = Prefetch("session", TrainingSession.objects.with_seats_and_days())
        registrations = Registration.objects.prefetch_related(sessions)
        if roles.sees_every_session(request.user):
            return registrations
        own = TrainingSession.objects.led_by(request.user).lasting_until(timezone.localdate() - roles.CONTACTS_OPEN_FOR)
        return registrations.live().filter(session__in=own.values("pk"))

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:

        @admin.display(description="état")
        def status(registration: Registration) -> str:
            return status_text(registration, request.user)

        return ("last_name", "first_name", "organisation", "job_title", "session_label", status, "registered_at")

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        if roles.sees_every_session(request.user):
            return ("status", AttachmentFilter, SessionFilter)
        return (SessionFilter,)

    def get_fields(self, request: HttpRequest, obj: Registration | None = None) -> tuple[str, ...]:
        if roles.sees_every_session(request.user):
            return (*self.readonly_fields, *self.details)
        return ("session_link", "email", "registered_at", *self.details)

    def get_inlines(self, request: HttpRequest, obj: Registration | None) -> list[Any]:
        """The log speaks of fees."""
        return [StatusChangeInline, PersonLetters] if roles.sees_every_session(request.user) else []

    @admin.display(description="session", ordering="session__title")
    def session_label(self, registration: Registration) -> str:
        """The session and when it takes place: several have one title."""
        session = registration.session
        return f"{session}, {session.date_label or session.undated}"

    @admin.display(description="session")
    def session_link(self, registration: Registration) -> SafeString:
        url = reverse("admin:sessions_app_trainingsession_change", args=[registration.session_id])
        return format_html('<a href="{}">{}</a>', url, registration.session)

    @admin.display(description="état")
    def status_display(self, registration: Registration) -> str:
        if registration.cancellation_cause:
            return f"{registration.get_status_display()} ({registration.get_cancellation_cause_display()})"
        return registration.get_status_display()

    def lock(self, obj: Any) -> None:
        """First the session, like every verb: one of them may be writing this row (R3)."""
        TrainingSession.objects.lock(obj.session_id)
        super().lock(obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Someone is registered from the session's page."""
        return False

    def why_kept(self, request: HttpRequest, obj: Registration) -> str:
        """The coordination cancels; erasing for good is for whoever may."""
        return (
            ""
            if self.has_delete_permission(request, obj)
            else "Annulez plutôt l’inscription\u00a0: la personne l’apprend."
        )

    def delete_model(self, request: HttpRequest, obj: Registration) -> None:
        """A seat freed by a deletion is given like any other (R8)."""
        registering.delete([obj], now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Registration]) -> None:
        """Seats freed by a deletion are given like any other (R8)."""
        registering.delete(queryset, now=timezone.now())

    # Acts

    @page("<int:pk>/page-personnelle/", name="open_private_page")
    def open_private_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The coordination goes to a person's own page: only after saying so, and the history keeps it (R9)."""
        registration: Registration = self.row(request, pk)
        if request.method == "POST":
            self.log_change(request, registration, "Page personnelle ouverte.")
            return redirect(registration)
        return self.form_page(
            request,
            Form(),
            title=f"Ouvrir la page personnelle\u00a0: {registration}",
            submit="Ouvrir la page",
            original=registration,
            notice="Vous verrez ce que voit la personne, et pourrez agir en son nom. L’historique en garde la trace.",
        )

    @page("<int:pk>/annuler/", name="cancel_registration")
    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Cancel for the person, who is told; their seat goes to whoever is next."""
        registration: Registration = self.row(request, pk)
        form = CancelForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                registering.cancel(
                    registration,
                    cause=Registration.Cause.COORDINATOR,
                    now=timezone.now(),
                    by=registering.staff(current_user(request)),
                    why=form.cleaned_data["reason"],
                )
            except registering.TransitionRefused as refused:
                messages.error(request, str(refused))
            else:
                messages.success(request, f"L’inscription de {registration} est annulée.")
            return self.back_to_session(registration)
        freed = ", et sa place revient à la première personne qui attend" if registration.holds_seat else ""
        notice = f"La personne reçoit un message{freed}."
        return self.form_page(
            request,
            form,
            title=f"Annuler l’inscription : {registration}",
            submit="Annuler l’inscription",
            original=registration,
            notice=notice,
        )

    @page("<int:pk>/adresse/", name="correct_address")
    def correct_address(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Corriger l’adresse »: what the person does from their page, by the team; a new link leaves (R9)."""
        registration: Registration = self.row(request, pk)
        form = CorrectAddressForm(request.POST or None, initial={"email": registration.email})
        foreseen = None
        if form.is_valid():
            try:
                foreseen, is_done = self._correct(request, registration, form)
            except registering.AddressTaken as taken:
                form.ask_who()
                form.add_error("email", str(taken))
            except registering.RegistrationRefused as refused:
                form.add_error("email", str(refused))
            else:
                if is_done:
                    self.log_change(request, registration, "Adresse e-mail corrigée")
                    messages.success(request, f"Le lien de {registration} part à {form.cleaned_data['email']}.")
                    return redirect("admin:sessions_app_registration_change", registration.pk)
        return self.form_page(
            request,
            form,
            title=f"Corriger l’adresse : {registration}",
            submit="Corriger et envoyer le lien",
            original=registration,
            notice=f"Adresse actuelle : {registration.email}. L’ancien lien ne fonctionnera plus. La place est "
            "jugée de nouveau : si aucune cotisation ne couvre la nouvelle adresse, elle attendra la cotisation.",
            foreseen=foreseen,
        )

    def _correct(
        self, request: HttpRequest, registration: Registration, form: CorrectAddressForm
    ) -> tuple[Foreseen, bool]:
        email, now = form.cleaned_data["email"], timezone.now()

        def foresee(session: TrainingSession) -> Foreseen:
            current = session.registrations.get(pk=registration.pk)
            return Foreseen(lost=registering.would_lose_with(current, session, email, now=now), details=email)

        def act(session: TrainingSession) -> None:
            by = registering.staff(current_user(request))
            registering.change_details(registration, form.cleaned_data, now=now, by=by, knowingly=form.is_someone_else)

        def lock() -> TrainingSession:
            return TrainingSession.objects.lock(registration.session_id)

        return ask(request, row=registration.session, lock=lock, foresee=foresee, act=act, is_free=True)

    @page("<int:pk>/nouveau-lien/", name="renew_link")
    def renew_link(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Nouveau lien »: the former one leads nowhere any more (R9)."""
        registration: Registration = self.row(request, pk)
        if request.method == "POST":
            try:
                registering.renew_link(registration, user=current_user(request), now=timezone.now())
            except registering.RegistrationRefused as refused:
                messages.error(request, str(refused))
            else:
                self.log_change(request, registration, "Nouveau lien")
                messages.success(request, f"Un nouveau lien part à {registration.email}.")
            return redirect("admin:sessions_app_registration_change", registration.pk)
        return self.form_page(
            request,
            Form(),
            title=f"Nouveau lien : {registration}",
            submit="Envoyer un nouveau lien",
            original=registration,
            notice=f"Le lien actuel ne fonctionnera plus ; le nouveau part à {registration.email}.",
        )

    @page("<int:pk>/oublier/", name="forget_person")
    def forget(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Oublier cette personne »: what she may ask; proofs and accounts stay until their term (R25)."""
        registration: Registration = self.row(request, pk)
        is_asked = request.method == "POST"
        try:
            found = retention.erase(registration.email, now=timezone.now(), dry_run=not is_asked)
        except retention.StillExpected as first:
            messages.error(request, str(first))
            return redirect("admin:sessions_app_registration_change", registration.pk)
        if is_asked:
            messages.success(request, "Cette personne est oubliée ; ce qui prouve sa venue ou un paiement reste.")
            return redirect("admin:sessions_app_registration_changelist")
        what = ", ".join(f"{line.what} ({count})" for line, count in found)
        return self.form_page(
            request,
            Form(),
            title=f"Oublier cette personne : {registration}",
            submit="Oublier cette personne",
            original=registration,
            notice=f"Sera effacé aussitôt, pour {registration.email} : {what}. Ce qui prouve sa venue ou un paiement "
            "reste jusqu’à son terme, que dit la page « Données personnelles »."
            if found
            else f"Rien ne peut être effacé pour {registration.email} avant le terme que dit « Données personnelles ».",
        )

    @page("<int:pk>/prolonger/", name="extend_fee_due")
    def extend(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Prolonger »: the seat is held a little longer for its fee (R15)."""
        registration: Registration = self.row(request, pk)
        due = registration.fee_due_on or timezone.localdate()
        first_date = registration.session.first_date
        longer = min(due + LONGER, first_date - timedelta(days=1)) if first_date else due + LONGER
        form = ExtendForm(request.POST or None, initial={"until": longer})
        if form.is_valid():
            try:
                registering.extend_fee_due(
                    registration,
                    until=form.cleaned_data["until"],
                    user=current_user(request),
                    now=timezone.now(),
                )
            except registering.RegistrationRefused as refused:
                form.add_error("until", str(refused))
            else:
                until = typography.medium_date(form.cleaned_data["until"])
                messages.success(request, f"La place de {registration} est retenue jusqu’au {until}.")
                return self.back_to_session(registration)
        return self.form_page(
            request,
            form,
            title=f"Prolonger : {registration}",
            submit="Prolonger",
            original=registration,
            notice=f"La cotisation est attendue au plus tard le {typography.medium_date(due)}. "
            "La personne reçoit un message avec la nouvelle date.",
        )
