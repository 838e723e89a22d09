"""What is decided of a session in the admin: maintain, postpone or cancel it (R5), discard registrations (R7)."""

from collections.abc import Iterable
from datetime import date

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from caprural import typography
from caprural.admin import page
from caprural.confirming import Foreseen, Told
from sessions_app import deciding, registering
from sessions_app.admin.base import SessionPages, current_user
from sessions_app.forms import DiscardForm, PostponeForm
from sessions_app.models import Registration, TrainingSession


class SessionDecisions(SessionPages):
    """One page per decision; each shows whom it concerns, and only reads until it is confirmed."""

    @page("<int:pk>/maintenir/", name="maintain_session")
    def maintain(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Maintenir »."""
        now = timezone.now()
        return self.confirmed_act(
            request,
            self.row(request, pk),
            Form(request.POST),
            foresee=lambda session: Foreseen(
                told_to(deciding.told_of_maintaining(session, now=now)), details=stands(session)
            ),
            act=lambda session: deciding.maintain(session, now=now),
            title="Maintenir la session",
            notice="La session a lieu, même sous son minimum de participants. "
            "Les personnes qui ont une place l’apprennent.",
            done="La session est maintenue.",
        )

    @page("<int:pk>/reporter/", name="postpone_session")
    def postpone(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Reporter », to another first day or to a date to come; then « Fixer la nouvelle date »."""
        session, now = self.row(request, pk), timezone.now()
        form = PostponeForm(request.POST or None, session=session)
        if (request.POST.get("was") or session.status) != session.status:
            return self.undone(
                request, session, f"Rien n’a été fait\u00a0: la page était ouverte depuis. {session.state(now).reason}"
            )
        title, done = "Reporter la session", "La session est reportée."
        if session.status == TrainingSession.Status.POSTPONED:
            title, done = "Fixer la nouvelle date", "La nouvelle date est fixée, la session est publiée."

        def foresee(session: TrainingSession) -> Foreseen:
            first_on = form.cleaned_data["first_on"]
            told = deciding.told_of_postponing(session, first_on=first_on, now=now)
            lost = registering.session_would_lose(
                session, fee_required=session.fee_required, first_on=first_on, now=now
            )
            return Foreseen(told_to(told), lost, details=(form.cleaned_data, *stands(session)))

        return self.confirmed_act(
            request,
            session,
            form,
            foresee=foresee,
            act=lambda session: deciding.postpone(
                session, first_on=form.cleaned_data["first_on"], deadline=form.cleaned_data["deadline"], now=now
            ),
            title=title,
            notice=f"{_announced(form)}Toutes les personnes inscrites l’apprennent et gardent leur place ou leur rang.",
            done=done,
        )

    @page("<int:pk>/annuler/", name="cancel_session")
    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Annuler la session », for good."""
        user, now = current_user(request), timezone.now()
        return self.confirmed_act(
            request,
            self.row(request, pk),
            Form(request.POST),
            foresee=lambda session: Foreseen(
                told_to(deciding.told_of_cancelling(session, now=now)), details=stands(session)
            ),
            act=lambda session: deciding.cancel(session, user=user, now=now),
            title="Annuler la session",
            notice="C’est définitif : toutes les inscriptions sont annulées, et chaque personne l’apprend. "
            "Si la session peut avoir lieu plus tard, reportez-la plutôt.",
            done="La session est annulée.",
        )

    @page("<int:pk>/ecarter/", name="discard_registrations")
    def discard(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Écarter » what a script has left, in one act, without a word to anybody; the seats go to whoever waits."""
        session: TrainingSession = self.row(request, pk)
        people = list(session.registrations.live().order_by("pk"))
        form, now = DiscardForm(request.POST or None, people=people), timezone.now()

        def chosen(session: TrainingSession) -> list[Registration]:
            pks = form.cleaned_data["people"]
            return list(session.registrations.live().filter(pk__in=pks).order_by("pk"))

        def foresee(session: TrainingSession) -> Foreseen:
            leaving = chosen(session)
            served = registering.next_served(session, leaving=leaving, now=now)
            return Foreseen(told_to(served), details=[one.pk for one in leaving])

        def act(session: TrainingSession) -> None:
            registering.discard(session, chosen(session), now=now, by=registering.staff(current_user(request)))

        return self.confirmed_act(
            request,
            session,
            form,
            foresee=foresee,
            act=act,
            title="Écarter des inscriptions",
            submit="Écarter ces inscriptions",
            notice="Les inscriptions cochées sont annulées d’un coup, sans message à ces personnes ; leurs places "
            "reviennent à la liste d’attente, dans l’ordre. Un doute ? Appelez d’abord.",
            done="C’est fait.",
        )


def told_to(people: Iterable[Registration]) -> list[Told]:
    """These people, by name and address."""
    return [Told(one.full_name, one.email) for one in people]


def stands(session: TrainingSession) -> tuple[str, list[date]]:
    """What a decision is taken about: another one, taken elsewhere, makes it be read again."""
    return session.status, [day.date for day in session.days.all()]


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
