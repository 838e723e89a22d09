"""« Écarter ces inscriptions »: what a script has left in a session goes in one act, without a word to anybody (R7)."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from sessions_app import registering
from sessions_app.admin.base import current_user
from sessions_app.admin.previewing import PreviewedActs
from sessions_app.forms import DiscardForm
from sessions_app.models import TrainingSession


class SessionDiscarding(PreviewedActs):
    """One page: who, then who gets the seats, then it is done."""

    def get_urls(self) -> list[URLPattern]:
        """The act."""
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/ecarter/", view(self.discard), name="discard_registrations"),
            *super().get_urls(),
        ]

    def discard(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The seats go back to whoever waits, in order; the people discarded are not written to."""
        session = self.session_for(request, pk, "change")
        people = list(session.registrations.live().order_by("pk"))
        form = DiscardForm(request.POST or None, people=people)

        def act(locked: TrainingSession) -> None:
            chosen = [person for person in people if str(person.pk) in form.cleaned_data["people"]]
            by = registering.staff(current_user(request))
            registering.discard(locked, chosen, now=timezone.now(), by=by)

        return self.preview_then_do(
            request,
            session,
            form,
            act,
            title="Écarter des inscriptions",
            submit="Écarter ces inscriptions",
            notice="Les inscriptions cochées sont annulées d’un coup, sans message à ces personnes ; leurs places "
            "reviennent à la liste d’attente, dans l’ordre. Un doute ? Appelez d’abord.",
            done="C’est fait.",
        )
