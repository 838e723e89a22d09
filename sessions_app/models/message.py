"""What was written to whom: the message log of a registration, and the proof that a dated message left once (R24)."""

from django.db import models
from django.db.models import Q

from caprural import typography


class Message(models.Model):
    """A message of the queue, seen from the session and the registration it is about.

    `key` names the occurrence of a dated message (the due date a reminder speaks of…). The database holds one message
    per registration, kind and key: whatever a worker does twice is refused the second time.
    """

    session = models.ForeignKey(
        "TrainingSession", on_delete=models.CASCADE, related_name="messages", verbose_name="session"
    )
    registration = models.ForeignKey(
        "Registration",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name="inscription",
    )
    kind = models.CharField("nature", max_length=40)
    key = models.CharField("échéance", max_length=40, blank=True)
    email = models.OneToOneField(
        "post_office.Email",
        on_delete=models.SET_NULL,
        null=True,
        related_name="about",
        verbose_name="message envoyé",
    )
    written_at = models.DateTimeField("écrit le", auto_now_add=True)

    class Meta:
        verbose_name = "message"
        verbose_name_plural = "messages"
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("registration", "kind", "key"), condition=~Q(key=""), name="dated_message_once_per_registration"
            ),
            models.UniqueConstraint(
                fields=("session", "kind", "key"),
                condition=~Q(key="") & Q(registration__isnull=True),
                name="dated_message_once_per_session",
            ),
        )

    def __str__(self) -> str:
        return f"message du {typography.moment(self.written_at)}"


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
