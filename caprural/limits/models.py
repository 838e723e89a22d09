"""The counters."""

from django.db import models


class Spending(models.Model):
    """How much of one kind was spent under one key, in the window that ends at `until`."""

    kind = models.CharField("nature", max_length=40)
    #: HMAC with the secret key: whoever reads the database does not learn who did it.
    hashed_key = models.CharField("clé", max_length=64)
    spent = models.PositiveIntegerField("compté")
    until = models.DateTimeField("jusqu’à", db_index=True)

    class Meta:
        verbose_name = "limite"
        constraints = [models.UniqueConstraint(fields=["kind", "hashed_key"], name="one_spending_per_key")]

    def __str__(self) -> str:
        return f"{self.kind}\u00a0: {self.spent}"
