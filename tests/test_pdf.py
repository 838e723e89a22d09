"""caprural.pdf: what a template becomes, and what it may read."""

from socket import create_server
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.test import Client
from pytest_django import Settings

from caprural import pdf
from tests.printed import Printed, remove_pango

PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Un titre d’été</title>
<link rel="stylesheet" href="/static/css/fonts.css"><link rel="stylesheet" href="/static/css/pdf.css">{head}</head>
<body><div class="document"><h1>Un titre</h1><p>Bonjour {{{{ name }}}}</p>{body}</div></body></html>"""


@pytest.fixture
def template(settings: Settings) -> Any:
    """A function that makes « page.html » of a head and a body."""

    def make(*, head: str = "", body: str = "") -> str:
        loader = ("django.template.loaders.locmem.Loader", {"page.html": PAGE.format(head=head, body=body)})
        options = {"loaders": [loader]}
        settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": options}]
        return "page.html"

    return make


class TestRender:
    def test_is_a_sound_tagged_french_document_with_its_title_and_fonts(self, template: Any) -> None:
        printed = Printed(pdf.render(template(), {"name": "Zoé <Œuvrard>"}))

        assert printed.title == "Un titre d’été"
        assert printed.language == "fr"
        assert printed.faults == []
        assert printed.fonts == {"Cap-Rural-Texte": True, "Cap-Rural-Titre-Bold": True}
        assert "Bonjour Zoé <Œuvrard>" in printed.text

    def test_the_checker_sees_an_unsound_template(self, template: Any) -> None:
        printed = Printed(pdf.render(template(body="<h3>Niveau sauté</h3>"), {"name": ""}))

        assert printed.faults != []


class TestStaticFiles:
    @pytest.mark.parametrize(
        "url",
        [
            "https://ailleurs.example/static/css/pdf.css",
            "https://inscriptions.caprural.example.ailleurs.example/static/css/pdf.css",
            "https://inscriptions.caprural.example/admin/",
            "https://inscriptions.caprural.example/static/css/absent.css",
            "file:///etc/passwd",
            "data:text/css,p{}",
        ],
    )
    def test_anything_else_is_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"static file"):
            pdf.static_path(url)

    @pytest.mark.parametrize("path", ["../manage.py", "%2e%2e/manage.py", "css/../../manage.py", "/etc/passwd"])
    def test_no_address_climbs_out_of_the_static_folders(self, path: str) -> None:
        with pytest.raises(SuspiciousFileOperation):
            pdf.static_path(f"https://inscriptions.caprural.example/static/{path}")

    def test_is_found_under_its_own_name_whatever_the_manifest_says(self, settings: Settings) -> None:
        settings.STORAGES = {
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
        }

        found = pdf.static_path("https://inscriptions.caprural.example/static/css/pdf.css")

        assert found == settings.BASE_DIR / "static/css/pdf.css"

    def test_a_document_opens_no_connection_and_no_file(self, template: Any) -> None:
        with create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0)
            outside = f"http://127.0.0.1:{server.getsockname()[1]}"
            head = (
                f'<link rel="stylesheet" href="{outside}/style.css"><link rel="attachment" href="file:///etc/passwd">'
            )
            body = (
                f'<img src="{outside}/image.png" alt="absente"><p style="background: url({outside}/fond.png)">fin</p>'
            )

            printed = Printed(pdf.render(template(head=head, body=body), {"name": ""}))

            assert "fin" in printed.text
            assert printed.reader.attachments == {}
            with pytest.raises(BlockingIOError):
                server.accept()


def test_without_pango_the_reason_is_said_in_french(template: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    remove_pango(monkeypatch)

    with pytest.raises(pdf.PdfUnavailable, match="Pango manque sur ce serveur"):
        pdf.render(template(), {"name": ""})


@pytest.mark.django_db
def test_a_page_without_pango_is_a_503_that_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    remove_pango(monkeypatch)

    response = client.get("/cotisation/bulletin.pdf")

    assert response.status_code == 503
    assert "la bibliothèque Pango manque sur ce serveur" in response.content.decode()


def test_a_response_shows_the_file_under_its_name_and_is_kept_by_no_cache() -> None:
    response = pdf.response("emargement-été.pdf", b"%PDF-")

    assert response.content == b"%PDF-"
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"] == "inline; filename*=utf-8''emargement-%C3%A9t%C3%A9.pdf"
    assert response.headers["Cache-Control"] == "private, no-store"
