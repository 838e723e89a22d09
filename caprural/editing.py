"""Forms of the admin that remember what their page showed: what others have changed since is kept, and said.

Behind each field stand three values: what the page showed (its hidden field), what was typed, and what the row says
now, under its lock. What nobody typed keeps the row's value; where the person and somebody else changed the same field,
the person is asked. A form without its hidden fields showed nothing: whatever differs from the row is asked about.
"""

import re
from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.forms.formsets import DELETION_FIELD_NAME, INITIAL_FORM_COUNT, TOTAL_FORM_COUNT
from django.utils.datastructures import MultiValueDict
from django.utils.formats import localize
from django.utils.functional import cached_property
from django.utils.text import Truncator, capfirst

from caprural import typography

#: How much of a value is quoted.
QUOTED = 120
ROW_IS_GONE = (
    "Cette ligne a été supprimée depuis que vous aviez ouvert la page. Enregistrez de nouveau pour la remettre telle "
    "que vous l’avez écrite, ou videz-la."
)


class ShownField(forms.BoundField):
    """A field that knows what its page showed."""

    form: Any
    field: Any

    @cached_property
    def typed(self) -> Any:
        """What was sent; None for a file that was left alone."""
        sent = super().data
        return None if sent is None else _plain(sent)

    @cached_property
    def shown(self) -> Any:
        """What the page showed, as its hidden field sends it; None when it sent none."""
        sent = self.form._widget_data_value(self.field.hidden_widget(), self.html_initial_name)
        return None if sent is None else _plain(sent)

    @cached_property
    def is_remembered(self) -> bool:
        """Whether it belongs to a row that is there already."""
        return bool(self.form.is_bound and self.form.remembers(self.name))

    @cached_property
    def is_touched(self) -> bool:
        """Whether the person typed something else than what the page showed."""
        if self.form.is_new_to_page:
            return False
        try:
            shown = self.initial if self.shown is None else _read(self.field, self.shown)
        except ValidationError:
            return True
        return bool(self.field.has_changed(shown, self.typed))

    @cached_property
    def has_moved(self) -> bool:
        """Whether the row no longer says what the page showed; so it is taken when the page showed nothing."""
        widget: Any = self.field.hidden_widget()
        now, shown = _plain(widget.format_value(self.field.prepare_value(self.initial))), self.shown
        if isinstance(shown, list):
            return sorted(now) != sorted(shown)
        return bool(now != shown)

    @cached_property
    def is_kept(self) -> bool:
        """Whether the row's value stays because the person left the field alone."""
        return self.is_remembered and self.has_moved and not self.is_touched

    @cached_property
    def is_contested(self) -> bool:
        """Whether the person and somebody else changed it, differently."""
        return self.is_remembered and self.has_moved and self._has_changed()

    @property
    def data(self) -> Any:
        if not self.is_kept or isinstance(self.field, forms.FileField):
            return self.typed
        return self.field.prepare_value(self.initial)

    def _has_changed(self) -> bool:
        if not self.is_remembered:
            return bool(super()._has_changed())  # type: ignore[misc]
        return self.is_touched and bool(self.field.has_changed(self.initial, self.typed))

    def as_widget(self, widget: Any = None, attrs: Any = None, only_initial: bool = False) -> Any:
        """The hidden field says what the row says now: the page is drawn again from it."""
        if not (only_initial and self.form.remembers(self.name)):
            return super().as_widget(widget, attrs, only_initial)
        value = self.field.prepare_value(self.initial)
        return widget.render(self.html_initial_name, value, {"id": self.html_initial_id}, self.form.renderer)

    @property
    def now(self) -> str:
        """What the row says, in words."""
        return self.words(self.initial)

    def words(self, value: Any) -> str:
        """A value of this field as one reads it."""
        choices = dict(getattr(self.form._meta.model._meta.get_field(self.name), "flatchoices", ()))
        match value:
            case None | "" | []:
                return "vide"
            case bool():
                return "oui" if value else "non"
            case time():
                return typography.hour(value)
            case date() | Decimal():
                return str(localize(value))
            case File():
                return str(value.name or "vide").rpartition("/")[2]
        if isinstance(self.field, forms.ModelChoiceField):
            keys = self.field.prepare_value(value if isinstance(value, list) else [value])
            rows: Any = self.field.queryset
            found = rows.filter(pk__in=[key for key in map(str, keys) if key.isascii() and key.isdigit()])
            return ", ".join(map(str, found)) or "vide"
        return Truncator(str(choices.get(value, value))).chars(QUOTED)


def _plain(value: Any) -> Any:
    """A value as it travels, whatever the browser makes of ends of lines."""
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | File):
        return "" if value is None else value
    return str(value).replace("\r\n", "\n").replace("\r", "\n")


def _read(field: forms.Field, shown: Any) -> Any:
    is_raw = isinstance(field, forms.ModelChoiceField | forms.FileField)
    return shown if is_raw else field.to_python(shown)


class RememberingForm(forms.ModelForm):
    """A form that writes only what the person changed since the page they saw."""

    bound_field_class = ShownField
    #: Set by the table the form is a line of.
    is_new_to_page = False
    was_deleted = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {field.name for field in self._meta.model._meta.get_fields()}
        is_there = not self.instance._state.adding
        self.remembered = {
            name for name, field in self.fields.items() if is_there and name in known and not field.disabled
        }
        for name in self.remembered:
            self.fields[name].show_hidden_initial = True

    def bounds(self) -> Iterable[Any]:
        """Its fields that remember."""
        return [self[name] for name in self.fields if self.remembers(name)]

    def remembers(self, name: str) -> bool:
        """Not the row's own parent, whose field its table puts in the place of ours."""
        return name in self.remembered and self.fields[name].show_hidden_initial

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound:
            return
        if self.was_deleted:
            self.add_error(None, ROW_IS_GONE)
        for bound in self.bounds():
            if bound.is_contested:
                self.add_error(bound.name, _asked(bound))

    def written(self) -> list[str]:
        """Columns to write: what was changed, and what dates the change."""
        return [
            field.name
            for field in self._meta.model._meta.concrete_fields
            if not field.primary_key and (field.name in self.changed_data or getattr(field, "auto_now", False))
        ]

    def save(self, commit: bool = True) -> Any:
        if not commit or self.instance._state.adding or self.errors:
            return super().save(commit)
        self.instance.save(update_fields=self.written())
        self._save_m2m()  # type: ignore[attr-defined]
        return self.instance


def _asked(bound: ShownField) -> str:
    since = "" if bound.shown is None else " a changé depuis que vous aviez ouvert la page\u00a0: elle"
    choice = (
        "Choisissez de nouveau le fichier" if isinstance(bound.field, forms.FileField) else "Enregistrez de nouveau"
    )
    now = f"Cette valeur{since} est maintenant «\u00a0{bound.now}\u00a0»."
    return f"{now} {choice} pour mettre la vôtre, ou reprenez celle-là."


class RememberingFormSet(forms.BaseInlineFormSet):
    """Lines of a table, of which others may have added or deleted some since the page was drawn."""

    data: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Lines deleted meanwhile that nobody touched, in words; places of those somebody did.
        self.gone: list[str] = []
        self.deleted_places: set[int] = set()
        self.new_keys: set[str] = set()
        if self.is_bound and not self.instance._state.adding and self.management_form.is_valid():
            self._follow_rows()

    def _follow_rows(self) -> None:
        """Number the lines again: those that are there, what was typed in those that are not, then the new ones."""
        model: Any = self.model
        key, total = model._meta.pk.name, self.total_form_count()
        initial = min(self.initial_form_count(), total)
        sent = {self.data.get(f"{self.add_prefix(place)}-{key}", ""): place for place in range(initial)}
        here = [str(row.pk) for row in self.get_queryset()]
        self.new_keys = {pk for pk in here if pk not in sent}
        lost = [place for pk, place in sent.items() if pk not in here]
        if list(sent) == here:
            return
        written = [place for place in lost if self._is_written(place)]
        # In the order of the rows, in which the admin names them.
        order = enumerate([*map(sent.get, here), *written, *range(initial, total)])
        places = {place: number for number, place in order if place is not None}
        self.deleted_places = {places[place] for place in written}
        self.data, self.files = self._renumbered(self.data, places), self._renumbered(self.files, places)
        for number, pk in enumerate(here):
            self.data[f"{self.add_prefix(number)}-{key}"] = pk
        for number in self.deleted_places:
            self.data.pop(f"{self.add_prefix(number)}-{key}", None)
        self.data[f"{self.prefix}-{TOTAL_FORM_COUNT}"] = str(len(here) + len(written) + total - initial)
        self.data[f"{self.prefix}-{INITIAL_FORM_COUNT}"] = str(len(here))
        del self.management_form

    def _is_written(self, place: int) -> bool:
        """Whether the person wrote in a line that is no longer there, and wants it."""
        prefix = self.add_prefix(place)
        if f"{prefix}-{DELETION_FIELD_NAME}" in self.data:
            return False
        form = self.form(self.data, self.files, prefix=prefix, **self.get_form_kwargs(place))
        bounds: list[Any] = [form[name] for name in form.fields if name != self.fk.name]
        if any(bound.is_touched for bound in bounds):
            return True
        self.gone.append(", ".join(bound.words(_read(bound.field, bound.shown)) for bound in bounds if bound.shown))
        return False

    def _renumbered(self, sent: MultiValueDict, places: dict[int, int]) -> MultiValueDict:
        pattern = re.compile(rf"(initial-)?{re.escape(str(self.prefix))}-([0-9]{{1,9}})(-.+)")
        moved: MultiValueDict = MultiValueDict()
        for name in sent:
            found = pattern.fullmatch(name)
            if found is None:
                moved.setlist(name, sent.getlist(name))
            elif (place := places.get(int(found[2]))) is not None:
                moved.setlist(f"{found[1] or ''}{self.add_prefix(place)}{found[3]}", sent.getlist(name))
        return moved

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        form.is_new_to_page = str(form.instance.pk) in self.new_keys
        form.was_deleted = i in self.deleted_places
        return form

    def full_clean(self) -> None:
        super().full_clean()
        rows: Any = self
        for form in rows.initial_forms if self.is_bound and self.can_delete else ():
            moved = [bound for bound in form.bounds() if bound.has_moved and bound.shown is not None]
            if moved and rows._should_delete_form(form):
                rows._non_form_errors.append(
                    f"«\u00a0{form.instance}\u00a0» a changé depuis que vous aviez ouvert la page ({_said(moved)}). "
                    "Enregistrez de nouveau pour supprimer cette ligne."
                )


def _said(bounds: Iterable[ShownField]) -> str:
    return ", ".join(f"{capfirst(str(bound.label))}\u00a0: «\u00a0{bound.now}\u00a0»" for bound in bounds)


def _kept(form: Any) -> str:
    """Not of a page that showed nothing."""
    return _said(bound for bound in form.bounds() if bound.is_kept and bound.shown is not None)


def changed_since(form: Any, formsets: Iterable[Any]) -> list[str]:
    """What others changed since the page was drawn and that stays, in sentences."""
    kept = [_kept(form)]
    added, gone = list[str](), list[str]()
    for formset in formsets:
        if not isinstance(formset, RememberingFormSet):
            continue
        gone += formset.gone
        lines: Any = formset.initial_forms
        for line in lines:
            if line.is_new_to_page:
                added.append(str(line.instance))
            elif said := _kept(line):
                kept.append(f"{line.instance} ({said})")
    lists = {"Changé": [line for line in kept if line], "Ajouté": added, "Supprimé": gone}
    return [
        f"{done} depuis que vous aviez ouvert cette page, et gardé ainsi\u00a0: {'; '.join(lines)}."
        for done, lines in lists.items()
        if lines
    ]


def remembering(form: Any) -> Any:
    """This class of forms, with its memory."""
    return type(form.__name__, (RememberingForm, form), {})


def remembering_rows(formset: Any) -> Any:
    """This class of tables, with its memory."""
    return type(formset.__name__, (RememberingFormSet, formset), {"form": remembering(formset.form)})
