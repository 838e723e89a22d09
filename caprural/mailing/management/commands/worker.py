"""`manage.py worker`: does what is due and sends what is waiting, until it is asked to stop (R23, R24)."""

import logging
import queue
import signal
import socket
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseTrouble
from django.db import close_old_connections
from django.utils import timezone

from caprural import agenda, limits, retention
from caprural.house.models import Heartbeat
from caprural.mailing import delivery

logger = logging.getLogger(__name__)

OUTAGES = (OSError, DatabaseTrouble)
LONGEST_PAUSE = 60.0


class Command(BaseCommand):
    """As many as you like may run, on as many machines: each action and each message is taken by one of them."""

    help = "Fait ce qui est dû et envoie les messages en attente, jusqu’à ce qu’on l’arrête."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Two ways of running: for ever, or one round that cron repeats."""
        parser.add_argument("--once", action="store_true", help="fait un seul passage, pour cron")
        parser.add_argument("--interval", type=float, default=2.0, help="secondes entre deux passages (par défaut : 2)")

    def handle(self, *args: Any, once: bool, interval: float, **options: Any) -> None:
        """Run rounds until SIGTERM or SIGINT, which lets the message under way leave; an outage only slows it down."""
        if once:
            try:
                _round()
            except OUTAGES as error:
                raise CommandError(f"{type(error).__name__} : {error}") from error
            return
        # A SimpleQueue, because it may be filled by a signal handler that interrupts its reader.
        stop: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda signum, frame: stop.put(signum))
        pause = interval
        while True:
            try:
                close_old_connections()
                _round(is_stopping=lambda: not stop.empty())
                pause = interval
            except Exception as error:
                pause = min(2 * pause, max(interval, LONGEST_PAUSE))
                logger.error(
                    "%s: %s. Next round in %.0f s.",
                    type(error).__name__,
                    error,
                    pause,
                    exc_info=not isinstance(error, OUTAGES),
                )
            try:
                stop.get(timeout=pause)
            except queue.Empty:
                continue
            return


def _round(is_stopping: Callable[[], bool] = lambda: False) -> None:
    """One round: what is due and what waits first, since they write messages; then the messages. An outage of the mail
    server is raised only after the sign of life, which says that the worker itself is well.
    """
    now = timezone.now()
    agenda.run(now=now, is_stopping=is_stopping)
    for work in agenda.each_round:
        work(now=now, is_stopping=is_stopping)
    Heartbeat.objects.update_or_create(worker=socket.gethostname(), defaults={"seen_at": now})
    limits.prune(now=now)
    retention.purge_daily(now=now)
    delivery.deliver(now=now, is_stopping=is_stopping)
