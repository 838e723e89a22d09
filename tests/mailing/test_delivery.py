"""The mail queue against a real SMTP server: once, whole, and in spite of everything (R23)."""

import socket
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from pytest_django import Settings

from caprural.mailing import delivery, documents, outbox
from caprural.mailing.models import Message
from tests.factories import NOW
from tests.mailing.greeting import queue, states
from tests.support.smtp_sink import SmtpSink, wait_until

pytestmark = pytest.mark.usefixtures("greeting")

MINUTE = timedelta(minutes=1)


@pytest.mark.django_db
class TestDeliver:
    def test_message_arrives_whole(self, sink: SmtpSink, make_document: Callable[[documents.Maker], None]) -> None:
        files = {
            "0": documents.Attachment(
                "session.ics", b"BEGIN:VCALENDAR\r\nSUMMARY:\xc3\xa9t\xc3\xa9\r\nEND:VCALENDAR\r\n", "text/calendar"
            ),
            "1": documents.Attachment("bulletin.pdf", b"%PDF-1.7\n\x00\xff\r\n", "application/pdf"),
        }
        make_document(files.get)
        email = queue(documents=2)

        assert delivery.deliver(now=NOW) == 1

        [message] = sink.received
        assert message["From"] == "inscriptions@example.org"
        assert message["To"] == "camille@structure.example"
        assert message["Subject"] == "Bonjour Camille\u00a0:"
        assert message["Reply-To"] == "contact@caprural.example"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Message-ID"] == email.message_id
        assert message.defects == []
        body, *attached = message.iter_parts()
        assert [part.get_content_type() for part in body.iter_parts()] == ["text/plain", "text/html"]
        text, html = body.iter_parts()
        assert text.get_content().splitlines() == ["Bonjour Camille,", "", "Enchanté\u202f!"]
        assert html.get_content().splitlines() == ["<p>Bonjour Camille,</p>", "<p><strong>Enchanté</strong>\u202f!</p>"]
        assert [(part.get_filename(), part.get_payload(decode=True), part.get_content_type()) for part in attached] == [
            (file.filename, file.content, file.mimetype) for file in files.values()
        ]
        assert all(part.get_content_disposition() == "attachment" for part in attached)
        assert states() == [("camille@structure.example", Message.State.SENT)]

    def test_each_message_leaves_once_in_order_on_one_connection(self, sink: SmtpSink) -> None:
        addresses = [f"p{number}@structure.example" for number in range(5)]
        for address in addresses:
            queue(address)

        assert delivery.deliver(now=NOW) == 5
        assert delivery.deliver(now=NOW) == 0

        assert sink.addresses == addresses
        assert sink.connections == 1

    def test_no_connection_for_nothing(self, sink: SmtpSink) -> None:
        assert delivery.deliver(now=NOW) == 0

        assert sink.connections == 0

    def test_present_sender_and_not_that_of_the_row(self, sink: SmtpSink, settings: Settings) -> None:
        queue()
        settings.DEFAULT_FROM_EMAIL = "Cap Rural <nouveau@caprural.example>"

        delivery.deliver(now=NOW)

        assert sink.received[0]["From"] == "Cap Rural <nouveau@caprural.example>"

    def test_stops_between_two_messages(self, sink: SmtpSink) -> None:
        for number in range(3):
            queue(f"p{number}@structure.example")

        delivery.deliver(now=NOW, is_stopping=lambda: len(sink.received) == 2)

        assert sink.addresses == ["p0@structure.example", "p1@structure.example"]
        assert [status for _, status in states()] == [Message.State.SENT, Message.State.SENT, Message.State.QUEUED]

    def test_without_an_address_it_is_not_said_to_have_left(self, sink: SmtpSink) -> None:
        queue("")

        assert delivery.deliver(now=NOW) == 0
        assert states() == [("", Message.State.FAILED)]

    def test_address_with_accents_in_its_domain(self, sink: SmtpSink) -> None:
        queue("camille@mairie-été.fr")

        assert delivery.deliver(now=NOW) == 1
        assert sink.addresses == ["camille@xn--mairie-t-h1ab.fr"]


@pytest.mark.django_db
class TestServerDown:
    def test_nothing_is_lost_nor_counted_while_the_server_is_down(self, sink: SmtpSink) -> None:
        queue("a@structure.example")
        queue("b@structure.example")
        sink.stop()

        for minute in range(100):
            with pytest.raises(ConnectionRefusedError):
                delivery.deliver(now=NOW + minute * MINUTE)
        sink.start()
        sent = delivery.deliver(now=NOW + 100 * MINUTE)

        assert sent == 2
        assert sink.addresses == ["a@structure.example", "b@structure.example"]
        assert not Message.objects.filter(attempts__gt=0).exists()

    def test_server_that_never_speaks(self, settings: Settings) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_TIMEOUT = 0.05
        queue()

        with socket.create_server(("127.0.0.1", 0)) as mute:
            settings.EMAIL_HOST, settings.EMAIL_PORT = mute.getsockname()
            with pytest.raises(OSError, match="timed out"):
                delivery.deliver(now=NOW)

        assert states() == [("camille@structure.example", Message.State.QUEUED)]

    def test_server_that_falls_during_the_round(self, sink: SmtpSink) -> None:
        for name in "abc":
            queue(f"{name}@structure.example")

        def stopping() -> bool:
            if len(sink.received) == 1:
                sink.stop()
            return False

        with pytest.raises(ConnectionRefusedError):
            delivery.deliver(now=NOW, is_stopping=stopping)
        sink.start()
        delivery.deliver(now=NOW + 2 * MINUTE)

        assert sorted(sink.addresses) == ["a@structure.example", "b@structure.example", "c@structure.example"]

    def test_server_that_is_silent_on_every_message_is_left_alone(self, sink: SmtpSink, settings: Settings) -> None:
        settings.EMAIL_TIMEOUT = 0.05
        addresses = [f"p{number}@structure.example" for number in range(5)]
        for address in addresses:
            queue(address)
        sink.holds = set(addresses)

        with pytest.raises(OSError, match="timed out"):
            delivery.deliver(now=NOW)

        assert [status for _, status in states()] == [Message.State.QUEUED] * 3 + [Message.State.QUEUED] * 2

    def test_refused_sender_is_our_fault_and_not_the_message_s(self, sink: SmtpSink) -> None:
        for number in range(5):
            queue(f"p{number}@structure.example")
        sink.sender_answer = "550 5.7.1 Sender not allowed"

        with pytest.raises(OSError, match="Sender not allowed"):
            delivery.deliver(now=NOW)
        assert [status for _, status in states()] == [Message.State.QUEUED] * 3 + [Message.State.QUEUED] * 2

        sink.sender_answer = "250 OK"
        assert delivery.deliver(now=NOW + 2 * MINUTE) == 5


@pytest.mark.django_db
class TestOneMessageFails:
    def test_address_refused_for_good_fails_alone(self, sink: SmtpSink) -> None:
        for name in ("a", "inconnue", "b"):
            queue(f"{name}@structure.example")
        sink.refused = {"inconnue@structure.example": "550 5.1.1 No such user"}

        assert delivery.deliver(now=NOW) == 2
        assert delivery.deliver(now=NOW + timedelta(days=5)) == 0

        assert sink.addresses == ["a@structure.example", "b@structure.example"]
        assert states() == [
            ("a@structure.example", Message.State.SENT),
            ("inconnue@structure.example", Message.State.FAILED),
            ("b@structure.example", Message.State.SENT),
        ]
        assert "No such user" in Message.objects.get(state=Message.State.FAILED).last_error

    def test_refusals_in_a_row_do_not_stop_the_round(self, sink: SmtpSink) -> None:
        refused = [f"inconnue{number}@structure.example" for number in range(4)]
        rejected = [f"filtre{number}@structure.example" for number in range(4)]
        for address in (*refused, *rejected, "a@structure.example"):
            queue(address)
        sink.refused = dict.fromkeys(refused, "550 5.1.1 No such user")
        sink.refused_once_read = dict.fromkeys(rejected, "554 5.7.1 Looks like spam")

        assert delivery.deliver(now=NOW) == 1

        assert sink.addresses == ["a@structure.example"]
        assert [status for _, status in states()] == [Message.State.FAILED] * 8 + [Message.State.SENT]

    def test_address_refused_for_now_is_tried_again_later(self, sink: SmtpSink) -> None:
        queue("liste-grise@structure.example")
        queue("b@structure.example")
        sink.refused = {"liste-grise@structure.example": "450 4.7.1 Greylisted"}

        assert delivery.deliver(now=NOW) == 1
        sink.refused = {}
        assert delivery.deliver(now=NOW + timedelta(seconds=59)) == 0
        assert delivery.deliver(now=NOW + timedelta(seconds=62)) == 1

        assert sink.addresses == ["b@structure.example", "liste-grise@structure.example"]

    def test_delays_grow_then_the_message_fails_for_good(self, sink: SmtpSink) -> None:
        email = queue("pleine@structure.example")
        sink.refused = {"pleine@structure.example": "452 4.2.2 Mailbox full"}
        now, waited = NOW, []
        while email.state != Message.State.FAILED:
            delivery.deliver(now=now)
            email.refresh_from_db()
            if email.due_at:
                waited.append(round((email.due_at - now) / MINUTE))
                now = email.due_at

        assert waited == [1, 5, 15] + [60] * 68
        assert email.attempts == 72
        assert delivery.deliver(now=now + timedelta(days=30)) == 0

    def test_server_hangs_up_during_a_message(self, sink: SmtpSink) -> None:
        """The others leave in the same round; that one is tried again, with the same Message-ID."""
        for name in ("a", "fatale", "b"):
            queue(f"{name}@structure.example")
        sink.hangs_up_on = {"fatale@structure.example"}

        assert delivery.deliver(now=NOW) == 2
        sink.hangs_up_on = set()
        assert delivery.deliver(now=NOW + 2 * MINUTE) == 1

        assert sink.addresses == ["a@structure.example", "b@structure.example", "fatale@structure.example"]
        assert [message["Message-ID"] for message in sink.received] == [
            Message.objects.get(to=address).message_id for address in sink.addresses
        ]

    def test_server_that_hangs_up_now_and_then_is_not_left_alone(self, sink: SmtpSink) -> None:
        names = ["fatale1", "fatale2", "a", "fatale3", "fatale4", "b"]
        for name in names:
            queue(f"{name}@structure.example")
        sink.hangs_up_on = {f"fatale{number}@structure.example" for number in range(1, 5)}

        assert delivery.deliver(now=NOW) == 2
        assert sink.addresses == ["a@structure.example", "b@structure.example"]

    def test_document_that_cannot_be_made_blocks_nobody(
        self, sink: SmtpSink, make_document: Callable[[documents.Maker], None]
    ) -> None:
        """An OSError of the machine (no Pango) is not taken for the mail server's."""

        def broken(key: str) -> documents.Attachment | None:
            raise OSError("cannot load library 'pango'")

        make_document(broken)
        for number in range(4):
            queue(f"p{number}@structure.example", documents=1)
        queue("sans@structure.example")

        assert delivery.deliver(now=NOW) == 1
        assert sink.addresses == ["sans@structure.example"]
        assert [status for _, status in states()] == [Message.State.QUEUED] * 4 + [Message.State.SENT]
        assert "document 0: OSError: cannot load library 'pango'" in Message.objects.earliest("pk").last_error

        make_document(lambda key: documents.Attachment("a.txt", b"a", "text/plain"))
        assert delivery.deliver(now=NOW + 2 * MINUTE) == 4

    def test_document_nobody_makes_blocks_nobody(self, sink: SmtpSink) -> None:
        queue("a@structure.example", documents=1)
        queue("b@structure.example")

        assert delivery.deliver(now=NOW) == 1
        assert sink.addresses == ["b@structure.example"]

    def test_document_that_is_gone_is_left_out(
        self, sink: SmtpSink, make_document: Callable[[documents.Maker], None]
    ) -> None:
        make_document(lambda key: None if key == "0" else documents.Attachment("b.txt", b"b", "text/plain"))
        queue(documents=2)

        assert delivery.deliver(now=NOW) == 1

        assert [part.get_filename() for part in sink.received[0].iter_attachments()] == ["b.txt"]


@pytest.mark.django_db
class TestLease:
    def test_message_under_way_is_nobody_else_s(self, sink: SmtpSink) -> None:
        """A worker that was killed leaves its lease behind: ten minutes later, another one sends the message."""
        email = queue()
        Message.objects.filter(pk=email.pk).update(due_at=NOW + delivery.LEASE)

        assert delivery.deliver(now=NOW + delivery.LEASE - timedelta(seconds=1)) == 0
        assert delivery.deliver(now=NOW + delivery.LEASE) == 1

    def test_corrected_address_while_it_leaves_for_the_former_one(
        self, sink: SmtpSink, make_document: Callable[[documents.Maker], None]
    ) -> None:
        """R9: with its present link it leaves for the new address, instead of being said to have reached it."""

        def make_while_corrected(key: str) -> None:
            found = Message.objects.filter(to="former@structure.example")
            outbox.readdress(found, to="present@structure.example", rewrite=str)

        make_document(make_while_corrected)
        queue("former@structure.example", documents=1)

        delivery.deliver(now=NOW)

        assert sink.addresses == ["former@structure.example", "present@structure.example"]
        assert states() == [("present@structure.example", Message.State.SENT)]

    def test_failure_after_the_lease_ran_out_does_not_bring_a_sent_message_back(
        self, sink: SmtpSink, make_document: Callable[[documents.Maker], None]
    ) -> None:
        def slow(key: str) -> documents.Attachment | None:
            # Meanwhile another worker took the message over and sent it.
            Message.objects.update(state=Message.State.SENT, due_at=None)
            raise RuntimeError("too late")

        make_document(slow)
        queue(documents=1)

        delivery.deliver(now=NOW)

        assert states() == [("camille@structure.example", Message.State.SENT)]

    @pytest.mark.parametrize(("fails", "state"), [(False, Message.State.SENT), (True, Message.State.TAKEN_BACK)])
    def test_message_under_way_when_it_is_taken_back(
        self, sink: SmtpSink, make_document: Callable[[documents.Maker], None], fails: bool, state: str
    ) -> None:
        """It may leave, and is then said to have; if it could not, nothing sends it again."""

        def slow(key: str) -> documents.Attachment | None:
            assert outbox.take_back(Message.objects.all()) == 1
            if fails:
                raise RuntimeError("no document")
            return None

        make_document(slow)
        queue(documents=1)

        delivery.deliver(now=NOW)

        assert states() == [("camille@structure.example", state)]
        assert delivery.deliver(now=NOW + 2 * delivery.LEASE) == 0

    @pytest.mark.django_db(transaction=True)
    def test_database_that_fails_after_the_message_left(self, sink: SmtpSink) -> None:
        """What could not be written down is, before anything leaves: the message is not sent twice."""
        queue("a@structure.example")
        queue("b@structure.example")

        def fail(execute: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:
            if sink.received and sql.startswith("UPDATE"):
                raise DatabaseError("database is gone")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(fail), pytest.raises(DatabaseError, match="is gone"):
            delivery.deliver(now=NOW)
        delivery.deliver(now=NOW + 2 * delivery.LEASE)

        assert sink.addresses == ["a@structure.example", "b@structure.example"]
        assert [status for _, status in states()] == [Message.State.SENT, Message.State.SENT]

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("statement", ["SELECT", "UPDATE"])
    def test_database_that_fails_before_the_message_left(
        self, sink: SmtpSink, make_document: Callable[[documents.Maker], None], statement: str
    ) -> None:
        """When it answers again the message leaves at once: it neither waits for its lease nor loses an attempt."""
        make_document(lambda key: documents.Attachment("a.txt", str(Message.objects.count()).encode(), "text/plain"))
        queue(documents=1)
        is_down = False

        def fail(execute: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:
            nonlocal is_down
            if is_down:
                raise DatabaseError("database is gone")
            answer = execute(sql, params, many, context)
            is_down = is_down or (is_leased() and sql.startswith(statement))
            return answer

        def is_leased() -> bool:
            with connection.cursor() as cursor:
                cursor.cursor.execute("SELECT count(*) FROM mailing_message WHERE due_at IS NOT NULL")
                return bool(cursor.cursor.fetchone()[0])

        with connection.execute_wrapper(fail), pytest.raises(DatabaseError, match="is gone"):
            delivery.deliver(now=NOW)
        with connection.execute_wrapper(fail), pytest.raises(DatabaseError, match="is gone"):
            delivery.deliver(now=NOW)
        assert sink.addresses == []

        assert delivery.deliver(now=NOW) == 1
        assert Message.objects.get().attempts in {None, 0}


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_each_message_once(sink: SmtpSink) -> None:
    """One is stuck on the first message until the two others have sent all the rest."""
    addresses = [f"p{number}@structure.example" for number in range(40)]
    for address in addresses:
        queue(address)
    sink.holds = {addresses[0]}
    sent: list[int] = []

    def work() -> None:
        try:
            sent.append(delivery.deliver(now=NOW))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    wait_until(lambda: len(sink.received) == 39)
    sink.release()
    for worker in workers:
        worker.join(timeout=30)

    assert sum(sent) == 40
    assert Counter(sink.addresses) == Counter(addresses)
    assert len({message["Message-ID"] for message in sink.received}) == 40
    assert {status for _, status in states()} == {Message.State.SENT}


@pytest.mark.django_db
def test_file_backend_writes_one_readable_file_per_message(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "caprural.mailing.delivery.FileBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "var" / "emails")
    first, second = queue("a@structure.example"), queue("b@structure.example", name="../Écoles & ?")

    assert delivery.deliver(now=NOW) == 2
    Message.objects.update(state=Message.State.QUEUED)
    assert delivery.deliver(now=NOW) == 2

    paths = sorted((tmp_path / "var" / "emails").iterdir())
    messages = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
    assert sorted((message["To"], message["Message-ID"]) for message in messages) == [
        ("a@structure.example", first.message_id),
        ("b@structure.example", second.message_id),
    ]
    by_subject = {path.name.partition("-")[2]: path for path in paths}
    assert sorted(by_subject) == ["bonjour-camille.eml", "bonjour-ecoles.eml"]
    camille = message_from_bytes(by_subject["bonjour-camille.eml"].read_bytes(), policy=policy.default)
    assert camille.get_body(("plain",)).get_content() == "Bonjour Camille,\n\nEnchanté\u202f!\n"
