"""Files given to participants: small, harmless, named as what they hold."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from caprural.typography import NBSP
from sessions_app.forms import SessionDocumentForm

NOT_SAFE = "Ce fichier n’est pas de ceux que tout le monde peut ouvrir sans risque"
ODT = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}
DOCX = {"[Content_Types].xml": "", "word/document.xml": ""}


def archive(parts: dict[str, str]) -> bytes:
    with zipfile.ZipFile(content := io.BytesIO(), "w") as made:
        for name, text in parts.items():
            made.writestr(name, text)
    return content.getvalue()


def refusal(name: str, content: bytes) -> str:
    form = SessionDocumentForm({"title": "Plan"}, {"file": SimpleUploadedFile(name, content)})
    form.is_valid()
    return " ".join(form.errors.get("file", []))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plan.PDF", b"%PDF-1.7"),
        ("plan.png", b"\x89PNG\r\n\x1a\n"),
        ("plan.jpeg", b"\xff\xd8\xff\xe0"),
        ("plan.docx", archive(DOCX)),
        ("plan.xlsx", archive({"[Content_Types].xml": "", "xl/workbook.xml": ""})),
        ("plan.odt", archive(ODT)),
    ],
)
def test_welcome(name: str, content: bytes) -> None:
    assert refusal(name, content) == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plan.pdf", b"MZ\x90\x00"),
        ("plan.pdf", b"<script>alert(1)</script>"),
        ("plan.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("plan.txt", b"plan"),
        ("plan.zip", archive({"plan.exe": ""})),
        ("plan.docx", archive(DOCX | {"word/vbaProject.bin": ""})),
        ("plan.odt", archive(ODT | {"Basic/Standard/Module1.xml": ""})),
        ("plan.odt", archive({"mimetype": "x" * 1000})),
        ("plan.docx", archive(DOCX)[:-30]),
    ],
)
def test_refused(name: str, content: bytes) -> None:
    assert refusal(name, content).startswith(NOT_SAFE)


@pytest.mark.parametrize("name", ["plan.exe", "plan", "plan.pdf.docx"])
def test_named_as_something_else(name: str) -> None:
    assert refusal(name, b"%PDF-1.7").endswith(f"faites-le finir par «{NBSP}.pdf{NBSP}».")


def test_size() -> None:
    assert refusal("plan.pdf", b"%PDF-".ljust(10_000_000)) == ""
    assert refusal("plan.pdf", b"%PDF-".ljust(10_000_001)).startswith(f"Ce fichier pèse plus de 10{NBSP}Mo{NBSP}: ")
