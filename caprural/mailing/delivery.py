"""Out of the letter box, to the mail server (R23).

Each letter that is due is leased with one conditional update, so that two workers never take the same one and no
database lock is held while a server answers. A worker killed in the middle leaves its lease to run out: the letter
under way may then leave a second time, with the same Message-ID; no other.
"""

import logging
import smtplib
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import Error as DatabaseTrouble
from django.db.models import Q
from django.utils.text import slugify

from caprural.mailing import documents
from caprural.mailing.models import Message

logger = logging.getLogger(__name__)

#: A letter taken by a worker is nobody else's for that long; far above EMAIL_TIMEOUT.
LEASE = timedelta(minutes=10)
#: Waiting time after the n-th failed attempt, the last one repeated, then given up after MAX_ATTEMPTS.
RETRY_DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
MAX_ATTEMPTS = 72  # three days
#: A server that fails on that many letters in a row is left alone until the next round.
MAX_TROUBLES = 3

#: Letters that left just when the database stopped answering: to be written down before anything else leaves.
_unrecorded: list[tuple[int, datetime]] = []
#: Letters that could not leave at such a moment, and until when they are ours: to be given back at the next round.
_held: list[tuple[int, datetime]] = []


def deliver(*, now: datetime, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send every letter that is due, and return how many left; `is_stopping` is asked before each.

    Raises OSError when the mail server cannot be reached, or fails on several letters in a row: those it has not
    seen keep their turn and their attempts. A letter that fails alone is tried again later, and never in this round.
    """
    while _unrecorded:
        _record_sent(*_unrecorded.pop(), at=now)
    while _held:
        _give_back(*_held.pop())
    started = time.monotonic()
    connection = get_connection()
    sent = troubles = 0
    try:
        while not is_stopping() and (pk := Message.objects.due(now).values_list("pk", flat=True).first()):
            connection.open()
            # A round may last: leases and delays start from the present, what is due does not change.
            present = now + timedelta(seconds=time.monotonic() - started)
            lease = present + LEASE
            try:
                message = _lease(pk, now=now, until=lease)
            except DatabaseTrouble:
                _held.append((pk, lease))
                raise
            if message is None:
                continue
            try:
                connection.send_messages([_email(message)])
            except Exception as error:
                _close(connection)
                try:
                    _put_back(message, error, now=present)
                except DatabaseTrouble:
                    _held.append((pk, lease))
                    raise
                troubles = troubles + 1 if _is_about_the_server(error) else 0
                if troubles == MAX_TROUBLES:
                    raise
            else:
                troubles = 0
                sent += 1
                _record_sent(pk, lease, at=present)
    finally:
        _close(connection)
        if sent:
            logger.info("%s message(s) sent", sent)
    return sent


def _lease(pk: int, *, now: datetime, until: datetime) -> Message | None:
    """Take a letter that is due, or nothing when another worker has just taken it."""
    is_mine = Message.objects.due(now).filter(pk=pk).update(due_at=until)
    return Message.objects.filter(pk=pk).first() if is_mine else None


def _email(message: Message) -> EmailMessage:
    if not message.to:  # Django sends nothing then, and does not say so
        raise smtplib.SMTPRecipientsRefused({"": (550, b"aucune adresse")})
    # Our present address, under the name the settings give, else the sender's.
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    email = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=formataddr((name or message.sender, address)),
        to=[message.to],
        reply_to=[message.reply_to] if message.reply_to else None,
        headers={"Auto-Submitted": "auto-generated", "Message-ID": message.message_id},
    )
    email.attach_alternative(message.html, "text/html")
    for file in documents.made(message):
        email.attach(file.filename, file.content, file.mimetype)
    return email


def _close(connection: BaseEmailBackend) -> None:
    """Hang up; what the server still has to say about it changes nothing to what was sent."""
    try:
        connection.close()
    except OSError as error:
        logger.warning("The mail server did not let go: %s", error)


def _record_sent(pk: int, lease: datetime, *, at: datetime) -> None:
    # Put back in the queue meanwhile, for another address or with another link, it has yet to leave.
    still_so = ~Q(state=Message.State.QUEUED) | Q(due_at=lease)
    try:
        Message.objects.filter(still_so, pk=pk).update(state=Message.State.SENT, due_at=None, sent_at=at)
    except DatabaseTrouble:
        _unrecorded.append((pk, lease))
        raise


def _put_back(message: Message, error: Exception, *, now: datetime) -> None:
    attempts = message.attempts + 1
    logger.warning(
        "Message %s not sent (attempt %s): %s: %s",
        message.pk,
        attempts,
        type(error).__name__,
        error,
        exc_info=not isinstance(error, OSError),
    )
    is_final = attempts >= MAX_ATTEMPTS or _is_refused_for_good(error)
    delay = RETRY_DELAYS[min(attempts, len(RETRY_DELAYS)) - 1]
    # Only while the lease is ours: had it run out, another worker may have sent the letter since.
    Message.objects.filter(pk=message.pk, due_at=message.due_at).update(
        state=Message.State.FAILED if is_final else Message.State.QUEUED,
        due_at=None if is_final else now + delay,
        attempts=attempts,
        last_error=str(error),
    )


def _give_back(pk: int, lease: datetime) -> None:
    """The database had stopped answering: nobody refused the letter, which loses neither its turn nor an attempt."""
    try:
        Message.objects.filter(pk=pk, due_at=lease).update(due_at=None)
    except DatabaseTrouble:
        _held.append((pk, lease))
        raise


def _is_refused_for_good(error: Exception) -> bool:
    """Whether the server said « never » (5xx) about this letter or its address, rather than « not now »."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def _is_about_the_server(error: Exception) -> bool:
    """Whether the next letter would likely fail too: no answer, no access, or our own address refused."""
    return isinstance(error, OSError) and not isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)


class FileBackend(BaseEmailBackend):
    """Where the demonstration sends: one file per letter in EMAIL_FILE_PATH, that any mail program opens.

    Django's own writes all the letters of a connection into one file that none opens.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each letter; sent again, it replaces itself."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        for email_message in email_messages:
            message = email_message.message()
            number = message["Message-ID"].strip("<>").partition("@")[0]
            (folder / f"{number}-{slugify(email_message.subject)[:60]}.eml").write_bytes(message.as_bytes())
        return len(email_messages)
