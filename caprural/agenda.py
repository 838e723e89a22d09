"""What is done at its date without anybody's hand (R24): reminders, releases, joining instructions…

Each application says what is due at an instant, as data, whatever the instant: what will leave is asked in the same
words. The worker does each act in one transaction, after asking again whether it is still due. Run twice, late, or by
two workers at once, each act is done once.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from django.utils import timezone

logger = logging.getLogger(__name__)

#: The hour at which dated letters leave, in Europe/Paris: nobody is written to at midnight.
MORNING = time(8)


class Source(Protocol):
    """The dated acts of one application: a module with these three functions."""

    def due(self, now: datetime, /) -> Sequence[Any]:
        """What is due at an instant, in the order in which to do it; only reads."""

    def do(self, act: Any, /, *, now: datetime) -> bool:
        """Does one act if it is still due; False when another worker has it, or has done it."""

    def tell(self, acts: Sequence[Any], /) -> Sequence[tuple[str, str]]:
        """For each act, what it is and what it is about: « convocation », « Coopérer, 12 avril 2017 »."""


@dataclass(frozen=True)
class Planned:
    """What will be done some day, if nothing else happens before."""

    day: date
    what: str
    about: str
    times: int


#: The worker does what these say is due.
sources: list[Source] = []
#: What else the worker does at each round, in this order, until `is_stopping`: files to import, questions to answer…
each_round: list[Callable[..., None]] = []


def run(*, now: datetime, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Do everything that is due and return how much was done; one that fails is logged and holds nothing back.

    What another worker kept us from is tried again as long as something gets done: of two workers, each may have
    passed over an act while the other held its row. `is_stopping` is asked before each.
    """
    done: set[Any] = set()
    failed: set[Any] = set()
    is_moving = True
    while is_moving:
        is_moving = False
        for source in sources:
            for act in source.due(now):
                if act in done or act in failed:
                    continue
                if is_stopping():
                    return len(done)
                try:
                    if source.do(act, now=now):
                        done.add(act)
                        is_moving = True
                except Exception:
                    logger.exception("Not done, to be tried again: %s", act)
                    failed.add(act)
    if done:
        logger.info("%s action(s) done", len(done))
    return len(done)


def coming(*, now: datetime, days: int) -> Iterator[Planned]:
    """What will be done, day by day from today, for as many days."""
    seen: set[Any] = set()
    for day in (timezone.localdate(now) + timedelta(days=n) for n in range(days)):
        # In the morning too: nothing is due any more once a session has begun.
        instants = [timezone.make_aware(datetime.combine(day, at)) for at in (MORNING, time.max)]
        found: Counter[tuple[str, str]] = Counter()
        for source in sources:
            new = [act for at in instants for act in source.due(max(at, now)) if act not in seen]
            new = list(dict.fromkeys(new))
            seen.update(new)
            found.update(source.tell(new))
        for (what, about), times in found.items():
            yield Planned(day, what, about, times)
