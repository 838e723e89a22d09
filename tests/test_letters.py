"""One source, two renderings (R23): what a letter says, whatever was typed into it."""

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from pytest_django import Settings

from caprural import letters

SOURCE = """\
Situation\u00a0: {{ title }}

Bonjour {{ name }},

> **Faits**
> {{ name }}

Pour régler\u00a0:
- par **chèque**
- {{ name }}

{{ name }}

La page\u00a0:
[Voir]({{ link }})
"""
SIGNS = "*_[]()<>\\!-+.#1 \tab\n\r\u2028&'\"`~|:/@"


@pytest.fixture(autouse=True)
def _letter(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "emails"
    folder.mkdir(parents=True)
    (folder / "letter.txt").write_text(SOURCE)
    (folder / "frame.txt").write_text("{% autoescape off %}{{ body }}{% endautoescape %}")
    (folder / "frame.html").write_text("<h1>{{ heading }}</h1>{{ body }}")
    settings.TEMPLATES = [{**engine, "DIRS": [folder.parent]} for engine in settings.TEMPLATES]


def letter(name: str = "Léa", **context: str) -> letters.Letter:
    return letters.render("letter", {"name": name, "title": "Coopérer", "link": "https://a.test/_x_/", **context})


def test_one_source_two_renderings() -> None:
    subject, text, html = letter()

    assert subject == "Situation\u00a0: Coopérer"
    assert text == (
        "Bonjour Léa,\n\nFaits\nLéa\n\nPour régler\u00a0:\n– par chèque\n– Léa\n\nLéa\n\nLa page\u00a0:\nhttps://a.test/_x_/\n"
    )
    assert re.sub(r' style="[^"]*"', "", html) == (
        '<h1>Situation</h1><p>Bonjour Léa,</p>\n<div class="facts">\n<p><strong>Faits</strong><br>\nLéa</p>\n</div>\n'
        "<p>Pour régler\u00a0:</p>\n<ul>\n<li>par <strong>chèque</strong></li>\n<li>Léa</li>\n</ul>\n<p>Léa</p>\n"
        '<p><a class="button" href="https://a.test/_x_/">Voir</a><br>\n<span class="quiet">La page\u00a0:<br>\n'
        '<a href="https://a.test/_x_/">https://a.test/_x_/</a></span></p>\n'
    )


def test_the_heading_may_be_given() -> None:
    assert letter(heading="Rappel\u00a0: bottes").html.startswith("<h1>Rappel\u00a0: bottes</h1>")


def test_lines_of_a_value_stay_where_it_stands() -> None:
    _, text, html = letter("Deux\r\n- lignes")

    assert "– Deux\n  - lignes\n" in text
    assert "<li>Deux<br>\n- lignes</li>" in html


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=strategies.text(alphabet=SIGNS).map(str.strip).filter(bool))
def test_what_was_typed_is_never_markup(name: str) -> None:
    words = " ".join(name.split())

    subject, text, html = letter(name, title=name)

    assert subject == f"Situation\u00a0: {words}"
    read = unescape(re.sub(r"<[^>]*>", "", html.partition("</h1>")[2]))
    for said in (text.replace("– ", ""), read):
        said_all = f"Bonjour {words}, Faits {words} Pour régler : par chèque {words} {words} "
        assert " ".join(said.split()).startswith(said_all)
    tags = re.findall(r"<(\w+)", html)
    assert [tags.count(tag) for tag in ("p", "div", "ul", "li", "strong")] == [5, 1, 1, 2, 2]
    assert {*tags} == {"h1", "p", "div", "ul", "li", "strong", "br", "a", "span"}
