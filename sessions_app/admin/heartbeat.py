"""The workers in the admin: when each was last seen (R24)."""

from django.contrib import admin
from django.http import HttpRequest

from caprural.admin import StaffAdmin
from sessions_app.models import Heartbeat


@admin.register(Heartbeat)
class HeartbeatAdmin(StaffAdmin):
    """Written by the workers, read by the coordination."""

    kept = "Cette ligne se réécrit d’elle-même au prochain passage\u00a0: il n’y a rien à faire."
    list_display = ("worker", "seen_at")
    fields = readonly_fields = ("worker", "seen_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A worker says itself that it lives."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Heartbeat | None = None) -> bool:
        """Nobody says it in its place."""
        return False
