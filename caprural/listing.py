"""Lists of the admin, searched and sorted in French."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path, lookup_spawns_duplicates
from django.contrib.admin.views.main import ChangeList
from django.db.models import CharField, Model, Q, TextField
from django.http import HttpRequest

from caprural.folding import SortKey
from caprural.typography import fold


class FrenchList(ChangeList):
    """A list whose columns of words sort like a dictionary."""

    def get_ordering_field(self, field_name: Any) -> Any:
        return in_french(self.model, super().get_ordering_field(field_name))


class FrenchLists(admin.ModelAdmin):
    """Lists searched and sorted without accents, case nor punctuation, alike on both databases (C6)."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return FrenchList

    def get_ordering(self, request: HttpRequest) -> Any:
        return [in_french(self.model, field) for field in super().get_ordering(request) or self.opts.ordering or ()]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Every word typed is in one of the fields; an address is looked for as it is."""
        fields = self.get_search_fields(request)
        words = [
            (word, part)
            for word in search_term.replace("\x00", "").split()
            for part in ([""] if "@" in word else fold(word).split())
        ]
        wanted = Q()
        for word, part in words:
            either = Q()
            for name in fields:
                is_text = isinstance(get_fields_from_path(self.model, name)[-1], CharField | TextField)
                folded = part and is_text
                either |= Q(**{f"{name}__folded__contains": part} if folded else {f"{name}__icontains": word})
            wanted &= either
        twice = any(lookup_spawns_duplicates(self.opts, name) for name in fields)
        return queryset.filter(wanted), bool(words) and twice


def in_french(model: type[Model], ordering: Any) -> Any:
    """The same order; for a column of words, the one of a dictionary."""
    name = ordering.removeprefix("-") if isinstance(ordering, str) else ""
    field = model._meta._forward_fields_map.get(name)  # type: ignore[attr-defined]
    if not isinstance(field, CharField) or field.choices:
        return ordering
    return SortKey(name).desc() if ordering.startswith("-") else SortKey(name)
