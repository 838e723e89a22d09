"""Two workers at once for many due actions: each done once, each message received once (R23, R24).

    python -m tests.support.two_workers --actions 500
    python -m tests.support.two_workers --actions 500 --kill

Seats to release, fees to remind of, decisions to ask for, changes to announce and joining instructions to send are
prepared in as many sessions as it takes; two `manage.py worker` then run on them, with a mail server of our own. With
--kill, one is killed with SIGKILL among the actions, another while it hands a message over, and each is started again:
what they were doing is then done once, and that message alone may be received a second time. It says which.

DATABASE_URL says where: a database without any session, which is migrated, and emptied again of what was prepared.
Without DATABASE_URL, a temporary SQLite file. What is not as it should be is printed, and the exit status is 1.

The tests run a smaller number with the same functions (tests/mailing/test_worker.py).
"""

import argparse
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessions_app.models import TrainingSession
    from sessions_app.reminding import Due
    from tests.support.smtp_sink import SmtpSink
    from tests.support.worker_process import Worker

#: What is prepared at a time: a session that awaits fees and a decision, one that changed, one about to take place.
ACTIONS_AT_A_TIME = 20
PATIENCE = 600
LONG_AGO = timedelta(days=20)


# What there is to do


def prepare(actions: int) -> "list[Due]":
    """At least that many actions, due now; nothing of what was written on the way is left to send."""
    from django.utils import timezone

    from caprural.mailing.models import Message
    from sessions_app import reminding
    from tests.factories import make_staff

    now = timezone.now()
    coordinator = make_staff(group="Coordination", email="coordination@deux.example")
    for _ in range(0, actions, ACTIONS_AT_A_TIME):
        _awaiting(now, coordinator)
        _changed(now)
        _about_to_take_place(now)
    Message.objects.all().delete()
    return reminding.due(now)


def _awaiting(now: datetime, coordinator: object) -> None:
    """Four seats to release, three fees to remind of, one decision to ask for."""
    from sessions_app import registering
    from tests.factories import make_registration, make_session
    from tests.support.announced import today

    session = make_session(
        days=(today(20),),
        registration_deadline=today(-1),
        fee_due_on=today(-1),
        fee_required=True,
        min_participants=8,
    )
    people = [make_registration(session, now=now - LONG_AGO) for _ in range(7)]
    for person in people[4:]:
        registering.extend_fee_due(person, until=today(2), user=coordinator, now=now - LONG_AGO)


def _changed(now: datetime) -> None:
    """Six people to tell of a change; too early for their joining instructions, which would tell it as well."""
    session = _six_people(now, in_days=60)
    session.place, session.changed_at, session.calendar_sequence = "à Lyon", now - timedelta(hours=1), 1
    session.save()


def _about_to_take_place(now: datetime) -> None:
    """Six people to send their joining instructions to."""
    _six_people(now, in_days=5)


def _six_people(now: datetime, *, in_days: int) -> "TrainingSession":
    from tests.factories import make_registration, make_session
    from tests.support.announced import today

    session = make_session(days=(today(in_days),), registration_deadline=None)
    for _ in range(6):
        make_registration(session, now=now - LONG_AGO)
    return session


# The workers


@dataclass
class Story:
    """What happened: when everything was done, when everything was received, who was killed at what."""

    workers: "list[Worker]" = field(default_factory=list)
    acting: float = 0.0
    in_all: float = 0.0
    killed_at: int = 0
    #: The message a killed worker was handing over: its Message-ID and recipient.
    under_way: tuple[str, str] | None = None

    def counts(self, what: str) -> list[int]:
        """How many actions or messages each worker says it did."""
        return [
            sum(int(number) for line in worker.log for number in re.findall(rf"(\d+) {what}\(s\)", line))
            for worker in self.workers
        ]


def work(start: "Callable[[], Worker]", sink: "SmtpSink", plan: "Sequence[Due]", *, kill: bool) -> Story:
    """Run two workers until all is done and received."""
    from django.utils import timezone

    from caprural.mailing.models import Message
    from sessions_app import reminding
    from sessions_app.models import Registration
    from tests.support.smtp_sink import wait_until

    story = Story()
    began = time.monotonic()
    before = Message.objects.count()
    to_leave = Message.objects.exclude(state=Message.State.SENT)
    under_way = to_leave.filter(due_at__isnull=False)

    def one_more() -> "Worker":
        story.workers.append(worker := start())
        return worker

    def all_acted() -> bool:
        return not reminding.due(timezone.now())

    if kill:
        # One message each to be killed at: neighbours of the queue, for people who have a seat.
        writing = [action.registration_id for action in plan if action.act == reminding.Act.ANNOUNCE_CHANGE]
        held = writing[len(writing) // 2 :][:2]
        sink.holds = set(Registration.objects.filter(pk__in=held).values_list("email", flat=True))
    running = [one_more(), one_more()]
    if kill:
        wait_until(lambda: Message.objects.count() - before >= len(plan) // 3, seconds=PATIENCE)
        running[0].ends(signal.SIGKILL)
        story.killed_at = Message.objects.count() - before
        running[0] = one_more()
    wait_until(all_acted, seconds=PATIENCE)
    story.acting = time.monotonic() - began
    if kill:
        # Both are stopped at a message now: whichever is killed is killed while it hands one over.
        wait_until(sink.holding.is_set, seconds=PATIENCE)
        sink.holding.clear()
        wait_until(lambda: under_way.count() == 2, seconds=PATIENCE)
        sink.holding.wait(timeout=5)  # the second one, unless both came in the same instant
        running[1].ends(signal.SIGKILL)
        sink.release()
        running[1] = one_more()
        wait_until(lambda: to_leave.count() == 1, seconds=PATIENCE)
        left = to_leave.get()
        story.under_way = (left.message_id, left.to)
        # The ten minutes of its lease go by.
        to_leave.update(due_at=timezone.now())
    wait_until(lambda: not to_leave.exists(), seconds=PATIENCE)
    story.in_all = time.monotonic() - began
    for worker in running:
        worker.ends(signal.SIGTERM)
    return story


# The verdict


def faults(plan: "Sequence[Due]", sink: "SmtpSink", *, under_way: str = "") -> list[str]:
    """What is not as the rules say, read from the database and from the mail server; nothing when all is well.

    `under_way`: the Message-ID that may have been received twice.
    """
    from django.utils import timezone

    from caprural.mailing.models import Message
    from sessions_app import emails, reminding
    from sessions_app.models import Registration
    from sessions_app.reminding import Act

    kinds = {
        Act.RELEASE: "cancelled",
        Act.REMIND_FEE: emails.FEE_REMINDER,
        Act.ASK_DECISION: emails.DECISION_NEEDED,
        Act.ANNOUNCE_CHANGE: emails.SESSION_CHANGED,
        Act.SEND_JOINING: emails.JOINING_INSTRUCTIONS,
    }
    found = [f"encore à faire : {action}" for action in reminding.due(timezone.now())]
    written = Message.objects.exclude(text="")
    expected = Counter((kinds[action.act], action.registration_id or action.session_id) for action in plan)
    done = Counter(written.values_list("kind", "about_id"))
    found += [f"pas fait : {key}" for key in expected - done]
    found += [f"fait en trop : {key}" for key in done - expected]
    released = [action.registration_id for action in plan if action.act == Act.RELEASE]
    for registration in Registration.objects.filter(pk__in=released).prefetch_related("status_changes"):
        if registration.status != "cancelled" or len(registration.status_changes.all()) != 2:
            found.append(f"{registration} : {registration.status}, {len(registration.status_changes.all())} lignes")
    received = Counter(message["Message-ID"] for message in sink.received)
    for email in Message.objects.all():
        times = received.pop(email.message_id, 0)
        if email.state != Message.State.SENT or times not in ((1, 2) if email.message_id == under_way else (1,)):
            found.append(f"message à {email.to} : état {email.status}, reçu {times} fois")
    found += [f"reçu sans avoir été écrit : {message_id}" for message_id in received]
    return found


# The command


def main() -> int:
    """Prepare, run, print what came out, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actions", type=int, default=500)
    parser.add_argument("--kill", action="store_true", help="kill workers in the middle, and start them again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/workers.sqlite3")
        os.environ.update(DJANGO_SETTINGS_MODULE="caprural.settings", DEBUG="false", SECRET_KEY="tests-only")
        os.environ.setdefault("LOG_LEVEL", "WARNING")
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        try:
            return _run(options)
        finally:
            connections.close_all()


def _run(options: argparse.Namespace) -> int:
    from django.contrib.auth.models import User
    from django.db import connection

    from caprural.house.models import Heartbeat
    from caprural.mailing.models import Message
    from sessions_app.models import Registration, TrainingSession
    from tests.support.smtp_sink import SmtpSink
    from tests.support.worker_process import Worker

    if TrainingSession.objects.exists() or Message.objects.exists():
        sys.stderr.write("Cette base contient des sessions ou des messages : donnez-en une vide.\n")
        return 2
    started: list[Worker] = []
    try:
        plan = prepare(options.actions)
        with SmtpSink() as sink:

            def start() -> Worker:
                started.append(worker := Worker(sink, "--interval", "0.2"))
                return worker

            story = work(start, sink, plan, kill=options.kill)
            found = faults(plan, sink, under_way=story.under_way[0] if story.under_way else "")
    finally:
        for worker in started:
            if worker.process.poll() is None:
                worker.ends(signal.SIGKILL)
            sys.stderr.writelines(line for line in worker.log if " INFO " not in line)
        for model in (Message, Message, Registration, TrainingSession, Heartbeat):
            model._default_manager.all().delete()
        User.objects.filter(email="coordination@deux.example").delete()
    _tell(connection.vendor, plan, sink, story)
    sys.stdout.write(f"{'tout est conforme' if not found else 'NON CONFORME'}\n")
    sys.stdout.writelines(f"  {fault}\n" for fault in found)
    return 1 if found else 0


def _tell(vendor: str, plan: "Sequence[Due]", sink: "SmtpSink", story: Story) -> None:
    acts = Counter(action.act.value for action in plan)
    lines = [
        f"{vendor} : {len(plan)} actions ({', '.join(f'{count} {act}' for act, count in acts.items())}) "
        f"dans {len({action.session_id for action in plan})} sessions",
        f"actions faites en {story.acting:.1f} s, messages reçus en {story.in_all:.1f} s ; "
        f"selon les processus qui ont fini, actions {story.counts('action')}, messages {story.counts('message')}",
        f"{len(sink.received)} messages reçus, {len({message['Message-ID'] for message in sink.received})} différents",
    ]
    if story.under_way:
        message_id, recipient = story.under_way
        times = sum(message["Message-ID"] == message_id for message in sink.received)
        lines += [
            f"un processus tué après {story.killed_at} actions, un autre pendant un message, tous deux relancés",
            f"message en cours quand le second a été tué : celui à {recipient}, reçu {times} fois ({message_id})",
        ]
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
