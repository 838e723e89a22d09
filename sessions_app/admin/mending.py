"""A session that cannot be read: what no form lets through, but a database may hold, is typed again (J4)."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from sessions_app import roles
from sessions_app.admin.base import SessionPages
from sessions_app.models import SessionDay, TrainingSession

#: What a column of any of these kinds holds is read before anything else of the session.
KINDS = (models.DateField, models.TimeField, models.SlugField)


@dataclass(frozen=True)
class Unreadable:
    """One value nobody can read, as it is written in the database."""

    model: Any
    pk: int
    field: Any
    written: str

    @property
    def name(self) -> str:
        """Of its field in the form."""
        return f"{self.model._meta.model_name}-{self.pk}-{self.field.name}"


def unreadable(pk: int) -> list[Unreadable]:
    """What cannot be read of a session and of its days."""
    found = []
    tables: tuple[tuple[Any, dict[str, int]], ...] = ((TrainingSession, {"pk": pk}), (SessionDay, {"session": pk}))
    for model, rows in tables:
        fields = [field for field in model._meta.concrete_fields if type(field) in KINDS]
        raw = {f"raw_{field.name}": Cast(field.name, TextField()) for field in fields}
        for row in model._base_manager.filter(**rows).order_by("pk").values("pk", **raw):
            for field in fields:
                written = row[f"raw_{field.name}"]
                try:
                    field.clean(written, None)
                except ValidationError:
                    if written is not None:
                        found.append(Unreadable(model, row["pk"], field, written))
    return found


class SessionMending(SessionPages):
    """The page of such a session asks for what cannot be read, and for nothing else."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Http404:
            is_office = roles.sees_every_session(request.user) and self.has_change_permission(request)
            is_number = object_id is not None and object_id.isascii() and object_id.isdigit() and len(object_id) < 19
            cells = unreadable(int(object_id or 0)) if is_office and is_number else []
            if not cells:
                raise
            return self._mend(request, int(object_id or 0), cells)

    def _mend(self, request: HttpRequest, pk: int, cells: list[Unreadable]) -> HttpResponse:
        form = forms.Form(request.POST or None)
        for cell in cells:
            help_text = f"Illisible\u00a0: «\u00a0{cell.written}\u00a0»."
            field = cell.field.formfield(help_text=help_text, validators=cell.field.validators)
            of_day = f", journée n°\u00a0{cell.pk}" if cell.model is SessionDay else ""
            field.label = f"{field.label}{of_day}"
            form.fields[cell.name] = field
        if form.is_valid():
            try:
                with transaction.atomic():
                    for cell in cells:
                        value = form.cleaned_data[cell.name]
                        cell.model._base_manager.filter(pk=cell.pk).update(**{cell.field.name: value})
            except IntegrityError:
                form.add_error(None, "Ces valeurs ne vont pas avec celles qui sont déjà là\u00a0: donnez-en d’autres.")
            else:
                messages.success(request, "La session peut de nouveau être lue\u00a0: relisez-la.")
                return redirect(request.path)
        return self.act_page(
            request,
            "admin/act.html",
            "Session illisible",
            {
                "subtitle": TrainingSession.objects.filter(pk=pk).values_list("title", flat=True).first(),
                "form": form,
                "submit": "Corriger",
                "back": "../../",
                "notice": "Une valeur de cette session ne peut pas être lue\u00a0: la session n’est plus montrée nulle "
                "part. Corrigez ce qui suit, et elle revient telle qu’elle était.",
            },
        )
