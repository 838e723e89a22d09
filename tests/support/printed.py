"""What a test sees of a PDF: its text, its title, its faults as a PDF/UA-1 checker finds them, the cells it draws."""

import sys
from collections import defaultdict
from importlib.abc import MetaPathFinder
from io import BytesIO
from itertools import pairwise
from typing import Any

import page as pdf_checker
import pytest
from pypdf import PageObject, PdfReader

MM = 25.4 / 72


class Printed:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.reader = PdfReader(BytesIO(content))
        self.pages = [_folded(page.extract_text()) for page in self.reader.pages]
        self.text = " ".join(self.pages)

    @property
    def title(self) -> str:
        assert self.reader.metadata is not None
        return self.reader.metadata.title or ""

    @property
    def language(self) -> str:
        return str(self.reader.root_object["/Lang"])

    @property
    def faults(self) -> list[tuple[str, str]]:
        """Everything that makes the file unsound as PDF/UA-1: WeasyPrint claims conformity either way."""
        report = pdf_checker.validate_pdf_bytes(self.content, profile=pdf_checker.ValidationProfile.PDF_UA_1)
        return [(failure.rule_id, failure.message) for failure in report.failures]

    @property
    def fonts(self) -> dict[str, bool]:
        """The fonts by name, and whether they travel with the file."""
        found = {}
        for page in self.reader.pages:
            for font in page["/Resources"].get("/Font", {}).values():
                descriptor = font.get_object()["/DescendantFonts"][0]["/FontDescriptor"]
                found[descriptor["/FontName"].partition("+")[2]] = any(
                    key.startswith("/FontFile") for key in descriptor
                )
        return found

    @property
    def images(self) -> list[int]:
        """How many images each page carries."""
        return [len(page.images) for page in self.reader.pages]

    def size(self, number: int = 0) -> tuple[int, int]:
        """Width and height of a page, in whole millimetres."""
        box = self.reader.pages[number].mediabox
        return round(float(box.width) * MM), round(float(box.height) * MM)

    def rows(self, columns: int, *, border: float) -> list[list[tuple[float, float]]]:
        """The rows of `columns` cells that are drawn, as the clear width and height in mm inside the borders."""
        return [row for page in self.reader.pages for row in _rows(page, columns, border)]


def remove_pango(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this machine one on which WeasyPrint does not find Pango."""

    class NoPango(MetaPathFinder):
        def find_spec(self, fullname: str, *args: Any) -> None:
            if fullname == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])


def _folded(text: str) -> str:
    return " ".join(text.split())


def _rows(page: PageObject, columns: int, border: float) -> list[list[tuple[float, float]]]:
    """Collapsed borders are drawn cell by cell: the cells of a row share the ends of their vertical edges."""
    edges: dict[tuple[float, float], set[float]] = defaultdict(set)
    start = (0.0, 0.0)

    def see(operator: bytes, operands: Any, matrix: list[float], _text_matrix: list[float]) -> None:
        nonlocal start
        if operator not in (b"m", b"l"):
            return
        x, y = (float(value) for value in operands)
        at = ((x * matrix[0] + matrix[4]) * MM, (y * matrix[3] + matrix[5]) * MM)
        if operator == b"l" and abs(at[0] - start[0]) < 0.01:
            edges[round(min(at[1], start[1]), 1), round(max(at[1], start[1]), 1)].add(round(at[0], 2))
        start = at

    page.extract_text(visitor_operand_before=see)
    return [
        [(right - left - border, top - bottom - 2 * border) for left, right in pairwise(sorted(xs))]
        for (bottom, top), xs in sorted(edges.items(), reverse=True)
        if len(xs) == columns + 1
    ]
