"""Many sessions: which of them, with what is counted of each, and one of them locked."""

import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Self

from django.db import connection, models
from django.db.models import Count, Exists, IntegerField, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from sessions_app.models.day import SessionDay
from sessions_app.models.registration import Registration
from sessions_app.models.state import Status
from sessions_app.models.trainer import SessionTrainer

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from sessions_app.models.session import TrainingSession

logger = logging.getLogger(__name__)


class TrainingSessionQuerySet(models.QuerySet["TrainingSession"]):
    def published(self) -> Self:
        """Sessions the public may see: published, postponed or cancelled, never a draft (R2)."""
        return self.exclude(status=Status.DRAFT)

    def get_by_natural_key(self, slug: str) -> "TrainingSession":
        return self.get(slug=slug)

    def led_by(self, user: "User | AnonymousUser") -> Self:
        """Sessions in which this account is a trainer."""
        return self.filter(pk__in=SessionTrainer.objects.filter(trainer__user=user.pk).values("session"))

    def lasting_until(self, day: date) -> Self:
        """Sessions that have a day on that date or after it, or none yet, or none any more."""
        to_come = Q(days__isnull=True) | Q(status=Status.POSTPONED)
        return self.filter(to_come | Q(days__date__gte=day)).distinct()

    def with_first_on(self) -> Self:
        """Adds `first_on`, the first day that holds, to order by: none for a session postponed to a date to come."""
        holds = ~Q(status=Status.POSTPONED)
        return self.annotate(first_on=Min("days__date", filter=holds))

    def with_seats(self) -> Self:
        """Adds the number of seats held, awaiting their fee, and of people waiting: computed, never stored (R3)."""

        def count(rows: models.QuerySet[Registration]) -> Coalesce:
            per_session = rows.filter(session=OuterRef("pk")).order_by().values("session")
            return Coalesce(Subquery(per_session.annotate(n=Count("pk")).values("n")), 0, output_field=IntegerField())

        return self.annotate(
            seats_taken=count(Registration.objects.holding_seat()),
            awaiting_fee_count=count(Registration.objects.filter(status=Registration.Status.AWAITING_FEE)),
            waiting_count=count(Registration.objects.waiting()),
        )

    def with_twins(self) -> Self:
        """Adds `has_twin`: whether another session of that title takes place on one of its days."""
        days = SessionDay.objects.filter(session=OuterRef(OuterRef("pk"))).values("date")
        twins = SessionDay.objects.filter(session__title=OuterRef("title"), date__in=days)
        return self.annotate(has_twin=Exists(twins.exclude(session=OuterRef("pk"))))

    def with_seats_and_days(self) -> Self:
        """Everything `state` reads, in two queries, and what tells twins apart."""
        return self.with_seats().with_twins().prefetch_related("days")

    def sound(
        self, now: datetime, *, proof: Callable[["TrainingSession"], object] | None = None
    ) -> list["TrainingSession"]:
        """The rows, but for those that cannot be read or shown: one broken row never takes the others down. It is
        logged, and `broken` says it to the team. No query more as long as every row is sound. `proof` is what will be
        asked of them, where that is less than `prove`.
        """
        try:
            found: list[TrainingSession] = list(self)
            for session in found:
                proof(session) if proof else session.prove(now)
        except Exception:
            broken = self.broken(now)
            found = list(self.exclude(pk__in=broken))
        return found

    def broken(self, now: datetime) -> list[int]:
        """The keys of the rows that cannot be read or shown; what is wrong goes to the log."""
        wrong = []
        for pk in list(self.order_by().values_list("pk", flat=True)):
            try:
                self.model.objects.with_seats_and_days().get(pk=pk).prove(now)
            except Exception:
                logger.exception("Session %s is broken", pk)
                wrong.append(pk)
        return wrong

    def for_display(self) -> Self:
        """Everything the public pages read, in a constant number of queries."""
        return self.with_seats_and_days().prefetch_related("session_trainers__trainer")

    def try_lock(self, pk: int) -> "TrainingSession | None":
        """Like `lock`, but None at once when someone else holds the session, or it is gone (R24).

        On SQLite nobody else does: there is one writer at a time.
        """
        is_locked = self.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).exists()
        return self.with_seats_and_days().filter(pk=pk).first() if is_locked else None

    def lock(self, pk: int | None = None, *, slug: str = "") -> "TrainingSession":
        """Lock one session until the end of the transaction, then read it with its seats (R3).

        Two queries on purpose: PostgreSQL counts a subquery of the locking query on the snapshot taken *before* it
        waited for the lock. Raises TrainingSession.DoesNotExist.
        """
        which = {"slug": slug} if slug else {"pk": pk}
        if connection.features.has_select_for_update:  # on SQLite, the transaction holds the only writer
            self.select_for_update(of=("self",)).only("pk").get(**which)
        return self.with_seats_and_days().get(**which)
