"""The organisation in the admin, which signs every page, message and document; and when each worker was last seen."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from caprural.admin import ReadOnly, StaffAdmin
from caprural.house.forms import OrganisationForm
from caprural.house.models import Heartbeat, Organisation


@admin.register(Organisation)
class OrganisationAdmin(StaffAdmin):
    """The one organisation: its list is its page."""

    takes_files = True
    kept = "Chaque document nomme l’organisme\u00a0: modifiez-le plutôt."
    form = OrganisationForm
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = (
        (
            None,
            {"fields": ("name", "legal_form", "address", "siret", "contact_name", "phone", "email", "website", "logo")},
        ),
        ("Recevoir les cotisations", {"fields": ("cheque_payee", "iban", "bic", "chorus_pro")}),
        ("Appels et reçus", {"fields": ("signatory_name", "signatory_role", "fee_mention")}),
        ("Mentions", {"fields": ("publication_director", "hosting", "privacy_email")}),
    )

    def save_model(self, request: HttpRequest, obj: Organisation, form: ModelForm, change: bool) -> None:
        """A logo that was replaced or removed is not kept."""
        before = Organisation.objects.filter(pk=1).first()
        super().save_model(request, obj, form, change)
        if before and before.logo and before.logo.name != obj.logo.name:
            transaction.on_commit(partial(before.logo.storage.delete, before.logo.name or ""))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only while there is none."""
        return super().has_add_permission(request) and not Organisation.objects.exists()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Straight to the only page there is."""
        if Organisation.objects.exists() and self.has_view_permission(request):
            return redirect("admin:house_organisation_change", 1)
        return super().changelist_view(request, extra_context)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly, StaffAdmin):
    """Written by the workers, read by the coordination."""

    kept = "Cette ligne se réécrit d’elle-même au prochain passage\u00a0: il n’y a rien à faire."
    list_display = ("worker", "seen_at")
    fields = readonly_fields = ("worker", "seen_at")
