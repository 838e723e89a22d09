"""From a template to a queued message, and from the queue to the mail server: the only file that knows the queue (R23).

`queue` writes a row in the caller's transaction. `deliver` (the worker) sends what is due: each row is leased with one
conditional update, so that two workers never take the same one and no database lock is held while a server answers. A
worker killed in the middle leaves its lease to run out: the message under way may then leave a second time, with the
same Message-ID; no other.

Attachments are not stored: the row names a document and its key, and the worker makes the file when it sends.
"""

import logging
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Q
from django.template.loader import render_to_string
from post_office.models import PRIORITY, STATUS, Email

logger = logging.getLogger(__name__)

#: A message taken by a worker is nobody else's for that long; far above EMAIL_TIMEOUT.
LEASE = timedelta(minutes=10)
#: Waiting time after the n-th failed attempt, the last one repeated, then « failed » for good after MAX_ATTEMPTS.
RETRY_DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
MAX_ATTEMPTS = 72  # three days


@dataclass(frozen=True)
class Attachment:
    """A file of a message, made when it is sent."""

    filename: str
    content: bytes
    mimetype: str


Maker = Callable[[str], Attachment | None]
_makers: dict[str, Maker] = {}


def attachment(name: str) -> Callable[[Maker], Maker]:
    """Register the function that makes the document `name` from its key; it returns None when that is gone."""

    def register(maker: Maker) -> Maker:
        _makers[name] = maker
        return maker

    return register


def queue(
    name: str,
    *,
    to: str,
    context: dict[str, Any],
    attachments: Sequence[tuple[str, str]] = (),
    reply_to: str = "",
) -> Email:
    """Queue `templates/emails/<name>.subject.txt`, `.body.txt` and `.html`, in the caller's transaction.

    `attachments` are pairs (document, key) for the makers registered with `attachment`.
    """
    headers = {"Auto-Submitted": "auto-generated"}
    if reply_to:
        headers["Reply-To"] = reply_to
    # Not post_office.mail.send(): it renders its arguments as templates once more, names typed by people included.
    return Email.objects.create(
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        subject=" ".join(render_to_string(f"emails/{name}.subject.txt", context).split()),
        message=render_to_string(f"emails/{name}.body.txt", context).strip() + "\n",
        html_message=render_to_string(f"emails/{name}.html", context),
        headers=headers,
        message_id=make_msgid(domain=urlsplit(settings.SITE_URL).hostname),
        context={"attachments": [list(pair) for pair in attachments]},
        status=STATUS.queued,
        priority=PRIORITY.medium,
    )


def attachments_of(email: Email) -> list[Attachment]:
    """The files of a queued or sent message, made now."""
    pairs = (email.context or {}).get("attachments", [])
    made = (_makers[name](key) for name, key in pairs)
    return [file for file in made if file]


def deliver(*, now: datetime) -> int:
    """Send every message that is due and return how many left. Stops early when the mail server does not answer."""
    sent = 0
    connection = get_connection()
    try:
        while (email := _lease(now)) is not None:
            try:
                _send(email, connection)
            except Exception as error:
                _put_back(email, error, now=now)
                connection.close()
                if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused):
                    break
            else:
                Email.objects.filter(pk=email.pk).update(status=STATUS.sent, scheduled_time=None, last_updated=now)
                sent += 1
    finally:
        connection.close()
    return sent


def _due(now: datetime) -> Q:
    return Q(status__in=(STATUS.queued, STATUS.requeued)) & (
        Q(scheduled_time__isnull=True) | Q(scheduled_time__lte=now)
    )


def _lease(now: datetime) -> Email | None:
    """Take the oldest due message, or None when nothing is due."""
    for pk in Email.objects.filter(_due(now)).order_by("pk").values_list("pk", flat=True)[:50]:
        if Email.objects.filter(_due(now), pk=pk).update(scheduled_time=now + LEASE):
            return Email.objects.get(pk=pk)
    return None


def _send(email: Email, connection: BaseEmailBackend) -> None:
    message = EmailMultiAlternatives(
        subject=email.subject,
        body=email.message,
        from_email=email.from_email,
        to=email.to,
        headers={**(email.headers or {}), "Message-ID": email.message_id},
        connection=connection,
    )
    message.attach_alternative(email.html_message, "text/html")
    for file in attachments_of(email):
        message.attach(file.filename, file.content, file.mimetype)
    message.send()


def _put_back(email: Email, error: Exception, *, now: datetime) -> None:
    attempts = (email.number_of_retries or 0) + 1
    logger.warning("Message %s not sent (attempt %s): %s", email.pk, attempts, error)
    email.logs.create(status=STATUS.failed, message=str(error), exception_type=type(error).__name__)
    is_final = attempts >= MAX_ATTEMPTS or _is_refused_for_good(error)
    delay = RETRY_DELAYS[min(attempts, len(RETRY_DELAYS)) - 1]
    Email.objects.filter(pk=email.pk).update(
        status=STATUS.failed if is_final else STATUS.requeued,
        scheduled_time=None if is_final else now + delay,
        number_of_retries=attempts,
        last_updated=now,
    )


def _is_refused_for_good(error: Exception) -> bool:
    """Whether the server said « never » (5xx) about this message or its address, rather than « not now »."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return error.smtp_code >= 500
    return False
