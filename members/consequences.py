"""What rests on a cover without being known here: the seats (R16). Whoever knows registers itself, when Django starts.

Every verb that may change who is covered asks for the consequences in its own transaction; every screen that leads to
such a verb foresees them first, by reading.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from members.covering import NOBODY, Circle, Cover
from members.models import MembershipFee


@dataclass(frozen=True)
class Change:
    """Someone’s seat would lose its cover, or gain one: their address, and a sentence that says who and what."""

    address: str
    sentence: str
    is_lost: bool = True


class Dependants(Protocol):
    """What rests on a cover."""

    def judge_cover(self, circle: Circle, *, lost: str, now: datetime) -> list[str]:
        """Judge these people again against the facts; a sentence for each thing that follows.

        `lost`: why someone may have lost their cover, for a log.
        """

    def would_change(
        self, circle: Circle, members: Collection[int], after: Callable[[Cover], Cover], *, now: datetime
    ) -> list[Change]:
        """Each thing that would be lost or gained once `after` is done to the cover of these people."""

    def not_covered(self, circle: Circle, starts_on: date, ends_on: date, *, now: datetime) -> list[str]:
        """The days to come, outside this period, for which these people still await a fee, in words."""


_known: list[Dependants] = []


def register(dependants: Dependants) -> None:
    """Whatever follows from a cover gained or lost is asked of them too."""
    _known.append(dependants)


def unregister(dependants: Dependants) -> None:
    """They are not asked any more."""
    _known.remove(dependants)


def draw(circle: Circle, *, lost: str = "plus couverte par une cotisation", now: datetime) -> list[str]:
    """The cover of these people may have changed: do what follows, and say it in sentences."""
    return [sentence for known in _known for sentence in known.judge_cover(circle, lost=lost, now=now)]


def foresee(
    members: Collection[int], after: Callable[[Cover], Cover], *, coming: Circle = NOBODY, now: datetime
) -> list[Change]:
    """What the people of these members would lose or gain once `after` is done to their cover, those `coming` too.
    Only reads.
    """
    if not members:
        return []
    circle = Circle.of(members) | coming
    return [change for known in _known for change in known.would_change(circle, members, after, now=now)]


def not_covered(fee: MembershipFee, *, now: datetime) -> list[str]:
    """The days for which the people of its payer still await another fee, in words. Only reads."""
    circle, campaign = Circle.of([fee.member_id]), fee.campaign
    return [day for known in _known for day in known.not_covered(circle, campaign.starts_on, campaign.ends_on, now=now)]
