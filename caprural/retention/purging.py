"""One way out, for what was kept long enough and for what a person asks us to forget; logged without the data."""

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction

from caprural import limits
from caprural.retention.policy import Line, Rows, StillExpected, lines, obstacle
from caprural.validators import normalise_email

logger = logging.getLogger(__name__)


def purge(*, now: datetime, dry_run: bool = False) -> list[tuple[Line, int]]:
    """Apply the table, or with `dry_run` only read it; each line with how many rows it concerns, if any."""
    return _apply([(line, line.due(now)) for line in lines() if line.due], now=now, dry_run=dry_run)


def erase(email: str, *, now: datetime, dry_run: bool = False) -> list[tuple[Line, int]]:
    """Forget whoever has this address, but for what must be kept as a proof; or with `dry_run` say what would go.

    Raises StillExpected for somebody who takes part in something that is not over.
    """
    address = normalise_email(email)
    if first := obstacle(address, now):
        raise StillExpected(first)
    return _apply([(line, line.about(address, now)) for line in lines() if line.about], now=now, dry_run=dry_run)


def purge_daily(*, now: datetime) -> None:
    """`purge`, by one worker, once a day."""
    if limits.is_under_way("purge", now=now):
        return
    with suppress(limits.LimitReached):  # another worker does it
        limits.spend("purge", "", most=1, within=timedelta(days=1), now=now)
        purge(now=now)


def _apply(concerned: list[tuple[Line, Rows]], *, now: datetime, dry_run: bool) -> list[tuple[Line, int]]:
    done = []
    for line, rows in concerned:
        with transaction.atomic():
            count = rows.count()
            if count and line.end and not dry_run:
                line.end(line, rows, now)
                logger.info("Retention: %s row(s) of %s, %s", count, line.model._meta.label, ", ".join(line.fields))
        if count:
            done.append((line, count))
    return done
