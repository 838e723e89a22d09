"""A form that would cost somebody something says whom, and asks once more before it saves."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from caprural.admin import StaffAdmin

#: Beyond, they are only counted.
NAMED = 5


def key(losses: Sequence[object]) -> str:
    """What the box sends: these losses and no others."""
    return sha256(repr([str(loss) for loss in losses]).encode()).hexdigest()


def is_confirmed(request: HttpRequest, losses: Sequence[object]) -> bool:
    """Whether nobody loses anything, or the box beside exactly these losses was ticked."""
    return not losses or request.POST.get("confirmed") == key(losses)


def say_what_followed(request: HttpRequest, done: Sequence[str]) -> None:
    """What saving did to the registrations: each of a few, the number of many."""
    for sentence in done if len(done) <= NAMED else [f"{len(done)} inscriptions ont changé d’état"]:
        messages.info(request, f"{sentence}.")


class ConfirmingAdmin(StaffAdmin):
    """A form with tables that comes back with what would be lost, in sentences, and a box to tick."""

    def losses(self, request: HttpRequest, obj: Any, formsets: Sequence[Any]) -> Sequence[object]:
        """What saving would cost, a sentence for each person. The form and its tables are well formed. Only reads."""
        raise NotImplementedError

    def _create_formsets(self, request: HttpRequest, obj: Any, change: bool) -> Any:
        """The last table is cleaned last: it then asks about all of them together."""
        formsets, inlines = super()._create_formsets(request, obj, change)  # type: ignore[misc]
        if request.method == "POST" and change and formsets:
            last, clean = formsets[-1], formsets[-1].clean

            def ask() -> None:
                clean()
                if not any(last.errors) and all(formset.is_valid() for formset in formsets[:-1]):
                    self._ask(request, obj, formsets)

            last.clean = ask
        return formsets, inlines

    def _ask(self, request: HttpRequest, obj: Any, formsets: Sequence[Any]) -> None:
        losses = self.losses(request, obj, formsets)
        if not is_confirmed(request, losses):
            request.losses = losses  # type: ignore[attr-defined]
            raise ValidationError("Lisez en haut de la page qui est concerné, cochez la case, puis enregistrez.")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """With the losses to read, if any."""
        losses = getattr(request, "losses", ())
        context.update(losses=losses, losses_key=key(losses))
        return super().render_change_form(request, context, *args, **kwargs)
