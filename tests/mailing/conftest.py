from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from caprural.mailing import documents
from tests.support.smtp_sink import SmtpSink


@pytest.fixture
def greeting(settings: Settings, tmp_path: Path) -> None:
    """A message of our own: this file knows nothing of the sessions."""
    folder = tmp_path / "templates" / "emails"
    folder.mkdir(parents=True)
    (folder / "greeting.txt").write_text("Bonjour {{ name }}\u00a0:\n\nBonjour {{ name }},\n\n**Enchanté**\u202f!\n")
    (folder / "frame.txt").write_text("{% autoescape off %}{{ body }}{% endautoescape %}\n")
    (folder / "frame.html").write_text("{{ body }}")
    settings.TEMPLATES = [{**engine, "DIRS": [folder.parent]} for engine in settings.TEMPLATES]


@pytest.fixture
def sink(settings: Settings) -> Iterator[SmtpSink]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    with SmtpSink() as sink:
        settings.EMAIL_PORT = sink.port
        yield sink


@pytest.fixture
def make_document() -> Iterator[Callable[[documents.Maker], None]]:
    """Register the maker of « document » for one test."""

    def register(maker: documents.Maker) -> None:
        documents.attachment("document")(maker)

    yield register
    documents._makers.pop("document", None)
