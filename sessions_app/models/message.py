"""What waits for the worker: links asked for."""

from django.db import models

from caprural import typography


class LinkRequest(models.Model):
    """« Retrouver mon inscription » (R11): an address typed, until the worker has answered it by e-mail."""

    email = models.EmailField("adresse e-mail")
    asked_at = models.DateTimeField("demandé le")

    class Meta:
        verbose_name = "demande de lien"
        verbose_name_plural = "demandes de lien"
        ordering = ("pk",)

    def __str__(self) -> str:
        return typography.moment(self.asked_at)


class Heartbeat(models.Model):
    """When a worker last finished a round; one row per worker name."""

    worker = models.CharField("processus", max_length=120, unique=True)
    seen_at = models.DateTimeField("vu le")

    class Meta:
        verbose_name = "signe de vie du processus d’envoi"
        verbose_name_plural = "signes de vie des processus d’envoi"
        ordering = ("-seen_at",)

    def __str__(self) -> str:
        return self.worker
