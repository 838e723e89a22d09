"""What a page gives to download."""

from django.http import HttpResponse

CALENDAR = "text/calendar; charset=utf-8"
JSON = "application/json"


def attached(filename: str, content: bytes, content_type: str) -> HttpResponse:
    """A file to keep, under its name."""
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
