"""How often may one thing be done, counted in the database so that every process of every machine counts together.

An act is of a kind (« letter », « sign_in »…) and has a key (an address, a network): `most` of them may happen in a
window of length `within`, which begins with the first. The key itself is never stored.
"""

import ipaddress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from caprural import typography

#: Stands for a visitor whose address nobody knows: an address all the same, so that it can be stored as one.
UNKNOWN_NETWORK = "0.0.0.0"  # noqa: S104 (nothing listens there)


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


def spend(kind: str, key: str, *, most: int, within: timedelta, now: datetime, cost: int = 1) -> None:
    """Count one act, which counts for `cost`, or raise LimitReached, and then nothing is counted.

    However many try at once, no more than `most` pass between the first one and `within` after it.

    In a transaction, the count lives and dies with it: what was rolled back has not happened. What must be counted
    whatever comes of it (a wrong password) is spent before the transaction begins. PostgreSQL holds the counter until
    the transaction ends: spend before you lock anything else, and the network before the recipient.
    """
    from caprural.limits.models import Spending  # the applications are not loaded yet when this one is

    hashed = salted_hmac("caprural.limits", f"{kind}:{key.strip().casefold()}", algorithm="sha256").hexdigest()
    counter = Spending.objects.filter(kind=kind, hashed_key=hashed)
    until = now + within
    if cost > most:
        raise LimitReached(until=until, now=now)
    # Each of these is one statement, that the database judges on the counter as it is once it has waited for others.
    while True:
        if counter.filter(until__gt=now, spent__lte=most - cost).update(spent=F("spent") + cost):
            return
        if counter.filter(until__lte=now).update(spent=cost, until=until):
            return
        standing = counter.first()
        if standing is None:
            new = Spending(kind=kind, hashed_key=hashed, spent=0, until=until)
            Spending.objects.bulk_create([new], ignore_conflicts=True)
        elif standing.until > now and standing.spent > most - cost:
            raise LimitReached(until=standing.until, now=now)


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
