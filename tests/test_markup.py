import re

import pytest
from django.core.exceptions import ValidationError
from django.template import Context, Template
from django.utils.html import strip_tags
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from caprural.markup import LIST_LEVELS, markdown, plain, tidy


def folded(html: str) -> str:
    return re.sub(r">\s+<", "><", html.strip())


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


class TestMarkdown:
    @pytest.mark.parametrize(
        ("typed", "html"),
        [
            ("", ""),
            ("un\n\ndeux", "<p>un</p><p>deux</p>"),
            ("un\ndeux", "<p>un<br>\ndeux</p>"),
            ("**fort** et _souligné_", "<p><strong>fort</strong> et <em>souligné</em></p>"),
            ("nom_de_fichier 2*3*4", "<p>nom_de_fichier 2*3*4</p>"),
            (
                "Les habitant*es et les élu*es, *aussi* les **très** jeun*es",
                "<p>Les habitant*es et les élu*es, <em>aussi</em> les <strong>très</strong> jeun*es</p>",
            ),
            ("- un\n- deux\nsuite", "<ul><li>un</li><li>deux</li></ul><p>suite</p>"),
            ("- un\n  suite\n  - un un\n  fin", "<ul><li>un<br>\nsuite\n<ul><li>un un</li></ul>\nfin</li></ul>"),
            ("1 \\* 2", "<p>1 * 2</p>"),
            ("Conduire - ou s'inscrire dans - une démarche !", "<p>Conduire - ou s'inscrire dans - une démarche !</p>"),
            ("- un\n- deux", "<ul><li>un</li><li>deux</li></ul>"),
            ("2. un\n3. deux", '<ol start="2"><li>un</li><li>deux</li></ol>'),
            (
                "- un\n  - un un\n  - un deux\n- deux",
                "<ul><li>un\n<ul><li>un un</li><li>un deux</li></ul></li><li>deux</li></ul>",
            ),
        ],
    )
    def test_what_a_section_is_made_of(self, typed: str, html: str) -> None:
        """R1: paragraphs, bold, links and two-level lists; French is left as typed."""
        assert folded(markdown(typed)) == html

    @pytest.mark.parametrize(
        ("typed", "html"),
        [
            (
                "[bulletin](https://caprural.org/a?b=1&c=2)",
                '<a href="https://caprural.org/a?b=1&amp;c=2" rel="noopener noreferrer">bulletin</a>',
            ),
            (
                "[ici](https://sessions.example.org/cotisation/)",
                '<a href="https://sessions.example.org/cotisation/">ici</a>',
            ),
            ("[nous](HTTP://caprural.org)", '<a href="HTTP://caprural.org" rel="noopener noreferrer">nous</a>'),
            (
                "[x](https://sessions.example.org@a.test)",
                '<a href="https://sessions.example.org@a.test" rel="noopener noreferrer">x</a>',
            ),
            ("[écrire](mailto:a@b.fr)", '<a href="mailto:a@b.fr">écrire</a>'),
            ("[appeler](tel:+33666466276)", '<a href="tel:+33666466276">appeler</a>'),
            ("<https://a.test>", '<a href="https://a.test" rel="noopener noreferrer">https://a.test</a>'),
            ("<a@b.fr>", '<a href="mailto:a@b.fr">a@b.fr</a>'),
            ('[a](tel:1 "x\\"><b>")', '<a href="tel:1" title="x&quot;&gt;&lt;b&gt;">a</a>'),
        ],
    )
    def test_links(self, typed: str, html: str, settings: Settings) -> None:
        settings.SITE_URL = "https://sessions.example.org"
        assert markdown(typed) == f"<p>{html}</p>\n"

    @pytest.mark.parametrize(
        ("typed", "html"),
        [
            (
                "Voir https://a.test/x_(y)?b=c&d, ou bien (www.a.test/).",
                'Voir <a href="https://a.test/x_(y)?b=c&amp;d" rel="noopener noreferrer">'
                "https://a.test/x_(y)?b=c&amp;d</a>, "
                'ou bien (<a href="https://www.a.test/" rel="noopener noreferrer">www.a.test/</a>).',
            ),
            ("Écrire à a.b@c-d.fr.", 'Écrire à <a href="mailto:a.b@c-d.fr">a.b@c-d.fr</a>.'),
            ("é@a.fr, @a.fr, a@b, www., https://", "é@a.fr, @a.fr, a@b, www., https://"),
            (
                "[https://a.test](https://b.test)",
                '<a href="https://b.test" rel="noopener noreferrer">https://a.test</a>',
            ),
            ("[x](www.a.test)", "[x](www.a.test)"),
        ],
    )
    def test_bare_addresses_lead_where_they_say(self, typed: str, html: str) -> None:
        """F3: nobody has to know how a link is written."""
        assert markdown(typed) == f"<p>{html}</p>\n"

    @pytest.mark.parametrize(
        "target",
        [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\\script:alert(1)",
            "&#106;avascript:alert(1)",
            "data:text/html;base64,x",
            "vbscript:x",
            "file:///etc/passwd",
            "//evil.test",
            "/cotisation/",
            "cotisation",
            "#titre",
            "?a=b",
            "http:",
            "https:///a",
            "http://[:b]",
            "ftp://a.test",
            "",
            '<> "titre"',
        ],
    )
    def test_other_links_stay_text(self, target: str) -> None:
        html = markdown(f"[x]({target}) <{target}>")
        assert "<a" not in html
        assert f"[x]({escaped(target.strip())})" in html

    @pytest.mark.parametrize(
        "typed",
        [
            "# Titre",
            "Titre\n=====",
            "Titre\n---",
            "***",
            "> citation",
            "`code`",
            "```\ncode\n```",
            "~~barré~~",
            "![image](https://a.test/a.png)",
            "[image]: /a.png",
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "<b onclick=x>gras</b>",
            "<script>alert(1)</script>",
            "<!-- caché -->",
            "&eacute; &amp; &#106;",
            '(c) -- ... "l\'eau"',
        ],
    )
    def test_all_the_rest_stays_as_typed(self, typed: str) -> None:
        """Nothing is interpreted, nothing is dropped: what is seen is what was typed."""
        html = markdown(typed)
        assert set(re.findall(r"<(\w+)", html)) <= {"p", "br"}
        seen = html.removeprefix("<p>").removesuffix("</p>\n").replace("<br>\n", "\n")
        assert seen == escaped(typed)

    def test_indented_text_is_a_paragraph(self) -> None:
        assert markdown("    en retrait") == "<p>en retrait</p>\n"

    def test_deeper_lists_lose_no_item(self) -> None:
        typed = "\n".join(f"{'  ' * level}- niveau{level}" for level in range(30)) + "\n- fin"
        html = markdown(typed)
        assert re.findall(r"niveau\d+|fin", html) == [*(f"niveau{level}" for level in range(30)), "fin"]
        assert html.count("<ul>") == LIST_LEVELS
        assert "<li>fin</li>" in html or "<p>fin</p>" in html

    def test_dashes_on_one_line_lose_no_word(self) -> None:
        assert strip_tags(markdown("- " * 300 + "fin")).split()[-1] == "fin"

    def test_as_a_filter(self) -> None:
        html = Template("{{ text|markdown }}{{ text|plain }}").render(Context({"text": "**a** <b>"}))
        assert html == "<p><strong>a</strong> &lt;b&gt;</p>\na &lt;b&gt;"


class TestPlain:
    @pytest.mark.parametrize(
        ("typed", "text"),
        [
            ("", ""),
            ("**un**\ndeux\n\n_trois_ <b> l'eau & co", "un\ndeux\n\ntrois <b> l'eau & co"),
            (
                "Pour :\n\n- un\n  - un un\n    suite\n- deux\n\nFin",
                "Pour :\n\n– un\n  – un un\n    suite\n– deux\n\nFin",
            ),
            ("- un\n\n- deux\n\n  suite", "– un\n– deux\n  suite"),
            ("2. un\n3. deux\n   - a\n4. trois", "2. un\n3. deux\n  – a\n4. trois"),
            ("0. zéro\n1. un", "0. zéro\n1. un"),
            ("- a\n\n1. b", "– a\n\n1. b"),
            ("[bulletin](https://a.test/b?c=d&e=f#g)", "bulletin (https://a.test/b?c=d&e=f#g)"),
            ("**[a](https://a.test) et [b](https://b.test)**", "a (https://a.test) et b (https://b.test)"),
            ("[écrire](mailto:a@b.fr) [a@b.fr](mailto:a@b.fr) <a@b.fr>", "écrire (a@b.fr) a@b.fr a@b.fr"),
            ("[06 66 46 62 76](tel:0666466276) [Dominique](tel:0666466276)", "06 66 46 62 76 Dominique (0666466276)"),
            ("<https://a.test/é>", "https://a.test/é"),
            ("www.a.test, a@b.fr", "www.a.test, a@b.fr"),
            ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
            ("# Titre\n![i](j)", "# Titre\n![i](j)"),
        ],
    )
    def test_reads_as_a_letter(self, typed: str, text: str) -> None:
        assert plain(typed) == text


LISTS = "puces devenues des listes"


class TestTidy:
    """F3: what was pasted is put in our own form when it is saved."""

    @pytest.mark.parametrize(
        ("pasted", "kept", "notes"),
        [
            ("•\tUn\n•\tDeux", "- Un\n- Deux", [LISTS]),
            ("\uf0b7 Un\no\tUn un\n▪ Un deux\n\uf0b7 Deux", "- Un\n  - Un un\n  - Un deux\n- Deux", [LISTS]),
            ("· Un\n\t· Un un\n\n· Deux", "- Un\n  - Un un\n\n- Deux", [LISTS]),
            ("- Un\n– Un un\n-\tDeux\nFin\n– Seul", "- Un\n  - Un un\n- Deux\nFin\n- Seul", [LISTS]),
            ("Un<br />deux<BR><br/>trois", "Un\ndeux\n\ntrois", ["«\u00a0<br>\u00a0» devenus des retours à la ligne"]),
            ("coopé\u00adra\u200btion", "coopération", ["signes invisibles enlevés"]),
            (
                "[a](/cotisation/) [b](www.b.test) [c](c@d.fr) [d](https://d.test)",
                "[a](https://inscriptions.caprural.example/cotisation/) [b](https://www.b.test) [c](mailto:c@d.fr) [d](https://d.test)",
                ["adresses des liens complétées"],
            ),
            ("a\r\nb\u2028c", "a\nb\nc", []),
            ("Un – deux\no tempora\n-trois\n**gras**", "Un – deux\no tempora\n-trois\n**gras**", []),
        ],
    )  # fmt: skip
    def test_what_is_kept(self, pasted: str, kept: str, notes: list[str]) -> None:
        assert tidy(pasted) == (kept, notes)

    @pytest.mark.parametrize("target", ["cotisation", "page.html", "#titre", "ftp://a.test", "../a"])
    def test_a_link_to_nowhere_is_refused(self, target: str) -> None:
        with pytest.raises(ValidationError, match="qui n’est pas une adresse complète"):
            tidy(f"voir [ici]({target})")

    @settings(deadline=None)
    @given(st.text(alphabet="•·–o\t -*\n<br/>\xad\r1a\uf0b7\xa0"))
    def test_done_once_it_is_done(self, pasted: str) -> None:
        text = tidy(pasted).text
        assert tidy(text) == (text, [])


LONG = 100_000
HOSTILE = {
    "brackets": "[" * LONG,
    "images": "![" * (LONG // 2),
    "open links": "[a](" * (LONG // 4),
    "nested links": "[[a](http://a)" * (LONG // 14),
    "angles": "[a](<b" * (LONG // 6),
    "parentheses": "[a](" + "(" * LONG,
    "stars": "*" * LONG,
    "emphasis": "*a_" * (LONG // 3),
    "strong": "a**b" * (LONG // 4),
    "quotes": "> " * (LONG // 2),
    "dashes": "- " * (LONG // 2),
    "items": "- a\n  - b\n" * (LONG // 10),
    "empty items": "- \n" * (LONG // 3),
    "stairs": "\n".join(" " * (2 * step) + "- a" for step in range(300)),
    "lines": "a\n" * (LONG // 2),
    "autolinks": "<http://a" * (LONG // 9),
    "bare links": "www." * (LONG // 4) + " " + "a.+-" * (LONG // 4) + "@ https://a" + ")" * LONG,
    "escapes": "\\" * LONG,
    "spaces": " " * LONG,
    "controls": "".join(map(chr, range(32))) * (LONG // 32),
    "surrogates": "\ud800" * LONG,
    "right to left": "\u202e" * LONG,
}


class TestHostileInput:
    @pytest.mark.parametrize("typed", HOSTILE.values(), ids=HOSTILE)
    def test_raises_nothing(self, typed: str) -> None:
        markdown(typed).encode()
        plain(typed[: LONG // 10]).encode()
        tidy(typed)

    @settings(deadline=None)
    @given(st.text(alphabet="[]()<>!*_-`#&:/\\\"'\n a1.hjtps\x00\u202e\ud800"))
    def test_only_our_tags_ever(self, typed: str) -> None:
        html = markdown(typed)
        html.encode()
        plain(typed).encode()
        tags = re.findall(r"<[^>]*>", html)
        link = r'<a href="(?:https?://|mailto:|tel:)[^"<>]*"(?: title="[^"<>]*")?(?: rel="noopener noreferrer")?>'
        allowed = rf'</?(?:p|br|strong|em|ul|ol|li|a)>|<ol start="\d+">|{link}'
        assert [tag for tag in tags if not re.fullmatch(allowed, tag)] == []
        assert "<" not in re.sub(r"<[^>]*>", "", html)

    @settings(deadline=None)
    @given(st.text(alphabet="*_-#>`|~1. a\nbé", max_size=80))
    def test_no_word_is_lost(self, typed: str) -> None:
        letters = re.findall("[abé]", typed)
        assert re.findall("[abé]", re.sub(r"<[^>]*>", "", markdown(typed))) == letters
        assert re.findall("[abé]", plain(typed)) == letters
