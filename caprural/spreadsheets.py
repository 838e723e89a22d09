"""Tables as files: CSV for French spreadsheets, and XLSX (SPEC §6)."""

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import BytesIO, StringIO

from openpyxl import Workbook


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with BOM, semicolons, decimal commas."""
    out = StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(map(_neutral, header))
    for row in rows:
        writer.writerow(
            [str(value).replace(".", ",") if isinstance(value, Decimal) else _neutral(value) for value in row]
        )
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[object]], *, title: str) -> bytes:
    """One sheet of that title."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    for row in (header, *rows):
        sheet.append([_neutral(value) for value in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _neutral(value: object) -> object:
    """A text that begins like a formula is only a text."""
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value
