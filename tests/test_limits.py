"""Acts counted in the database, and the network a visitor comes from."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

from caprural import limits
from caprural.limits.models import Spending
from caprural.typography import NBSP
from tests.support.together import at_once

NOW = datetime(2026, 11, 25, 14, 20, 30, tzinfo=UTC)  # 15 h 20 min 30 s in Paris
HOUR = timedelta(hours=1)


def spend(*, key: str = "a@b.example", kind: str = "letter", most: int = 3, now: datetime = NOW, cost: int = 1) -> None:
    limits.spend(kind, key, most=most, within=HOUR, now=now, cost=cost)


@pytest.mark.django_db
class TestSpend:
    def test_the_fourth_of_three_is_refused_until_an_hour_after_the_first(self) -> None:
        for minutes in (0, 10, 20):
            spend(now=NOW + timedelta(minutes=minutes))
        with pytest.raises(limits.LimitReached) as refusal:
            spend(now=NOW + HOUR - timedelta(seconds=1))
        assert refusal.value.until == NOW + HOUR
        assert str(refusal.value) == (
            f"Trop d’envois en peu de temps{NBSP}: celui-ci n’a pas été pris en compte. "
            f"Recommencez à partir de 16{NBSP}h{NBSP}21. "
            f"Si c’est urgent, appelez-nous{NBSP}: nos coordonnées sont en bas de page."
        )

    def test_waiting_is_enough(self) -> None:
        for _ in range(3):
            spend()
        for minutes in (30, 50):
            with pytest.raises(limits.LimitReached):
                spend(now=NOW + timedelta(minutes=minutes))
        for _ in range(3):
            spend(now=NOW + HOUR)
        with pytest.raises(limits.LimitReached):
            spend(now=NOW + HOUR)

    def test_the_day_is_said_when_it_is_another_one(self) -> None:
        evening = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
        spend(most=1, now=evening - HOUR / 2)
        with pytest.raises(limits.LimitReached, match=f"à partir du jeudi 26{NBSP}novembre 2026, 0{NBSP}h\\."):
            spend(most=1, now=evening)

    def test_each_kind_and_each_key_has_its_own_count(self) -> None:
        spend(most=1)
        spend(most=1, key="c@d.example")
        spend(most=1, kind="other")
        with pytest.raises(limits.LimitReached):
            spend(most=1, key=" A@B.example ")

    def test_what_costs_more_than_is_left_counts_for_nothing(self) -> None:
        spend(cost=2)
        with pytest.raises(limits.LimitReached):
            spend(cost=2)
        with pytest.raises(limits.LimitReached):
            spend(cost=4, key="new")
        spend(cost=1)

    def test_the_key_cannot_be_read_and_depends_on_the_secret(self, settings: Settings) -> None:
        spend()
        settings.SECRET_KEY = "another"
        spend()
        rows = Spending.objects.values_list("kind", "hashed_key", "spent")
        assert [(kind, len(key), spent) for kind, key, spent in rows] == [("letter", 64, 1)] * 2
        assert len({key for _, key, _ in rows}) == 2

    def test_what_is_rolled_back_is_not_counted_and_a_refusal_leaves_the_transaction_usable(self) -> None:
        with transaction.atomic():
            spend(most=1)
            transaction.set_rollback(True)
        with transaction.atomic():
            spend(most=1)
            with pytest.raises(limits.LimitReached):
                spend(most=1)
            spend(most=1, key="after")
        assert list(Spending.objects.values_list("spent", flat=True)) == [1, 1]

    def test_windows_that_are_over_are_forgotten(self) -> None:
        spend(key="old", now=NOW - HOUR)
        spend(key="new")
        limits.prune(now=NOW)
        assert [row.until for row in Spending.objects.all()] == [NOW + HOUR]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """A burst, each on its own connection, on a new counter as on one whose window is over."""

    @pytest.mark.parametrize("has_old_window", [False, True])
    def test_never_more_than_most(self, has_old_window: bool) -> None:
        if has_old_window:
            spend(now=NOW - HOUR)
        outcomes = Counter(type(outcome) for outcome in at_once(*[spend] * 12))
        assert outcomes == {type(None): 3, limits.LimitReached: 9}
        assert Spending.objects.get().spent == 3

    def test_while_old_windows_are_forgotten(self) -> None:
        spend(now=NOW - HOUR)
        outcomes = Counter(type(outcome) for outcome in at_once(*[spend, lambda: limits.prune(now=NOW)] * 6))
        assert outcomes == {type(None): 9, limits.LimitReached: 3}

    def test_in_transactions_some_of_which_are_rolled_back(self) -> None:
        def kept() -> None:
            with transaction.atomic():
                spend()

        def dropped() -> None:
            with transaction.atomic():
                spend()
                transaction.set_rollback(True)

        at_once(*[kept, dropped] * 6)
        assert Spending.objects.get().spent == 3


class TestNetworkOf:
    def visit(self, remote: str, forwarded: str | None = None) -> HttpRequest:
        request = RequestFactory().get("/", REMOTE_ADDR=remote)
        if forwarded is not None:
            request.META["HTTP_X_FORWARDED_FOR"] = forwarded
        return request

    @pytest.mark.parametrize(
        ("remote", "network"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("fe80::1%eth0", "fe80::"),
            ("", "0.0.0.0"),
            ("not\0an address", "0.0.0.0"),
        ],
    )
    def test_without_a_proxy_what_the_visitor_writes_is_not_believed(self, remote: str, network: str) -> None:
        assert limits.network_of(self.visit(remote, "203.0.113.9")) == network

    @pytest.mark.parametrize(
        ("count", "forwarded", "network"),
        [
            (1, "203.0.113.9", "203.0.113.9"),
            (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
            (2, "198.51.100.1,203.0.113.9 , 10.0.0.2", "203.0.113.9"),
            (1, "203.0.113.9:51234", "203.0.113.9"),
            (1, "[2001:db8:1:2:3::4]:443", "2001:db8:1:2::"),
            (1, "2001:db8:1:2:3::4", "2001:db8:1:2::"),
            (2, "203.0.113.9", "10.0.0.1"),
            (1, "unknown", "10.0.0.1"),
            (1, "203.0.113.9, '; DROP TABLE", "10.0.0.1"),
            (1, "", "10.0.0.1"),
            (1, None, "10.0.0.1"),
        ],
    )
    def test_behind_proxies(self, settings: Settings, count: int, forwarded: str | None, network: str) -> None:
        settings.PROXY_COUNT = count
        assert limits.network_of(self.visit("10.0.0.1", forwarded)) == network
