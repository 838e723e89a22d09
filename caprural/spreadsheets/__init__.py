"""Spreadsheets as people keep them, read and written: CSV and XLSX. The only package that knows openpyxl.

`read` gives cells as the file has them; `amount`, `day` and `siret` understand what is in a cell. Whatever cannot be
understood is said in a French sentence that says what to do.
"""

from caprural.spreadsheets.cells import (
    FORMULA_ERRORS,
    NO_RESULT,
    Cell,
    NotUnderstood,
    amount,
    clean,
    day,
    fold,
    quoted,
    siret,
    text,
)
from caprural.spreadsheets.reading import MAX_BYTES, read
from caprural.spreadsheets.table import MAX_ROWS, NotASpreadsheet, Row, Table
from caprural.spreadsheets.writing import CONTENT_TYPES, attached, write, write_csv, write_xlsx
