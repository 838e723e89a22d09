"""An XLSX as it is: its sheets, what is hidden in them, what its formulas gave; never more than can be paid for."""

import io
import re
import warnings
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from caprural.spreadsheets.cells import NO_RESULT, Cell, clean, restore
from caprural.spreadsheets.table import HELP, NotASpreadsheet, Sheet, bounded

#: What an XLSX may weigh once unzipped, as it declares itself: a small one may hide a huge one.
MAX_UNZIPPED = 60_000_000
#: How many rows, and how many cells and texts, may be declared in it, even empty: each costs time and memory.
MAX_DECLARED_ROWS = 200_000
MAX_DECLARED_CELLS = 1_500_000
_ROW_TAG = re.compile(rb"[<:]row[\s/>]")
_CELL_TAG = re.compile(rb"[<:](?:c|si|xf)[\s/>]")
_CHUNK = 1_000_000
#: How Excel writes the end of a line that came from elsewhere, and other signs that XML does not hold.
_ESCAPED = re.compile("_x00([01][0-9A-Fa-f])_")


def sheets(content: bytes) -> list[Sheet]:
    """Every sheet of cells, in order. Raises NotASpreadsheet."""
    _inspect(content)
    try:
        with warnings.catch_warnings():
            # What openpyxl does not keep (styles, validations) is nothing to us.
            warnings.simplefilter("ignore")
            reader = _Reader(io.BytesIO(content), read_only=True, data_only=True)
            reader.read()
            workbook = reader.wb
            try:
                return [_sheet(workbook, sheet) for sheet in workbook.worksheets]
            finally:
                workbook.close()
    except NotASpreadsheet:
        raise
    except Exception as error:  # whatever a damaged file makes openpyxl say
        raise NotASpreadsheet(f"Ce fichier XLSX est abîmé : ouvrez-le dans votre tableur, puis {HELP}.") from error


def _inspect(content: bytes) -> None:
    """What the archive says of itself, before anything of it is understood."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = archive.infolist()
            names = {file.filename for file in files}
            if any(file.flag_bits & 1 for file in files):
                raise NotASpreadsheet(
                    "Ce fichier est protégé par un mot de passe : enregistrez-le sans, puis renvoyez-le."
                )
            if len(files) > 2000 or sum(file.file_size for file in files) > MAX_UNZIPPED:
                raise NotASpreadsheet(
                    "Ce tableau est trop lourd, une fois ouvert : supprimez les feuilles, les images et les lignes "
                    "vides dont vous n’avez pas besoin, ou enregistrez-le au format CSV."
                )
            if "mimetype" in names and b"opendocument" in archive.read("mimetype")[:200]:
                raise NotASpreadsheet(f"Ce fichier est au format ODS : {HELP}.")
            if "xl/workbook.bin" in names:
                raise NotASpreadsheet(f"Ce fichier est au format XLSB : {HELP}.")
            if not any(re.match(r"xl/work.*\.xml", name) for name in names):
                raise NotASpreadsheet(f"Ce fichier n’est pas un tableau : {HELP}.")
            _count(archive, files)
    except NotASpreadsheet:
        raise
    except Exception as error:  # zipfile, and each of its compressions, has errors of its own
        raise NotASpreadsheet(f"Ce fichier est abîmé : ouvrez-le dans votre tableur, puis {HELP}.") from error


def _count(archive: zipfile.ZipFile, files: list[zipfile.ZipInfo]) -> None:
    """Refuse what would take minutes to read, and entities that multiply; a megabyte at a time."""
    rows = cells = 0
    for file in files:
        with archive.open(file) as part:
            start = True
            while chunk := part.read(_CHUNK):
                if start and file.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in chunk:
                    raise NotASpreadsheet(f"Ce fichier n’est pas un tableau : {HELP}.")
                start = False
                rows += len(_ROW_TAG.findall(chunk))
                cells += len(_CELL_TAG.findall(chunk))
                if rows > MAX_DECLARED_ROWS or cells > MAX_DECLARED_CELLS:
                    raise NotASpreadsheet(
                        "Ce tableau a trop de lignes ou de cases, presque toutes vides : copiez celles qui sont "
                        "remplies dans un nouveau fichier, puis envoyez-le."
                    )


class _Source(ReadOnlyWorksheet):  # type: ignore[misc]
    """Openpyxl's, without its size: it reads a whole sheet to find that none is written."""

    def _get_size(self) -> None:
        pass


class _Reader(ExcelReader):  # type: ignore[misc]
    def read_worksheets(self) -> None:
        for sheet, rel in self.parser.find_sheets():
            if rel.target not in self.valid_files:
                continue
            if "chartsheet" in rel.Type:
                self.read_chartsheet(sheet, rel)
                continue
            source = _Source(self.wb, sheet.name, rel.target, self.shared_strings)
            source.sheet_state = sheet.state
            self.wb._sheets.append(source)


class _Parser(WorkSheetParser):  # type: ignore[misc]
    """Openpyxl's, that sees the difference between a formula nobody computed and an empty cell."""

    col_counter: int

    def parse_cell(self, element: Any) -> Any:
        if not len(element):
            # Of an empty cell, of which there may be a million, only the place counts.
            place = element.get("r")
            self.col_counter = coordinate_to_tuple(place)[1] if place else self.col_counter + 1
            return {"value": None}
        cell = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            is_empty_text = element.get("t") == "str" and element.find(VALUE_TAG) is not None
            cell["value"] = "" if is_empty_text else NO_RESULT
        return cell


def _sheet(workbook: Any, source: Any) -> Sheet:
    # Openpyxl's own rows are as wide as their last cell, were it empty and in column XFD.
    with source._get_source() as xml:
        parser = _Parser(
            xml,
            source._shared_strings,
            data_only=True,
            epoch=workbook.epoch,
            date_formats=workbook._date_formats,
            timedelta_formats=workbook._timedelta_formats,
        )
        rows = bounded((number, _cells(cells)) for number, cells in parser.parse())
        merged = parser.merged_cells.mergeCell if parser.merged_cells else []
    return Sheet(
        source.title,
        rows,
        is_hidden=source.sheet_state != "visible",
        hidden_rows=frozenset(
            int(number) for number, row in parser.row_dimensions.items() if _is_true(row.get("hidden"))
        ),
        hidden_columns=frozenset(
            at
            for column in parser.column_dimensions.values()
            if _is_true(column.get("hidden"))
            for at in range(int(column["min"]) - 1, min(int(column["max"]), 200))
        ),
        groups=frozenset((cell.min_row, cell.min_col - 1) for cell in merged if cell.max_col > cell.min_col),
    )


def _is_true(attribute: str | None) -> bool:
    return attribute in ("1", "true")


def _cells(found: list[Any]) -> dict[int, Cell]:
    return {
        cell["column"] - 1: value
        for cell in found
        if cell["value"] is not None and (value := _typed(cell["value"])) != ""
    }


def _typed(value: Any) -> Cell:
    """A cell of an XLSX; an hour of the day is of no use to us."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, bool | int | float | Decimal | date):
        return value
    return restore(clean(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value))))
