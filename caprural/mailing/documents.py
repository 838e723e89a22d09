"""The files of a letter: the row names them, they are made when it leaves or when somebody reads it."""

from collections.abc import Callable
from dataclasses import dataclass

from caprural.mailing.models import Message


class AttachmentFailed(Exception):
    """A document of a letter could not be made; the cause is the maker's own exception."""


@dataclass(frozen=True)
class Attachment:
    """A file of a letter, made when it is sent."""

    filename: str
    content: bytes
    mimetype: str


Maker = Callable[[str], Attachment | None]
_makers: dict[str, Maker] = {}
_labels: dict[str, str] = {}


def attachment(name: str, label: str = "") -> Callable[[Maker], Maker]:
    """Register the function that makes the document `name` from its key; it returns None when that is gone.

    `label` says what it is where one chooses it, before it is made.
    """

    def register(maker: Maker) -> Maker:
        _makers[name] = maker
        _labels[name] = label or name
        return maker

    return register


def made(message: Message) -> list[Attachment]:
    """Its files, made now. Raises AttachmentFailed."""
    files = (_make(name, key) for name, key in message.documents)
    return [file for file in files if file]


def labels(message: Message) -> list[str]:
    """What each of its files is, without making any."""
    return [_labels.get(name, name) for name, _ in message.documents]


def at(message: Message, number: int) -> Attachment | None:
    """The one at that place among the labels, made now; None when there is none. Raises AttachmentFailed."""
    document = message.documents[number:][:1]
    return _make(*document[0]) if document else None


def _make(name: str, key: str) -> Attachment | None:
    try:
        return _makers[name](key)
    except Exception as error:
        raise AttachmentFailed(f"{name} {key}: {type(error).__name__}: {error}") from error
