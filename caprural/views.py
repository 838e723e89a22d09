"""What is answered when a request is refused."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from caprural import typed_again


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, without context: the request may be the very thing that cannot be read."""
    return HttpResponse(render_to_string("400.html"), status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 when the form's protection is missing or too old: the form again, filled, or else how to send it again."""
    comes_from_elsewhere = reason.startswith(("Origin checking", "Referer checking"))
    page = None if comes_from_elsewhere else typed_again.page(request)
    return page or HttpResponse(render_to_string("403_csrf.html"), status=403)
