"""Five thousand lines of every kind of file, analysed then imported, and how long each step takes.

    python -m tests.support.import_5000 --lines 5000

Each file is as real ones are: semicolons, Windows letters, amounts with no-break spaces, SIRET numbers with an
exponent; then the same as XLSX. Analysed and imported as a worker does, then analysed again: nothing may change. What
is not as it should be is printed, and the exit status is 1.

DATABASE_URL says where: a database without any member, which is migrated, and emptied again of what was imported.
Without DATABASE_URL, a temporary SQLite file.

The tests import the same files (tests/members/importing/test_5000.py).
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from stdnum import luhn

NBSP, NNBSP = "\u00a0", "\u202f"
#: Ways in which spreadsheets leave the same amount, 1 200,50 €; cp1252 has no narrow no-break space.
AMOUNTS = ("1 200,50 €", f"1{NBSP}200,50{NBSP}€", "1200,5", "1200.50", "1.200,50")
DAYS = ("03/04/2017", "2017-04-03", "3 avril 2017", "3/4/17", "42828")


def siret(number: int) -> str:
    """A valid SIRET for each number; one in ten begins with a zero."""
    siren = f"{number % 10}1{number:06}"
    siren += luhn.calc_check_digit(siren)
    return f"{siren}0001{luhn.calc_check_digit(f'{siren}0001')}"


def as_a_number(digits: str) -> str:
    """The same as a spreadsheet that took it for a number writes it."""
    return f"{int(digits)}" if digits.startswith("0") else f"{digits[0]},{digits[1:].rstrip('0')}E+13"


def members(lines: int) -> list[list[str]]:
    """That many structures."""
    return [["Nom de la structure", "N° SIRET", "Courriel", "Tél.", "Adresse", "Domaine", "Commentaire"]] + [
        [
            f"Communauté de communes n° {number}",
            as_a_number(siret(number)) if number % 3 == 0 else siret(number),
            f"contact@cc-{number}.example",
            "04 78 00 00 00",
            f"{number} place de l’Église, 69000 Cœur-de-Vallée",
            f"cc-{number}.example",
            "Élus très présents",
        ]
        for number in range(1, lines + 1)
    ]


def people(lines: int) -> list[list[str]]:
    """One person for each structure."""
    return [["SIRET", "Structure", "Mail", "Nom et prénom"]] + [
        [
            siret(number),
            f"COMMUNAUTE DE COMMUNES N° {number}",
            f"Agent.{number}@Ailleurs.example",
            f"Zoé Agent-{number}",
        ]
        for number in range(1, lines + 1)
    ]


def fees(lines: int) -> list[list[str]]:
    """One paid fee for each structure, in every way of writing it."""
    return [["Structure", "SIRET", "Année", "Catégorie", "Montant (€)", "Réglée", "Mode de paiement", "Payé le"]] + [
        [
            f"Communauté de communes n° {number}",
            as_a_number(siret(number)) if number % 3 == 0 else "",
            "2017",
            "collectivite",
            AMOUNTS[number % len(AMOUNTS)],
            "oui" if number % 2 else "Payée",
            "chèque" if number % 2 else "VIREMENT",
            DAYS[number % len(DAYS)],
        ]
        for number in range(1, lines + 1)
    ]


def as_csv(table: Sequence[Sequence[str]], *, encoding: str = "cp1252") -> bytes:
    """Semicolons, and the letters of Windows unless asked otherwise."""
    quoted = [[f'"{cell}"' if set(cell) & set(';"\n') else cell for cell in row] for row in table]
    return "".join(";".join(row) + "\r\n" for row in quoted).encode(encoding)


def as_xlsx(table: Sequence[Sequence[str]]) -> bytes:
    """The same in a workbook."""
    from caprural import spreadsheets

    header, *rows = table
    return spreadsheets.write_xlsx(header, rows, sheet="Feuil1")


def sent(kind: str, name: str, content: bytes) -> Any:
    """A file as the upload page leaves it."""
    from django.utils import timezone

    from members.models import SpreadsheetImport

    now = timezone.now()
    return SpreadsheetImport.objects.create(
        kind=kind, file_name=name, content=content, created_at=now, asked_at=now, lines_total=0
    )


def agreed(found: Any) -> None:
    """The coordinator has read the preview, and says yes."""
    from members.models import SpreadsheetImport

    SpreadsheetImport.objects.filter(pk=found.pk).update(status=SpreadsheetImport.Status.TO_APPLY)


def work() -> None:
    """A round of the worker."""
    from django.utils import timezone

    from members import importing

    importing.run(now=timezone.now())


def scale() -> None:
    """The campaign of 2017, with one category."""
    from datetime import date
    from decimal import Decimal

    from members.models import FeeCampaign, FeeCategory

    campaign = FeeCampaign.objects.create(
        name="Cotisation 2017", starts_on=date(2017, 1, 1), ends_on=date(2017, 12, 31)
    )
    FeeCategory.objects.create(campaign=campaign, label="Collectivité", amount=Decimal("250.00"))


def main() -> int:
    """Run it all, print how long it took, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=5000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/import.sqlite3")
        os.environ.update(DJANGO_SETTINGS_MODULE="caprural.settings", DEBUG="false", SECRET_KEY="import")
        import django
        from django.core.management import call_command
        from django.db import connection, connections

        django.setup()
        call_command("migrate", verbosity=0)
        sys.stdout.write(f"{connection.vendor}, {options.lines} lignes\n")
        try:
            return _all(options.lines)
        finally:
            connections.close_all()


def _all(lines: int) -> int:
    from members.models import (
        CoveredPerson,
        EmailDomain,
        FeeCampaign,
        FeeCategory,
        Member,
        MembershipFee,
        SpreadsheetImport,
    )

    if Member.objects.exists():
        sys.stdout.write("Cette base contient déjà des cotisants : choisissez-en une vide.\n")
        return 1
    found: list[str] = []
    try:
        scale()
        for kind, table in (("members", members(lines)), ("people", people(lines)), ("fees", fees(lines))):
            for name, content in ((f"{kind}.csv", as_csv(table)), (f"{kind}.xlsx", as_xlsx(table))):
                found += _one(kind, name, content, lines, is_first=name.endswith(".csv"))
    finally:
        for model in (MembershipFee, CoveredPerson, EmailDomain, Member, FeeCategory, FeeCampaign, SpreadsheetImport):
            model._default_manager.all().delete()
    sys.stdout.writelines(f"  {fault}\n" for fault in found)
    return 1 if found else 0


def _one(kind: str, name: str, content: bytes, lines: int, *, is_first: bool) -> list[str]:
    """One file: created the first time, unchanged ever after."""
    file = sent(kind, name, content)
    analysed = _seconds(work)
    file.refresh_from_db()
    expected = {"created": lines} if is_first else {"unchanged": lines}
    found = []
    counts = {outcome: count for outcome, count in file.counts.items() if count}
    if counts != expected:
        found.append(f"{name} : {counts} au lieu de {expected} {file.message}")
    words = f"{name:14} {len(content) / 1000:6.0f} ko, analyse {analysed:5.2f} s"
    if is_first:
        agreed(file)
        words += f", import {_seconds(work):5.2f} s"
        file.refresh_from_db()
        if file.status != "applied":
            found.append(f"{name} : {file.status} {file.message}")
        again = sent(kind, name, content)
        words += f", analyse du même fichier {_seconds(work):5.2f} s"
        again.refresh_from_db()
        if again.count("unchanged") != lines:
            found.append(f"{name}, à nouveau : {again.counts}")
    sys.stdout.write(f"{words}\n")
    return found


def _seconds(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
