"""Everything a newcomer needs to try the product: the seed session, its next edition, accounts, fictitious members."""

import secrets
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from caprural.house.models import Organisation
from members import fees
from members.models import CoveredPerson, EmailDomain, FeeCampaign, FeeCategory, Member, MembershipFee
from sessions_app import duplicating, roles
from sessions_app.models import Trainer, TrainingSession

SEED = "conduire-une-demarche-de-cooperation-2017"
ANNOUNCED = "conduire-une-demarche-de-cooperation-{year}"
ACCOUNTS = {"formateur": roles.TRAINERS, "coordination": roles.COORDINATION}
FICTITIOUS = "Montant fictif, pour la démonstration."
#: The fees of last year's campaign: whose, of which line of the scale, what became of them and in which month.
LAST_YEAR = (
    ("Association fictive des Sources", Member.Kind.STRUCTURE, 0, "paid", 1),
    ("Association fictive du Moulin", Member.Kind.STRUCTURE, 0, "paid", 2),
    ("Atelier fictif de la Forge", Member.Kind.STRUCTURE, 0, "paid", 2),
    ("Commune fictive de Hautefont", Member.Kind.STRUCTURE, 1, "paid", 3),
    ("Communauté de communes fictive du Val", Member.Kind.STRUCTURE, 1, "committed", 3),
    ("Groupement fictif des Vergers", Member.Kind.STRUCTURE, 0, "paid", 4),
    ("Pays fictif des Trois Rivières", Member.Kind.STRUCTURE, 1, "paid", 5),
    ("Maud Fictive", Member.Kind.PERSON, 2, "waived", 5),
    ("Sacha Fictif", Member.Kind.PERSON, 2, "paid", 9),
    ("Syndicat mixte fictif de la Plaine", Member.Kind.STRUCTURE, 1, "committed", 10),
    ("Association fictive de la Gare", Member.Kind.STRUCTURE, 0, "due", 0),
    ("Foyer fictif du Lac", Member.Kind.STRUCTURE, 0, "cancelled", 6),
)


class Command(BaseCommand):
    help = "Charge les données de démonstration ; relancée, elle garde tout ce qui existe déjà."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-passwords", action="store_true", help="donne de nouveaux mots de passe aux comptes de démonstration"
        )

    @transaction.atomic
    def handle(self, *args: Any, new_passwords: bool, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "load_demo crée des comptes et des données fictives : la commande est refusée sans DEBUG=true."
            )
        today = timezone.localdate()
        announced_on = next_edition(today)
        self._organisation()
        self._sessions(announced_on)
        self._last_year(today.year - 1)
        for year in sorted({today.year, announced_on.year}):
            self._members(year)
        self._accounts(new_passwords=new_passwords)

    def _organisation(self) -> None:
        if not Organisation.objects.exists():
            Organisation.objects.create(
                pk=1,
                name="Cap Rural",
                legal_form="Centre de ressources sur les pratiques et les métiers du développement local",
                address="1 place de la Démonstration\n69000 Adresse-Fictive",
                contact_name="Camille Exemple",
                email="cooperationsentreacteurs@caprural.org",
                phone="06 66 46 62 76",
                website="http://www.caprural.org",
                cheque_payee="Cap Rural",
                iban="FR7600000000000000000000097",
                bic="DEMOFRPPXXX",
                chorus_pro="Démonstration : l’appel de cotisation serait déposé sur Chorus Pro. "
                "Indiquez votre code service et votre numéro d’engagement.",
                signatory_name="Camille Exemple",
                signatory_role="présidente",
                fee_mention="Document fictif, édité pour la démonstration : il ne vaut ni appel de paiement ni reçu.",
                privacy_email="cooperationsentreacteurs@caprural.org",
                hosting="Démonstration : ce site tourne sur votre propre machine.",
            )

    def _sessions(self, announced_on: date) -> None:
        if not TrainingSession.objects.filter(slug=SEED).exists():
            call_command("loaddata", SEED, verbosity=0)
        slug = ANNOUNCED.format(year=announced_on.year)
        if not TrainingSession.objects.filter(slug=slug).exists():
            seed = TrainingSession.objects.get(slug=SEED)
            announced = duplicating.duplicate(seed, first_on=announced_on, slug=slug)
            announced.status = TrainingSession.Status.PUBLISHED
            announced.exact_address = "Salle de démonstration\n1 rue de l’Exemple\n69700 Givors"
            announced.save()

    def _members(self, year: int) -> None:
        """Three members for a campaign: up to date by address, up to date by domain, and not up to date."""
        first, last = date(year, 1, 1), date(year, 12, 31)
        if FeeCampaign.objects.filter(starts_on__lte=last, ends_on__gte=first).exists():
            return
        small, large, person = self._scale(year)
        now = timezone.now()
        group, _ = Member.objects.get_or_create(name="Groupement fictif des Collines", kind=Member.Kind.STRUCTURE)
        CoveredPerson.objects.get_or_create(
            member=group, email="camille.demo@collines.example", defaults={"name": "Camille Démo"}
        )
        fees.settle(fees.subscribe(group, small, now=now), now=now)
        district, _ = Member.objects.get_or_create(
            name="Communauté de communes fictive du Plateau", kind=Member.Kind.STRUCTURE
        )
        EmailDomain.objects.get_or_create(member=district, domain="cc-plateau.example")
        fees.commit(fees.subscribe(district, large, now=now), now=now)
        alone, _ = Member.objects.get_or_create(name="Dominique Fictif", kind=Member.Kind.PERSON)
        CoveredPerson.objects.get_or_create(
            member=alone, email="dominique.fictif@vallee.example", defaults={"name": "Dominique Fictif"}
        )
        fees.subscribe(alone, person, now=now)

    def _scale(self, year: int) -> list[FeeCategory]:
        """The campaign of a year: its categories for an association, a public body and a person."""
        campaign = FeeCampaign.objects.create(
            name=f"Cotisation {year}", starts_on=date(year, 1, 1), ends_on=date(year, 12, 31)
        )
        scopes = FeeCategory.Scope
        return [
            FeeCategory.objects.create(
                campaign=campaign, label=label, amount=Decimal(amount), scope=scope, position=n, description=FICTITIOUS
            )
            for n, (label, amount, scope) in enumerate(
                (
                    ("Association ou groupement", "80.00", scopes.STRUCTURE),
                    ("Collectivité ou établissement public", "250.00", scopes.STRUCTURE),
                    ("Personne à titre individuel", "30.00", scopes.PERSON),
                )
            )
        ]

    def _last_year(self, year: int) -> None:
        """A campaign that is over, for its figures and for opening this year's fees from it."""
        if FeeCampaign.objects.filter(starts_on__lte=date(year, 12, 31), ends_on__gte=date(year, 1, 1)).exists():
            return
        scale = self._scale(year)
        for name, kind, category, status, month in LAST_YEAR:
            member, _ = Member.objects.get_or_create(name=name, kind=kind)
            opened_at = datetime(year, 1, 9, 10, tzinfo=timezone.get_current_timezone())
            fee = fees.subscribe(member, scale[category], now=opened_at)
            if status == MembershipFee.Status.DUE:
                continue
            moved_at = datetime(year, month, 12, 10, tzinfo=timezone.get_current_timezone())
            if status == MembershipFee.Status.CANCELLED:
                fees.cancel(fee, now=moved_at)
            else:
                fees.accept([fee], status, now=moved_at)

    def _accounts(self, *, new_passwords: bool) -> None:
        kept = []
        for username, group in ACCOUNTS.items():
            user, is_new = User.objects.get_or_create(username=username, defaults={"is_staff": True})
            user.groups.add(Group.objects.get(name=group))
            if is_new or new_passwords:
                password = secrets.token_urlsafe(12)
                user.set_password(password)
                user.save()
                # An ordinary space: a line to copy, or to be read by a script.
                self.stdout.write(" : ".join((username, password)))
            else:
                kept.append(username)
            if is_new and group == roles.TRAINERS:
                self._lead(user)
        if kept:
            self.stdout.write(
                f"Comptes gardés, avec leurs mots de passe : {', '.join(kept)}. "
                "Pour en avoir de nouveaux : make passwords"
            )

    def _lead(self, user: User) -> None:
        """The account of whoever leads the flyer's session, hence its next edition."""
        trainer = Trainer.objects.filter(session_trainers__session__slug=SEED, user=None).first()
        if trainer:
            trainer.user = user
            trainer.save()


def next_edition(today: date) -> date:
    """The next 12 April at least 30 days ahead."""
    this_year = date(today.year, 4, 12)
    return this_year if this_year - today >= timedelta(days=30) else date(today.year + 1, 4, 12)
