"""The little Markdown of session texts (R1): paragraphs, bold, emphasis, links and lists, for pages and for e-mails.

All the rest (headings, images, code, tables, HTML) stays on the page as it was typed: no word is dropped. What people
paste from a word processor or a web page is put in that form when it is saved (`tidy`).
"""

import re
from collections.abc import MutableMapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from django import template
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, list_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

register = template.Library()

LIST_LEVELS = 4  # Two are styled. Deeper dashes stay dashes: the parser silently drops what is nested too deep.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
#: An address typed as it is. The look-behind keeps the search linear: it starts only where such a run starts.
_BARE_ADDRESS = re.compile(
    r"(?<![\w@/.+-])(?<!\]\()(?:(?:https?://|www\.)[^\s<>«»\"]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)", re.IGNORECASE
)
_EMAIL = re.compile(r"[A-Za-z0-9._+-]+@[\w-]+(?:\.[\w-]+)+")


class Parser(MarkdownIt):
    """What the texts hold, and nothing else."""

    def __init__(self) -> None:
        super().__init__("zero", {"breaks": True})
        self.enable(["list", "emphasis", "link", "autolink", "newline", "escape"])
        self.block.ruler.at("list", _list, {"alt": ["paragraph"]})
        self.block.ruler.before("list", "end_of_item", _end_of_item, {"alt": ["paragraph"]})
        self.inline.ruler.before("emphasis", "star_in_word", _star_in_word)
        self.inline.ruler.before("link", "image_as_typed", _image_as_typed)
        self.core.ruler.push("empty_links_as_typed", _empty_links_as_typed)
        self.core.ruler.push("bare_addresses", _bare_addresses)
        self.add_render_rule("link_open", _link_open)

    def validateLink(self, url: str) -> bool:  # noqa: N802 (the name is the parser's)
        """A web page, an e-mail address or a phone; any other link stays on the page as text."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return bool(parts.netloc if parts.scheme in {"http", "https"} else parts.scheme in {"mailto", "tel"})


def _list(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    # The parser counts two levels for a list: the list and its item. « silent » asks whether a paragraph ends here.
    return (silent or state.level < 2 * LIST_LEVELS) and list_block(state, start_line, end_line, silent)


def _end_of_item(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A line that is not set back under its bullet is no part of it."""
    return silent and state.sCount[start_line] < state.blkIndent


def _star_in_word(state: StateInline, silent: bool) -> bool:
    """« Les habitant*es et les élu*es »: a star between two letters is one."""
    at, text = state.pos, state.src
    if text[at] != "*" or at == 0 or not (text[at - 1].isalnum() and text[at + 1 : at + 2].isalnum()):
        return False
    if not silent:
        state.pending += "*"
    state.pos += 1
    return True


def _image_as_typed(state: StateInline, silent: bool) -> bool:
    """Take « ![ » as text, or the rule of links would make a link of what follows the exclamation mark."""
    if not state.src.startswith("![", state.pos):
        return False
    if not silent:
        state.pending += "!["
    state.pos += 2
    return True


def _empty_links_as_typed(state: StateCore) -> None:
    """« [texte]() » is a link to nowhere for the parser: give it its brackets back."""
    for block in state.tokens:
        is_empty = False
        for token in block.children or []:
            if token.type == "link_open":
                is_empty = not token.attrGet("href")
            if is_empty and token.type in {"link_open", "link_close"}:
                token.type, token.content = "text", "[" if token.type == "link_open" else "]()"


def _bare_addresses(state: StateCore) -> None:
    """« https://… », « www… » and « nom@structure.fr » lead where they say."""
    for block in state.tokens:
        tokens: list[Token] = []
        depth = 0
        for token in block.children or []:
            depth += token.nesting if token.type.startswith("link_") else 0
            tokens += [token] if depth or token.type != "text" else _with_links(token.content, state.md)
        if block.children:
            block.children = tokens


def _with_links(text: str, md: MarkdownIt) -> list[Token]:
    tokens: list[Token] = []
    done = 0
    for found in _BARE_ADDRESS.finditer(text):
        shown = _without_punctuation(found[0])
        href = _complete(shown)
        if not href or not md.validateLink(href):
            continue
        tokens += [
            Token("text", "", 0, content=text[done : found.start()]),
            Token("link_open", "a", 1, attrs={"href": md.normalizeLink(href)}, info="auto"),
            Token("text", "", 0, content=shown),
            Token("link_close", "a", -1, info="auto"),
        ]
        done = found.start() + len(shown)
    return [*tokens, Token("text", "", 0, content=text[done:])]


def _without_punctuation(address: str) -> str:
    """What ends the sentence is no part of the address."""
    return address.rstrip(".,;:!?…'’*_]" if "(" in address else ".,;:!?…'’*_])")


def _complete(address: str) -> str:
    """The address with what it is read by: « www.a.fr » is « https://www.a.fr »; empty when nothing completes it."""
    if re.match(r"(?:https?|mailto|tel):", address, re.IGNORECASE):
        return address
    if address.lower().startswith("www."):
        return f"https://{address}"
    if re.match(r"//[^/]", address):
        return f"https:{address}"
    if address.startswith("/"):
        return f"{settings.SITE_URL}{address}"
    return f"mailto:{address}" if _EMAIL.fullmatch(address) else ""


def _address(link_open: Token) -> SplitResult:
    return urlsplit(str(link_open.attrGet("href")))


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    address = _address(tokens[index])
    if address.netloc and address.netloc != urlsplit(settings.SITE_URL).netloc:
        tokens[index].attrSet("rel", "noopener noreferrer")
    return renderer.renderToken(tokens, index, options, env)


_PARSER = Parser()

_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")
_LINE_BREAK = re.compile(r"(?<![ \t])[ \t]*<br[ \t]*/?>[ \t]*\n?", re.IGNORECASE)
_SPACE = r"[ \t\u00a0\u202f]"
#: The signs word processors and web pages put before an item; the letters are those of Word's fonts of symbols.
_BULLET = re.compile(
    rf"({_SPACE}*)(?:([•‣◦∙⁃●○■□▪▫◆◇❖➢➤►▶✓✔·\uf020-\uf0ff]){_SPACE}*|([–—‒−]){_SPACE}+|([o§Øüvq])(?:\t|{_SPACE}{{2}}){_SPACE}*)"
    r"(?=\S)"
)
_DASH = re.compile(rf"({_SPACE}*)([-*+])({_SPACE}+)(?=\S)")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\(([^\s()<>]+)(?=[\s)])")


class Tidied(NamedTuple):
    """A text ready to be kept, and what was changed in it, in French, for whoever pasted it."""

    text: str
    notes: list[str]


def tidy(pasted: str) -> Tidied:
    """What was pasted, in the Markdown of our texts; what is in that form already stays as it is.

    Bullets of any kind become lists of two levels, `<br>` ends a line, signs nobody sees go, links get their whole
    address. Raises ValidationError for a link whose address nothing completes.
    """
    text = re.sub(r"\r\n?|[\v\u2028]", "\n", pasted).replace("\u2029", "\n\n")
    notes = []
    for change, note in (
        (lambda text: _INVISIBLE.sub("", text), "signes invisibles enlevés"),
        (lambda text: _LINE_BREAK.sub("\n", text), "« <br> » devenus des retours à la ligne"),
        (_with_lists, "puces devenues des listes"),
        (lambda text: _LINK.sub(_with_whole_address, text), "adresses des liens complétées"),
    ):
        changed = change(text)
        notes += [note] if changed != text else []
        text = changed
    return Tidied(text, notes)


def _with_lists(text: str) -> str:
    """A sign not met yet in this list, or set back, opens the second level; one met before comes back to its own."""
    lines: list[str] = []
    levels: list[tuple[str, int]] = []
    for line in text.split("\n"):
        dash, bullet = _DASH.match(line), _BULLET.match(line)
        found = dash or bullet
        if not found:
            if line.strip() and not line[0].isspace():
                levels = []
            lines.append(line)
            continue
        sign = (next(filter(None, found.groups()[1:])), len(found[1].expandtabs(4)))
        while levels and sign not in levels and levels[-1][1] > sign[1]:
            levels.pop()
        levels = levels[: levels.index(sign) + 1] if sign in levels else [*levels, sign]
        item = line[found.end() :]
        if dash:
            lines.append(line if dash[3].strip(" ") == "" else f"{dash[1]}- {item}")
        else:
            lines.append(f"{'  ' * (len(levels) > 1)}- {item}")
    return "\n".join(lines)


def _with_whole_address(link: re.Match[str]) -> str:
    address = _complete(link[2])
    if not address:
        raise ValidationError(
            f"Le lien « {link[1]} » mène à « {link[2]} », qui n’est pas une adresse complète : "
            "commencez-la par https://, ou par / pour une page de ce site."
        )
    return f"[{link[1]}]({address}"


@register.filter
def markdown(text: str) -> SafeString:
    """The HTML of a section. A line that was ended stays ended; typography is the writer's; no link runs a script."""
    html: str = _PARSER.render(_UNREADABLE.sub("\ufffd", text))
    return mark_safe(html)


@register.filter
def plain(text: str) -> str:
    """The same for people who read their e-mails as plain text: dashes « – », links as « text (address) »."""
    return plain_text(_PARSER.parse(_UNREADABLE.sub("\ufffd", text)))


def plain_text(tokens: Sequence[Token]) -> str:
    """What was parsed, as plain text."""
    blocks: list[str] = []
    end = -1  # the line where the last paragraph outside a list ended
    numbers: list[int | None] = []  # for each list we are in, the number of its next item if it has numbers
    margin = marker = ""
    for token in tokens:
        if token.type.endswith("_list_open"):
            numbers.append(int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None)
            # A list that follows its paragraph without a blank line stays with it.
            if len(numbers) == 1 and not (blocks and token.map and token.map[0] == end):
                blocks.append("")
        elif token.type.endswith("_list_close"):
            numbers.pop()
        elif token.type == "list_item_open":
            number = numbers[-1]
            marker = "– " if number is None else f"{number}. "
            numbers[-1] = None if number is None else number + 1
        elif token.type == "inline":
            margin = "  " * max(0, len(numbers) - 1)
            first, *others = _plain_inline(token.children or []).split("\n")
            hanging = margin + " " * 2 * bool(numbers)
            lines = "\n".join([(margin + marker if marker else hanging) + first, *(hanging + line for line in others)])
            marker = ""
            if numbers:
                blocks[-1] = f"{blocks[-1]}\n{lines}".lstrip("\n")
            else:
                blocks.append(lines)
                end = token.map[1] if token.map else -1
    return "\n\n".join(blocks)


def _plain_inline(tokens: Sequence[Token]) -> str:
    said = ""
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            said += "\n"
        elif token.type == "link_open":
            address, start = token, len(said)
        elif token.type == "link_close":
            href = _address(address)
            target = href.geturl() if href.netloc else href.path
            shown = re.sub(r"\s", "", said[start:])
            # A number is dialled with its country, and written without it.
            is_shown = shown == target or (href.scheme == "tel" and shown[1:].isdigit() and target.endswith(shown[1:]))
            if address.info != "auto" and not is_shown:
                said += f" ({target})"
        else:
            said += token.content
    return said
