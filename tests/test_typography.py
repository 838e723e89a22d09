from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st

from caprural import typography
from tests.support import misprints

FLYER_DAY = date(2017, 4, 12)
LAST_INSTANT = datetime(2017, 4, 4, 21, 59, 59, tzinfo=UTC)


def exact(text: str) -> str:
    """Expected texts are written with ~ for a no-break space and ^ for a narrow one, so that a reader sees them."""
    return text.replace("~", "\u00a0").replace("^", "\u202f")


class TestDates:
    @pytest.mark.parametrize(
        ("day", "long", "medium", "short"),
        [
            (FLYER_DAY, "mercredi 12~avril 2017", "12~avril 2017", "mercredi 12~avril"),
            (date(2017, 4, 1), "samedi 1er~avril 2017", "1er~avril 2017", "samedi 1er~avril"),
            (date(2024, 2, 29), "jeudi 29~février 2024", "29~février 2024", "jeudi 29~février"),
            (date(2020, 8, 21), "vendredi 21~août 2020", "21~août 2020", "vendredi 21~août"),
        ],
    )
    def test_french_words(self, day: date, long: str, medium: str, short: str) -> None:
        assert typography.long_date(day) == exact(long)
        assert typography.medium_date(day) == exact(medium)
        assert typography.day_month(day) == exact(short)

    def test_all_months_and_weekdays(self) -> None:
        days = [date(2018, month, month) for month in range(1, 13)]
        assert [typography.long_date(day).replace("\u00a0", " ") for day in days] == [
            "lundi 1er janvier 2018",
            "vendredi 2 février 2018",
            "samedi 3 mars 2018",
            "mercredi 4 avril 2018",
            "samedi 5 mai 2018",
            "mercredi 6 juin 2018",
            "samedi 7 juillet 2018",
            "mercredi 8 août 2018",
            "dimanche 9 septembre 2018",
            "mercredi 10 octobre 2018",
            "dimanche 11 novembre 2018",
            "mercredi 12 décembre 2018",
        ]

    def test_instants_are_said_in_paris(self) -> None:
        """R4: 21:59:59 UTC is still 4 April, the next second is 5 April."""
        assert typography.moment(LAST_INSTANT) == exact("mardi 4~avril 2017, 23~h~59")
        assert typography.moment(LAST_INSTANT.replace(minute=0, hour=22, second=0)) == exact(
            "mercredi 5~avril 2017, 0~h"
        )
        assert typography.long_date(LAST_INSTANT.replace(hour=22)) == exact("mercredi 5~avril 2017")

    @pytest.mark.parametrize(("utc_hour", "expected"), [(0, "1~h~30"), (1, "3~h~30")])
    def test_the_hour_that_does_not_exist(self, utc_hour: int, expected: str) -> None:
        assert typography.hour(datetime(2017, 3, 26, utc_hour, 30, tzinfo=UTC)) == exact(expected)

    def test_a_naive_datetime_is_already_local(self) -> None:
        assert typography.moment(datetime(2017, 4, 12, 9, 30)) == exact("mercredi 12~avril 2017, 9~h~30")  # noqa: DTZ001

    def test_another_active_language_or_zone_changes_nothing(self) -> None:
        with translation.override("en"), timezone.override(ZoneInfo("Pacific/Auckland")):
            assert typography.moment(LAST_INSTANT) == exact("mardi 4~avril 2017, 23~h~59")

    @pytest.mark.parametrize("filter_name", ["long_date", "medium_date", "day_month", "hour", "hours", "moment"])
    def test_nothing_is_said_of_nothing(self, filter_name: str) -> None:
        assert getattr(typography, filter_name)(None) == ""
        assert Template("{{ value|" + filter_name + " }}").render(Context({"value": ""})) == ""


class TestHours:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (time(9, 30), "9~h~30"),
            (time(17), "17~h"),
            (time(0, 0), "0~h"),
            (time(8, 5), "8~h~05"),
            (LAST_INSTANT, "23~h~59"),
        ],
    )
    def test_an_hour(self, value: time, expected: str) -> None:
        assert typography.hour(value) == exact(expected)

    def test_from_and_to(self) -> None:
        assert typography.hours(time(9, 30), time(17, 30)) == exact("de 9~h~30 à 17~h~30")
        assert typography.hours(time(9, 30), None) == exact("à partir de 9~h~30")
        assert typography.hours(time(0), time(0)) == exact("de 0~h à 0~h")


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (50, "50~€"),
            (Decimal("50.00"), "50~€"),
            (Decimal("1200.50"), "1^200,50~€"),
            (Decimal("1234567.05"), "1^234^567,05~€"),
            (Decimal("0"), "0~€"),
            (Decimal("0.5"), "0,50~€"),
            (Decimal("-0.50"), "\u22120,50~€"),
            (Decimal("-1200"), "\u22121^200~€"),
            (Decimal("1E+3"), "1^000~€"),
            (Decimal("19.995"), "20~€"),
            (None, ""),
        ],
    )
    def test_amounts(self, value: Decimal | None, expected: str) -> None:
        assert typography.amount(value) == exact(expected)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (50, "50,00~€"),
            (Decimal("1840"), "1^840,00~€"),
            (Decimal("80.5"), "80,50~€"),
            (Decimal("0"), "0,00~€"),
            (Decimal("-1200"), "\u22121^200,00~€"),
        ],
    )
    def test_amounts_in_accounts(self, value: Decimal, expected: str) -> None:
        assert typography.euros(value) == exact(expected)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (7, "7"),
            (10_000, "10^000"),
            (Decimal("7.50"), "7,5"),
            (Decimal("7.00"), "7"),
            (Decimal("100"), "100"),
            (Decimal("-1234.5"), "\u22121^234,5"),
            (None, ""),
        ],
    )
    def test_numbers(self, value: Decimal | None, expected: str) -> None:
        assert typography.number(value) == exact(expected)

    @pytest.mark.parametrize(
        ("count", "expected"),
        [(0, "place"), (1, "place"), (2, "places"), (10, "places"), (-1, "place"), (Decimal("1.5"), "place")],
    )
    def test_zero_and_one_are_singular(self, count: int, expected: str) -> None:
        assert typography.plural(count, "place,places") == expected

    @pytest.mark.parametrize(
        ("items", "expected"),
        [([], ""), (["a"], "a"), (["a", "b"], "a et b"), (["a", "b", 3], "a, b et 3"), (iter("ab"), "a et b")],
    )
    def test_lists(self, items: list[object], expected: str) -> None:
        assert typography.join_and(items) == expected

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("12345678900012", "123~456~789~00012"),
            ("123 456 789 00012", "123~456~789~00012"),
            ("1234567890001", "1234567890001"),
            ("à venir", "à venir"),
        ],
    )
    def test_siret(self, value: str, expected: str) -> None:
        assert typography.siret(value) == exact(expected)


class TestPhones:
    @pytest.mark.parametrize(
        "typed",
        [
            "06 66 46 62 76",
            "0666466276",
            "06.66.46.62.76",
            "06-66-46-62-76",
            "06\u00a066\u00a046\u00a062\u00a076",
            "+33 6 66 46 62 76",
            "+33 (0)6 66 46 62 76",
            "0033666466276",
            " 0666466276 ",
        ],
    )
    def test_a_french_number_is_shown_by_pairs(self, typed: str) -> None:
        assert typography.phone(typed) == exact("06~66~46~62~76")
        assert typography.phone_href(typed) == "tel:+33666466276"

    @pytest.mark.parametrize(
        ("typed", "href"),
        [
            ("+41 22 730 21 11", "tel:+41227302111"),
            ("+262 692 12 34 56", "tel:+262692123456"),
            ("39 49", "tel:3949"),
            ("06 66 46 62", "tel:06664662"),
            ("00 66 46 62 76", "tel:0066466276"),
            ("04 72 00 00 00 poste 12", ""),
            ("à demander", ""),
            ("٠٦٦٦٤٦٦٢٧٦", ""),
            ("+", ""),
            ("", ""),
        ],
    )
    def test_any_other_is_left_as_typed(self, typed: str, href: str) -> None:
        assert typography.phone(typed) == typed
        assert typography.phone_href(typed) == href

    def test_link(self) -> None:
        template = Template("{{ value|phone_link }}")
        assert template.render(Context({"value": "0666466276"})) == exact(
            '<a href="tel:+33666466276">06~66~46~62~76</a>'
        )
        assert template.render(Context({"value": "<b>06"})) == "&lt;b&gt;06"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("à proximité de Givors (69)", "à proximité de Givors~(69)"),
        ("Ajaccio (2A)", "Ajaccio~(2A)"),
        ("Saint-Denis (974), La Réunion", "Saint-Denis~(974), La Réunion"),
        ("Givors (près de Lyon)", "Givors (près de Lyon)"),
        ("salle 3 (1)", "salle 3 (1)"),
        ("Givors~(69)", "Givors~(69)"),
    ],
)
def test_a_place_is_not_split_before_its_number(typed: str, expected: str) -> None:
    assert typography.unbroken_place(exact(typed)) == exact(expected)


class TestSorting:
    @pytest.mark.parametrize(
        "in_order",
        [
            ["Bernier", "Éluard", "Faure"],
            ["Oberlin", "Œuvrard", "Ogier"],
            ["Dupont", "DURAND", "dutilleul"],
            ["cote", "Côté", "coter"],
            ["Le Gall", "LE GOFF", "Leblanc"],
            ["Martin", "Martin-Dubois", "Martin Petit", "Martineau"],
            ["Dasté", "De Smet", "Deschamps", "Du Bellay"],
            ["Valette", "de Villiers", "Vincent"],
            ["Abadie", "d’Aboville", "d'Abrantès", "Acker"],
            ["Ługowski", "Lumière"],
            ["", "Aa", "Zz"],
        ],
    )
    def test_in_the_order_of_a_french_list(self, in_order: list[str]) -> None:
        reverse = in_order[::-1]
        assert sorted(reverse, key=typography.sort_key) == in_order

    def test_accents_then_case_separate_names_otherwise_the_same(self) -> None:
        assert sorted(["Côte", "côte", "Cote", "cote"], key=typography.sort_key) == ["cote", "Cote", "côte", "Côte"]

    @settings(deadline=None)
    @given(st.text())
    def test_any_name_has_a_key(self, name: str) -> None:
        assert typography.sort_key(name) == typography.sort_key(name)


class TestSpaced:
    @pytest.mark.parametrize(
        ("ours", "expected"),
        [
            ("Une session pour quoi ?", "Une session pour quoi^?"),
            ("Une session pour quoi?", "Une session pour quoi^?"),
            ("Quoi ?!", "Quoi^?!"),
            ("Complet ; liste d'attente !", "Complet^; liste d’attente^!"),
            ("Contact : Dominique", "Contact~: Dominique"),
            ("Contact: Dominique", "Contact~: Dominique"),
            ("Contact :", "Contact~:"),
            ("Contact^: Dominique", "Contact~: Dominique"),
            ("Quoi~?", "Quoi^?"),
            ("le « chargé de coopé »", "le «~chargé de coopé~»"),
            ("«Qui intervient ?»", "«~Qui intervient^?~»"),
            ("« Pourquoi... ? »", "«~Pourquoi…^?~»"),
            ("aujourd'hui, l'« aîné » qu'on", "aujourd’hui, l’«~aîné~» qu’on"),
            ("de 9:30 à 17:30", "de 9:30 à 17:30"),
            ("voir https://a.test/?q=a:b;c!d : oui", "voir https://a.test/?q=a:b;c!d~: oui"),
            ("écrire à l.oneil@a.test ; merci", "écrire à l.oneil@a.test^; merci"),
            ("(!) un 'mot' cité", "(!) un 'mot' cité"),
            ("Fin.\n\n: suite", "Fin.\n\n: suite"),
            ("", ""),
        ],
    )
    def test_our_texts(self, ours: str, expected: str) -> None:
        assert misprints.spaced(exact(ours)) == exact(expected)

    @settings(deadline=None)
    @given(st.text(alphabet="aé L1'.…«»;:!?(\")\n/@~^\u00a0\u202f\u2009"))
    def test_idempotent(self, text: str) -> None:
        once = misprints.spaced(text)
        assert misprints.spaced(once) == once

    @settings(deadline=None)
    @given(st.text(alphabet="aé L1'.…«»;:!?(\")\n"))
    def test_only_spaces_apostrophes_and_dots_change(self, text: str) -> None:
        def folded(value: str) -> str:
            return "".join(value.replace("’", "'").replace("…", "...").split())

        assert folded(misprints.spaced(text)) == folded(text)


class TestFilters:
    def test_in_a_template_without_loading_anything(self) -> None:
        template = Template(
            "{{ day|long_date }} {{ start|hours:end }} {{ 2|plural:'place,places' }} "
            "{{ fee|amount }} {{ names|join_and }}"
        )
        context = Context(
            {
                "day": FLYER_DAY,
                "start": time(9, 30),
                "end": time(17, 30),
                "fee": Decimal("50"),
                "names": ["<a>", "b"],
            }
        )
        assert template.render(context) == exact(
            "mercredi 12~avril 2017 de 9~h~30 à 17~h~30 places 50~€ &lt;a&gt; et b"
        )


class TestMisprints:
    """The detection shared by tests/whole/test_french.py and the command line."""

    @pytest.mark.parametrize(
        "source",
        [
            "<p>Complet&nbsp;: oui&#8239;! l&rsquo;une &#160;?</p>",
            "<p>Complet~: oui^! l’autre…</p>",
            '<a class="a : b ! c" style="color : red ; top: 0" href="?a=b ;c">x</a>',
            "<style>a : b ; c ! d</style><script>a ? b : c; '...'</script>",
            "<!-- a : b ! l'eau ... -->",
            "{# l'eau : ? #}{% comment %}l'eau ?{% endcomment %}",
            "{% if a == 'l\\'eau' %}{{ a|date:\"H:i\" }}{{ b|date:'j F Y : H' }}{% endif %}",
            "{% url 'a:b' %}{{ a|default:'x' }}",
            "<p>à 9:30, https://a.test/?a=b a.b@c.test</p>",
            '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">',
            "&lt;b&gt;&eacute;",
        ],
    )
    def test_no_false_alarm_in_html(self, source: str, tmp_path: Path) -> None:
        path = tmp_path / "page.html"
        path.write_text(exact(source), encoding="utf-8")
        assert misprints.misprints_in(path) == []

    @pytest.mark.parametrize(
        ("source", "corrected"),
        [
            ("<p>Qui ?</p>", "<p>Qui^?</p>"),
            ("<p>Qui\n   ?</p>", "<p>Qui^?</p>"),
            ("<b>Qui</b> ?", "<b>Qui</b>^?"),
            ("{{ name }} : {{ value }}", "{{ name }}~: {{ value }}"),
            ("<b>Nom</b>: x", "<b>Nom</b>~: x"),
            ("« {{ name }} »", "«~{{ name }}~»"),
            ("d'{{ name }} l'eau l'<b>eau</b>", "d’{{ name }} l’eau l’<b>eau</b>"),
            ("Suite...", "Suite…"),
            ('<a title="Qui ?" href="x ?">a</a>', '<a title="Qui^?" href="x ?">a</a>'),
            ('{% include "a.html" with label="L\'eau : ici" %}', '{% include "a.html" with label="L’eau~: ici" %}'),
        ],
    )
    def test_templates_are_corrected_in_place(
        self, source: str, corrected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "page.html"
        path.write_text(source, encoding="utf-8")

        assert misprints.main([str(path)]) == 0

        assert path.read_text(encoding="utf-8") == exact(corrected)
        assert capsys.readouterr().out.startswith(f"{path}:1: ")
        assert misprints.misprints_in(path) == []

    def test_lines_are_those_of_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "body.txt"
        path.write_text("{% if a %}\nBonjour,\n{% endif %}\nQui ?\n\nL'eau\n", encoding="utf-8")
        assert [line for line, _ in misprints.misprints_in(path)] == [4, 6]

    def test_python_files_are_reported_and_left(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        source = (
            '"""Docstrings may ask : why ?"""\n'
            "a = 'Confirmer ?'\n"
            "b = f'{a} : {a}'\n"
            'c = "Retirer l\'adresse"\n'
            "d = 'Écrire: ici'\n"
            "e = f'{\"Qui ?\"}'\n"
        )
        path = tmp_path / "views.py"
        path.write_text(source, encoding="utf-8")

        assert [line for line, _ in misprints.misprints_in(path)] == [2, 3, 4, 5, 6]
        assert misprints.main([str(path)]) == 1
        assert path.read_text(encoding="utf-8") == source
        assert len(capsys.readouterr().out.splitlines()) == 5

    @pytest.mark.parametrize(
        "code",
        [
            "raise ValueError(\"can't be: it isn't here; really? Wait!\")",
            "logger.info('sent: %s', 1)",
            r"re.compile(r'h ?(\d)')",
            "x = 'Content-Type: text/html; charset=utf-8'",
            "x = 'G\\u00a0\\\\h\\u00a0i'",
            'x = \'<a href="{}" class="a : b">{}</a>\'',
            "x = ('; ', ', ', ': ', '...', '/.../')",
            "x = 'SELECT 1 WHERE a = ?'",
            "x = f'{1:>3}'",
        ],
    )
    def test_no_false_alarm_in_python(self, code: str, tmp_path: Path) -> None:
        path = tmp_path / "code.py"
        path.write_text(code, encoding="utf-8")
        assert misprints.misprints_in(path) == []
