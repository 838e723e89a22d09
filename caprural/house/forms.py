"""The form of the organisation."""

from functools import partial
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminFileWidget
from django.utils.html import format_html
from django.utils.safestring import SafeString

from caprural.house.models import Organisation, logo_type

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
        model = Organisation
        fields = "__all__"  # noqa: DJ007 -- the admin's fieldsets choose
        field_classes = {"website": partial(forms.URLField, assume_scheme="https")}
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
