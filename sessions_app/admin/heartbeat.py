"""The workers in the admin: when each was last seen (R24)."""

from django.contrib import admin

from caprural.admin import ReadOnly, StaffAdmin
from sessions_app.models import Heartbeat


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly, StaffAdmin):
    """Written by the workers, read by the coordination."""

    kept = "Cette ligne se réécrit d’elle-même au prochain passage\u00a0: il n’y a rien à faire."
    list_display = ("worker", "seen_at")
    fields = readonly_fields = ("worker", "seen_at")
