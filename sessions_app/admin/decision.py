"""The decision on a session in the admin: maintain, postpone or cancel it (R5)."""

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from sessions_app import deciding
from sessions_app.admin.base import current_user
from sessions_app.admin.previewing import PreviewedActs
from sessions_app.forms import PostponeForm


class SessionDecisions(PreviewedActs):
    """Three pages, one per decision; each shows what people will read before anything is decided."""

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
        session = self.session_for(request, pk, "change")
        return self.preview_then_do(
            request,
            session,
            Form(request.POST),
            lambda locked: deciding.maintain(locked, now=timezone.now()),
            title="Maintenir la session",
            submit="Maintenir la session",
            notice="La session a lieu, même sous son minimum de participants. "
            "Les personnes qui ont une place l’apprennent.",
            done="La session est maintenue.",
        )

    def postpone(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Reporter », to another first day or to a date to come."""
        session = self.session_for(request, pk, "change")
        form = PostponeForm(request.POST or None)
        return self.preview_then_do(
            request,
            session,
            form,
            lambda locked: deciding.postpone(locked, first_on=form.cleaned_data["first_on"], now=timezone.now()),
            title="Reporter la session",
            submit="Reporter la session",
            notice="Toutes les personnes inscrites l’apprennent et gardent leur place ou leur rang.",
            done="La session est reportée.",
        )

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Annuler la session », for good."""
        session = self.session_for(request, pk, "change")
        return self.preview_then_do(
            request,
            session,
            Form(request.POST),
            lambda locked: deciding.cancel(locked, user=current_user(request), now=timezone.now()),
            title="Annuler la session",
            submit="Annuler la session",
            notice="C’est définitif : toutes les inscriptions sont annulées, et chaque personne l’apprend. "
            "Si la session peut avoir lieu plus tard, reportez-la plutôt.",
            done="La session est annulée.",
        )
