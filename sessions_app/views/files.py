"""What the pages of a person share: a page that holds a form, a file to keep."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

CALENDAR = "text/calendar; charset=utf-8"
JSON = "application/json"


def form_page(request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page that holds a form. Not « no-referrer » like the others behind the link: browsers would then send
    « Origin: null » with the form, which the CSRF protection refuses. Nothing is told to another site either way.
    """
    response = render(request, f"sessions_app/{name}.html", context, status=status)
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def attached(filename: str, content: bytes, content_type: str) -> HttpResponse:
    """A file to keep, under its name."""
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
