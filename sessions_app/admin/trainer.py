"""Trainers in the admin."""

from django.contrib import admin
from django.http import HttpRequest

from caprural import typography
from caprural.admin import StaffAdmin
from sessions_app.forms import TrainerForm
from sessions_app.models import Trainer, TrainingSession

#: Sessions named when a trainer is not deleted.
NAMED = 5
INSTEAD = (
    "retirez-la d’abord de ces sessions si c’est une erreur\u202f; sinon sa fiche reste, pour les feuilles "
    "d’émargement. Pour lui fermer l’administration, videz «\u00a0compte\u00a0»."
)


@admin.register(Trainer)
class TrainerAdmin(StaffAdmin):
    """Trainers, with the account that opens the admin to them."""

    form = TrainerForm
    fields = ("name", "is_another", "role", "organisation", "user")
    list_display = ("name", "organisation", "role", "user")
    search_fields = ("name", "organisation", "role")

    def why_kept(self, request: HttpRequest, obj: Trainer) -> str:
        sessions = (
            TrainingSession.objects.filter(session_trainers__trainer=obj).prefetch_related("days").order_by("-pk")
        )
        days = [(session, session.announced_on) for session in sessions]
        named = [
            f"«\u00a0{session}\u00a0»{f' ({typography.medium_date(day)})' if day else ''}"
            for session, day in days[:NAMED]
        ]
        more = [f"{len(days) - NAMED} autres"] if len(days) > NAMED else []
        return f"Cette personne intervient dans {typography.join_and([*named, *more])}\u00a0: {INSTEAD}" if days else ""
