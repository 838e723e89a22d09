"""How often may one thing be done, counted in the database so that every process of every machine counts together.

An act is of a kind (« letter », « sign_in »…) and has a key (an address, a network): `most` of them may happen in a
window of length `within`, which begins with the first. The key itself is never stored.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from caprural import typography

#: Stands for a visitor whose address nobody knows: an address all the same, so that it can be stored as one.
UNKNOWN_NETWORK = "0.0.0.0"  # noqa: S104 (nothing listens there)


#: One statement, that the database judges on each counter as it is once it has waited for others.
_SPEND = """
    INSERT INTO limits_spending (kind, hashed_key, spent, until) VALUES {rows}
    ON CONFLICT (kind, hashed_key) DO UPDATE SET
        spent = excluded.spent + CASE WHEN limits_spending.until > %s THEN limits_spending.spent ELSE 0 END,
        until = CASE WHEN limits_spending.until > %s THEN limits_spending.until ELSE excluded.until END
    WHERE limits_spending.until <= %s OR limits_spending.spent <= CASE limits_spending.kind {rooms} END
    RETURNING kind
"""


class LimitReached(Exception):
    """Too many acts of one kind; `str()` tells the visitor: nothing was done, when to try again, whom to call."""

    def __init__(self, *, until: datetime, now: datetime) -> None:
        #: When the window ends; trying meanwhile does not move it.
        self.until = until
        super().__init__(
            "Trop d’envois en peu de temps\u00a0: celui-ci n’a pas été pris en compte. "
            f"Recommencez {from_then_on(until, now)}. "
            "Si c’est urgent, appelez-nous\u00a0: nos coordonnées sont en bas de page."
        )


def from_then_on(until: datetime, now: datetime) -> str:
    """« à partir de 15 h 21 », with the day when it is another one; the minute that has begun is counted whole."""
    minute = until.replace(second=0, microsecond=0)
    minute += timedelta(minutes=1 if minute < until else 0)
    is_today = typography.medium_date(minute) == typography.medium_date(now)
    return "à partir " + (f"de {typography.hour(minute)}" if is_today else f"du {typography.moment(minute)}")


@dataclass(frozen=True)
class Act:
    """Something that counts for `cost` among the `most` of its kind and key."""

    kind: str
    key: str
    most: int
    within: timedelta
    cost: int = 1

    @property
    def hashed_key(self) -> str:
        """What is stored instead of an address or a network."""
        said = f"{self.kind}:{self.key.strip().casefold()}"
        return salted_hmac("caprural.limits", said, algorithm="sha256").hexdigest()


def spend(kind: str, key: str, *, most: int, within: timedelta, now: datetime, cost: int = 1) -> None:
    """Count one act, which counts for `cost`, or raise LimitReached, and then nothing is counted.

    However many try at once, no more than `most` pass between the first one and `within` after it.

    In a transaction, the count lives and dies with it: what was rolled back has not happened. What must be counted
    whatever comes of it (a wrong password) is spent before the transaction begins. PostgreSQL holds the counter until
    the transaction ends: spend before you lock anything else, and the network before the recipient.
    """
    spend_all([Act(kind, key, most, within, cost)], now=now)


def spend_all(acts: Sequence[Act], *, now: datetime) -> None:
    """The same for acts of several kinds at once. Several: LimitReached must undo the caller's transaction."""
    from caprural.limits.models import Spending  # the applications are not loaded yet when this one is

    at = connection.ops.adapt_datetimefield_value
    for act in acts:
        if act.cost > act.most:
            raise LimitReached(until=now + act.within, now=now)
    rows = [value for act in acts for value in (act.kind, act.hashed_key, act.cost, at(now + act.within))]
    rooms = [value for act in acts for value in (act.kind, act.most - act.cost)]
    sql = _SPEND.format(rows=", ".join(["(%s, %s, %s, %s)"] * len(acts)), rooms="WHEN %s THEN %s " * len(acts))
    with connection.cursor() as cursor:
        cursor.execute(sql, [*rows, *[at(now)] * 3, *rooms])
        counted = {kind for (kind,) in cursor.fetchall()}
    for act in acts:
        if act.kind not in counted:
            standing = Spending.objects.filter(kind=act.kind, hashed_key=act.hashed_key).first()
            raise LimitReached(until=standing.until if standing else now + act.within, now=now)


def is_under_way(kind: str, key: str = "", *, now: datetime) -> bool:
    """Whether a window of this kind is open. Only reads: a count waits for whoever writes, even when it is refused."""
    from caprural.limits.models import Spending

    hashed = Act(kind, key, 1, timedelta()).hashed_key
    return Spending.objects.filter(kind=kind, hashed_key=hashed, until__gt=now).exists()


def prune(*, now: datetime) -> None:
    """Forget the windows that are over; the worker does it."""
    from caprural.limits.models import Spending

    with transaction.atomic():
        over = Spending.objects.filter(until__lte=now).select_for_update(skip_locked=True)
        Spending.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:1000])).delete()


def network_of(request: HttpRequest) -> str:
    """The visitor's network: an IPv4 address, or the first address of an IPv6 /64, which is what one subscriber has.

    Behind PROXY_COUNT proxies it is the n-th address from the right of X-Forwarded-For: what stands on its left was
    written by the visitor.
    """
    remote = request.META.get("REMOTE_ADDR", "")
    if settings.PROXY_COUNT:
        chain = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        forwarded = chain[-settings.PROXY_COUNT] if len(chain) >= settings.PROXY_COUNT else ""
        return _network(forwarded) or _network(remote) or UNKNOWN_NETWORK
    return _network(remote) or UNKNOWN_NETWORK


def _network(text: str) -> str | None:
    """None when it is no address; some proxies add the port."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False).network_address)
        address = address.ipv4_mapped
    return str(address)
