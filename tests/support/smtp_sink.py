"""A real SMTP server on the loopback interface that keeps what it receives, and misbehaves on command."""

import asyncio
import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

OK = "250 OK"


def wait_until(happened: Callable[[], object], *, seconds: float = 30) -> None:
    """Return as soon as something that another thread or process does has happened; fail if it never does."""
    give_up = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < give_up, "it never happened"
        time.sleep(0.01)


class _Controller(Controller):
    def _trigger_server(self) -> None:
        # Port 0 is « any free one »: known once the server listens, and needed to knock at its door.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class SmtpSink:
    """`with SmtpSink() as sink:` serves on 127.0.0.1:`sink.port`; `received` holds the parsed messages in order."""

    def __init__(self) -> None:
        self.port = 0
        self.received: list[EmailMessage] = []
        #: Addresses of recipients refused, with the server's answer: {"x@y.example": "550 No such user"}.
        self.refused: dict[str, str] = {}
        #: The same, once the server has read the message.
        self.refused_once_read: dict[str, str] = {}
        #: The answer to every sender, when it is not OK.
        self.sender_answer = OK
        #: Recipients at whose message the server hangs up, once it has read it and before it says so.
        self.hangs_up_on: set[str] = set()
        #: Recipients at whose message the server stays silent until `release`; `holding` says that it is there.
        self.holds: set[str] = set()
        self.holding = threading.Event()
        self._released = threading.Event()
        self.connections = 0
        self._controller: _Controller | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, on the same port as before after a `stop`."""
        controller = self._controller = _Controller(self, hostname="127.0.0.1", port=self.port)
        controller.start()
        self.port = controller.port

    def stop(self) -> None:
        """Hang up on everybody and stop listening: whoever connects is refused."""
        self.release()
        if self._controller:
            self._controller.stop()
        self._controller = None

    def release(self) -> None:
        """Let the messages held go on."""
        self._released.set()

    @property
    def addresses(self) -> list[str]:
        """Recipients of the messages received, in order."""
        return [message["To"] for message in self.received]

    # What aiosmtpd calls

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_answer == OK:
            envelope.mail_from = address
        return self.sender_answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        [recipient] = envelope.rcpt_tos
        if recipient in self.refused_once_read:
            return self.refused_once_read[recipient]
        if recipient in self.hangs_up_on:
            cast(asyncio.Transport, server.transport).abort()
            return OK
        if recipient in self.holds:
            self.holding.set()
            while not self._released.is_set():
                await asyncio.sleep(0.01)
        content: Any = envelope.content
        self.received.append(cast(EmailMessage, message_from_bytes(content, policy=policy.default)))
        return OK
