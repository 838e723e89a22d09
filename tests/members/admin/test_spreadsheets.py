"""Spreadsheets in the admin: sent, shown, imported, exported (R14, R16, R25)."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from members import importing
from members.models import Member, MembershipFee, SpreadsheetImport
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff
from tests.support.office import complaints, notices, signed_in, typed
from tests.support.pages import links, main, one, text, tree
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

IMPORTS = "/admin/members/spreadsheetimport/"
MEMBERS = "/admin/members/member/"
FEES = "/admin/members/membershipfee/"


def send(client: Client, content: str | bytes, *, kind: str = "members", **fields: Any) -> Any:
    """Send a file, and follow to the page that answers."""
    page = client.get(f"{IMPORTS}add/?nature={kind}")
    file = SimpleUploadedFile("Liste.csv", content.encode() if isinstance(content, str) else content)
    return client.post(f"{IMPORTS}add/", {**typed(page), "kind": kind, "file": file, **fields}, follow=True)


def path_of(page: Any) -> str:
    """The address of the page of an import."""
    return str(page.redirect_chain[-1][0])


def lines(page: Any) -> list[list[str]]:
    """The table of a preview, row by row."""
    body = one(tree(page), ".//table[@class='import-lines']/tbody")
    return [[text(cell) for cell in row] for row in body.findall("tr")]


class TestSending:
    def test_a_small_file_is_analysed_at_once(self, coordination: Client) -> None:
        page = send(coordination, "Nom;Mail;Couleur\nCollines;;x\nVallée;pas bon;x")

        mail = "Mail (B3) « pas bon » : Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr."
        assert lines(page) == [["3", "refusée", "Vallée", mail], ["2", "à créer", "Collines", ""]]
        words = main(page)
        assert "Colonne ignorée : « Couleur » (C). Rien n’en sera importé." in words
        assert "Rien n’est importé tant que 1 ligne est refusée" in words
        assert "Importer 1 ligne" not in page.content.decode()
        assert not Member.objects.exists()
        assert LogEntry.objects.get().change_message == "Fichier envoyé."

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b"%PDF-1.7", "Ce fichier n’est pas un tableau"),
            ("SIRET\n1a", "Il manque la colonne « Nom »"),
            (b"a" * 10_000_001, "Ce fichier est trop lourd : 10 Mo au plus."),
            (b"", "Le fichier soumis est vide."),
        ],
    )
    def test_what_cannot_be_read_is_said_on_the_form(
        self, coordination: Client, content: str | bytes, expected: str
    ) -> None:
        [complaint] = complaints(send(coordination, content))

        assert complaint.startswith(expected)
        assert not SpreadsheetImport.objects.exists()

    @pytest.mark.parametrize("forged", [{"kind": "users"}, {"kind": ""}, {"sending": "x"}, {"file": ""}])
    def test_forged_values(self, coordination: Client, forged: dict[str, str]) -> None:
        assert send(coordination, "Nom\nCollines", **forged).status_code == 200
        assert not SpreadsheetImport.objects.exists()

    def test_the_same_form_twice_makes_one_import(self, coordination: Client) -> None:
        sending = str(uuid.uuid4())

        pages = [send(coordination, "Nom\nCollines", sending=sending) for _ in range(2)]

        assert path_of(pages[0]) == path_of(pages[1])
        assert SpreadsheetImport.objects.count() == LogEntry.objects.count() == 1

    def test_another_file_after_going_back_is_another_import(self, coordination: Client) -> None:
        sending = str(uuid.uuid4())

        pages = [send(coordination, content, sending=sending) for content in ("Nom\nCollines", "Nom\nPlateau")]

        assert path_of(pages[0]) != path_of(pages[1])

    def test_the_columns_and_the_models_are_on_the_page(self, coordination: Client) -> None:
        page = coordination.get(f"{IMPORTS}add/?nature=fees")
        models = [url for label, url in links(tree(page)).items() if label in ("CSV", "XLSX")]

        assert typed(page)["kind"] == "fees"
        assert "Colonnes d’un fichier « Personnes couvertes »" in main(page)
        assert [coordination.get(url).status_code for url in models] == [200, 200]


class TestALargeFile:
    """Analysed, then imported, by the worker; the page says how far it has come."""

    CONTENT = "Nom\n" + "\n".join(f"Cotisant {n}" for n in range(1200))

    def test_its_whole_story(self, coordination: Client) -> None:
        page = send(coordination, self.CONTENT)
        path = path_of(page)
        assert ("À analyser" in main(page), page.headers["Refresh"]) == (True, "2")

        SpreadsheetImport.objects.update(status="analysing", lines_done=1000)
        assert "1 000 lignes sur 1 200" in folded(main(coordination.get(path)))

        SpreadsheetImport.objects.update(status="to_analyse", lines_done=0)
        importing.run(now=timezone.now())
        page = coordination.get(path)
        assert "Refresh" not in page.headers
        assert "1 à 100 sur 1 200 lignes." in folded(main(page))
        assert [row[0] for row in lines(coordination.get(f"{path}?page=12"))][-1] == "1 201"

        page = coordination.post(
            path, {"apply": "", "previewed": SpreadsheetImport.objects.get().fingerprint}, follow=True
        )
        assert ("À importer" in main(page), page.headers["Refresh"]) == (True, "2")
        assert not Member.objects.exists()

        importing.run(now=timezone.now())
        page = coordination.get(path)
        assert "Import terminé" in main(page)
        assert "1 200 créées" in folded(main(page))
        assert Member.objects.count() == 1200

    def test_nobody_comes_for_it(self, coordination: Client) -> None:
        path = path_of(send(coordination, self.CONTENT))
        assert "ne semble pas tourner" not in main(coordination.get(path))

        SpreadsheetImport.objects.update(asked_at=timezone.now() - timedelta(seconds=61))

        assert "Le programme d’envoi, qui traite aussi les gros fichiers, ne semble pas tourner" in main(
            coordination.get(path)
        )


class TestThePreview:
    def test_counts_that_filter(self, coordination: Client) -> None:
        make_member(name="Collines", note="Ancien")
        make_member(name="Vallée")
        page = send(coordination, "Nom;Note\nCollines;Vu\nVallée;\nForêt;\nForêt;\n;x")
        path = path_of(page)

        counts = links(one(tree(page), ".//nav[@class='outcomes']"))
        assert {folded(label): url for label, url in counts.items()} == {
            "Toutes les lignes (5)": "?",
            "1 refusée": "?lignes=refused",
            "1 à créer": "?lignes=created",
            "1 à modifier": "?lignes=changed",
            "1 inchangée": "?lignes=unchanged",
            "1 ignorée": "?lignes=ignored",
        }
        assert lines(coordination.get(f"{path}?lignes=changed")) == [
            ["2", "à modifier", "Collines", "Note : « Ancien » → « Vu »"]
        ]

    @pytest.mark.parametrize("query", ["lignes=x", "page=x", "page=-1", "page=" + "9" * 30, "lignes=%00"])
    def test_forged_queries(self, coordination: Client, query: str) -> None:
        path = path_of(send(coordination, "Nom\nCollines"))

        assert coordination.get(f"{path}?{query}").status_code == 200

    def test_the_refused_lines_to_correct_and_the_others(self, coordination: Client) -> None:
        path = path_of(send(coordination, "Nom;Mail\nCollines;\n=Vallée;pas bon"))
        downloads = links(tree(coordination.get(path)))

        refused = coordination.get(downloads["Télécharger les lignes refusées (CSV)"])
        others = coordination.get(downloads["Télécharger les autres lignes (CSV)"])

        assert folded(refused.content.decode("utf-8-sig")) == (
            "Nom;Mail;Pourquoi\r\n'=Vallée;pas bon;"
            "Mail (B3) « pas bon » : Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr.\r\n"
        )
        assert others.content.decode("utf-8-sig") == "Nom;Mail\r\nCollines;\r\n"
        assert refused.headers["Content-Disposition"] == 'attachment; filename="lignes-refusees.csv"'
        assert coordination.get(f"{path.removesuffix('change/')}lignes/toutes.csv").status_code == 404

    def test_analysed_again_after_a_correction_of_the_data(self, coordination: Client) -> None:
        path = path_of(send(coordination, "Cotisant;Mail\nCollines;a@x.example", kind="people"))
        make_member(name="Collines")

        page = coordination.post(path, {"again": ""}, follow=True)

        assert lines(page) == [["2", "à créer", "a@x.example – Collines", ""]]

    def test_nothing_to_import(self, coordination: Client) -> None:
        make_member(name="Collines")

        page = send(coordination, "Nom\nCollines")

        assert "Tout ce que contient ce fichier est déjà enregistré." in main(page)
        assert "previewed" not in page.content.decode()


class TestImporting:
    def prepared(self, client: Client) -> tuple[str, str]:
        path = path_of(send(client, "Nom\nCollines\nVallée"))
        return path, str(typed_hidden(client.get(path)))

    def test_once_even_after_a_double_click(self, coordination: Client) -> None:
        path, previewed = self.prepared(coordination)

        pages = [coordination.post(path, {"apply": "", "previewed": previewed}, follow=True) for _ in range(2)]

        assert [("Import terminé" in main(page), "2 créées" in main(page)) for page in pages] == [(True, True)] * 2
        assert Member.objects.count() == 2
        assert [folded(entry.change_message) for entry in LogEntry.objects.order_by("pk")] == [
            "Fichier envoyé.",
            "Import demandé : 2 lignes.",
        ]

    def test_what_changed_since_is_shown_again(self, coordination: Client) -> None:
        path, previewed = self.prepared(coordination)
        make_member(name="Collines")

        page = coordination.post(path, {"apply": "", "previewed": previewed}, follow=True)

        assert "Des données ont changé depuis l’analyse : relisez ce qui sera fait, puis importez." in main(page)
        assert [row[1] for row in lines(page)] == ["inchangée", "à créer"]
        assert Member.objects.count() == 1

    @pytest.mark.parametrize("previewed", ["", "x", "é" * 200])
    def test_a_forged_preview(self, coordination: Client, previewed: str) -> None:
        path, _ = self.prepared(coordination)

        page = coordination.post(path, {"apply": "", "previewed": previewed}, follow=True)

        assert notices(page) == ["L’analyse a changé depuis : relisez ce qui sera fait, puis importez."]
        assert not Member.objects.exists()

    def test_never_with_a_refused_line(self, coordination: Client) -> None:
        path = path_of(send(coordination, "Nom;Mail\nCollines;x"))

        coordination.post(path, {"apply": "", "previewed": SpreadsheetImport.objects.get().fingerprint})

        assert not Member.objects.exists()


def typed_hidden(page: Any) -> str:
    """The fingerprint that the button sends."""
    return one(tree(page), ".//input[@name='previewed']").get("value", "")


class TestExporting:
    @pytest.fixture(autouse=True)
    def _rows(self) -> None:
        category = make_category(campaign=make_campaign(), label="Association", amount=Decimal("80.00"))
        for name, kind in (("Collines", "structure"), ("Dominique", "person")):
            member = make_member(name=name, kind=kind, emails=(f"a@{name.lower()}.example",))
            make_fee(member, category=category, status="due" if kind == "person" else "paid")

    def names(self, client: Client, list_path: str, label: str) -> list[str]:
        """Whom the export of the list as it is shown contains."""
        content = client.get(links(tree(client.get(list_path)))[label]).content.decode("utf-8-sig")
        return [name for name in ("Collines", "Dominique") if name in content]

    @pytest.mark.parametrize(
        ("list_path", "label", "expected"),
        [
            (MEMBERS, "Exporter (CSV)", ["Collines", "Dominique"]),
            (f"{MEMBERS}?kind__exact=person", "Exporter (CSV)", ["Dominique"]),
            (f"{MEMBERS}?q=collines", "Exporter (CSV)", ["Collines"]),
            (f"{MEMBERS}?q=a@collines", "Exporter les personnes couvertes (CSV)", ["Collines"]),
            (f"{FEES}?status__exact=due", "Exporter (CSV)", ["Dominique"]),
        ],
    )
    def test_the_list_as_it_is_filtered(
        self, coordination: Client, list_path: str, label: str, expected: list[str]
    ) -> None:
        assert self.names(coordination, list_path, label) == expected

    def test_xlsx(self, coordination: Client) -> None:
        page = coordination.get(f"{IMPORTS}exporter/fees.xlsx")

        assert page.content.startswith(b"PK")
        assert page.headers["Content-Disposition"] == (
            f'attachment; filename="cotisations-{timezone.localdate().isoformat()}.xlsx"'
        )

    def test_unreadable_ones(self, coordination: Client) -> None:
        paths = (
            "exporter/users.csv",
            "exporter/members.pdf",
            "modele/users.csv",
            "modele/fees.pdf",
            "999/lignes/autres.csv",
        )
        assert {coordination.get(f"{IMPORTS}{path}").status_code for path in paths} == {404}
        page = coordination.get(f"{IMPORTS}exporter/fees.csv?inconnu=1", follow=True)
        assert notices(page) == ["Ce filtre n’est pas lisible : choisissez-le dans la liste, puis exportez."]


class TestWhoMay:
    def test_a_trainer_sees_nothing_of_it(self, coordination: Client) -> None:
        path = path_of(send(coordination, "Nom;Mail\nCollines;x"))
        trainer = signed_in(make_staff(group="Formateurs"))
        pages = [IMPORTS, f"{IMPORTS}add/", path, path.replace("change/", "lignes/refusees.csv")]
        pages += [path.replace("change", name) for name in ("history", "delete")]
        pages += [f"{IMPORTS}{page}" for page in ("modele/members.csv", "exporter/members.csv", "exporter/fees.xlsx")]

        assert {page: trainer.get(page).status_code for page in pages} == dict.fromkeys(pages, 403)
        assert [trainer.post(page, {"again": ""}).status_code for page in (path, f"{IMPORTS}add/")] == [403, 403]

    def test_nobody_erases_an_import(self, coordination: Client) -> None:
        path = path_of(send(coordination, "Nom\nCollines"))

        page = coordination.post(path.replace("change", "delete"), {"post": "yes"}, follow=True)

        assert "ne se supprime pas" in notices(page)[0]
        assert SpreadsheetImport.objects.count() == 1

    @pytest.mark.parametrize("pk", ["999", "9" * 30, "abc", "-1", "1%00", "²"])
    def test_an_unknown_page(self, coordination: Client, pk: str) -> None:
        assert {coordination.get(f"{IMPORTS}{pk}/{page}/").status_code for page in ("change", "history")} == {404}

    def test_the_list_of_imports(self, coordination: Client) -> None:
        send(coordination, "Nom;Mail\nCollines;x")
        send(coordination, "Nom\nCollines")

        page = coordination.get(IMPORTS)

        states = [text(cell) for cell in tree(page).iterfind(".//td[@class='field-state']")]
        assert states == ["prêt", "refusé (1 ligne)"]
        assert not MembershipFee.objects.exists()
