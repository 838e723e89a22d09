"""caprural.pdf: what a template becomes, and what it may read."""

import base64
from io import BytesIO
from socket import create_server
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.test import Client
from PIL import Image
from pytest_django import Settings

from caprural import pdf
from tests.support.pictures import picture
from tests.support.printed import Printed, remove_pango

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


class TestImagesOfThePage:
    """A picture written in the page is the only address without a file that is read."""

    @pytest.mark.parametrize("kind", ["png", "jpeg"])
    def test_a_picture_is_printed(self, template: Any, kind: str) -> None:
        uri = f"data:image/{kind};base64,{base64.b64encode(picture(kind.upper())).decode()}"

        printed = Printed(pdf.render(template(body=f'<img src="{uri}" alt="Un logo">'), {"name": ""}))

        assert printed.images == [1]
        assert printed.faults == []

    @pytest.mark.parametrize(
        "uri",
        [
            "data:image/svg+xml;base64,{svg}",
            "data:image/png,{png}",
            "data:image/gif;base64,{gif}",
            "data:image/png;charset=utf-8;base64,{png}",
            "data:text/html;base64,{png}",
            "data:;base64,{png}",
        ],
    )
    def test_nothing_else_is(self, template: Any, uri: str) -> None:
        contents = {
            "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>",
            "png": picture(),
            "gif": picture("GIF"),
        }
        written = uri.format(**{name: base64.b64encode(content).decode() for name, content in contents.items()})

        printed = Printed(pdf.render(template(body=f'<img src="{written}" alt="Remplacée">'), {"name": ""}))

        assert printed.images == [0]
        assert "Remplacée" in printed.text

    def test_nor_a_style_sheet(self, template: Any) -> None:
        head = '<link rel="stylesheet" href="data:text/css,h1%7Bdisplay:none%7D">'

        assert "Un titre" in Printed(pdf.render(template(head=head), {"name": ""})).text

    def test_a_broken_one_leaves_its_words(self, template: Any) -> None:
        printed = Printed(
            pdf.render(template(body='<img src="data:image/png;base64,AAAA" alt="Un logo">'), {"name": ""})
        )

        assert "Un logo" in printed.text

    def test_thousands_of_pixels_do_not_weigh_on_every_file(self, template: Any) -> None:
        content = BytesIO()
        Image.effect_noise((1500, 1500), 90).save(content, "JPEG", quality=90)
        uri = f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"

        file = pdf.render(
            template(body=f'<p class="issuer"><img class="logo" src="{uri}" alt="Un logo"></p>'), {"name": ""}
        )

        assert len(content.getvalue()) > 1_000_000
        assert len(file) < 200_000


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
