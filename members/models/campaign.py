"""The period an annual fee covers, and its scale (R12)."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Self, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from caprural import typography, validators

T = TypeVar("T")


class FeeCampaignQuerySet(models.QuerySet["FeeCampaign"]):
    def of(self, on: date | None) -> "FeeCampaign | None":
        """The campaign that covers the day `on` (R12): there is at most one; none for a day nobody knows yet."""
        return self.overlapping(on, on).first() if on else None

    def overlapping(self, starts_on: date, ends_on: date) -> Self:
        """Campaigns that share at least a day with this period."""
        return self.filter(starts_on__lte=ends_on, ends_on__gte=starts_on)

    def before(self, campaign: "FeeCampaign") -> "FeeCampaign | None":
        """The campaign that precedes this one; None for the first."""
        return self.filter(ends_on__lt=campaign.starts_on).order_by("-ends_on").first()

    def lock(self) -> None:
        """Until the transaction ends, nobody else opens or moves a campaign, nor finds, creates or merges payers.

        « No two campaigns cover the same day » and « one member per payer » are no constraints that both databases
        know. The lock is a row that is always there, that of this model among Django's, so that the very first campaign
        has one too.
        """
        mine = ContentType.objects.filter(app_label="members", model="feecampaign")
        list(mine.select_for_update(no_key=True).values_list("pk"))


class FeeCampaign(models.Model):
    """The period one annual fee covers, by default a calendar year (R12)."""

    name = models.CharField("nom", max_length=80, unique=True, validators=[validators.single_line])
    starts_on = models.DateField("premier jour couvert", validators=[validators.plausible_day])
    ends_on = models.DateField("dernier jour couvert", validators=[validators.plausible_day])

    reminders = models.PositiveSmallIntegerField(
        "nombre de relances",
        default=2,
        validators=[MaxValueValidator(5)],
        help_text="Messages envoyés aux cotisants dont la cotisation reste attendue. 0 : aucune relance.",
    )
    reminder_days = models.PositiveSmallIntegerField(
        "jours entre deux relances",
        default=30,
        validators=[MinValueValidator(7), MaxValueValidator(180)],
        help_text="La première relance part ce nombre de jours après la demande de cotisation.",
    )

    objects = FeeCampaignQuerySet.as_manager()

    class Meta:
        verbose_name = "campagne de cotisation"
        verbose_name_plural = "campagnes de cotisation"
        ordering = ("-starts_on",)
        constraints = (
            models.CheckConstraint(
                condition=Q(starts_on__lte=F("ends_on")),
                name="campaign_starts_before_it_ends",
                violation_error_message="Le dernier jour couvert doit suivre le premier.",
            ),
            models.CheckConstraint(
                condition=validators.are_plausible_days("starts_on", "ends_on"), name="campaign_days_are_plausible"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def covers(self, on: date) -> bool:
        """Whether the day `on` is in its period, both ends included (R12)."""
        return self.starts_on <= on <= self.ends_on

    def clean(self) -> None:
        """Two campaigns never cover the same day: « la campagne en cours » must have one answer."""
        if self.starts_on and self.ends_on:
            other = FeeCampaign.objects.exclude(pk=self.pk).overlapping(self.starts_on, self.ends_on).first()
            if other:
                raise ValidationError(f"Cette période chevauche celle de la campagne « {other} » : modifiez les dates.")


class FeeCategoryQuerySet(models.QuerySet["FeeCategory"]):
    def of(self, on: date | None) -> Self:
        """The scale that applies on the day `on`, each line with its campaign, in one query (R12).

        Nothing for a day nobody knows yet.
        """
        scale = self.select_related("campaign")
        return scale.filter(campaign__starts_on__lte=on, campaign__ends_on__gte=on) if on else scale.none()

    def offered(self, on: date) -> Self:
        """The scales one may choose from on the day `on`: the current one, then those of campaigns to come (R12)."""
        scales = self.select_related("campaign").filter(campaign__ends_on__gte=on)
        return scales.order_by("campaign__starts_on", "position", "pk")


class FeeCategory(models.Model):
    """One line of the scale: a label, an amount in euros, and whom it covers (R12)."""

    class Scope(models.TextChoices):
        STRUCTURE = "structure", "une structure"
        PERSON = "person", "une personne"

    campaign = models.ForeignKey(
        FeeCampaign, on_delete=models.CASCADE, related_name="categories", verbose_name="campagne"
    )
    label = models.CharField("libellé", max_length=120, validators=[validators.single_line])
    amount = models.DecimalField("montant (€)", max_digits=9, decimal_places=2, validators=[MinValueValidator(0)])
    scope = models.CharField("qui est couvert", max_length=10, choices=Scope.choices, default=Scope.STRUCTURE)
    max_people = models.PositiveSmallIntegerField(
        "nombre de personnes au plus",
        null=True,
        blank=True,
        help_text="Laisser vide : la cotisation couvre toutes les personnes de la structure.",
    )
    description = models.CharField("précision", max_length=200, blank=True, validators=[validators.single_line])
    position = models.PositiveSmallIntegerField("ordre", default=0)

    objects = FeeCategoryQuerySet.as_manager()

    class Meta:
        verbose_name = "catégorie du barème"
        verbose_name_plural = "catégories du barème"
        ordering = ("campaign", "position", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("campaign", "label"),
                name="one_category_per_label",
                violation_error_message="Cette campagne a déjà une catégorie de ce nom.",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="category_amount_not_negative",
                violation_error_message="Le montant ne peut pas être négatif.",
            ),
            models.CheckConstraint(
                condition=Q(max_people__isnull=True) | Q(scope="structure", max_people__gte=1),
                name="category_limit_for_structures_only",
                violation_error_message="Le nombre de personnes se limite pour une structure, à partir de 1.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.label} ({self.campaign})"

    @property
    def people_limit(self) -> int | None:
        """How many listed people a fee of this category covers; None when it covers everybody of the member."""
        return 1 if self.scope == self.Scope.PERSON else self.max_people

    def reach(self, people: Sequence[T], domains: Collection[str]) -> tuple[Sequence[T], Collection[str]]:
        """Of the people a member lists, the first listed first, and its domains: those that such a fee covers (R14).

        Limited to n people, it covers the first n; a domain is then not enough, since nothing would say who they are.
        """
        limit = self.people_limit
        return (people, domains) if limit is None else (people[:limit], ())

    @property
    def scope_label(self) -> str:
        """The scope as the scale prints it: « une structure, jusqu’à 3 personnes »."""
        if self.scope == self.Scope.PERSON:
            return "une personne"
        if not self.max_people:
            return "une structure et toutes ses personnes"
        return f"une structure, jusqu’à {typography.counted(self.max_people, 'personne,personnes')}"
