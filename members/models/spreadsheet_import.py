"""« Import de tableur »: a file of members, covered people or fees, from its arrival to its effects."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

#: A file that a worker should have taken within that time waits for a worker that does not run.
WORKER_PATIENCE = timedelta(minutes=1)
#: A file that nobody imports is erased after that time: it holds names and addresses (R25).
KEPT = timedelta(days=7)


class SpreadsheetImportQuerySet(models.QuerySet["SpreadsheetImport"]):
    def due(self, now: datetime) -> Self:
        """Files to analyse or to import that no worker holds, oldest first."""
        is_free = Q(taken_until__isnull=True) | Q(taken_until__lte=now)
        return self.filter(is_free, status__in=SpreadsheetImport.UNDER_WAY).order_by("pk")

    def light(self) -> Self:
        """Without the file nor the outcome of each line."""
        return self.defer("content", "lines")


class SpreadsheetImport(models.Model):
    """One file: analysed, shown line by line, then imported whole or not at all.

    The file and what is said of each line are erased once they have served; the counts stay.
    """

    class Kind(models.TextChoices):
        MEMBERS = "members", "cotisants"
        PEOPLE = "people", "personnes couvertes"
        FEES = "fees", "cotisations"

    class Status(models.TextChoices):
        TO_ANALYSE = "to_analyse", "à analyser"
        ANALYSING = "analysing", "analyse en cours"
        READY = "ready", "prêt"
        REFUSED = "refused", "refusé"
        TO_APPLY = "to_apply", "à importer"
        APPLYING = "applying", "import en cours"
        APPLIED = "applied", "appliqué"
        FAILED = "failed", "échoué"
        EXPIRED = "expired", "effacé"

    TO_READ = (Status.TO_ANALYSE, Status.ANALYSING)
    TO_WRITE = (Status.TO_APPLY, Status.APPLYING)
    UNDER_WAY = (*TO_READ, *TO_WRITE)

    kind = models.CharField("nature", max_length=10, choices=Kind.choices)
    file_name = models.CharField("fichier", max_length=200)
    content = models.BinaryField("contenu")
    status = models.CharField("état", max_length=10, choices=Status.choices, default=Status.TO_ANALYSE)
    lines_total = models.PositiveIntegerField("lignes", default=0)
    lines_done = models.PositiveIntegerField("lignes analysées", default=0)
    counts = models.JSONField("bilan", default=dict, editable=False)
    notes = models.JSONField("remarques", default=list, editable=False)
    #: One list per line: number, outcome, name, details (`members.importing.Line`).
    lines = models.JSONField("détail", default=list, editable=False)
    fingerprint = models.CharField("empreinte", max_length=64, blank=True, editable=False)
    message = models.TextField("à savoir", blank=True)
    #: The form that sent it: sent twice, it makes one import.
    sending = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, verbose_name="envoyé par", related_name="+"
    )
    created_at = models.DateTimeField("envoyé le")
    asked_at = models.DateTimeField("demandé le")
    taken_until = models.DateTimeField("pris jusqu’à", null=True, editable=False)
    attempts = models.PositiveSmallIntegerField("essais", default=0, editable=False)
    applied_at = models.DateTimeField("importé le", null=True)

    objects = SpreadsheetImportQuerySet.as_manager()

    class Meta:
        verbose_name = "import de tableur"
        verbose_name_plural = "imports de tableurs"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} – {self.file_name}"

    @property
    def is_under_way(self) -> bool:
        """Whether a worker has, or will have, something to do with it."""
        return self.status in self.UNDER_WAY

    @property
    def can_be_read_again(self) -> bool:
        """Whether its file is still there and nothing of it was imported."""
        return self.status in (self.Status.READY, self.Status.REFUSED, self.Status.FAILED)

    def is_neglected(self, now: datetime) -> bool:
        """Whether no worker has come, or come back, in time: it does not run."""
        since = self.taken_until or self.asked_at
        return self.is_under_way and now - since > WORKER_PATIENCE

    def count(self, outcome: str) -> int:
        """How many lines have that outcome."""
        counts: dict[str, Any] = self.counts
        return int(counts.get(outcome, 0))
