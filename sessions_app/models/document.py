"""What the people registered are given to read."""

from django.db import models

from caprural import validators
from sessions_app.models.session import TrainingSession


class SessionDocument(models.Model):
    """A file for the people registered: programme, access map… Private: only a registration's page gives it."""

    session = models.ForeignKey(
        TrainingSession, on_delete=models.CASCADE, related_name="documents", verbose_name="session"
    )
    title = models.CharField("intitulé", max_length=120, validators=[validators.single_line])
    file = models.FileField("fichier", upload_to="documents/%Y/")

    class Meta:
        verbose_name = "document pour les participants"
        verbose_name_plural = "documents pour les participants"
        ordering = ("title", "pk")

    def __str__(self) -> str:
        return self.title
