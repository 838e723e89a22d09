"""The annual fee of one member, and what was written about it (R13, R14)."""

import secrets
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Q

from caprural import validators
from caprural.mailing.models import Letters
from members.models.campaign import FeeCampaign, FeeCategory
from members.models.member import CoveredPerson, Member


def new_token() -> str:
    """192 random bits for a private link."""
    return secrets.token_urlsafe(24)


class MembershipFeeQuerySet(models.QuerySet["MembershipFee"]):
    def live(self) -> Self:
        """Fees that are not cancelled: one per member and campaign (R13)."""
        return self.exclude(status=MembershipFee.Status.CANCELLED)

    def accepted(self) -> Self:
        """Fees that put their member up to date: committed, paid or waived (R13)."""
        return self.filter(status__in=MembershipFee.ACCEPTED)


class MembershipFee(models.Model):
    """« Cotisation annuelle » of one member for one campaign; its amount is frozen when it is created (R13)."""

    class Status(models.TextChoices):
        DUE = "due", "attendue"
        COMMITTED = "committed", "engagement reçu"
        PAID = "paid", "payée"
        WAIVED = "waived", "exonérée"
        CANCELLED = "cancelled", "annulée"

    class Method(models.TextChoices):
        CHEQUE = "cheque", "chèque"
        TRANSFER = "transfer", "virement"
        MANDATE = "mandate", "mandat administratif"

    ACCEPTED = (Status.COMMITTED, Status.PAID, Status.WAIVED)

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="fees", verbose_name="cotisant")
    campaign = models.ForeignKey(FeeCampaign, on_delete=models.PROTECT, related_name="fees", verbose_name="campagne")
    category = models.ForeignKey(FeeCategory, on_delete=models.PROTECT, related_name="fees", verbose_name="catégorie")
    amount = models.DecimalField("montant (€)", max_digits=9, decimal_places=2)
    status = models.CharField("état", max_length=10, choices=Status.choices, default=Status.DUE)
    status_changed_at = models.DateTimeField("état depuis le")
    method = models.CharField("moyen de paiement", max_length=10, choices=Method.choices, blank=True)
    reference = models.CharField(
        "référence",
        max_length=80,
        blank=True,
        help_text="Numéro de chèque ou de virement.",
        validators=[validators.single_line],
    )
    engagement_number = models.CharField(
        "numéro d’engagement",
        max_length=50,
        blank=True,
        help_text="Celui du bon de commande d’un organisme public.",
        validators=[validators.single_line],
    )
    paid_on = models.DateField("payée le", null=True, blank=True, validators=[validators.plausible_day])
    token = models.CharField(max_length=43, unique=True, default=new_token, editable=False)
    note = models.TextField("note interne", blank=True, validators=[validators.multi_line])
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    #: What was written to its payer, by e-mail or by post.
    messages = Letters()

    objects = MembershipFeeQuerySet.as_manager()

    class Meta:
        verbose_name = "cotisation"
        verbose_name_plural = "cotisations"
        ordering = ("-campaign__starts_on", "member__name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("member", "campaign"),
                condition=~Q(status="cancelled"),
                name="one_fee_per_member_and_campaign",
                violation_error_message="Ce cotisant a déjà une cotisation pour cette campagne.",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="fee_amount_not_negative"),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(paid_on__isnull=False),
                name="fee_paid_means_a_day",
                violation_error_message="Indiquez le jour du paiement.",
            ),
            models.CheckConstraint(condition=validators.are_plausible_days("paid_on"), name="fee_paid_on_is_plausible"),
            models.CheckConstraint(
                condition=Q(status__in=("due", "committed", "paid", "waived", "cancelled")), name="fee_status_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.member} – {self.campaign}"

    @property
    def is_accepted(self) -> bool:
        """Whether this fee puts its member up to date during its campaign (R13)."""
        return self.status in self.ACCEPTED

    @property
    def is_owed(self) -> bool:
        """Whether its payment is still expected: also of a public body whose engagement was received."""
        return self.status in (self.Status.DUE, self.Status.COMMITTED) and Decimal(self.amount) > 0

    def covered_people(self) -> list[CoveredPerson]:
        """The people its member lists, no more than the category covers (R14). One query."""
        return list(self.category.reach(list(self.member.people.all()), ())[0])

    def covered_domains(self) -> list[str]:
        """The domains its member declares, when such a fee covers them (R14). One query."""
        return list(self.category.reach((), list(self.member.domains.values_list("domain", flat=True)))[1])

    @property
    def letters_go_to(self) -> str:
        """Where its payer is written to; empty when they are by post."""
        return str(self.member.email)

    @property
    def code(self) -> str:
        """The reference a payer is asked to quote, and by which the payment is found: « COT-00042 »."""
        return f"COT-{self.pk:05d}" if self.pk else "COT-…"
