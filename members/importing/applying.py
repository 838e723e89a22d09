"""A whole file, imported in one transaction if it does what was shown; otherwise shown again."""

from datetime import datetime

from django.db import IntegrityError, transaction

from members.importing.planning import Plan, plan
from members.importing.sheet import read
from members.models import FeeCampaign, SpreadsheetImport

Status = SpreadsheetImport.Status

CHANGED = "Des données ont changé depuis l’analyse : relisez ce qui sera fait, puis importez."
SHAKEN = (
    "D’autres données ont été enregistrées au même instant, et rien n’a été importé : analysez le fichier à nouveau, "
    "puis recommencez."
)


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
                keep(current, planned, message=CHANGED)
                return
            planned.reader.write(now=now)
            current.status = SpreadsheetImport.Status.APPLIED
            current.content, current.lines, current.message = b"", [], ""
            current.applied_at, current.taken_until = now, None
            current.save()
    except IntegrityError:
        # Written by somebody else between our reading and our writing, where no row could be locked.
        SpreadsheetImport.objects.filter(pk=pk).update(
            status=SpreadsheetImport.Status.FAILED, message=SHAKEN, taken_until=None
        )


def keep(spreadsheet_import: SpreadsheetImport, planned: Plan, *, message: str = "") -> None:
    """Keep what an analysis says, for the coordinator to read."""
    spreadsheet_import.status = (
        SpreadsheetImport.Status.REFUSED if planned.is_refused else SpreadsheetImport.Status.READY
    )
    spreadsheet_import.lines = planned.report
    spreadsheet_import.counts = planned.counts
    spreadsheet_import.notes = list(planned.notes)
    spreadsheet_import.fingerprint = planned.fingerprint
    spreadsheet_import.lines_done = spreadsheet_import.lines_total = len(planned.lines)
    spreadsheet_import.message = message
    spreadsheet_import.taken_until = None
    spreadsheet_import.attempts = 0
    spreadsheet_import.save(
        update_fields=[
            *("status", "lines", "counts", "notes", "fingerprint", "lines_done", "lines_total"),
            *("message", "taken_until", "attempts"),
        ]
    )
