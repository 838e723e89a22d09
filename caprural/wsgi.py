"""The WSGI application, behind a small guard against what makes Django or PostgreSQL fail before any view.

Django believes the charset announced by a Content-Type: an exotic one raises outside its own error pages. PostgreSQL
refuses NUL characters, which reach queries from a path, a query string or a quoted cookie.
"""

import os
import re
from collections.abc import Iterable
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

from caprural.uploads import MAX_FILES, MAX_FORM

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "caprural.settings")


class _Refusal(NamedTuple):
    status: str
    title: str
    explanation: str


NUL_CHARACTER = _Refusal(
    "400 Bad Request",
    "Cette adresse n’est pas valide",
    "Elle contient un caractère illisible. Vérifiez-la ou reprenez depuis l’accueil.",
)
UNKNOWN_CHARSET = _Refusal(
    "415 Unsupported Media Type",
    "Cet envoi n’est pas lisible",
    "Votre navigateur a envoyé ces données dans un encodage que le site ne lit pas. "
    "Recommencez avec un navigateur à jour\u00a0: il enverra de l’UTF-8.",
)

TOO_LARGE = _Refusal(
    "413 Content Too Large",
    "Cet envoi est trop volumineux",
    "Les formulaires du site ne prennent pas de fichier. Raccourcissez votre texte, puis recommencez.",
)

_PAGE = """<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
</head>
<body><main><h1>{title}</h1><p>{explanation}</p><p><a href="/">Retour à l’accueil</a></p></main></body>
</html>
"""


def _is_readable(content_type: str) -> bool:
    """Whether Django will read this Content-Type without raising, and the body as UTF-8."""
    try:
        _, parameters = parse_header_parameters(content_type)
    except (LookupError, ValueError):
        return False
    return parameters.get("charset", "utf-8").lower() == "utf-8"


def _has_nul(environ: WSGIEnvironment) -> bool:
    # Servers decode the path, Django the query string; http.cookies decodes « \000 » inside quotes.
    return (
        "\0" in environ.get("PATH_INFO", "")
        or "%00" in environ.get("QUERY_STRING", "")
        or re.search(r"\0|\\000", environ.get("QUERY_STRING", "") + environ.get("HTTP_COOKIE", "")) is not None
    )


def _is_too_large(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH") or "0"
    # The rest is decided where it is known who sends it (caprural.uploads).
    most = MAX_FILES if environ.get("PATH_INFO", "").startswith("/admin/") else MAX_FORM
    return not (length.isascii() and length.isdecimal()) or int(length[:20]) > most


def _refusal(environ: WSGIEnvironment) -> _Refusal | None:
    if _has_nul(environ):
        return NUL_CHARACTER
    if not _is_readable(environ.get("CONTENT_TYPE", "")):
        return UNKNOWN_CHARSET
    if _is_too_large(environ):
        return TOO_LARGE
    return None


def _without_body_for_head(body: Iterable[bytes], environ: WSGIEnvironment) -> Iterable[bytes]:
    """Django answers HEAD with the page; the server drops it, and logs a warning each time."""
    if environ.get("REQUEST_METHOD") != "HEAD":
        return body
    if close := getattr(body, "close", None):
        close()
    return []


def guarded(django_application: WSGIApplication) -> WSGIApplication:
    """The application, to which no request comes that it could only answer with an error 500."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refusal = _refusal(environ)
        if refusal is None:
            return _without_body_for_head(django_application(environ, start_response), environ)
        page = _PAGE.format(title=refusal.title, explanation=refusal.explanation).encode()
        start_response(
            refusal.status,
            [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(page))),
                ("Cache-Control", "no-store"),
                ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
                ("Referrer-Policy", "same-origin"),
                ("X-Content-Type-Options", "nosniff"),
                ("X-Frame-Options", "DENY"),
            ],
        )
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [page]

    return application


application = guarded(get_wsgi_application())
