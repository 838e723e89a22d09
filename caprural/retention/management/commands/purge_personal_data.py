"""`manage.py purge_personal_data`: the table of retention, applied or only read (R25)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from caprural import retention


class Command(BaseCommand):
    """The worker does it once a day; by hand it says what it does, or would do."""

    help = "Efface ou anonymise ce qui a été gardé assez longtemps."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="dit ce qui serait effacé, et n’efface rien")
        parser.add_argument("--person", metavar="ADRESSE", default="", help="oublie la personne qui a cette adresse")

    def handle(self, *args: Any, dry_run: bool, person: str, **options: Any) -> None:
        now = timezone.now()
        if person:
            try:
                done = retention.erase(person, now=now, dry_run=dry_run)
            except retention.StillExpected as first:
                raise CommandError(str(first)) from first
        else:
            done = retention.purge(now=now, dry_run=dry_run)
        for line, count in done:
            self.stdout.write(f"{line.what} ({line.model._meta.verbose_name})\u00a0: {count}")
        self.stdout.write(("Rien n’a été effacé." if dry_run else "C’est fait.") if done else "Rien à effacer.")
