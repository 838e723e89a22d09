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
