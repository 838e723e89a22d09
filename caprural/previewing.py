"""Acts that write to people: shown first, then done.

Most are foreseen by reading (`Foreseen`). The words that someone has just typed, or what is opened at once for many,
are tried and undone (`attempt`), on a POST only: a page that is only read never writes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import transaction

from caprural import emails


@dataclass(frozen=True)
class Outcome:
    """What an act has written, or would write; the fingerprint tells one outcome from another."""

    letters: list[Any]
    fingerprint: str
    is_done: bool

    @property
    def people(self) -> int:
        """How many people are written to: someone to whom a seat falls reads that too."""
        return len({tuple(letter.to) for letter in self.letters})


@dataclass(frozen=True)
class Foreseen:
    """What an act would do, as it was read: whom it writes to, a name and an address for each, and what else follows.

    `details` is what was typed for it. The act is done only if the same is foreseen again, under its locks.
    """

    named: Sequence[tuple[str, str]]
    details: object = None
    follows: Sequence[str] = ()
    #: No letter is shown.
    letters: Sequence[Any] = ()

    @property
    def people(self) -> int:
        """How many people are written to."""
        return len({address for _, address in self.named})

    @property
    def fingerprint(self) -> str:
        """Tells one outcome from another."""
        return sha256(repr((self.details, self.named, self.follows)).encode()).hexdigest()


def words(letter: Any) -> object:
    """All that a letter says, and to whom."""
    return letter.to, letter.subject, letter.message


def attempt(
    act: Callable[[], object], *, details: object, previewed: str, told: Callable[[Any], object] = words
) -> Outcome:
    """Do an act and keep it only if its outcome is the one that was previewed; otherwise undo it all.

    So the preview is the act itself: the real people, the real words. `details` is what was typed for it. `told` is
    what of each letter must be as it was previewed: less than all of it when it quotes what only the act creates. The
    act takes its own locks.
    """
    with transaction.atomic(), emails.recording() as letters:
        act()
        said = [told(letter) for letter in letters]
        fingerprint = sha256(repr((details, said)).encode()).hexdigest()
        is_done = previewed == fingerprint
        if not is_done:
            transaction.set_rollback(True)
    return Outcome(letters, fingerprint, is_done)
