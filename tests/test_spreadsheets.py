"""Files as people keep them, read and written (SPEC §6)."""

import io
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caprural import spreadsheets
from caprural.spreadsheets import NotASpreadsheet, NotUnderstood, Row, xlsx
from tests.support.traces import folded

NBSP, NNBSP = "\u00a0", "\u202f"


def workbook(*sheets: list[list[Any]]) -> bytes:
    """An XLSX as a spreadsheet writes it."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, lines in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"Feuil{number}")
        for line in lines:
            sheet.append(line)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def lines(content: bytes) -> list[tuple[int, tuple[Any, ...]]]:
    """Number and cells of each line below the titles."""
    return [(row.number, row.cells) for row in spreadsheets.read("fichier", content).rows]


def sentence(act: Callable[[], Any]) -> str:
    """Why it is refused; « . » when it is not."""
    try:
        act()
    except (NotASpreadsheet, NotUnderstood) as refused:
        return str(refused)
    return "."


def refusal(content: bytes) -> str:
    """Why this file is refused."""
    with pytest.raises(NotASpreadsheet) as refused:
        spreadsheets.read("fichier", content)
    return folded(str(refused.value))


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    @pytest.mark.parametrize("separator", [";", ",", "\t"])
    def test_every_encoding_and_separator(self, encoding: str, separator: str) -> None:
        words = [["Nom", "Téléphone"], ["Cœur d’Été", "04"]]
        content = "\r\n".join(separator.join(line) for line in words).encode(encoding)

        table = spreadsheets.read("fichier.csv", content)

        assert (table.header, table.rows) == (("Nom", "Téléphone"), (Row(2, ("Cœur d’Été", "04")),))

    def test_lines_have_the_number_a_spreadsheet_shows(self) -> None:
        content = b'nom;note\r\n\r\na;"deux\r\nlignes"\r\n;\r\n;;;\r\nb;x;;\r\n'

        assert lines(content) == [(3, ("a", "deux\nlignes")), (6, ("b", "x"))]

    def test_a_line_that_names_its_separator(self) -> None:
        assert lines(b"sep=,\r\na,b;c\r\n1,2") == [(3, ("1", "2"))]

    def test_a_title_above_the_table_is_passed_over(self) -> None:
        table = spreadsheets.read("f", b"Liste des cotisants\n\nnom;siret\na;1")

        assert (table.header, table.rows) == (("nom", "siret"), (Row(4, ("a", "1")),))

    def test_nul_and_control_characters_and_spaces_around(self) -> None:
        assert lines(b"nom;ville\na\0\x07;\xc2\xa0Givors \n") == [(2, ("a", "Givors"))]

    def test_letters_and_accents_in_one_piece(self) -> None:
        assert lines("nom;x\ne\u0301te\u0301;1".encode()) == [(2, ("été", "1"))]

    def test_the_apostrophe_that_neutralises_is_taken_off(self) -> None:
        assert lines(b"nom;tel\n'=1+1;'+33 6\n'Asso';''-x") == [(2, ("=1+1", "+33 6")), (3, ("'Asso'", "'-x"))]

    def test_a_quote_never_closed(self) -> None:
        assert refusal(b'nom;ville\na;b\n"c;d\ne;f\n') == (
            "Un guillemet ouvert à la ligne 3 n’est jamais refermé : corrigez cette ligne, puis renvoyez le fichier."
        )
        assert refusal(b'nom;ville\n"' + b"x" * 200_000).startswith("Un guillemet ouvert à la ligne 2")


class TestXlsx:
    def test_numbers_dates_and_words(self) -> None:
        content = workbook(
            [
                ["Nom", "SIRET", "Montant", "Le", "Oui"],
                ["Été", 73282932000074, 1200.5, datetime(2017, 4, 3, 12), True],  # noqa: DTZ001
                ["'+33 6", 73282932000074.0, 80, date(2017, 4, 3), False],
            ]
        )

        assert lines(content) == [
            (2, ("Été", 73282932000074, 1200.5, date(2017, 4, 3), True)),
            (3, ("+33 6", 73282932000074, 80, date(2017, 4, 3), False)),
        ]

    def test_empty_lines_and_columns_are_left_out_and_counted(self) -> None:
        content = workbook([[None, None], ["a", "b", None], [], ["1", None, None], [None, "2"]])

        assert lines(content) == [(4, ("1",)), (5, ("", "2"))]

    def test_merged_cells_keep_their_first_one(self) -> None:
        book = openpyxl.Workbook()
        book.active.append(["Cotisants 2017", None])
        book.active.append(["nom", "ville"])
        book.active.append(["a", "Givors"])
        book.active.merge_cells("A1:B1")
        output = io.BytesIO()
        book.save(output)

        assert lines(output.getvalue()) == [(3, ("a", "Givors"))]

    def test_ends_of_lines_that_came_from_elsewhere(self) -> None:
        """Excel writes them so; « _x0001_ » is nothing one reads."""
        content = workbook([["nom", "adresse"], ["a_x0001_", "12 rue X_x000D_\n69700 Givors"]])

        assert lines(content) == [(2, ("a", "12 rue X\n69700 Givors"))]

    def test_the_first_sheet_with_something_in_it(self) -> None:
        table = spreadsheets.read("f.xlsx", workbook([], [["nom"], ["a"]], [["autre"], ["b"]]))

        assert (table.header, [*map(folded, table.notes)]) == (
            ("nom",),
            ["Seule la feuille « Feuil2 » a été lue. Laissée de côté : « Feuil3 » (2 lignes)."],
        )

    def test_what_a_formula_gave(self) -> None:
        content = io.BytesIO(workbook([["nom", "montant"], ["a", "=40*2"]]))
        with zipfile.ZipFile(content) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        name = "xl/worksheets/sheet1.xml"
        assert b"<f>40*2</f><v />" in files[name] or b"<f>40*2</f><v></v>" in files[name]
        for empty in (b"<v />", b"<v></v>"):
            files[name] = files[name].replace(b"<f>40*2</f>" + empty, b"<f>40*2</f><v>80</v>")
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w") as archive:
            for part, data in files.items():
                archive.writestr(part, data)

        assert lines(output.getvalue()) == [(2, ("a", 80))]


class TestRefused:
    """Each in a sentence that says what to do."""

    SAVE = "enregistrez-le depuis votre tableur au format XLSX ou CSV"

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"", "Ce fichier est vide : choisissez celui qui contient vos lignes."),
            (b" \r\n;;;\r\n", "Ce fichier est vide : choisissez celui qui contient vos lignes."),
            (b"%PDF-1.7", f"Ce fichier n’est pas un tableau : {SAVE}."),
            (
                b"\xef\xbb\xbf <HTML></html>",
                "Ce fichier est une page web, même si son nom est celui d’un tableau : ouvrez-le dans votre tableur, "
                f"puis {SAVE}.",
            ),
            (bytes(range(1, 32)) * 9, f"Ce fichier n’est pas un tableau : {SAVE}."),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"Ce fichier est à l’ancien format XLS : {SAVE}."),
            (
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
                "Ce fichier est protégé par un mot de passe : enregistrez-le sans, puis renvoyez-le.",
            ),
            (b"PK\x03\x04", f"Ce fichier est abîmé : ouvrez-le dans votre tableur, puis {SAVE}."),
            (b"nom;ville", "Ce fichier n’a que ses titres : ajoutez vos lignes en dessous."),
            (b"nom;Nom \na;b", "La colonne « nom » est là deux fois (A et B) : gardez-en une seule."),
            (
                b"12;a@b.example\n13;c@d.example",
                "La ligne 1 devrait porter les titres des colonnes : ajoutez-les au-dessus des données.",
            ),
            (
                b"a" + b";a" * 300 + b"\nb",
                "La ligne 1 a plus de 200 colonnes : vérifiez le séparateur et les colonnes du fichier.",
            ),
        ],
    )
    def test_what_is_no_table(self, content: bytes, sentence: str) -> None:
        assert refusal(content) == sentence

    def archive(self, **files: bytes) -> bytes:
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
        return output.getvalue()

    def test_open_document(self) -> None:
        content = self.archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet")

        assert refusal(content) == f"Ce fichier est au format ODS : {self.SAVE}."

    def test_another_archive(self) -> None:
        assert refusal(self.archive(word__document_xml=b"<a/>")) == f"Ce fichier n’est pas un tableau : {self.SAVE}."

    def test_a_damaged_workbook(self) -> None:
        assert refusal(self.archive(xl__workbook_xml=b"<a/>")).startswith("Ce fichier XLSX est abîmé : ")

    def test_a_small_archive_that_hides_a_huge_file(self) -> None:
        content = self.archive(xl__workbook_xml=b"<a/>", big=b"0" * (xlsx.MAX_UNZIPPED + 1))

        assert len(content) < 100_000
        assert refusal(content).startswith("Ce tableau est trop lourd, une fois ouvert : ")

    def test_entities_that_multiply(self) -> None:
        content = self.archive(xl__workbook_xml=b'<!DOCTYPE a [<!ENTITY b "b">]><a/>')

        assert refusal(content) == f"Ce fichier n’est pas un tableau : {self.SAVE}."

    @pytest.mark.parametrize(
        "row", ['<row r="{0}"/>', '<row r="{0}"><c r="XFD{0}"/></row>', "<x:row/>", '<row><c t="inlineStr"/></row>']
    )
    def test_millions_of_empty_rows(self, row: str) -> None:
        """G8: said at once, before any of them is understood."""
        content = self.with_rows(row, 1_000_000)
        assert len(content) < 5_000_000

        started = time.process_time()
        assert refusal(content) == (
            "Ce tableau a trop de lignes ou de cases, presque toutes vides : copiez celles qui sont remplies dans un "
            "nouveau fichier, puis envoyez-le."
        )
        assert time.process_time() - started < 3

    def test_as_many_empty_rows_as_may_be(self) -> None:
        """G8: a row with one empty cell in the last column there is costs what it weighs, not its width."""
        content = self.with_rows('<row r="{0}"><c r="XFD{0}"/></row>', xlsx.MAX_DECLARED_ROWS - 5)

        started = time.process_time()
        assert lines(content) == [(2, ("a", "Givors"))]
        assert time.process_time() - started < 8

    def test_nothing_is_read_beyond_a_line_that_is_too_wide(self) -> None:
        """What is damaged below it would be said instead."""
        content = self.with_rows('<row r="{0}"><c r="XFD{0}"><v>1</v></c></row>', 15_000, after="</damaged>")

        assert refusal(content).startswith("La ligne 3 a plus de 200 colonnes : ")

    def with_rows(self, row: str, count: int, *, after: str = "") -> bytes:
        """A workbook with so many of these below its lines."""
        output = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(WORKBOOK)) as source,
            zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name in source.namelist():
                data = source.read(name)
                if name == "xl/worksheets/sheet1.xml":
                    more = "".join(row.format(number) for number in range(3, count + 3)) + after
                    data = data.replace(b"</sheetData>", more.encode() + b"</sheetData>")
                archive.writestr(name, data)
        return output.getvalue()

    def test_as_heavy_and_as_long_as_may_be(self) -> None:
        longest = b"nom\n" + b"a\n" * spreadsheets.MAX_ROWS
        assert len(lines(longest)) == 20_000
        assert refusal(longest + b"b") == "Ce fichier a plus de 20 000 lignes : partagez-le en plusieurs fichiers."
        assert refusal(b"a" * (spreadsheets.MAX_BYTES + 1)) == (
            "Ce fichier est trop lourd : 10 Mo au plus. Partagez-le en plusieurs fichiers."
        )


class TestHostile:
    """Whatever is sent, nothing comes out but a table or a sentence."""

    @settings(deadline=None)
    @given(st.binary(max_size=400))
    def test_any_bytes(self, content: bytes) -> None:
        for start in (b"", b"PK\x03\x04", b"\xff\xfe", b"nom;ville\n"):
            assert sentence(lambda content=start + content: spreadsheets.read("f", content)).endswith(".")

    @settings(deadline=None)
    @given(st.binary(min_size=1, max_size=60), st.integers(min_value=0, max_value=10_000))
    def test_a_workbook_with_a_hole(self, garbage: bytes, at: int) -> None:
        content = bytearray(WORKBOOK)
        at %= len(content)
        content[at : at + len(garbage)] = garbage
        assert sentence(lambda: spreadsheets.read("f", bytes(content))).endswith(".")

    @settings(deadline=None)
    @given(
        st.one_of(
            st.text(max_size=40),
            st.from_regex(r"[-+]?[\d .,'/E€]{1,20}", fullmatch=True),
            st.floats(),
            st.integers(),
            st.booleans(),
            st.dates(),
            st.decimals(),
        )
    )
    def test_any_cell(self, cell: Any) -> None:
        for parse in (spreadsheets.amount, spreadsheets.day, spreadsheets.siret):
            assert sentence(lambda parse=parse: parse(cell))

    @settings(deadline=None)
    @given(st.lists(st.lists(st.text(max_size=20), min_size=3, max_size=3), min_size=1, max_size=5))
    def test_what_is_written_is_read_again(self, rows: list[list[str]]) -> None:
        rows = [["x", *row] for row in rows]
        expected = [[spreadsheets.clean(cell) for cell in row] for row in rows]
        header = ("un", "deux", "trois", "quatre")
        for content in (
            spreadsheets.write_csv(header, rows),
            spreadsheets.write_xlsx(header, rows, sheet="S"),
        ):
            found = [[*row.cells, "", "", ""][:4] for row in spreadsheets.read("f", content).rows]
            assert found == expected


WORKBOOK = workbook([["nom", "ville"], ["a", "Givors"]])


class TestWritten:
    ROWS = (("=1+1", "+33 6", Decimal("1200.50"), date(2017, 4, 3), 12), ("@x", "-", "", "", ""))
    HEADER = ("Nom", "Téléphone", "Montant", "Le", "N°")

    def test_csv_for_the_spreadsheets_of_france(self) -> None:
        content = spreadsheets.write_csv(self.HEADER, self.ROWS)

        assert content == (
            "\ufeffNom;Téléphone;Montant;Le;N°\r\n'=1+1;'+33 6;1200,50;03/04/2017;12\r\n'@x;'-;;;\r\n".encode()
        )

    def test_xlsx_with_real_numbers_and_dates(self) -> None:
        content = spreadsheets.write_xlsx(self.HEADER, self.ROWS, sheet="Cotisants")

        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
            ["'=1+1", "'+33 6", 1200.5, datetime(2017, 4, 3), 12],  # noqa: DTZ001
            ["'@x", "'-", None, None, None],
        ]
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n", "d"}
        assert (sheet.title, sheet.freeze_panes, sheet.column_dimensions["A"].width) == ("Cotisants", "A2", 6)
        assert [sheet["C2"].number_format, sheet["D2"].number_format] == ["#,##0.00", "dd/mm/yyyy"]

    def test_words_that_look_like_something_else(self) -> None:
        content = spreadsheets.write_xlsx(["a", "b"], [["#N/A", "00123"]], sheet="S")

        assert lines(content) == [(2, ("#N/A", "00123"))]

    def test_a_text_longer_than_a_cell_is_left_out_of_xlsx(self) -> None:
        content = spreadsheets.write_xlsx(["a", "b"], [["x", "é" * 40_000]], sheet="S")

        assert lines(content) == [(2, ("x",))]


class TestAmounts:
    @pytest.mark.parametrize(
        "cell",
        [
            *("1 200,50 €", f"1{NBSP}200,50{NBSP}€", f"1{NNBSP}200,5", "1200,50", "1200.5", "1.200,50", "1,200.50"),
            *("1200,50 EUR", "€1200.50", "1 200,50 euros", 1200.5, Decimal("1200.50"), 1200.5000000001),
        ],
    )
    def test_the_same_one(self, cell: Any) -> None:
        assert spreadsheets.amount(cell) == Decimal("1200.50")

    @pytest.mark.parametrize(("cell", "euros"), [(80, "80"), ("0", "0"), ("1.200.300", "1200300"), ("1 200", "1200")])
    def test_whole_ones(self, cell: Any, euros: str) -> None:
        assert spreadsheets.amount(cell) == Decimal(euros)

    @pytest.mark.parametrize(
        ("cell", "sentence"),
        [
            ("1.200", "le montant « 1.200 » peut se lire de deux façons : écrivez « 1200 » ou « 1,20 »"),
            ("1,200 €", "le montant « 1,200 € » peut se lire de deux façons : écrivez « 1200 » ou « 1,20 »"),
            ("-5", "le montant « -5 » est négatif : écrivez un montant positif ou nul"),
            (-5, "le montant « -5 » est négatif : écrivez un montant positif ou nul"),
            ("3,1415", "le montant « 3,1415 » a plus de deux décimales : arrondissez-le au centime"),
            (33.333, "le montant « 33,333 » a plus de deux décimales : arrondissez-le au centime"),
            (1e9, "le montant « 1000000000 » est trop grand : il reste sous dix millions d’euros"),
            ("gratuit", "« gratuit » n’est pas un montant : écrivez par exemple « 1200,50 »"),
            ("1 20", "« 1 20 » n’est pas un montant : écrivez par exemple « 1200,50 »"),
            (True, "« oui » n’est pas un montant : écrivez par exemple « 1200,50 »"),
            (float("nan"), "« nan » n’est pas un montant : écrivez par exemple « 1200,50 »"),
        ],
    )
    def test_refused(self, cell: Any, sentence: str) -> None:
        with pytest.raises(NotUnderstood) as refused:
            spreadsheets.amount(cell)
        assert folded(str(refused.value)) == sentence


class TestDays:
    @pytest.mark.parametrize(
        "cell",
        [
            *("03/04/2017", "3/4/2017", "3.4.2017", "03-04-2017", "3/4/17", "2017-04-03", "2017-04-03 00:00:00"),
            *(
                "3 avril 2017",
                "3 AVRIL 2017",
                "3 avr. 2017",
                "lundi 3 avril 2017",
                "03/04/2017 10:30",
                "03-avr-17",
                "3/avril/2017",
            ),
            *(42828, 42828.0, "42828", date(2017, 4, 3)),
        ],
    )
    def test_the_same_one(self, cell: Any) -> None:
        assert spreadsheets.day(cell) == date(2017, 4, 3)

    def test_the_first_of_a_month(self) -> None:
        assert spreadsheets.day("1er août 2017") == date(2017, 8, 1)

    @pytest.mark.parametrize(
        "cell", ["04/13/2017", "31/02/2017", "3 jui 2017", "2017", "hier", True, 12, 0, "1/1/1800"]
    )
    def test_refused(self, cell: Any) -> None:
        with pytest.raises(NotUnderstood) as refused:
            spreadsheets.day(cell)
        assert folded(str(refused.value)) == (
            f"{folded(spreadsheets.quoted(cell))} n’est pas une date : "
            "écrivez le jour, le mois et l’année, « 03/04/2017 »"
        )


class TestSiret:
    @pytest.mark.parametrize(
        "cell",
        [
            *("73282932000074", "732 829 320 00074", f"732{NBSP}829{NBSP}320{NBSP}00074", 73282932000074),
            *(73282932000074.0, "73282932000074,0", "73282932000074.0", "7,3282932000074E+13", "7.3282932000074E+13"),
        ],
    )
    def test_the_same_one(self, cell: Any) -> None:
        assert spreadsheets.siret(cell) == "73282932000074"

    def test_its_first_zero_was_lost(self) -> None:
        assert [spreadsheets.siret(cell) for cell in (1000010700010, "1000010700010", 1000010700010.0)] == [
            "01000010700010"
        ] * 3

    @pytest.mark.parametrize("cell", ["'73282932000074", "’732 829 320 00074"])
    def test_kept_from_being_a_number(self, cell: str) -> None:
        """D5."""
        assert spreadsheets.siret(cell) == "73282932000074"

    def test_a_siren(self) -> None:
        """D5."""
        for cell in ("732829320", 732829320, "732 829 320"):
            with pytest.raises(NotUnderstood, match="n’a que neuf chiffres"):
                spreadsheets.siret(cell)

    @pytest.mark.parametrize("cell", ["73282932000075", 73282932000075, "7328293200007", "abc", True, 5, -1, 1e300])
    def test_refused(self, cell: Any) -> None:
        with pytest.raises(NotUnderstood) as refused:
            spreadsheets.siret(cell)
        assert folded(str(refused.value)) == (
            f"le SIRET {folded(spreadsheets.quoted(cell))} n’est pas valide : vérifiez ses quatorze chiffres"
        )

    def test_rounded_by_the_spreadsheet(self) -> None:
        with pytest.raises(NotUnderstood, match="a arrondi le SIRET"):
            spreadsheets.siret("7,32829E+13")


class TestFold:
    @pytest.mark.parametrize("title", ["N° SIRET", "n°siret", " N°  Siret * ", "N°-SIRET :"])
    def test_what_does_not_count(self, title: str) -> None:
        assert spreadsheets.fold(title) == "nsiret"

    def test_accents_and_ligatures(self) -> None:
        assert spreadsheets.fold("Cœur d’Été, Saint-Étienne") == "coeurdetesaintetienne"
