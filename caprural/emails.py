"""From a template to a queued message, and from the queue to the mail server: the only file that knows the queue (R23).

`queue` writes a row in the caller's transaction. `deliver` (the worker) sends what is due: each row is leased with one
conditional update, so that two workers never take the same one and no database lock is held while a server answers. A
worker killed in the middle leaves its lease to run out: the message under way may then leave a second time, with the
same Message-ID; no other.

Attachments are not stored: the row names a document and its key, and the worker makes the file when it sends.
"""

import logging
import re
import secrets
import smtplib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as hour_of_day
from email.utils import formataddr, parseaddr
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import Error as DatabaseTrouble
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.text import slugify
from post_office.models import PRIORITY, STATUS, Email

from caprural import letters, typography

logger = logging.getLogger(__name__)

#: A message taken by a worker is nobody else's for that long; far above EMAIL_TIMEOUT.
LEASE = timedelta(minutes=10)
#: Waiting time after the n-th failed attempt, the last one repeated, then « failed » for good after MAX_ATTEMPTS.
RETRY_DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
MAX_ATTEMPTS = 72  # three days
#: A server that fails on that many messages in a row is left alone until the next round.
MAX_TROUBLES = 3

#: Beyond, a mail program hides the end: the title of a session is cut first, and never to less than that.
MAX_SUBJECT, SHORTEST_TITLE = 90, 20

#: The hour at which dated messages leave, in Europe/Paris: nobody is written to at midnight.
MORNING = hour_of_day(8)

#: What has become of a message, in a few words.
STATES = {
    STATUS.sent: "envoyé",
    STATUS.queued: "à envoyer",
    STATUS.requeued: "à renvoyer après un échec",
    STATUS.failed: "abandonné",
}
#: The state of a message that never left, and will not by itself.
GIVEN_UP = STATUS.failed
#: In the context of one that was taken back on purpose.
TAKEN_BACK = "taken_back"

_recordings: ContextVar[tuple[list[Email], ...]] = ContextVar("recordings", default=())
#: Messages that left just when the database stopped answering: to be written down before anything else leaves.
_unrecorded: list[int] = []
#: Messages that could not leave at such a moment, and until when they are ours: to be given back at the next round.
_held: list[tuple[int, datetime]] = []


class AttachmentFailed(Exception):
    """A document of a message could not be made; the cause is the maker's own exception."""


class NotSentYet(Exception):
    """The message is still to leave; the exception's text is the French sentence to show."""


@dataclass(frozen=True)
class Attachment:
    """A file of a message, made when it is sent."""

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


# Into the queue


def queue(name: str, **letter: Any) -> Email:
    """Queue a letter, in the caller's transaction: see `compose`."""
    return queue_all(name, [letter])[0]


def queue_all(name: str, letters: Iterable[dict[str, Any]]) -> list[Email]:
    """The same letter to each, in as few queries as for one."""
    queued: list[Email] = Email.objects.bulk_create([compose(name, **letter) for letter in letters])
    for recorded in _recordings.get():
        recorded.extend(queued)
    return queued


def compose(
    name: str,
    *,
    to: str,
    context: dict[str, Any],
    attachments: Sequence[tuple[str, str]] = (),
    sender: str = "",
    reply_to: str = "",
) -> Email:
    """The letter `templates/emails/<name>.txt`, as it would be queued. Writes nothing.

    `attachments` are pairs (document, key) for the makers registered with `attachment`. `sender` is the name people
    read beside our address, unless the settings give one.
    """
    headers = {"Auto-Submitted": "auto-generated"}
    if reply_to:
        headers["Reply-To"] = reply_to
    letter = letters.render(name, context)
    # Not post_office.mail.send(): it renders its arguments as templates once more, names typed by people included.
    return Email(
        from_email=_from(sender),
        to=[to],
        subject=_short(letter.subject),
        message=letter.text,
        html_message=letter.html,
        headers=headers,
        message_id=_new_message_id(),
        context={"attachments": [list(pair) for pair in attachments]},
        status=STATUS.queued,
        priority=PRIORITY.medium,
    )


@contextmanager
def recording() -> Iterator[list[Email]]:
    """The messages queued inside the block, in order: what an act writes, whoever else writes meanwhile."""
    written: list[Email] = []
    token = _recordings.set((*_recordings.get(), written))
    try:
        yield written
    finally:
        _recordings.reset(token)


def _from(sender: str) -> str:
    """Our address, under the name the settings give, else the sender's."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((name or sender, address))


@transaction.atomic
def send_again(email: Email, *, to: str, rewrite: Callable[[str], str] = str) -> Email:
    """Put a message that left, or was given up, in the queue again for that address; returns the one that will leave.
    `rewrite` brings its text up to date.

    What was given up takes its own place again; what was sent stays as it was, and a copy leaves. Asked twice, it
    leaves once: raises NotSentYet while the message or its copy is still to leave.
    """
    current = Email.objects.select_for_update(of=("self",)).get(pk=email.pk)
    to_leave = Email.objects.filter(status__in=(STATUS.queued, STATUS.requeued))
    if to_leave.filter(Q(pk=current.pk) | Q(context__copy_of=current.pk)).exists():
        raise NotSentYet("Ce message est déjà dans la file : il partira dans un instant.")
    if current.status == STATUS.failed:
        readdress([current.pk], to=to, rewrite=rewrite)
        current.refresh_from_db()
        return current
    return Email.objects.create(
        from_email=current.from_email,
        to=[to],
        subject=current.subject,
        message=rewrite(current.message),
        html_message=rewrite(current.html_message),
        headers=current.headers,
        message_id=_new_message_id(),
        context={**(current.context or {}), "copy_of": current.pk},
        status=STATUS.queued,
        priority=PRIORITY.medium,
    )


@transaction.atomic
def readdress(pks: Any, *, to: str, rewrite: Callable[[str], str]) -> int:
    """Of these messages, those that never left go to another address, their text rewritten. Returns how many."""
    never_left = Email.objects.filter(pk__in=pks, status__in=(STATUS.queued, STATUS.requeued, STATUS.failed))
    emails = list(never_left.select_for_update(of=("self",)))
    for email in emails:
        email.to, email.status, email.scheduled_time, email.number_of_retries = [to], STATUS.queued, None, 0
        email.message, email.html_message = rewrite(email.message), rewrite(email.html_message)
        (email.context or {}).pop(TAKEN_BACK, None)
        email.save()
    return len(emails)


def take_back(pks: Any) -> int:
    """Of these messages, those that never left no longer do. Returns how many.

    One that a worker holds at that very moment may leave all the same, and is then said to have: nothing else puts it
    back in the queue.
    """
    to_leave = Email.objects.filter(pk__in=pks, status__in=(STATUS.queued, STATUS.requeued))
    letters = list(to_leave.select_for_update(of=("self",)))
    for email in letters:
        email.status, email.scheduled_time, email.context = STATUS.failed, None, {**email.context, TAKEN_BACK: True}
    Email.objects.bulk_update(letters, ["status", "scheduled_time", "context"])
    return len(letters)


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


def attachments_of(email: Email) -> list[Attachment]:
    """The files of a queued or sent message, made now. Raises AttachmentFailed."""
    made = (_make(name, key) for name, key in _documents_of(email))
    return [file for file in made if file]


def attachment_labels(email: Email) -> list[str]:
    """What each file of the message is, without making any."""
    return [_labels.get(name, name) for name, _ in _documents_of(email)]


def attachment_of(email: Email, number: int) -> Attachment | None:
    """The one at that place among the labels, made now; None when there is none. Raises AttachmentFailed."""
    documents = _documents_of(email)[number:][:1]
    return _make(*documents[0]) if documents else None


def _documents_of(email: Email) -> list[tuple[str, str]]:
    return [(name, key) for name, key in (email.context or {}).get("attachments", [])]


def _make(name: str, key: str) -> Attachment | None:
    try:
        return _makers[name](key)
    except Exception as error:
        raise AttachmentFailed(f"{name} {key}: {type(error).__name__}: {error}") from error


# Looking at the queue


def state(email: Email) -> str:
    """« envoyé le mardi 4 avril 2017, 23 h 59 », « à envoyer », « abandonné »…"""
    return f"envoyé le {typography.moment(email.last_updated)}" if email.status == STATUS.sent else STATES[email.status]


def is_to_leave(email: Email) -> bool:
    """Whether the message is still in the queue."""
    return email.status in (STATUS.queued, STATUS.requeued)


def given_up(*, since: datetime) -> QuerySet[Email]:
    """Messages written since then that never left, and will not by themselves though nobody wanted it, oldest first."""
    taken_back = Email.objects.filter(context__has_key=TAKEN_BACK)
    found: QuerySet[Email] = Email.objects.filter(status=GIVEN_UP, created__gte=since).order_by("pk")
    return found.exclude(pk__in=taken_back.values("pk"))


# What is not kept


def forget(pks: Any) -> None:
    """These messages go, but for what is still to leave."""
    Email.objects.filter(pk__in=pks).exclude(status__in=(STATUS.queued, STATUS.requeued)).delete()


def older_than(instant: datetime) -> QuerySet[Email]:
    """Messages written before then; what is still to leave is not among them."""
    found: QuerySet[Email] = Email.objects.filter(created__lt=instant).exclude(
        status__in=(STATUS.queued, STATUS.requeued)
    )
    return found


def holding(words: Iterable[str], *fields: str) -> Q:
    """Rows where one of these fields holds one of these addresses or names, and not a longer one: « Diana Lignac » does
    not name « Ana Li ».
    """
    alone = [rf"(?<![\w.@-]){re.escape(word)}(?![\w@-]|\.\w)" for word in words]
    return reduce(or_, (Q(**{f"{field}__iregex": one}) for field in fields for one in alone))


def naming(words: Sequence[str]) -> QuerySet[Email]:
    """Messages that have left, or never will, and hold one of these addresses or names."""
    about = Q(to__in=[[word] for word in words]) | holding(words, "subject", "message", "html_message")
    found: QuerySet[Email] = Email.objects.filter(about).exclude(status__in=(STATUS.queued, STATUS.requeued))
    return found


# Out of the queue


def deliver(*, now: datetime, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send every message that is due, and return how many left; `is_stopping` is asked before each.

    Raises OSError when the mail server cannot be reached, or fails on several messages in a row: those it has not
    seen keep their turn and their attempts. A message that fails alone is tried again later, and never in this round.
    """
    while _unrecorded:
        _record_sent(_unrecorded.pop(), now)
    while _held:
        _give_back(*_held.pop())
    started = time.monotonic()
    connection = get_connection()
    sent = troubles = 0
    try:
        while not is_stopping() and (pk := _due(now).values_list("pk", flat=True).first()):
            connection.open()
            # A round may last: leases and delays start from the present, what is due does not change.
            present = now + timedelta(seconds=time.monotonic() - started)
            lease = present + LEASE
            try:
                email = _lease(pk, now=now, until=lease)
            except DatabaseTrouble:
                _held.append((pk, lease))
                raise
            if email is None:
                continue
            try:
                connection.send_messages([_compose(email)])
            except Exception as error:
                _close(connection)
                try:
                    _put_back(email, error, now=present)
                except DatabaseTrouble:
                    _held.append((pk, lease))
                    raise
                troubles = troubles + 1 if _is_about_the_server(error) else 0
                if troubles == MAX_TROUBLES:
                    raise
            else:
                troubles = 0
                sent += 1
                _record_sent(email.pk, present)
    finally:
        _close(connection)
        if sent:
            logger.info("%s message(s) sent", sent)
    return sent


def _due(now: datetime) -> QuerySet[Email]:
    """Messages to send, oldest first; those under lease are not due."""
    has_come = Q(scheduled_time__isnull=True) | Q(scheduled_time__lte=now)
    due: QuerySet[Email] = Email.objects.filter(has_come, status__in=(STATUS.queued, STATUS.requeued)).order_by("pk")
    return due


def _lease(pk: int, *, now: datetime, until: datetime) -> Email | None:
    """Take a due message, or nothing when another worker has just taken it."""
    is_mine = _due(now).filter(pk=pk).update(scheduled_time=until)
    return Email.objects.filter(pk=pk).first() if is_mine else None


def _compose(email: Email) -> EmailMessage:
    message = EmailMultiAlternatives(
        subject=email.subject,
        body=email.message,
        # The present address: the one in the row may be what the server refuses.
        from_email=_from(parseaddr(email.from_email)[0]),
        to=email.to,
        headers={**(email.headers or {}), "Message-ID": email.message_id},
    )
    message.attach_alternative(email.html_message, "text/html")
    for file in attachments_of(email):
        message.attach(file.filename, file.content, file.mimetype)
    return message


def _close(connection: BaseEmailBackend) -> None:
    """Hang up; what the server still has to say about it changes nothing to what was sent."""
    try:
        connection.close()
    except OSError as error:
        logger.warning("The mail server did not let go: %s", error)


def _record_sent(pk: int, at: datetime) -> None:
    try:
        Email.objects.filter(pk=pk).update(status=STATUS.sent, scheduled_time=None, last_updated=at)
    except DatabaseTrouble:
        _unrecorded.append(pk)
        raise


def _put_back(email: Email, error: Exception, *, now: datetime) -> None:
    attempts = (email.number_of_retries or 0) + 1
    logger.warning(
        "Message %s not sent (attempt %s): %s: %s",
        email.pk,
        attempts,
        type(error).__name__,
        error,
        exc_info=not isinstance(error, OSError),
    )
    is_final = attempts >= MAX_ATTEMPTS or _is_refused_for_good(error)
    delay = RETRY_DELAYS[min(attempts, len(RETRY_DELAYS)) - 1]
    # Only while the lease is ours: had it run out, another worker may have sent the message since.
    Email.objects.filter(pk=email.pk, scheduled_time=email.scheduled_time).update(
        status=STATUS.failed if is_final else STATUS.requeued,
        scheduled_time=None if is_final else now + delay,
        number_of_retries=attempts,
        last_updated=now,
    )
    email.logs.create(status=STATUS.failed, message=str(error), exception_type=type(error).__name__)


def _give_back(pk: int, lease: datetime) -> None:
    """The database had stopped answering: nobody refused the message, which loses neither its turn nor an attempt."""
    try:
        Email.objects.filter(pk=pk, scheduled_time=lease).update(scheduled_time=None)
    except DatabaseTrouble:
        _held.append((pk, lease))
        raise


def _is_refused_for_good(error: Exception) -> bool:
    """Whether the server said « never » (5xx) about this message or its address, rather than « not now »."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def _is_about_the_server(error: Exception) -> bool:
    """Whether the next message would likely fail too: no answer, no access, or our own address refused."""
    return isinstance(error, OSError) and not isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)


class FileBackend(BaseEmailBackend):
    """Where the demonstration sends: one file per message in EMAIL_FILE_PATH, that any mail program opens.

    Django's own writes all the messages of a connection into one file that none opens.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each message; sent again, it replaces itself."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        for email_message in email_messages:
            message = email_message.message()
            number = message["Message-ID"].strip("<>").partition("@")[0]
            (folder / f"{number}-{slugify(email_message.subject)[:60]}.eml").write_bytes(message.as_bytes())
        return len(email_messages)
