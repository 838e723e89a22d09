"""A file that someone sends, as a table: whatever its name says, what it is is told by what it holds."""

import codecs
import re

from caprural.spreadsheets import delimited
from caprural.spreadsheets.table import HELP, Knows, NotASpreadsheet, Table, find

#: What one file may weigh.
MAX_BYTES = 10_000_000

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read(name: str, content: bytes, knows: Knows = lambda title: None) -> Table:
    """The table in a CSV or XLSX file, whatever its name says. Raises NotASpreadsheet.

    `knows` says which column a title names, and finds where the titles are. Blank lines and columns are left out, and
    keep their number.
    """
    if len(content) > MAX_BYTES:
        raise NotASpreadsheet(
            f"Ce fichier est trop lourd : {MAX_BYTES // 1_000_000} Mo au plus. Partagez-le en plusieurs fichiers."
        )
    if not content.strip(b"\0 \t\r\n"):
        raise NotASpreadsheet("Ce fichier est vide : choisissez celui qui contient vos lignes.")
    if content.startswith(b"PK"):
        from caprural.spreadsheets import xlsx

        return find(xlsx.sheets(content), knows)
    _refuse_other_formats(content)
    sheet, notes = delimited.sheet(content, knows)
    return find([sheet], knows, notes, is_ragged=True)


def _refuse_other_formats(content: bytes) -> None:
    if content.startswith(_OLD_OFFICE):
        if _ENCRYPTED in content:
            raise NotASpreadsheet("Ce fichier est protégé par un mot de passe : enregistrez-le sans, puis renvoyez-le.")
        raise NotASpreadsheet(f"Ce fichier est à l’ancien format XLS : {HELP}.")
    start = content[:100_000].removeprefix(codecs.BOM_UTF8).lstrip()
    if re.match(rb"<(?:!doctype|html|head|body|table|meta|\?xml)", start, re.IGNORECASE):
        raise NotASpreadsheet(
            "Ce fichier est une page web, même si son nom est celui d’un tableau : ouvrez-le dans votre tableur, "
            f"puis {HELP}."
        )
    controls = len(re.findall(rb"[\x01-\x08\x0e-\x1f\x7f]", start))
    if start.startswith((b"%PDF", b"{\\rtf", b"<")) or controls > 5 + len(start) // 200:
        raise NotASpreadsheet(f"Ce fichier n’est pas un tableau : {HELP}.")
