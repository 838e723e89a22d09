"""The little Markdown of session texts (R1): paragraphs, bold, emphasis, links and lists, for pages and for e-mails.

All the rest (headings, images, code, tables, HTML) stays on the page as it was typed: no word is dropped.
"""

import re
from collections.abc import MutableMapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django import template
from django.conf import settings
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


class _Parser(MarkdownIt):
    def __init__(self) -> None:
        super().__init__("zero", {"breaks": True})
        self.enable(["list", "emphasis", "link", "autolink", "newline", "escape"])
        self.block.ruler.at("list", _list, {"alt": ["paragraph"]})
        self.inline.ruler.before("link", "image_as_typed", _image_as_typed)
        self.core.ruler.push("empty_links_as_typed", _empty_links_as_typed)
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


def _address(link_open: Token) -> SplitResult:
    return urlsplit(str(link_open.attrGet("href")))


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    address = _address(tokens[index])
    if address.netloc and address.netloc != urlsplit(settings.SITE_URL).netloc:
        tokens[index].attrSet("rel", "noopener noreferrer")
    return renderer.renderToken(tokens, index, options, env)


_PARSER = _Parser()


@register.filter
def markdown(text: str) -> SafeString:
    """The HTML of a section. A line that was ended stays ended; typography is the writer's; no link runs a script."""
    html: str = _PARSER.render(_UNREADABLE.sub("\ufffd", text))
    return mark_safe(html)


@register.filter
def plain(text: str) -> str:
    """The same for people who read their e-mails as plain text: bullets « • », links as « text (address) »."""
    blocks: list[str] = []
    numbers: list[int | None] = []  # for each list we are in, the number of its next item if it has numbers
    margin = marker = ""
    for token in _PARSER.parse(_UNREADABLE.sub("\ufffd", text)):
        if token.type.endswith("_list_open"):
            numbers.append(int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None)
            if len(numbers) == 1:
                blocks.append("")
        elif token.type.endswith("_list_close"):
            numbers.pop()
        elif token.type == "list_item_open":
            number = numbers[-1]
            marker = "• " if number is None else f"{number}. "
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
            shown = said[start:]
            if address.info != "auto" and shown.replace(" ", "") != target:
                said += f" ({target})"
        else:
            said += token.content
    return said
