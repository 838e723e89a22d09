"""« Reçu »: the proof given to a payer, numbered without gaps, whose words never change."""

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models.fee import MembershipFee, new_token


class ReceiptCounter(models.Model):
    """The last number given in a year. Its row is the lock under which the next one is given."""

    year = models.PositiveSmallIntegerField("année", primary_key=True)
    last = models.PositiveIntegerField("dernier numéro", default=0)

    class Meta:
        verbose_name = "compteur des reçus"
        verbose_name_plural = "compteurs des reçus"

    def __str__(self) -> str:
        return f"{self.year} : {self.last}"


class Receipt(models.Model):
    """A numbered receipt for one paid fee; a cancelled payment voids it, and its number is never given again."""

    year = models.PositiveSmallIntegerField("année")
    number = models.PositiveIntegerField("numéro")
    fee = models.ForeignKey(MembershipFee, on_delete=models.PROTECT, related_name="receipts", verbose_name="cotisation")
    issued_at = models.DateTimeField("émis le")
    voided_at = models.DateTimeField("annulé le", null=True, blank=True)
    #: What the document says, frozen on the day it was issued (`members.receipts`).
    facts = models.JSONField("contenu", editable=False)
    token = models.CharField(max_length=43, unique=True, default=new_token, editable=False)

    class Meta:
        verbose_name = "reçu"
        verbose_name_plural = "reçus"
        ordering = ("-year", "-number")
        constraints = (
            models.UniqueConstraint(fields=("year", "number"), name="receipt_number_given_once"),
            models.UniqueConstraint(
                fields=("fee",), condition=Q(voided_at__isnull=True), name="one_valid_receipt_per_fee"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="receipt_numbers_start_at_one"),
        )

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The number as it is printed: « 2017-0001 »."""
        return f"{self.year}-{self.number:04d}"

    @property
    def issued_on(self) -> date:
        """The day of issue, in Europe/Paris."""
        return timezone.localdate(self.issued_at)
