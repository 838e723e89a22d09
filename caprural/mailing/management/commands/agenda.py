"""`manage.py agenda`: what the worker will do in the next days, if nothing else happens (R24)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from caprural import agenda, typography


class Command(BaseCommand):
    """Only reads."""

    help = "Montre ce qui partira tout seul dans les prochains jours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=14, help="nombre de jours, à partir d’aujourd’hui (14)")

    def handle(self, *args: Any, days: int, **options: Any) -> None:
        for one in agenda.coming(now=timezone.now(), days=days):
            self.stdout.write(f"{typography.medium_date(one.day)}\u00a0: {one.what} ({one.times}), {one.about}")
