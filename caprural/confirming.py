"""What costs somebody something, or writes to people, is read beforehand, shown, confirmed, then done.

What an act would do is only read. The page carries a key of exactly that; confirmed, the act reads it again under its
locks and, when anything differs, asks again instead.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from caprural import typography
from caprural.admin import StaffAdmin

Row = TypeVar("Row")
#: Beyond, what followed is only counted.
NAMED = 5


@dataclass(frozen=True)
class Told:
    """Someone who is written to; and what they would read, where that is shown."""

    name: str
    address: str
    subject: str = ""
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.address}".strip()

    @classmethod
    def by(cls, letter: Any, name: object) -> "Told":
        """Whoever a letter of the queue is for, and its words."""
        return cls(str(name), letter.to, letter.subject, letter.text)


@dataclass(frozen=True)
class Foreseen:
    """What an act would do: whom it writes to, which seats lose or gain their cover, a sentence for each.

    `details` is what was typed for it, and whatever else must not change before it is done.
    """

    told: Sequence[Told] = ()
    lost: Sequence[str] = ()
    gained: Sequence[str] = ()
    details: object = None

    @classmethod
    def of(cls, changes: Iterable[Any], *, details: object = None) -> "Foreseen":
        """What is foreseen of seats: each change has a sentence, and says whether a cover is lost."""
        lost, gained = ([one.sentence for one in changes if one.is_lost is is_lost] for is_lost in (True, False))
        return cls(lost=lost, gained=gained, details=details)

    @property
    def people(self) -> int:
        """How many people are written to."""
        return len({one.address for one in self.told})

    @property
    def key(self) -> str:
        """Tells this from anything else: the page sends it back."""
        return sha256(repr((self.details, self.told, self.lost, self.gained)).encode()).hexdigest()

    def is_confirmed(self, request: HttpRequest) -> bool:
        """Whether exactly this was shown, and somebody said yes."""
        return "confirm" in request.POST and request.POST.get("previewed") == self.key

    def button(self, submit: str, link: str = "et prévenir") -> str:
        """« Annuler la session et prévenir 3 personnes »."""
        return f"{submit} {link} {people_told(self.people)}" if self.people else submit


def people_told(count: int) -> str:
    """« 3 personnes »."""
    return f"{count} {typography.plural(count, 'personne,personnes')}"


def ask(
    request: HttpRequest,
    *,
    row: Row,
    lock: Callable[[], Row],
    foresee: Callable[[Row], Foreseen],
    act: Callable[[Row], object],
    is_free: bool = False,
) -> tuple[Foreseen, bool]:
    """What the act would do, and whether it is done: only once confirmed, and if the same is foreseen under its locks.

    `is_free`: what changes nobody's cover is done at once.
    """
    is_sent = request.method == "POST" and (is_free or "confirm" in request.POST)
    with transaction.atomic() if is_sent else nullcontext():
        current = lock() if is_sent else row
        foreseen = foresee(current)
        is_done = is_sent and (foreseen.is_confirmed(request) or (is_free and not (foreseen.lost or foreseen.gained)))
        if is_done:
            act(current)
    if not is_done and "confirm" in request.POST:
        messages.warning(request, "Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez.")
    return foreseen, is_done


def say_what_followed(request: HttpRequest, done: Sequence[str]) -> None:
    """What an act did to the registrations: each of a few, the number of many."""
    for sentence in done if len(done) <= NAMED else [f"{len(done)} inscriptions ont changé d’état"]:
        messages.info(request, f"{sentence}.")


class ConfirmingAdmin(StaffAdmin):
    """A form with tables that comes back with what would be lost, in sentences, and a box to tick."""

    def foresee(self, request: HttpRequest, obj: Any, formsets: Sequence[Any]) -> Foreseen:
        """What saving would do to the seats. The form and its tables are well formed. Only reads."""
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
        foreseen = self.foresee(request, obj, formsets)
        if foreseen.lost and not foreseen.is_confirmed(request):
            request.foreseen = foreseen  # type: ignore[attr-defined]
            raise ValidationError("Lisez en haut de la page qui est concerné, cochez la case, puis enregistrez.")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context["foreseen"] = getattr(request, "foreseen", None)
        return super().render_change_form(request, context, *args, **kwargs)
