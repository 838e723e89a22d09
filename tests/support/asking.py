"""A request as a server hands it to the site, byte for byte."""

import io
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


def ask(app: WSGIApplication, body: bytes = b"", /, **environ: str) -> Answer:
    """One request through the WSGI interface; an exception is what a server turns into an error 500."""
    request: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "HTTP_HOST": "testserver",
        "QUERY_STRING": "",
        "wsgi.input": io.BytesIO(body),
        **environ,
    }
    if body:
        request["CONTENT_LENGTH"] = str(len(body))
    setup_testing_defaults(request)
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        started.append((status, headers))
        return lambda data: None

    try:
        response = app(request, start_response)
        content = b"".join(response)
        if hasattr(response, "close"):
            response.close()
    except Exception as error:
        return Answer(500, {}, repr(error))
    ((status, headers),) = started
    return Answer(int(status.split()[0]), dict(headers), content.decode())
