"""The file that real life sends: five thousand lines, forty of them bad in every way there is, others repeated."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import FeeCategory, Member, MembershipFee, SpreadsheetImport
from tests.factories import NOW, make_member
from tests.members.importing.looked_at import placeless
from tests.support import import_5000
from tests.support.pages import rows

pytestmark = pytest.mark.django_db

LINES = 5000
MEMBER, SIRET, YEAR, CATEGORY, AMOUNT, STATUS, METHOD, DAY = range(8)
NOT_A_DAY = "n’est pas une date : écrivez le jour, le mois et l’année, « 03/04/2017 »."
STATUSES = "« attendue », « engagement reçu », « payée », « exonérée » ou « annulée »"
#: Column, what is written in it, and what is said of it. Each is put in two lines.
BAD: tuple[tuple[int, str, str], ...] = (
    (
        CATEGORY,
        "Bienfaiteur",
        "Catégorie : « Bienfaiteur » n’est pas au barème de « Cotisation 2017 » : écrivez « Collectivité ».",
    ),
    (AMOUNT, "beaucoup", "Montant (€) : « beaucoup » n’est pas un montant : écrivez par exemple « 1200,50 »."),
    (
        AMOUNT,
        "1.200",
        "Montant (€) : le montant « 1.200 » peut se lire de deux façons : écrivez « 1200 » ou « 1,20 ».",
    ),
    (AMOUNT, "-5 €", "Montant (€) : le montant « -5 € » est négatif : écrivez un montant positif ou nul."),
    (
        AMOUNT,
        "1200,505",
        "Montant (€) : le montant « 1200,505 » a plus de deux décimales : arrondissez-le au centime.",
    ),
    (AMOUNT, "#N/A", "Montant (€) : la formule de cette case donne « #N/A » : corrigez-la."),
    (DAY, "31/02/2017", f"Payé le : « 31/02/2017 » {NOT_A_DAY}"),
    (DAY, "04/13/2017", f"Payé le : « 04/13/2017 » {NOT_A_DAY}"),
    (DAY, "03/04/2099", "Payé le : « 03/04/2099 » n’est pas encore venu : corrigez la date."),
    (DAY, "", "Payé le : la case est vide : une cotisation « payée » demande le jour du paiement."),
    (
        SIRET,
        "73282932000075",
        "SIRET : le SIRET « 73282932000075 » n’est pas valide : vérifiez ses quatorze chiffres.",
    ),
    (
        SIRET,
        "7,32829E+13",
        "SIRET : le tableur a arrondi le SIRET « 7,32829E+13 » : donnez à la colonne le format Texte, "
        "puis retapez ses quatorze chiffres.",
    ),
    (
        MEMBER,
        "Inconnue au bataillon",
        "Structure : aucun cotisant ne s’appelle « Inconnue au bataillon » : importez d’abord les cotisants.",
    ),
    (
        MEMBER,
        "MAIRIE DE SAINT ETIENNE",
        "Structure : 2 cotisants portent le nom « MAIRIE DE SAINT ETIENNE » : ajoutez leur SIRET.",
    ),
    (YEAR, "2031", "Année : aucune campagne ne répond à « 2031 » : créez-la, ou corrigez son nom."),
    (STATUS, "peut-être", f"Réglée : « peut-être » n’est pas connu : écrivez {STATUSES}."),
    (
        METHOD,
        "troc",
        "Mode de paiement : « troc » n’est pas connu : écrivez « chèque », « virement » ou « mandat administratif ».",
    ),
    (METHOD, "chèque;encaissé", "Cette ligne a 9 cases pour 8 titres : vérifiez ses points-virgules."),
)


def file_of(table: list[list[str]]) -> SpreadsheetImport:
    """The file as it is analysed by the worker."""
    # Not through as_csv: a stray semicolon must stay one.
    content = "".join(";".join(row) + "\r\n" for row in table).encode("cp1252")
    found: SpreadsheetImport = import_5000.sent("fees", "Cotisations 2017.csv", content)
    import_5000.work()
    found.refresh_from_db()
    return found


def spoilt(table: list[list[str]]) -> tuple[list[list[str]], dict[int, str]]:
    """The same with its bad lines, and what is to be said of each, under the number a spreadsheet shows."""
    bad = [list(row) for row in table]
    expected = {}
    for n, (column, written, reason) in enumerate(BAD * 2):
        # Neither the first nor the last, far apart, and without a SIRET, which would find the member by itself.
        at = 61 + 121 * n
        bad[at][column] = written
        if column == MEMBER:
            bad[at][SIRET] = ""
        expected[at + 1] = reason
    # One that contradicts an earlier line, twice; and fees whose rules forbid what the line says.
    for at in (4990, 4992):
        bad[at] = [*bad[20][:AMOUNT], str(at), *bad[20][STATUS:]]
        expected[at + 1] = "Dit autre chose que la ligne 21, Montant (€) : gardez une seule de ces lignes."
    bad[7][STATUS] = "non"
    reference = MembershipFee.objects.get(member__siret=import_5000.siret(7)).code
    expected[8] = (
        f"Réglée : La cotisation de Communauté de communes n° 7 pour Cotisation 2017 ({reference}) est payée depuis le "
        "1er mars 2017. Rien n’est à enregistrer ; si c’est une erreur, annulez-la, puis ouvrez-en une autre. "
        "Videz cette case pour la laisser ainsi."
    )
    bad[8][AMOUNT] = "300"
    expected[9] = (
        "Montant (€) : cette cotisation est « payée » : son montant est figé (250 €). "
        "Videz cette case, ou annulez d’abord la cotisation."
    )
    return bad, expected


def paid(number: int) -> None:
    """That member has paid its fee already."""
    category = FeeCategory.objects.get()
    MembershipFee.objects.create(
        member=Member.objects.get(siret=import_5000.siret(number)),
        campaign=category.campaign,
        category=category,
        amount=Decimal("250.00"),
        status="paid",
        status_changed_at=NOW,
        paid_on=date(2017, 4, 3),
        method="transfer",
    )


def test_nothing_is_written_until_every_line_is_good_then_everything_once() -> None:
    import_5000.scale()
    Member.objects.bulk_create(
        Member(name=f"Communauté de communes n° {n}", siret=import_5000.siret(n)) for n in range(1, LINES + 1)
    )
    for siret in ("", "73282932000074"):
        make_member(name="Mairie de Saint-Étienne", siret=siret)
    for number in (7, 8):
        paid(number)
    table = import_5000.fees(LINES)
    for number in (7, 8):
        table[number][AMOUNT:] = ["250,00", "payée", "virement", "03/04/2017"]
    bad, expected = spoilt(table)
    before = rows()

    refused = file_of([*bad, bad[1], bad[2]])

    assert len(expected) == 40
    assert {n: [*map(placeless, reasons)] for n, outcome, _, reasons in refused.lines if outcome == "refused"} == {
        n: [reason] for n, reason in expected.items()
    }
    assert (refused.status, refused.lines_total, refused.lines_done) == ("refused", 5002, 5002)
    assert refused.counts == {"refused": 40, "created": 4960, "changed": 0, "unchanged": 0, "ignored": 2}
    assert {label: kept for label, kept in rows().items() if kept != before[label]}.keys() == {
        "members.SpreadsheetImport"
    }

    ready = file_of(table)
    assert (ready.status, ready.count("created"), ready.count("unchanged")) == ("ready", 4998, 2)
    import_5000.agreed(ready)
    import_5000.work()
    ready.refresh_from_db()

    assert (ready.status, ready.content, ready.lines, ready.count("created")) == ("applied", b"", [], 4998)
    assert MembershipFee.objects.filter(status="paid").count() == 5000
    assert MembershipFee.objects.filter(amount=Decimal("1200.50"), paid_on=date(2017, 4, 3)).count() == 4998

    before = rows()
    with CaptureQueriesContext(connection) as queries:
        again = file_of(table)
        import_5000.agreed(again)
        import_5000.work()

    again.refresh_from_db()
    assert (again.status, again.count("unchanged")) == ("applied", 5000)
    assert {label for label, kept in rows().items() if kept != before[label]} == {"members.SpreadsheetImport"}
    assert written(queries) == {"members_spreadsheetimport"}


def written(queries: CaptureQueriesContext) -> set[str]:
    """The tables that were written to."""
    statements = [query["sql"].split('"') for query in queries.captured_queries]
    return {words[1] for words in statements if words[0].strip() in ("INSERT INTO", "UPDATE", "DELETE FROM")}
