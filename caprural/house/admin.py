"""The organisation in the admin, which signs every page, message and document; and when each worker was last seen."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminFileWidget
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from caprural.admin import ReadOnly, StaffAdmin
from caprural.house.models import Heartbeat, Organisation, logo_type

#: What is said of a file that cannot be a logo.
NOT_A_LOGO = (
    "Ce fichier n’est pas une image PNG ou JPEG lisible : enregistrez le logo dans l’un de ces deux formats, puis "
    "recommencez."
)


class _Shown(SafeString):
    """An image inside the link that leads to it."""

    url = ""


class LogoInput(AdminFileWidget):
    """The logo there is, shown rather than named: the file itself has no address."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """The stock widget would link to a folder that nobody serves."""
        context = super().get_context(name, value, attrs)
        if context["widget"]["is_initial"]:
            url = value.instance.logo_url
            shown = _Shown(format_html('<img class="logo-shown" src="{}" alt="Voir le logo actuel">', url))
            shown.url = url
            context["widget"]["value"] = shown
        return context


class OrganisationForm(forms.ModelForm):
    """The organisation, with a logo that every page and document can carry."""

    #: Beyond, pages and documents would be slow to load.
    LOGO_MAX_BYTES = 1_000_000
    LOGO_MAX_SIDE = 4000

    class Meta:
        widgets = {"logo": LogoInput}
        error_messages = {"logo": dict.fromkeys(("invalid_image", "invalid_extension", "empty"), NOT_A_LOGO)}

    def clean_logo(self) -> Any:
        """A new image is a PNG or a JPEG, neither heavy nor huge; the one there is was judged already."""
        logo = self.cleaned_data["logo"]
        image = getattr(logo, "image", None)
        if image is None:
            return logo
        logo.seek(0)
        if not logo_type(logo.read(16)):
            raise forms.ValidationError(NOT_A_LOGO, code="invalid_image")
        if logo.size > self.LOGO_MAX_BYTES or max(image.size) > self.LOGO_MAX_SIDE:
            raise forms.ValidationError(
                "Cette image est trop lourde : choisissez-en une d’un mégaoctet et de 4000 pixels de côté au plus."
            )
        return logo


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

    def save_model(self, request: HttpRequest, obj: Organisation, form: forms.ModelForm, change: bool) -> None:
        """A logo that was replaced or removed is not kept."""
        before = Organisation.objects.filter(pk=1).first()
        super().save_model(request, obj, form, change)
        if before and before.logo and before.logo.name != obj.logo.name:
            transaction.on_commit(partial(before.logo.storage.delete, before.logo.name or ""))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Organisation.objects.exists()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if Organisation.objects.exists() and self.has_view_permission(request):
            return redirect("admin:house_organisation_change", 1)
        return super().changelist_view(request, extra_context)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly, StaffAdmin):
    """Written by the workers, read by the coordination."""

    kept = "Cette ligne se réécrit d’elle-même au prochain passage\u00a0: il n’y a rien à faire."
    list_display = ("worker", "seen_at")
    fields = readonly_fields = ("worker", "seen_at")
