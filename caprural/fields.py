"""Columns of our own."""

import re
from typing import Any

from django import forms
from django.db import models


def compact(value: str) -> str:
    """A code as it is stored and compared: « fr76 3000-6000 » becomes « FR7630006000 »."""
    return re.sub(r"[\s.\-\u2010-\u2013]+", "", value).upper()


class CodeFormField(forms.CharField):
    """A code, typed with the spaces people put in it."""

    def to_python(self, value: Any) -> str:
        """Without them."""
        return compact(super().to_python(value) or "")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """No limit in the browser: the spaces would count."""
        return {name: attr for name, attr in super().widget_attrs(widget).items() if name != "maxlength"}


class CodeField(models.CharField):
    """An official number (SIRET, IBAN, BIC): typed by groups, stored in one piece, in capitals."""

    def to_python(self, value: Any) -> Any:
        """Compact, also when it does not come from a form."""
        value = super().to_python(value)
        return compact(value) if isinstance(value, str) else value

    def formfield(self, **kwargs: Any) -> Any:
        """A form field that accepts the spaces."""
        return super().formfield(**{"form_class": CodeFormField, **kwargs})
