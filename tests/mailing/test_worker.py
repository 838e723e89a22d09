"""`manage.py worker` as it runs: a process of its own, the real database, a mail server that comes and goes (R23)."""

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from caprural.mailing import delivery
from caprural.mailing.models import Message
from members.models import SpreadsheetImport
from tests.factories import make_campaign, make_category, make_fee, make_member, make_registration, make_session
from tests.support import two_workers
from tests.support.announced import today
from tests.support.smtp_sink import SmtpSink, wait_until
from tests.support.worker_process import Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def workers(sink: SmtpSink) -> Iterator[list[Worker]]:
    """Where a test puts its workers, for none to outlive it."""
    started: list[Worker] = []
    yield started
    for worker in started:
        if worker.process.poll() is None:
            worker.ends(signal.SIGKILL)
        sys.stderr.writelines(worker.log)


def queue(*names: str) -> None:
    session = make_session(days=(today(20),), registration_deadline=None)
    for name in names:
        make_registration(session, email=f"{name}@structure.example")


def test_once_sends_what_is_waiting_with_its_calendar_and_ends(sink: SmtpSink, workers: list[Worker]) -> None:
    queue("a", "b")

    workers.append(worker := Worker(sink, "--once"))

    assert worker.ends() == 0
    assert sink.addresses == ["a@structure.example", "b@structure.example"]
    assert [part.get_content_type() for part in sink.received[0].iter_attachments()] == ["text/calendar"]
    assert worker.said("2 message(s) sent")


def test_once_says_in_one_line_that_the_server_is_down(sink: SmtpSink, workers: list[Worker]) -> None:
    queue("a")
    sink.stop()

    workers.append(worker := Worker(sink, "--once"))

    assert worker.ends() == 1
    assert len(worker.log) == 1
    assert "ConnectionRefusedError" in worker.log[0]
    assert Message.objects.get().state == Message.State.QUEUED


def test_once_analyses_the_spreadsheets_that_wait(sink: SmtpSink, workers: list[Worker]) -> None:
    now = timezone.now()
    files = [
        SpreadsheetImport.objects.create(kind="members", file_name="f.csv", content=text, created_at=now, asked_at=now)
        for text in (b"Nom\nCollines", b"%PDF-1.7")
    ]

    workers.append(worker := Worker(sink, "--once"))

    assert worker.ends() == 0
    assert [SpreadsheetImport.objects.get(pk=file.pk).status for file in files] == ["ready", "failed"]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_finishes_the_message_under_way(sink: SmtpSink, workers: list[Worker], signum: int) -> None:
    queue("a", "b", "c")
    sink.holds = {"b@structure.example"}
    workers.append(worker := Worker(sink))
    assert sink.holding.wait(timeout=30)

    worker.process.send_signal(signum)
    sink.release()

    assert worker.ends() == 0
    assert sink.addresses == ["a@structure.example", "b@structure.example"]
    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == [
        Message.State.SENT,
        Message.State.SENT,
        Message.State.QUEUED,
    ]


def test_asked_to_stop_while_it_waits_stops_at_once(sink: SmtpSink, workers: list[Worker]) -> None:
    queue("a")
    workers.append(worker := Worker(sink, "--interval", "3600"))
    wait_until(lambda: worker.said("1 message(s) sent"))

    assert worker.ends(signal.SIGTERM) == 0


def test_outages_of_the_mail_server_and_of_the_database(sink: SmtpSink, workers: list[Worker]) -> None:
    sink.stop()
    queue("a")
    workers.append(worker := Worker(sink, "--interval", "0.01"))
    wait_until(lambda: worker.said("ConnectionRefusedError"))

    sink.start()
    wait_until(lambda: sink.addresses == ["a@structure.example"])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE mailing_message RENAME TO gone")
        try:
            wait_until(lambda: worker.said("mailing_message"))
        finally:
            cursor.execute("ALTER TABLE gone RENAME TO mailing_message")
    queue("b")
    wait_until(lambda: sink.addresses == ["a@structure.example", "b@structure.example"])

    assert worker.ends(signal.SIGTERM) == 0
    assert not worker.said("Traceback")


def test_killed_in_the_middle_of_a_message(sink: SmtpSink, workers: list[Worker]) -> None:
    """The others arrive once; that one at most twice, with the same Message-ID."""
    addresses = [f"{name}@structure.example" for name in "abcd"]
    queue(*"abcd")
    sink.holds = {"b@structure.example"}
    workers.append(killed := Worker(sink))
    assert sink.holding.wait(timeout=30)

    assert killed.ends(signal.SIGKILL) == -signal.SIGKILL
    sink.release()
    workers.append(survivor := Worker(sink, "--once"))
    assert survivor.ends() == 0
    wait_until(lambda: len(sink.received) >= 3)
    assert Message.objects.get(to="b@structure.example").state == Message.State.QUEUED
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
        patch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
        patch.setattr(settings, "EMAIL_PORT", sink.port)
        assert delivery.deliver(now=timezone.now() + delivery.LEASE) == 1

    received = Counter(message["Message-ID"] for message in sink.received)
    expected = {email.to: email.message_id for email in Message.objects.all()}
    assert {address: received[expected[address]] for address in addresses if address != "b@structure.example"} == {
        "a@structure.example": 1,
        "c@structure.example": 1,
        "d@structure.example": 1,
    }
    assert received[expected["b@structure.example"]] in (1, 2)
    assert sum(received.values()) == 3 + received[expected["b@structure.example"]]
    assert set(Message.objects.values_list("state", flat=True)) == {Message.State.SENT}


def test_reminders_of_membership_fees_leave_once_with_two_at_once(sink: SmtpSink, workers: list[Worker]) -> None:
    """R24: what `members.reminding` says is due is part of the round."""
    now = timezone.now()
    category = make_category(
        campaign=make_campaign(name="En cours", starts_on=today(-100), ends_on=today(100), reminder_days=7)
    )
    addresses = [f"m{number}@a.example" for number in range(4)]
    for address in [*addresses, ""]:
        make_fee(make_member(email=address), category=category, status="due", now=now - timedelta(days=10))

    workers += [Worker(sink, "--once"), Worker(sink, "--once")]

    assert [worker.ends() for worker in workers] == [0, 0]
    workers.append(last := Worker(sink, "--once"))
    assert last.ends() == 0
    assert sorted(sink.addresses) == addresses
    assert sorted(Message.objects.values_list("kind", "key")) == [("membership_reminder", "1")] * 4


class TestTwoAtOnce:
    """R24: every kind of action due in several sessions; `python -m tests.support.two_workers` does it in 500."""

    def test_each_action_is_done_once_and_each_message_received_once(
        self, sink: SmtpSink, workers: list[Worker]
    ) -> None:
        plan = two_workers.prepare(40)
        assert Counter(action.act.value for action in plan) == {
            "release": 8,
            "remind_fee": 6,
            "ask_decision": 2,
            "announce_change": 12,
            "send_joining": 12,
        }

        workers += [Worker(sink, "--once"), Worker(sink, "--once")]

        assert [worker.ends() for worker in workers] == [0, 0]
        assert two_workers.faults(plan, sink) == []
        assert len(sink.received) == 40

    def test_one_killed_in_the_middle_and_started_again(self, sink: SmtpSink, workers: list[Worker]) -> None:
        plan = two_workers.prepare(40)

        def start() -> Worker:
            workers.append(worker := Worker(sink, "--interval", "0.1"))
            return worker

        story = two_workers.work(start, sink, plan, kill=True)

        assert story.under_way is not None
        assert two_workers.faults(plan, sink, under_way=story.under_way[0]) == []
        assert [worker.process.returncode for worker in workers] == [-signal.SIGKILL, -signal.SIGKILL, 0, 0]
        assert len(sink.received) in (40, 41)
