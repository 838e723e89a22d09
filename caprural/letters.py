"""One source per letter (R23): `templates/emails/<name>.txt`, whose text and HTML are two renderings.

The first line is the subject; what stands before its « : » is the heading. The rest is the small Markdown of our texts
(`caprural.markup`), with two things more: lines after « > » are the facts, in a box, and a link alone on the last line
of a paragraph is a button, shown with its address. What a person typed is never markup: each `{{ variable }}` of
these templates is escaped by their loader.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django import template
from django.template import Origin
from django.template.loader import get_template, render_to_string
from django.template.loaders import filesystem
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from markdown_it.token import Token

from caprural import markup, typography

register = template.Library()

_VARIABLE = re.compile(r"\{\{ (?!block\.super)(.+?) \}\}")
#: What the parser would read in a line that somebody typed, anywhere and where it begins.
_SIGN = re.compile(r"([\\*_\[\]<>])")
_LINE_START = re.compile(r"^(\s*\d*)([-+.)])")
_ESCAPE = re.compile(r"\\([^a-zA-Z0-9\s])")
#: The end of a line inside a value: it never ends what the value stands in.
_LINE = "\u2028"
_FACTS = "margin: 20px 0; padding: 10px 14px; background-color: #e7eee4; border-left: 4px solid #1e4d38"
#: Inside the paragraph that it ended: the button, then what stood before it.
_BUTTON = (
    '<a class="button" href="{0}" style="display: inline-block; margin: 6px 0 12px; padding: 11px 20px; '
    'background-color: #1e4d38; color: #fffefb; font-weight: bold; text-decoration: none">{1}</a><br>\n'
    '<span class="quiet" style="color: #4d5a52; font-size: 15px">{2}<br>\n<a href="{0}">{0}</a></span>'
)


class Letter(NamedTuple):
    """What leaves: a subject of one line, and the same words twice."""

    subject: str
    text: str
    html: str


class Markdown(str):
    """Words that are Markdown already."""

    __slots__ = ()


class Loader(filesystem.Loader):
    """The templates of letters, in which what people typed is not markup."""

    def get_contents(self, origin: Origin) -> str:
        """The source, each of whose variables goes through `as_typed`."""
        return _VARIABLE.sub(r"{{ \1|as_typed }}", super().get_contents(origin))


@register.filter
def as_typed(value: object) -> str:
    """The value, of which no sign is Markdown; its lines stay together where it stands."""
    return value if isinstance(value, Markdown) else _LINE.join(map(_escaped, filter(None, str(value).splitlines())))


@register.filter
def paragraphs(value: str) -> Markdown:
    """A text that somebody wrote, with its paragraphs; no sign of it is Markdown."""
    return Markdown("\n".join(map(_escaped, value.strip().splitlines())))


@register.filter
def phone_to_dial(value: str) -> Markdown:
    """The number by pairs, which a telephone dials when it can."""
    shown, href = _escaped(typography.phone(value)), typography.phone_href(value)
    return Markdown(f"[{shown}]({href})" if href else shown)


def _escaped(line: str) -> str:
    return _LINE_START.sub(r"\1\\\2", _SIGN.sub(r"\\\1", line))


class _Parser(markup.Parser):
    def __init__(self) -> None:
        super().__init__()
        self.enable("blockquote")


_PARSER = _Parser()


def render(name: str, context: dict[str, Any]) -> Letter:
    """The letter `templates/emails/<name>.txt`. Its heading is `heading` of the context, where that is given."""
    source = get_template(f"emails/{name}.txt", using="letters").render(context)
    first, _, body = source.partition("\n")
    # A subject has no line break of any kind, and keeps the no-break spaces of French.
    subject = re.sub("[^\\S\u00a0\u202f]+", " ", _ESCAPE.sub(r"\1", first)).strip()
    tokens = _PARSER.parse(body)
    for token in tokens:
        token.children = token.children and [part for child in token.children for part in _lines(child)]
    frame = {**context, "heading": context.get("heading") or subject.partition("\u00a0: ")[0]}
    html = _PARSER.renderer.render(list(_for_html(tokens)), _PARSER.options, {})
    text = markup.plain_text(list(_for_text(tokens)))
    return Letter(
        subject,
        render_to_string("emails/frame.txt", {**frame, "body": text}).strip() + "\n",
        render_to_string("emails/frame.html", {**frame, "body": mark_safe(html)}),
    )


def _lines(child: Token) -> Iterator[Token]:
    """The lines of a value, as lines."""
    child.content, *others = child.content.split(_LINE)
    yield child
    for line in others:
        yield Token("hardbreak", "br", 0)
        yield Token("text", "", 0, content=line)


def _button(token: Token) -> tuple[list[Token], str, str] | None:
    """What stands before the link that ends a paragraph, its address and its words; nothing when there is none."""
    match token.children or []:
        case [
            *before,
            Token(type="softbreak" | "hardbreak"),
            Token(type="link_open") as link,
            words,
            Token(type="link_close"),
        ]:
            return None if link.info == "auto" else (before, str(link.attrGet("href")), words.content)
    return None


def _for_html(tokens: Sequence[Token]) -> Iterator[Token]:
    """With the box and the buttons. Styles are in the tags: mail programs drop the rest."""
    in_facts = False
    for token in tokens:
        if token.type.startswith("blockquote_"):
            in_facts = token.nesting > 0
            token.tag = "div"
            token.attrs = {"class": "facts", "style": _FACTS} if in_facts else {}
        elif token.type == "paragraph_open" and in_facts:
            token.attrSet("style", "margin: 0")
        elif button := _button(token):
            before, address, words = button
            caption = mark_safe(_PARSER.renderer.render([Token("inline", "", 0, children=before)], _PARSER.options, {}))
            html = Token("html_inline", "", 0, content=format_html(_BUTTON, address, words, caption))
            token = Token("inline", "", 0, children=[html])
        yield token


def _for_text(tokens: Sequence[Token]) -> Iterator[Token]:
    """With the addresses of the buttons."""
    for token in tokens:
        if button := _button(token):
            before, address, _ = button
            children = [*before, Token("softbreak", "br", 0), Token("text", "", 0, content=address)]
            token = Token("inline", "", 0, children=children)
        yield token
