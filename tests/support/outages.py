"""What the site stands on, out of order."""

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, OperationalError
from django.utils import timezone

from caprural.limits.models import Spending


def database_is_down(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """What every query meets when the server no longer answers."""
    raise DatabaseError("server closed the connection unexpectedly")


def disk_is_full(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """What every change meets then; one that changes no row asks for no room."""
    if sql.split()[0] == "INSERT" or (sql.startswith("UPDATE") and Spending.objects.filter(until__lte=timezone.now())):
        raise OperationalError("database or disk is full")
    return execute(sql, params, many, context)
