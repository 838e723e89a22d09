"""Columns of our own."""

import re
from typing import Any

from django import forms
from django.db import models

from caprural import validators


def compact(value: str) -> str:
    """A code as it is stored and compared: « fr76 3000-6000 » becomes « FR7630006000 »."""
    return re.sub(r"[\s.\-\u2010-\u2013]+", "", value).upper()


class CodeFormField(forms.CharField):
    """A code, typed with the spaces people put in it."""

    def to_python(self, value: Any) -> str:
        return compact(super().to_python(value) or "")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """No limit in the browser: the spaces would count."""
        return {name: attr for name, attr in super().widget_attrs(widget).items() if name != "maxlength"}


class CodeField(models.CharField):
    """An official number (SIRET, IBAN, BIC): typed by groups, stored in one piece, in capitals."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return compact(value) if isinstance(value, str) else value

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": CodeFormField, **kwargs})


class EmailFormField(forms.EmailField):
    """An address as people type or paste it: what does not count in one is cleaned before it is judged."""

    # Django's own would answer first, with one sentence for everything.
    default_validators = [validators.email_address]

    def to_python(self, value: Any) -> str:
        return validators.normalise_email(super().to_python(value) or "")


class EmailField(models.EmailField):
    """An address, always stored and looked for in the form under which two of them are compared (R7)."""

    default_validators = []

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return validators.normalise_email(value) if isinstance(value, str) else value

    def deconstruct(self) -> Any:
        """For the database it is the stock field: no table is rebuilt for it."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": EmailFormField, **kwargs})
