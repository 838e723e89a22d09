"""In which letters a text file is written: told by what it would say, when it does not tell itself."""

import codecs
import re

from caprural import typography
from caprural.spreadsheets.cells import quoted

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What Windows writes in France, then what DOS and the old Macs wrote; and how they are called.
_OLD = {"cp1252": "Windows", "cp850": "DOS", "mac_roman": "ancien Mac"}
_LETTERS = "àâäæçéèêëîïôöœùûüÿ"
#: Letters of neighbours' names, that only the first of them is trusted with.
_NEIGHBOURS = "áãåíìñóòõøßúý"
_SIGNS = "«\u00a0»’‘“”–—…€°ºª²³•·§©®™£½×\u202f"
_WORD = re.compile(r'[^\s;,|"]+')
#: Utf-8 that was once read as something else, then saved so.
_TWICE = re.compile(r"Ã[\u0080-\u00bf\u2018-\u203aŒœŠšŽžŸƒˆ˜€™]|â€")


def decoded(content: bytes) -> tuple[str, list[str]]:
    """The text, and what to check in it before anything is written.

    UTF-8 or UTF-16 when the file says so or can be; else the first old charset that gives only French words.
    """
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return _checked(content.decode(encoding, errors="replace").replace("\0", ""))
    if content[1:400:2].count(0) > 0.4 * len(content[1:400:2]):
        return _checked(content.decode("utf-16-le", errors="replace"))
    content = content.replace(b"\0", b"")
    try:
        return _checked(content.decode())
    except UnicodeDecodeError:
        pass
    for encoding, name in _OLD.items():
        text = content.decode(encoding, errors="replace")
        words = _accented(text)
        if all(_is_french(word, _NEIGHBOURS if encoding == "cp1252" else "") for word in words):
            note = f"Ce fichier a été lu avec les accents d’un {name} ({_some(words)}) : vérifiez-les avant d’importer."
            return text, [] if encoding == "cp1252" else [note]
    text = content.decode("cp1252", errors="replace")
    return text, [_doubt([word for word in _accented(text) if not _is_french(word, _NEIGHBOURS)])]


def _checked(text: str) -> tuple[str, list[str]]:
    words = [word for word in _accented(text) if "\ufffd" in word or _TWICE.search(word)]
    return text, [_doubt(words)] if words else []


def _accented(text: str) -> list[str]:
    """Each word with a letter that charsets do not agree about, once."""
    return [word for word in dict.fromkeys(_WORD.findall(text)) if not word.isascii()]


def _doubt(words: list[str]) -> str:
    return (
        f"Des accents de ce fichier sont illisibles ({_some(words)}) : "
        "enregistrez-le depuis votre tableur au format XLSX, ou CSV « UTF-8 », puis renvoyez-le."
    )


def _some(words: list[str]) -> str:
    return typography.join_and([*map(quoted, words[:3]), *(["…"] if len(words) > 3 else [])])


def _is_french(word: str, others: str) -> bool:
    """Whether every letter and sign is one of ours, and stands where we put it."""
    allowed = _LETTERS + _LETTERS.upper() + others
    for at, char in enumerate(word):
        if char.isascii():
            continue
        before, after = word[at - 1 : at], word[at + 1 : at + 2]
        if char in _SIGNS:
            # « Rhône–Alpes » and « l’été », but « ao–t » and « co…te » come from DOS.
            if char not in "’‘·\u00a0\u202f" and before.islower() and after.islower():
                return False
        elif char not in allowed:
            return False
        elif char.isupper():
            is_lone = not before.isalpha() and not after.isalpha() and char not in "ÀÔÉ"
            if before.islower() or is_lone or before.isdigit():
                return False
        elif after.isupper():
            return False
    return True
