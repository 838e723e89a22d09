"""What goes out may come back: exported, then imported, nothing changes."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from caprural import spreadsheets
from members import exporting, importing
from members.columns import LAYOUTS
from members.models import CoveredPerson, FeeCampaign, FeeCategory, Member, MembershipFee, Receipt
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

EXTENSIONS = ("csv", "xlsx")


@pytest.fixture(autouse=True)
def _everything() -> None:
    """Members with whatever spreadsheets mangle, people, and fees in every status, two for one campaign."""
    campaign = make_campaign()
    category = make_category(campaign=campaign, label="Association", amount=Decimal("1200.50"))
    first = make_member(
        name="=Les Collines",
        siret="01000010700010",
        phone="+33 6 12 34 56 78",
        address="1 rue\r\n69000 Lyon\r\n",
        note="-à suivre;\n« vu » e\u0301te\u0301",
        service_code="0012",
        domains=("collines.example", "vallee.example"),
        emails=("zoe@x.example",),
    )
    CoveredPerson.objects.update(name="'Zoé")
    others = [make_member(name=name, kind="person") for name in ("Mairie", "Mairie", "L’Été", "2017")]
    make_fee(first, category=category, status="cancelled")
    for member, status in zip((first, *others), ("paid", "committed", "waived", "due", "cancelled"), strict=True):
        make_fee(member, category=category, status=status)
    MembershipFee.objects.update(method="cheque", reference="=12", engagement_number="0042", note="@vu")


def exported(kind: str, extension: str) -> bytes:
    """Everything of that kind."""
    found: Any = (MembershipFee if kind == "fees" else Member).objects.all()
    return exporting.export(kind, found, extension)


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize(("kind", "lines"), [("members", 5), ("people", 1), ("fees", 6)])
def test_what_goes_out_comes_back_unchanged(kind: str, lines: int, extension: str) -> None:
    content = exported(kind, extension)

    plan = importing.plan(kind, spreadsheets.read(f"f.{extension}", content), now=NOW)

    assert [(line.outcome, line.details) for line in plan.lines] == [("unchanged", ())] * lines
    assert plan.notes == ()


def test_csv_in_the_format_of_france() -> None:
    MembershipFee.objects.exclude(status="paid").delete()
    fee = MembershipFee.objects.get()

    header, line, _ = exported("fees", "csv").decode("utf-8-sig").split("\r\n")

    assert header == (
        "Identifiant;Identifiant du cotisant;SIRET;Cotisant;Campagne;Catégorie;Montant;État;Moyen de paiement;"
        "Référence;Numéro d’engagement;Payée le;Note interne"
    )
    assert line == (
        f"{fee.pk};{fee.member_id};01000010700010;'=Les Collines;Cotisation 2017;Association;1200,50;payée;chèque;"
        "'=12;0042;01/03/2017;'@vu"
    )


def test_xlsx_with_real_numbers_and_dates() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(exported("fees", "xlsx"))).active
    titles = [cell.value for cell in sheet[1]]
    rows = [dict(zip(titles, [cell.value for cell in row], strict=True)) for row in sheet.iter_rows(min_row=2)]

    paid = next(row for row in rows if row["État"] == "payée")
    assert (paid["Montant"], paid["Payée le"].date(), paid["SIRET"]) == (1200.5, date(2017, 3, 1), "01000010700010")


class TestExamples:
    """A file to fill in: its columns are all known, and its line could be imported."""

    @pytest.mark.parametrize("extension", EXTENSIONS)
    @pytest.mark.parametrize("kind", LAYOUTS)
    def test_it_could_be_imported(self, kind: str, extension: str) -> None:
        Member.objects.create(name=LAYOUTS["fees"].column("member").example, siret="73282932000074")
        table = spreadsheets.read("modele", exporting.example(kind, extension))

        plan = importing.plan(kind, table, now=NOW.replace(year=2018))

        expected = "changed" if kind == "members" else "created"
        assert [(line.outcome, plan.notes) for line in plan.lines] == [(expected, ())], plan.lines

    def test_before_there_is_any_scale(self) -> None:
        Receipt.objects.all().delete()
        MembershipFee.objects.all().delete()
        FeeCategory.objects.all().delete()
        FeeCampaign.objects.all().delete()

        assert "Collectivité ou établissement public" in exporting.example("fees", "csv").decode()


class TestColumns:
    @pytest.mark.parametrize("kind", LAYOUTS)
    def test_no_title_means_two_things(self, kind: str) -> None:
        titles = [title for column in LAYOUTS[kind].columns for title in column.titles]

        assert sorted(titles) == sorted(set(titles))
        assert "" not in titles

    @pytest.mark.parametrize(
        ("kind", "header", "sentence"),
        [
            ("members", "SIRET;Ville", "Il manque la colonne « Nom » : ajoutez ce titre à la première ligne."),
            (
                "people",
                "Mail;Nom",
                "Il manque la colonne « Cotisant » ou « SIRET » ou « Identifiant du cotisant » : "
                "ajoutez ce titre à la première ligne.",
            ),
            (
                "people",
                "Structure;Année;Catégorie",
                "Il manque la colonne « E-mail » : ajoutez ce titre à la première "
                "ligne. Ou choisissez « Cotisations » : ce fichier y ressemble.",
            ),
            (
                "fees",
                "Structure;Nom",
                "Les colonnes « Structure » (A) et « Nom » (B) disent la même chose (Cotisant) : gardez-en une seule.",
            ),
            (
                "fees",
                "Structure",
                "Il manque les colonnes « Campagne » et « Catégorie » : ajoutez ces titres à la première ligne.",
            ),
        ],
    )
    def test_refused_by_name(self, kind: str, header: str, sentence: str) -> None:
        with pytest.raises(importing.WrongColumns) as refused:
            importing.match(kind, spreadsheets.read("f.csv", f"{header}\na".encode()))
        assert folded(str(refused.value)) == sentence

    def test_what_is_not_known_is_said(self) -> None:
        sheet = importing.match("members", spreadsheets.read("f.csv", b"NOM *;Ville;;Siret (14 chiffres)\na;b;c;"))

        assert sheet.places == {"name": 0, "town": 1, "siret": 3}
        assert [folded(note) for note in sheet.notes] == ["Colonne ignorée : sans titre (C). Rien n’en sera importé."]
