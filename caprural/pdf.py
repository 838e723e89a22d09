"""From a template to a PDF: the only file that knows WeasyPrint (SPEC §6).

A document is a page of `templates/pdf/`, tagged (PDF/UA-1) and self-contained: style sheets and fonts come from our own
static files, images are written in the page itself, and nothing comes from elsewhere.
"""

import base64
import logging
import mimetypes
import re
import unicodedata
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote, urljoin

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import content_disposition_header

logger = logging.getLogger(__name__)

#: The one kind of `data:` address that is read: a picture, in full, and no other type.
_IMAGE = re.compile(r"data:(image/(?:png|jpeg));base64,([A-Za-z0-9+/]+={0,2})")


class PdfUnavailable(Exception):
    """The machine lacks Pango, so nothing can be printed; the message is the French sentence to show."""


def render(template: str, context: dict[str, Any], *, is_public: bool = False) -> bytes:
    """Print a template as a tagged PDF/UA-1 file, in French, its title being the template's `<title>` (SPEC §6).

    What is public is printed once for all who ask for it while it says the same.
    Raises PdfUnavailable on a machine without Pango, where everything else works.
    """
    # Composed: our fonts hold « é » in one piece, and an « e » with its accent apart comes from some keyboards.
    page = unicodedata.normalize("NFC", render_to_string(template, context))
    return _public_documents.printed(page) if is_public else _print(page)


class _PublicDocuments:
    """The last public documents printed by this process, each under the page it was printed from: never a stale one.

    Anybody may ask for them, and each takes a third of a second: they are printed one at a time.
    """

    MOST_BYTES = 30_000_000

    def __init__(self) -> None:
        self._printed: OrderedDict[str, bytes] = OrderedDict()
        self._printing = Lock()

    def printed(self, page: str) -> bytes:
        """From those that are kept, else printed now."""
        version = sha256(page.encode()).hexdigest()
        if (kept := self._printed.get(version)) is not None:
            return kept
        with self._printing:
            content = self._printed.pop(version, None) or _print(page)
            self._printed[version] = content
            while sum(map(len, self._printed.values())) > self.MOST_BYTES:
                self._printed.popitem(last=False)
            return content


_public_documents = _PublicDocuments()


def _print(page: str) -> bytes:
    # Late: a machine without Pango still migrates, tests and serves its pages.
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except OSError as error:
        raise PdfUnavailable(
            "Les documents PDF ne sont pas disponibles : la bibliothèque Pango manque sur ce serveur."
        ) from error

    class StaticFetcher(URLFetcher):  # type: ignore[misc]
        """Our static files and the images of the page: a document opens no connection, nor any other file."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            if image := _IMAGE.fullmatch(url):
                return URLFetcherResponse(url, base64.b64decode(image[2]), {"Content-Type": image[1]})
            path = static_path(url)
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": mimetypes.guess_type(path)[0] or ""})

    html = HTML(string=page, base_url=f"{settings.SITE_URL}/", url_fetcher=StaticFetcher())
    # A logo of thousands of pixels would weigh on every file: 300 per inch are what a printer shows.
    content: bytes = html.write_pdf(pdf_variant="pdf/ua-1", dpi=300)
    return content


def static_path(url: str) -> Path:
    """The file behind an address under STATIC_URL, found as `runserver` would, manifest or not.

    Raises ValueError for any other address: WeasyPrint then leaves the resource out.
    """
    root = urljoin(f"{settings.SITE_URL}/", settings.STATIC_URL)
    if not url.startswith(root):
        raise ValueError(f"Not one of our static files: {url}")
    # `find` refuses with SuspiciousFileOperation (a ValueError's cousin) what would climb out of the static folders.
    found = finders.find(unquote(url.removeprefix(root)))
    if not found:
        raise ValueError(f"No such static file: {url}")
    return Path(found)


class PdfUnavailableMiddleware(MiddlewareMixin):
    """Answers 503 with its sentence when a page asks for a document that this machine cannot make."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, PdfUnavailable):
            return None
        logger.error("%s", exception)
        return HttpResponse(render_to_string("503.html", {"reason": str(exception)}), status=503)


def response(filename: str, content: bytes) -> HttpResponse:
    """A document shown in the browser under its own name, kept by no shared cache: most name people."""
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": content_disposition_header(False, filename) or "inline",  # noqa: FBT003
            "Cache-Control": "private, no-store",
        },
    )


def public_response(request: HttpRequest, filename: str, content: bytes) -> HttpResponseBase:
    """A document that names nobody: a browser keeps it, and asks each time whether it still says the same."""
    whole = response(filename, content)
    whole.headers["Cache-Control"] = "public, no-cache"
    whole.headers["ETag"] = etag = f'"{sha256(content).hexdigest()}"'
    return get_conditional_response(request, etag=etag, response=whole) or whole
