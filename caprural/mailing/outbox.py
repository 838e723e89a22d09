"""Into the letter box: what an act writes, in its own transaction, and what becomes of it before it has left (R23)."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q

from caprural import letters
from caprural.mailing.models import Message, MessageQuerySet

#: Beyond, a mail program hides the end: the title of a session is cut first, and never to less than that.
MAX_SUBJECT, SHORTEST_TITLE = 90, 20

#: Kinds that are written anew rather than sent again; the applications add theirs.
written_anew: set[str] = set()

_recordings: ContextVar[tuple[list[Message], ...]] = ContextVar("recordings", default=())


class NotSentAgain(Exception):
    """The letter is still to leave, or is no more; the exception's text is the French sentence to show."""


def compose(
    name: str,
    *,
    to: str,
    context: dict[str, Any],
    about: Model | None = None,
    key: str = "",
    documents: Sequence[tuple[str, str]] = (),
    sender: str = "",
    reply_to: str = "",
) -> Message:
    """The letter `templates/emails/<name>.txt`, as it would be queued. Writes nothing.

    `documents` are pairs (name, key) for the makers of `mailing.documents`. `sender` is the name people read beside our
    address, unless the settings give one.
    """
    letter = letters.render(name, context)
    return Message(
        about=about,
        kind=name,
        key=key,
        to=to,
        sender=sender,
        reply_to=reply_to,
        subject=_short(letter.subject),
        text=letter.text,
        html=letter.html,
        documents=[list(pair) for pair in documents],
        message_id=_new_message_id(),
    )


def queue(messages: Iterable[Message]) -> list[Message]:
    """They are to leave, once the caller's transaction holds; as many queries as for one."""
    queued = Message.objects.bulk_create(messages)
    for recorded in _recordings.get():
        recorded.extend(queued)
    return queued


@contextmanager
def recording() -> Iterator[list[Message]]:
    """The letters queued inside the block, in order: what an act writes, whoever else writes meanwhile."""
    written: list[Message] = []
    token = _recordings.set((*_recordings.get(), written))
    try:
        yield written
    finally:
        _recordings.reset(token)


def can_be_sent_again(message: Message) -> bool:
    """Whether what it says is still there, and is not written anew instead."""
    return not message.is_erased and message.kind not in written_anew


def present_address(message: Message) -> str:
    """Where it would go if it were sent again: the present address of whoever it is about, else where it went."""
    return getattr(message.about, "letters_go_to", "") or message.to


@transaction.atomic
def send_again(message: Message) -> Message:
    """« Renvoyer »: put a letter that left, or never did, in the queue for the present address of whoever it is about,
    its private link up to date; returns the one that will leave.

    What never left takes its own place again; what was sent stays as it was, and a copy leaves. Asked twice, it
    leaves once: raises NotSentAgain while the letter or its copy is still to leave, and when it was erased meanwhile.
    """
    current = Message.objects.select_for_update(of=("self",)).filter(pk=message.pk).first()
    if current is None or current.is_erased:
        raise NotSentAgain("Ce message vient d’être effacé\u00a0: il ne peut plus être renvoyé.")
    if Message.objects.to_leave().filter(Q(pk=current.pk) | Q(copy_of=current)).exists():
        raise NotSentAgain("Ce message est déjà dans la file\u00a0: il partira dans un instant.")
    address, rewrite = present_address(current), getattr(current.about, "with_present_link", str)
    if current.state in Message.NEVER_LEFT:
        return readdress(Message.objects.filter(pk=current.pk), to=address, rewrite=rewrite)[0]
    copy = Message(
        about=current.about,
        kind=current.kind,
        to=address,
        sender=current.sender,
        reply_to=current.reply_to,
        subject=current.subject,
        text=rewrite(current.text),
        html=rewrite(current.html),
        documents=current.documents,
        message_id=_new_message_id(),
        copy_of=current,
    )
    return queue([copy])[0]


@transaction.atomic
def readdress(found: MessageQuerySet, *, to: str, rewrite: Callable[[str], str]) -> list[Message]:
    """Of these letters, those that never left go to another address, their text rewritten."""
    never_left = found.never_left().exclude(text="")
    messages = list(never_left.select_for_update(of=("self",)))
    for message in messages:
        message.to, message.state, message.due_at, message.attempts = to, Message.State.QUEUED, None, 0
        message.text, message.html = rewrite(message.text), rewrite(message.html)
        message.save()
    return messages


def take_back(found: MessageQuerySet) -> int:
    """Of these letters, those still to leave no longer are. Returns how many.

    One that a worker holds at that very moment may leave all the same, and is then said to have: nothing else puts it
    back in the queue.
    """
    return found.to_leave().update(state=Message.State.TAKEN_BACK, due_at=None)


def _new_message_id() -> str:
    """Unique, and short: email.utils.make_msgid() often exceeds a header line, and is then folded before it begins."""
    return f"<{time.time():.0f}.{secrets.token_hex(8)}@{urlsplit(settings.SITE_URL).hostname}>"


def _short(subject: str) -> str:
    """« Situation : titre – date » of at most MAX_SUBJECT signs where the title can give way; the rest never does."""
    situation, colon, about = subject.partition("\u00a0: ")
    title, dash, day = about.rpartition(" – ") if " – " in about else (about, "", "")
    room = max(MAX_SUBJECT - (len(subject) - len(title)), SHORTEST_TITLE)
    if not colon or len(subject) <= MAX_SUBJECT or len(title) <= room:
        return subject
    cut = title[:room].rsplit(" ", 1)[0].rstrip(" ,;:–-'’")
    return f"{situation}{colon}{cut}…{dash}{day}"
