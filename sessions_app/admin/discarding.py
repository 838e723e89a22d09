"""« Écarter ces inscriptions »: what a script has left in a session goes in one act, without a word to anybody (R7)."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from caprural.admin import page
from caprural.confirming import Foreseen
from sessions_app import registering
from sessions_app.admin.base import SessionPages, current_user
from sessions_app.admin.decision import told_to
from sessions_app.forms import DiscardForm
from sessions_app.models import Registration, TrainingSession


class SessionDiscarding(SessionPages):
    """One page: who, then who gets the seats, then it is done."""

    @page("<int:pk>/ecarter/", name="discard_registrations")
    def discard(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The seats go back to whoever waits, in order; the people discarded are not written to."""
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
