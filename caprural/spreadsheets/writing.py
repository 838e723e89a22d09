"""Tables that people take away: CSV for any program, XLSX with real numbers and dates."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.http import HttpResponse

from caprural.spreadsheets.cells import Cell, clean, neutralise, text

#: What a file of that extension is sent as.
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: What one cell of an XLSX holds; openpyxl would cut the rest without a word.
_CELL_LENGTH = 32_767
#: No column of an XLSX is wider, in signs.
_WIDEST = 40


def write(extension: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], *, sheet: str) -> bytes:
    """A CSV or an XLSX."""
    return write_csv(header, rows) if extension == "csv" else write_xlsx(header, rows, sheet=sheet)


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with its BOM and semicolons, as the spreadsheets of France open them; no cell is a formula."""
    output = io.StringIO(newline="")
    lines = csv.writer(output, delimiter=";", lineterminator="\r\n")
    lines.writerow(header)
    lines.writerows([neutralise(clean(text(cell))) for cell in row] for row in rows)
    return output.getvalue().encode("utf-8-sig")


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, sheet: str) -> bytes:
    """One sheet whose titles stay in sight, its columns as wide as what they hold; amounts and days are real ones, no
    text is a formula.

    A text that no cell can hold is left out rather than cut: read back, it would replace the whole.
    """
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    workbook = openpyxl.Workbook(write_only=True)
    page = workbook.create_sheet(sheet)
    page.freeze_panes = "A2"
    rows = list(rows)
    for number, column in enumerate(zip(header, *rows, strict=True), start=1):
        longest = max(len(text(cell)) for cell in column)
        page.column_dimensions[get_column_letter(number)].width = min(longest + 2, _WIDEST)

    def written(cell: Cell) -> WriteOnlyCell:
        if not isinstance(cell, str):
            made = WriteOnlyCell(page, value=cell)
            if isinstance(cell, date):
                made.number_format = "dd/mm/yyyy"
            elif isinstance(cell, Decimal):
                made.number_format = "#,##0.00"
            return made
        words = neutralise(clean(cell))
        made = WriteOnlyCell(page, value=words if len(words) <= _CELL_LENGTH else "")
        # « #N/A », or digits, are words here.
        made.data_type = "s"
        return made

    titles = [WriteOnlyCell(page, value=title) for title in header]
    for title in titles:
        title.font = Font(bold=True)
    page.append(titles)
    for row in rows:
        page.append([written(cell) if cell != "" else None for cell in row])
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def attached(name: str, extension: str, content: bytes) -> HttpResponse:
    """A table to keep, under its name."""
    return HttpResponse(
        content,
        content_type=CONTENT_TYPES[extension],
        headers={"Content-Disposition": f'attachment; filename="{name}.{extension}"'},
    )
