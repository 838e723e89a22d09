"""What may be sent to us, by size: a page takes files when its view, or its ModelAdmin, says `takes_files = True`."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

#: What a form without file may weigh: Django reads no more of one in memory.
MAX_FORM = 2_500_000
#: What a form with files may weigh: several documents at once.
MAX_FILES = 50_000_000


class UploadMiddleware(MiddlewareMixin):
    """Refuses a heavy body before anything reads it, unless someone of the team sends files where files are taken.

    Above CsrfViewMiddleware, which reads the body of every form.
    """

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """413 and its sentence; `caprural.wsgi` has refused what is no length."""
        if int(request.META.get("CONTENT_LENGTH") or 0) <= MAX_FORM:
            return None
        takes_files = getattr(getattr(view, "model_admin", view), "takes_files", False)
        if takes_files and request.user.is_active and getattr(request.user, "is_staff", False):
            return None
        return render(request, "413.html", status=413)
