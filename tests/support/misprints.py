"""No-break spaces in our own texts, and the detection of what lacks them: see tests/whole/test_french.py.

``python -m tests.support.misprints FILE…`` corrects templates in place, and only reports Python files. Texts typed by
people never go through `spaced`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from caprural.typography import NBSP, NNBSP

_HIDDEN = "\ue000"  # stands for each character that is not prose: an address, a tag, a template variable
_NO_BREAK = "\ue001"  # stands for a no-break space written as an HTML entity
_SPACE = f"[ \t\u2009{NBSP}{NNBSP}]"
_WORD_END = rf"(?<=[\w)\]}}»”’\"'%…°€.*{_HIDDEN}])"
_WORD_START = rf"(?=[^\W\d_]|[«{_HIDDEN}])"
_ELIDED = r"(?<!\w)(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu|aujourd)"


class _Rule(NamedTuple):
    """What is wrong (the pattern's group if it has one), what stands there instead, and what to say of it."""

    pattern: re.Pattern[str]
    replacement: str
    message: str
    surely_french: bool = False  # would also match good code or English


def _rule(pattern: str, replacement: str, message: str, *, surely_french: bool = False) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), replacement, message, surely_french)


_BREAKABLE = "espace ordinaire devant une ponctuation double"
_ABSENT = "espace manquante devant une ponctuation double"
_INSIDE = "espace insécable manquante à l’intérieur des guillemets"
_UNIT = "espace ordinaire entre un nombre et son unité"
_STRAIGHT = "apostrophe droite"
_DOTS = "trois points au lieu du caractère …"
_RULES = (
    _rule(rf"{_WORD_END}(?!{NNBSP}[;!?]){_SPACE}+(?=[;!?]++(?![\w=]))", NNBSP, _BREAKABLE),
    _rule(rf"{_WORD_END}(?!{NBSP}:){_SPACE}+(?=:(?:[\s«»)\"{_HIDDEN}]|\Z))", NBSP, _BREAKABLE),
    _rule(rf"(?<=«)(?!{NBSP}\S){_SPACE}*(?=[^\s{_NO_BREAK}])", NBSP, _INSIDE),
    _rule(rf"(?<=[^\s«{_NO_BREAK}])(?!{NBSP}»){_SPACE}*(?=»)", NBSP, _INSIDE),
    _rule(rf"(?<=\d)(?!{NBSP}){_SPACE}+(?=(?:h|[kMG]?o|€|%|mm|cm)(?!\w))", NBSP, _UNIT),
    _rule(rf"(?<=\d{_SPACE}h)(?!{NBSP}){_SPACE}+(?=\d)", NBSP, _UNIT),
    _rule(rf"{_ELIDED}('){_WORD_START}", "’", _STRAIGHT),
    _rule(r"(?<=\w)\.{3}(?![./\w])", "…", _DOTS),
    _rule(rf"{_WORD_END}(?=[!?]++(?:[\s»)\"{_HIDDEN}]|\Z)|;(?:[\s»]|\Z))", NNBSP, _ABSENT, surely_french=True),
    _rule(rf"{_WORD_END}(?=:(?:[\s»]|\Z))", NBSP, _ABSENT, surely_french=True),
    _rule(rf"(?<=[^\W\d_])'{_WORD_START}", "’", _STRAIGHT, surely_french=True),
    _rule(r"(?<![./])\.{3}(?![./])", "…", _DOTS, surely_french=True),
)
_ADDRESS = re.compile(r"(?:https?://|www\.|mailto:|tel:)[^\s<>«»]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_FRENCH = re.compile(r"[àâçéèêëîïôùûœ\u00ab\u00bb’…€]", re.IGNORECASE)


class Misprint(NamedTuple):
    """A fault of typography: where it is in the text, and what belongs there."""

    start: int
    end: int
    replacement: str
    message: str


def _hide(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: _HIDDEN * len(match[0]), text)


def _misprints(prose: str, *, surely_french: bool = True) -> list[Misprint]:
    prose = _hide(_ADDRESS, prose)
    found = {
        match.span(match.lastindex or 0): Misprint(*match.span(match.lastindex or 0), rule.replacement, rule.message)
        for rule in _RULES
        if surely_french or not rule.surely_french
        for match in rule.pattern.finditer(prose)
    }
    return sorted(found.values())


def _corrected(text: str, misprints: list[Misprint]) -> str:
    for misprint in reversed(misprints):
        text = text[: misprint.start] + misprint.replacement + text[misprint.end :]
    return text


def spaced(text: str) -> str:
    """A text of ours with its no-break spaces, ’ and …; addresses and « 9:30 » stay as they are. Idempotent."""
    return _corrected(text, _misprints(text))


_TEMPLATE_COMMENT = re.compile(r"{#.*?#}|{%\s*comment\b.*?endcomment\s*%}", re.DOTALL)
_TEMPLATE_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_TEMPLATE_STRING = re.compile(r'"[^"\\]*"')
_NOT_PROSE = re.compile(r"<(script|style|pre|code)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_HTML_TAG = re.compile(r"<[!/]?[a-z][^>]*>", re.IGNORECASE)
_READABLE_ATTRIBUTE = re.compile(
    r'(?:(?<=\s)(?:alt|title|label|placeholder|summary|aria-[a-z]+)|(?<=name="description" )content)="([^"]*)"',
    re.IGNORECASE,
)
_NO_BREAK_ENTITY = re.compile(r"&(?:nbsp|#160|#xa0|#8239|#x202f);", re.IGNORECASE)
_OTHER_ENTITY = re.compile(r"&#?\w+;")


def _hide_but(kept: re.Pattern[str], hidden: str) -> str:
    """All hidden but what `kept` (its group if it has one) finds there, for example an attribute that is read aloud."""
    shown = list(_HIDDEN * len(hidden))
    for match in kept.finditer(hidden):
        start, end = match.span(1) if kept.groups else (match.start() + 1, match.end() - 1)
        shown[start:end] = hidden[start:end]
    return "".join(shown)


def _prose(source: str, *, is_html: bool) -> str:
    """The source of a template, character for character, where all that is not read by people is hidden."""
    text = _hide(_TEMPLATE_COMMENT, source)
    text = _TEMPLATE_TAG.sub(lambda match: _hide_but(_TEMPLATE_STRING, match[0]), text)
    if not is_html:
        return text
    text = _hide(_NOT_PROSE, text)
    text = _HTML_TAG.sub(lambda match: _hide_but(_READABLE_ATTRIBUTE, match[0]), text)
    text = _NO_BREAK_ENTITY.sub(lambda match: _NO_BREAK * len(match[0]), text)
    return _hide(_OTHER_ENTITY, text).replace("\n", " ")  # in HTML a line may be cut at any ordinary space


def _python_texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of each string below the node, f-strings in one piece, docstrings left out."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Constant(value=str(text)):
                yield child.lineno, text
            case ast.JoinedStr(values=parts):
                pieces = [part.value if isinstance(part, ast.Constant) else _HIDDEN for part in parts]
                yield child.lineno, "".join(map(str, pieces))
                for part in parts:
                    if isinstance(part, ast.FormattedValue):
                        yield from _python_texts(ast.Expression(part.value))
            case _:
                yield from _python_texts(child)


def misprints_in(path: Path) -> list[tuple[int, str]]:
    """Line number and fault, for each fault of typography in a template, a text or the strings of a Python file.

    A Python string with a backslash is code (a pattern, a date format). One without any accent or French sign may be
    English: there, only what no English sentence contains is a fault.
    """
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        found = _misprints(_prose(source, is_html=path.suffix == ".html"))
        return [(source.count("\n", 0, misprint.start) + 1, misprint.message) for misprint in found]
    return [
        (line, misprint.message)
        for line, text in _python_texts(ast.parse(source))
        if "\\" not in text
        for misprint in _misprints(_prose(text, is_html=True), surely_french=bool(_FRENCH.search(text)))
    ]


def main(paths: list[str]) -> int:
    """Correct templates and texts in place, report Python files; 1 when a person still has something to correct."""
    left = 0
    for path in map(Path, paths):
        for line, message in misprints_in(path):
            sys.stdout.write(f"{path}:{line}: {message}\n")
        if path.suffix == ".py":
            left += len(misprints_in(path))
        else:
            source = path.read_text(encoding="utf-8")
            prose = _prose(source, is_html=path.suffix == ".html")
            path.write_text(_corrected(source, _misprints(prose)), encoding="utf-8")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
