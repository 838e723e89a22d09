"""What every page of the admin shares."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import ForeignKey, Model, ProtectedError, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import capfirst

from caprural import editing, signing_in, typed_again
from caprural.listing import FrenchLists

#: Rows named one by one when several are not deleted.
SAID = 5

View = TypeVar("View", bound=Callable[..., HttpResponse])


class SoundAutocomplete(AutocompleteSelect):
    """A choice among many rows. Stock Django answers 500 to one that is no number."""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        numbers = [pk for pk in value if pk.isascii() and pk.isdigit() and len(pk) < 19]
        return super().optgroups(name, numbers, attrs)


class SoundChoices(admin.options.BaseModelAdmin):
    """Pages and lines whose choices among many rows are sound."""

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SoundAutocomplete(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def page(address: str, *, name: str) -> Callable[[View], View]:
    """A page of our own beside the stock ones of a ModelAdmin: its address below the list’s, and its name."""

    def mark(view: View) -> View:
        view.page_at = address, name  # type: ignore[attr-defined]
        return view

    return mark


class StaffAdmin(SoundChoices, FrenchLists):
    """A ModelAdmin that answers 404 for what one may not see, and a sentence to a forged selection.

    Its forms write only what the person changed since the page they saw, on a row locked and read again.
    """

    #: Its form of a row is `get_form`'s: sent in vain, it is shown again as it was sent.
    comes_back_as_sent = True
    view_on_site = False  # see StaffSite: a page that has an address says so itself

    def get_urls(self) -> list[URLPattern]:
        views = [getattr(self, name) for name in dir(type(self)) if hasattr(getattr(type(self), name), "page_at")]
        own = [path(view.page_at[0], self.admin_site.admin_view(view), name=view.page_at[1]) for view in views]
        return [*own, *super().get_urls()]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """As the filters and dates shown ask: nobody guesses a private link by its first letters, and what no database
        can read is not sent to it."""
        is_shown = "__" not in lookup or lookup.rpartition("__")[2] in ("exact", "isnull", "year", "month", "day")
        return is_shown and super().lookup_allowed(lookup, value, request)

    def labels(self, rows: Sequence[Any]) -> Mapping[int, str]:
        """What tells these rows apart for somebody who is typing a name, by key; the others are called by theirs."""
        return {}

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Stock Django answers 500 to a selection that is not made of numbers."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(value.isascii() and value.isdigit() and len(value) < 19 for value in selected):
            messages.error(request, "La sélection envoyée n’est pas lisible : cochez les lignes, puis recommencez.")
            return redirect(request.path)
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if typed_again.comes_back_as_sent(request) and (sent := signing_in.give_back(request)) is not None:
            typed_again.send_in_vain(request, sent)
        context = {"title": capfirst(self.opts.verbose_name), **(extra_context or {})} if object_id else extra_context
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, context)
        try:
            return self._locked_view(request, object_id, form_url, context)
        except IntegrityError:
            # Somebody wrote the same thing between our reading and our writing: read again, the form says so.
            return self._locked_view(request, object_id, form_url, context)

    @transaction.atomic
    def _locked_view(self, request: HttpRequest, object_id: str | None, form_url: str, context: Any) -> HttpResponse:
        found = self.get_object(request, unquote(object_id)) if object_id else None
        if found is not None:
            with suppress(ObjectDoesNotExist):  # deleted this instant: the page is then a 404
                self.lock(found)
        return super().changeform_view(request, object_id, form_url, context)

    def lock(self, obj: Model) -> None:
        """Until the transaction ends, nobody else changes what this page shows. In the order of the verbs, which may
        lock more than the row. Not its key: what refers to it need not wait."""
        rows = type(obj)._base_manager.select_for_update(of=("self",), no_key=True)
        rows.only("pk").get(pk=obj.pk)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = editing.remembering(super().get_form(request, obj, change=change, **kwargs))
        return typed_again.unaccepted(form) if getattr(request, "not_sent", False) else form

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Iterator[Any]:
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            is_typed = inline.has_change_permission(request, obj)
            yield editing.remembering_rows(formset) if is_typed else formset, inline

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=form.written())
        else:
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for sentence in editing.changed_since(form, formsets):
            messages.warning(request, sentence)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context["page_of"] = signing_in.page_of(request)
        if request.method == "POST":
            formsets = [inline.formset for inline in context["inline_admin_formsets"]]
            for sentence in editing.changed_since(context["adminform"].form, formsets):
                messages.warning(request, sentence)
        return super().render_change_form(request, context, *args, **kwargs)

    #: Why no row is ever deleted, and what to do instead.
    kept = ""

    def why_kept(self, request: HttpRequest, obj: Any) -> str:
        """What holds this row and what to do instead of deleting it, in a sentence; empty when it may be deleted."""
        return self.kept

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.kept and super().has_delete_permission(request, obj)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Whoever writes here reads what holds the row; a bare refusal is for the others."""
        found = self.get_object(request, unquote(object_id))
        names = [get_permission_codename(verb, self.opts) for verb in ("delete", "change")]
        is_office = any(request.user.has_perm(f"{self.opts.app_label}.{name}") for name in names)
        why = self.why_kept(request, found) if found is not None and is_office else ""
        if not why:
            try:
                return super().delete_view(request, object_id, extra_context)
            except ProtectedError:  # since we looked
                why = self.why_kept(request, found) or "Des lignes en dépendent depuis un instant."
        messages.error(request, f"«\u00a0{found}\u00a0» ne se supprime pas. {why}")
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)

    def get_actions(self, request: HttpRequest) -> Any:
        actions: dict[str, Any] = super().get_actions(request)
        if stock := actions.get("delete_selected"):
            actions["delete_selected"] = (_delete_selected, *stock[1:])
        return actions

    def row(self, request: HttpRequest, pk: int, permission: str = "change") -> Any:
        """The row if this person may see it, else 404; PermissionDenied when they may see it but not do this to it."""
        found = self.get_object(request, str(pk))
        if found is None:
            raise Http404
        codename = permission if "_" in permission else get_permission_codename(permission, self.opts)
        if not (self.has_view_permission(request) and request.user.has_perm(f"{self.opts.app_label}.{codename}")):
            raise PermissionDenied
        return found

    def act_page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> TemplateResponse:
        """A page of the admin around something to do: usual header, messages and breadcrumbs."""
        shared = {"opts": self.opts, "title": title, "page_of": signing_in.page_of(request)}
        return TemplateResponse(request, template, {**self.admin_site.each_context(request), **shared, **context})


class ReadOnly(admin.options.BaseModelAdmin):
    """Rows that the product writes, and nobody by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _delete_selected(page: StaffAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    held = [(row, why) for row in queryset if (why := page.why_kept(request, row))]
    for row, why in held[:SAID]:
        messages.error(request, f"«\u00a0{row}\u00a0» ne se supprime pas. {why}")
    if len(held) > SAID:
        messages.error(request, f"Il en va de même de {len(held) - SAID} autres lignes cochées.")
    return None if held else delete_selected(page, request, queryset)


class FewFilter(admin.SimpleListFilter):
    """One of a few choices; any other word of the address bar narrows nothing."""

    #: What each word of the address is called.
    options: Mapping[str, str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.options.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value() or ""
        return self.narrowed(queryset, asked) if asked in self.options else queryset

    def narrowed(self, rows: QuerySet[Any], asked: str) -> QuerySet[Any]:
        """The rows that this word means."""
        raise NotImplementedError
