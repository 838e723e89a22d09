"""Who leads sessions."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from caprural import validators


class TrainerManager(models.Manager["Trainer"]):
    def get_by_natural_key(self, name: str, organisation: str, role: str) -> "Trainer":
        return self.get(name=name, organisation=organisation, role=role)


class Trainer(models.Model):
    """« Intervenant·e »: who leads sessions. With an account, they see their own sessions in the admin."""

    name = models.CharField("nom", max_length=120, blank=True, validators=[validators.single_line])
    role = models.CharField("fonction ou mission", max_length=160, blank=True, validators=[validators.single_line])
    organisation = models.CharField("structure", max_length=160, blank=True, validators=[validators.single_line])
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="trainer",
        verbose_name="compte",
        help_text="Le compte qui permet de voir les personnes inscrites à ses sessions.",
    )

    objects = TrainerManager()

    class Meta:
        verbose_name = "intervenant·e"
        verbose_name_plural = "intervenant·e·s"
        ordering = ("name", "organisation", "pk")
        constraints = (
            models.CheckConstraint(
                condition=~Q(name="") | ~Q(organisation="") | ~Q(role=""),
                name="trainer_is_described",
                violation_error_message="Indiquez au moins un nom, une structure ou une fonction.",
            ),
        )

    def __str__(self) -> str:
        affiliation = " – ".join(part for part in (self.organisation, self.role) if part)
        return ", ".join(part for part in (self.name, affiliation) if part)

    def natural_key(self) -> tuple[str, str, str]:
        return (self.name, self.organisation, self.role)


class SessionTrainer(models.Model):
    """A trainer of a session, in the order the flyer names them."""

    session = models.ForeignKey(
        "TrainingSession", on_delete=models.CASCADE, related_name="session_trainers", verbose_name="session"
    )
    trainer = models.ForeignKey(
        Trainer, on_delete=models.PROTECT, related_name="session_trainers", verbose_name="intervenant·e"
    )
    position = models.PositiveSmallIntegerField("ordre", default=0)

    class Meta:
        verbose_name = "intervenant·e"
        verbose_name_plural = "qui intervient ?"
        ordering = ("position", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("session", "trainer"),
                name="trainer_once_per_session",
                violation_error_message="Cette personne intervient déjà dans la session.",
            ),
        )

    def __str__(self) -> str:
        return str(self.trainer)
