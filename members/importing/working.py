"""What is done with a file that was sent: by the request that brings it when it is small, else by a worker (R24).

A file is taken by one conditional update, for a few minutes that each step renews: two workers never hold the same, and
one that is killed leaves it to the next. A file that fails says so, and holds no other back.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import Error as DatabaseTrouble
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from caprural import spreadsheets
from members.importing.planning import Plan, plan
from members.importing.sheet import WrongColumns, read
from members.models import FeeCampaign, SpreadsheetImport
from members.models.spreadsheet_import import KEPT

logger = logging.getLogger(__name__)

Status = SpreadsheetImport.Status

#: Up to that many lines, nobody waits for a worker.
AT_ONCE = 300
#: How long a worker may hold a file without a sign of progress.
LEASE = timedelta(minutes=3)
#: A file during which the worker has died that many times is not tried again.
MAX_ATTEMPTS = 3

CHANGED = "Des données ont changé depuis l’analyse : relisez ce qui sera fait, puis importez."
SHAKEN = (
    "D’autres données ont été enregistrées au même instant, et rien n’a été importé : analysez le fichier à nouveau, "
    "puis recommencez."
)
INTERRUPTED = (
    "Le traitement s’est interrompu plusieurs fois : partagez le fichier en plusieurs, "
    "ou prévenez la personne qui s’occupe du serveur."
)
UNFORESEEN = (
    "Une erreur imprévue a arrêté le traitement, et rien n’a été importé : analysez le fichier à nouveau, "
    "ou prévenez la personne qui s’occupe du serveur."
)
ERASED = "Le fichier a été effacé au bout de sept jours : renvoyez-le pour l’importer."


class LeaseLost(Exception):
    """Another worker has taken this file over."""


def run(*, now: datetime, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Do what is to be done with each file that waits."""
    for pk in SpreadsheetImport.objects.due(now).values_list("pk", flat=True):
        if is_stopping():
            return
        work_on(pk, now=now)


def forgotten(now: datetime) -> QuerySet[SpreadsheetImport]:
    """The files that wait for nobody any more: they hold names and addresses (R25)."""
    return SpreadsheetImport.objects.filter(created_at__lte=now - KEPT).exclude(
        status__in=(Status.APPLIED, Status.EXPIRED)
    )


def forget(files: QuerySet[SpreadsheetImport]) -> None:
    """Erase what these files hold; the counts stay."""
    files.update(status=SpreadsheetImport.Status.EXPIRED, content=b"", lines=[], message=ERASED, taken_until=None)


def work_on(pk: int, *, now: datetime) -> None:
    """Analyse a file, or import it, unless a worker holds it. Whatever happens, its status says it."""
    until = now + LEASE
    taken = SpreadsheetImport.objects.due(now).filter(pk=pk).update(taken_until=until, attempts=F("attempts") + 1)
    if not taken:
        return
    held = SpreadsheetImport.objects.get(pk=pk)
    try:
        if held.attempts > MAX_ATTEMPTS:
            _fail(pk, INTERRUPTED)
        elif held.status in SpreadsheetImport.TO_WRITE:
            SpreadsheetImport.objects.filter(pk=pk).update(status=SpreadsheetImport.Status.APPLYING)
            apply(pk, now=now)
        else:
            _analyse(held, now=now)
    except LeaseLost:
        logger.warning("Import %s: taken over by another worker", pk)
    except (spreadsheets.NotASpreadsheet, WrongColumns) as refused:
        _fail(pk, str(refused))
    except (OSError, DatabaseTrouble):
        # An outage: the file waits, for this worker or another one.
        SpreadsheetImport.objects.filter(pk=pk, taken_until=until).update(taken_until=None)
        raise
    except Exception:
        logger.exception("Import %s failed", pk)
        _fail(pk, UNFORESEEN)


def _fail(pk: int, message: str) -> None:
    SpreadsheetImport.objects.filter(pk=pk).update(
        status=SpreadsheetImport.Status.FAILED, message=message, taken_until=None
    )


def _analyse(held: SpreadsheetImport, *, now: datetime) -> None:
    """Say what the file would do; how far the reading has come can be read meanwhile."""
    started = time.monotonic()
    mine = SpreadsheetImport.objects.filter(pk=held.pk, status__in=SpreadsheetImport.TO_READ)
    mine.update(status=SpreadsheetImport.Status.ANALYSING, lines_done=0)

    def progress(done: int) -> None:
        until = now + timedelta(seconds=time.monotonic() - started) + LEASE
        if not mine.filter(taken_until=held.taken_until).update(lines_done=done, taken_until=until):
            raise LeaseLost
        held.taken_until = until

    table = read(held.kind, held.file_name, bytes(held.content))
    planned = plan(held.kind, table, now=now, progress=progress)
    progress(len(planned.lines))
    _keep(held.pk, planned)


def apply(pk: int, *, now: datetime) -> None:
    """Import a file that was shown and agreed to; its status then says what became of it.

    Nothing is written unless every line is accepted and does what was shown. Once imported, the file and what was said
    of each line are erased.
    """
    asked = SpreadsheetImport.objects.get(pk=pk)
    if asked.status not in SpreadsheetImport.TO_WRITE:
        return
    table = read(asked.kind, asked.file_name, bytes(asked.content))
    try:
        with transaction.atomic():
            # Whoever creates payers at this instant: a member that two of us create would not meet on any row.
            FeeCampaign.objects.lock()
            current = SpreadsheetImport.objects.select_for_update().light().get(pk=pk)
            if current.status not in SpreadsheetImport.TO_WRITE:
                return
            planned = plan(current.kind, table, now=now, is_locking=True)
            if planned.is_refused or planned.fingerprint != current.fingerprint:
                _keep(pk, planned, message=CHANGED)
                return
            planned.reader.write()
            current.status = SpreadsheetImport.Status.APPLIED
            current.content, current.lines, current.message = b"", [], ""
            current.applied_at, current.taken_until = now, None
            current.save()
    except IntegrityError:
        # Written by somebody else between our reading and our writing, where no row could be locked.
        _fail(pk, SHAKEN)


def _keep(pk: int, planned: Plan, *, message: str = "") -> None:
    """Keep what an analysis says, for the coordinator to read."""
    SpreadsheetImport.objects.filter(pk=pk).update(
        status=SpreadsheetImport.Status.REFUSED if planned.is_refused else SpreadsheetImport.Status.READY,
        lines=planned.lines,
        counts=planned.counts,
        notes=list(planned.notes),
        fingerprint=planned.fingerprint,
        lines_done=len(planned.lines),
        lines_total=len(planned.lines),
        message=message,
        taken_until=None,
        attempts=0,
    )
