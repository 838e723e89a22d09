"""Who reads the logs does not hold people's links (R9)."""

import logging
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from caprural.private_pages import MaskedFormatter, masked

TOKEN = "Zk3_9vQ-7rTbNw2LxYpA0sDf"
ROOT = Path(__file__).parent.parent


def private_addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """Every address of the site that holds a token."""
    for found in patterns:
        route = before + str(found.pattern).removeprefix("^").removesuffix("$")
        if isinstance(found, URLResolver):
            yield from private_addresses(found.url_patterns, route)
        elif "<token>" in route:
            yield re.sub(r"\(\?P<token>[^)]*\)", TOKEN, route).replace("\\", "")


def test_the_token_of_every_private_address_is_masked() -> None:
    addresses = list(private_addresses(get_resolver().url_patterns))
    assert len(addresses) > 12
    assert [address for address in addresses if TOKEN in masked(address) or masked(address) == address] == []


@pytest.mark.parametrize(
    ("line", "written"),
    [
        (f"Not Found: /inscriptions/{TOKEN}/session.ics", "Not Found: /inscriptions/…/session.ics"),
        (f"Not Found: /inscriptions/{TOKEN}).", "Not Found: /inscriptions/…"),
        (f"Not Found: //inscriptions//{TOKEN[:8]}", "Not Found: //inscriptions//…"),
        (f"Not Found: /inscriptions/ <{TOKEN}>/", "Not Found: /inscriptions/ <…>/"),
        (f"/admin/login/?next=%2Finscriptions%2F{TOKEN}%2F", "/admin/login/?next=%2Finscriptions%2F…%2F"),
        (
            f'"GET /cotisation/recus/{TOKEN}/recu.pdf?x=1 HTTP/1.1" 404',
            '"GET /cotisation/recus/…/recu.pdf?x=1 HTTP/1.1" 404',
        ),
        (f"{{'path': 'x/inscriptions/{TOKEN}'}}", "{'path': 'x/inscriptions/…'}"),
        ("/inscriptions/retrouver/ /cotisation/adherer/", "/inscriptions/retrouver/ /cotisation/adherer/"),
    ],
)
def test_lines(line: str, written: str) -> None:
    assert masked(line) == written


def test_every_handler_masks() -> None:
    """Ours is the only one, tracebacks included."""
    handlers = settings.LOGGING["handlers"].values()
    assert {settings.LOGGING["formatters"][handler["formatter"]]["class"] for handler in handlers} == {
        "caprural.private_pages.MaskedFormatter"
    }
    names = [name for name in logging.root.manager.loggerDict if name.startswith(("django", "caprural", "axes"))]
    assert [name for name in names if logging.getLogger(name).handlers] == []
    try:
        raise ValueError(f"/inscriptions/{TOKEN}/")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "%s", (f"/inscriptions/{TOKEN}/",), sys.exc_info())
    assert TOKEN not in MaskedFormatter().format(record)


@pytest.mark.django_db
def test_a_wrong_host_takes_one_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/", HTTP_HOST="ailleurs.example").status_code == 400
    assert [(record.name, record.exc_info) for record in caplog.records] == [("django.security.DisallowedHost", None)]


def test_gunicorn_masks_what_it_writes() -> None:
    """Its own access log, and ours, of one request for a link that leads nowhere."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "caprural.wsgi", "-b", f"127.0.0.1:{port}", "--access-logfile", "-"]
    server = subprocess.Popen(
        [*command, "-w", "1"],
        cwd=ROOT,
        env=os.environ | {"DEBUG": "true", "DATABASE_URL": "sqlite:///:memory:"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/cotisation/recus/{TOKEN}/rien", timeout=30)
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
    finally:
        server.terminate()
        written = server.communicate(timeout=30)[0]
    assert written.count("/cotisation/recus/…/rien") == 2
    assert TOKEN not in written
