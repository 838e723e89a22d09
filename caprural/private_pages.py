"""What is behind a link that only one person holds (R9): a registration, the documents of a fee."""

import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache

#: Where the token stands in an address, whole, cut, after or before what a mail program added to it.
_TOKEN = re.compile(
    r"((?:/|%2F)(?:inscriptions|cotisation(?:/|%2F)+(?:bulletins|appels|recus))(?:/|%2F)+"
    r"(?:[\s\"'<>]+(?=[\w-]{16}))?)(?!retrouver\b|votre-inscription\b)(?:(?!%2F)[^/?#\s\"'<>])+",
    re.IGNORECASE,
)

View = Callable[..., HttpResponseBase]


def private(view: View) -> View:
    """Behind a private link nothing is kept by a browser or a proxy, indexed, nor told to the site one goes to."""

    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        return response

    return answer


def masked(text: str) -> str:
    """The same, without the tokens of the private links in it."""
    return _TOKEN.sub(r"\1…", text)


class MaskedFormatter(logging.Formatter):
    """Whoever reads a log does not hold people's links: masked in the whole line, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class OneLine(logging.Filter):
    """What a stranger can provoke at will takes no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True
