"""How long what payers and the people they cover gave us is kept (R25)."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from caprural import retention
from members import consequences, importing
from members.covering import Circle
from members.models import (
    Application,
    ApplicationPerson,
    CoveredPerson,
    EmailDomain,
    FeeCampaign,
    FeeCategory,
    Member,
    MembershipFee,
    Receipt,
    SpreadsheetImport,
)

FORM = timedelta(days=365)
CONTACT = timedelta(days=3 * 365 + 1)
#: Article L123-22 of the commercial code.
ACCOUNTS = timedelta(days=10 * 365 + 3)


def declare() -> None:
    """Add our lines to the table."""
    contact = ("contact_name", "email", "phone", "address", "service_code", "note")
    form = (
        *("name", "siret", "address", "contact_name", "email", "phone", "domain"),
        *("service_code", "engagement_number", "token"),
    )
    retention.keep(
        retention.Line(
            "Bulletin rempli en ligne",
            "un an après son envoi, ou après la fin de la période pour laquelle il a été accepté",
            "Le temps de le vérifier et d’en répondre.",
            Application,
            form,
            due=lambda now: Application.objects.filter(
                Q(checked_at__isnull=True, received_at__lt=now - FORM)
                | Q(checked_at__isnull=False, category__campaign__ends_on__lt=timezone.localdate(now - FORM))
            ),
            about=lambda email, now: Application.objects.filter(email=email),
            end=retention.delete,
        ),
        retention.Line(
            "Personnes nommées dans un bulletin",
            "autant que le bulletin",
            "Ce sont elles qu’il demande de couvrir.",
            ApplicationPerson,
            ("email", "name"),
            about=lambda email, now: ApplicationPerson.objects.filter(email=email),
            end=retention.delete,
        ),
        retention.Line(
            "Personnes couvertes par une cotisation",
            "3\u00a0ans après la dernière cotisation de leur structure",
            "Pour reconnaître, d’une année à l’autre, qui est à jour.",
            CoveredPerson,
            ("email", "name"),
            due=lambda now: CoveredPerson.objects.filter(member__in=_without_fee_since(now - CONTACT)),
            about=lambda email, now: CoveredPerson.objects.filter(email=email),
            end=_uncover,
        ),
        retention.Line(
            "Contact d’un cotisant",
            "3\u00a0ans après sa dernière cotisation",
            "Pour lui proposer de cotiser de nouveau.",
            Member,
            contact,
            due=lambda now: retention.filled(Member, *contact).filter(pk__in=_without_fee_since(now - CONTACT)),
            about=lambda email, now: Member.objects.filter(email=email),
            end=retention.empty,
        ),
        retention.Line(
            "Reçus",
            "10\u00a0ans après la fin de la période",
            "Ce sont des pièces comptables.",
            Receipt,
            ("facts", "token"),
            due=lambda now: Receipt.objects.filter(fee__campaign__ends_on__lt=timezone.localdate(now - ACCOUNTS)),
            end=retention.delete,
        ),
        retention.Line(
            "Cotisations",
            "10\u00a0ans après la fin de la période",
            "Ce sont des pièces comptables.",
            MembershipFee,
            ("reference", "engagement_number", "note", "token"),
            due=lambda now: MembershipFee.objects.filter(
                campaign__ends_on__lt=timezone.localdate(now - ACCOUNTS),
                applications__isnull=True,
                receipts__isnull=True,
            ),
            end=retention.delete,
        ),
        retention.Line(
            "Cotisants",
            "autant que leurs cotisations\u202f; 3\u00a0ans s’ils n’ont jamais cotisé",
            "Une pièce comptable dit qui a payé.",
            Member,
            ("name", "siret"),
            due=lambda now: Member.objects.filter(fees__isnull=True, created_at__lt=now - CONTACT),
            about=lambda email, now: Member.objects.filter(fees__isnull=True, email=email),
            end=retention.delete,
        ),
        retention.Line(
            "Fichiers de cotisants déposés par l’équipe",
            "dès qu’ils sont importés, 7\u00a0jours après leur dépôt au plus tard",
            "Ils ne servent qu’à cela.",
            SpreadsheetImport,
            ("content", "lines", "message"),
            due=importing.forgotten,
            end=lambda line, rows, now: importing.forget(rows),
        ),
        retention.Line(
            "Nom de ces fichiers",
            "un an",
            "Pour savoir ce qui a été importé, et quand.",
            SpreadsheetImport,
            ("file_name", "notes"),
            due=lambda now: SpreadsheetImport.objects.filter(created_at__lt=now - FORM),
            end=retention.delete,
        ),
    )
    for model, fields in (
        (Member, ("kind",)),
        (MembershipFee, ("status", "method")),
        (Application, ("kind", "method", "filled_from")),
        (SpreadsheetImport, ("kind", "status", "counts", "fingerprint")),
        (EmailDomain, ("domain",)),
        (FeeCampaign, ("name",)),
        (FeeCategory, ("label", "scope", "description")),
    ):
        retention.not_personal(model, *fields)


def _uncover(line: retention.Line, rows: QuerySet[Any, Any], now: datetime) -> None:
    """The rows go, and with them a cover: seats are judged again (R7b); a place in a list may serve somebody else."""
    circle = Circle.of(rows.values_list("member", flat=True))
    rows.delete()
    consequences.draw(circle, lost="adresse oubliée, à la demande de la personne", now=now)


def _without_fee_since(instant: datetime) -> QuerySet[Any, Any]:
    """Members whose last fee was for a period over by then; without any, who were created before."""
    last = Member.objects.annotate(paid_until=Max("fees__campaign__ends_on"))
    day = timezone.localdate(instant)
    return last.filter(Q(paid_until__lt=day) | Q(paid_until__isnull=True, created_at__lt=instant)).values("pk")
