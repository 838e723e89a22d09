"""« Bulletin en ligne »: what someone typed to become a member, until the coordination has checked it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse

from caprural import validators
from caprural.fields import CodeField, EmailField
from caprural.mailing.models import Letters
from members.models.campaign import FeeCategory
from members.models.fee import MembershipFee, new_token
from members.models.member import FULL_NAME_LENGTH, Member


class ApplicationQuerySet(models.QuerySet["Application"]):
    def to_check(self) -> Self:
        """Those the coordination has not looked at yet, oldest first."""
        return self.filter(checked_at__isnull=True).order_by("pk")

    def of_payer(self, *, siret: str, email: str) -> Self:
        """Those that say this SIRET, or this address to write to: what visibly comes from one payer."""
        same = models.Q(siret=siret) if siret else models.Q()
        return self.filter(same | models.Q(email=validators.normalise_email(email))) if siret or email else self.none()

    def naming(self, emails: Iterable[str]) -> Self:
        """Those filled by, or for, the people with these addresses."""
        addresses = {validators.normalise_email(email) for email in emails}
        return self.filter(models.Q(email__in=addresses) | models.Q(people__email__in=addresses)).distinct()

    def by_address(self, emails: Iterable[str]) -> dict[str, list["Application"]]:
        """For each of these addresses, those filled by, or for, that person; two queries."""
        found: dict[str, list[Application]] = defaultdict(list)
        for application in self.naming(emails).prefetch_related("people"):
            for email in application.addresses:
                found[email].append(application)
        return found

    def beside_scale(
        self, on: date | None, asked: Mapping[int, tuple[str, tuple[str, ...]]]
    ) -> tuple[list[FeeCategory], dict[int, "Application"]]:
        """The scale of the day `on`; and for each person asked about, by address, the latest form that names them for
        its campaign, its fee not cancelled since: one that was checked, or was filled from one of the places
        given. One query while no form names anybody, three at most.
        """
        people: dict[str, list[int]] = defaultdict(list)
        for key, (email, _) in asked.items():
            people[validators.normalise_email(email)].append(key)
        live = self.naming(people).exclude(fee__status=MembershipFee.Status.CANCELLED)
        answers = live.filter(category__campaign=models.OuterRef("campaign"))
        scale = list(FeeCategory.objects.of(on).annotate(is_answered=models.Exists(answers)))
        found: dict[int, Application] = {}
        if any(category.is_answered for category in scale):
            ours = live.filter(category__campaign=scale[0].campaign).select_related("fee").prefetch_related("people")
            for application in ours.order_by("pk"):
                for email in application.addresses:
                    for key in people.get(email, ()):
                        if application.checked_at or application.filled_from in asked[key][1]:
                            found[key] = application
        return list(scale), found


class Application(models.Model):
    """What was typed in the on-line membership form, kept as it was typed.

    Nobody proves who they are in a public form: whatever it says (a payer, a fee, people to cover, a domain) stays here
    and changes nothing and nobody until someone of the team has checked it (R14).
    """

    #: The fee it opened or joined when it was checked; none before.
    fee = models.ForeignKey(
        MembershipFee,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name="cotisation",
    )
    category = models.ForeignKey(
        FeeCategory, on_delete=models.PROTECT, related_name="applications", verbose_name="catégorie"
    )
    amount = models.DecimalField("montant (€)", max_digits=9, decimal_places=2)
    kind = models.CharField("nature", max_length=10, choices=Member.Kind.choices)
    name = models.CharField("nom", max_length=160, validators=[validators.without_link])
    siret = CodeField("SIRET", max_length=14, blank=True, validators=[validators.siret_number])
    address = models.TextField("adresse postale", max_length=400, blank=True, validators=[validators.multi_line])
    contact_name = models.CharField(
        "personne à contacter", max_length=FULL_NAME_LENGTH, validators=[validators.person_name]
    )
    email = EmailField("adresse e-mail", validators=[validators.email_address])
    phone = models.CharField("téléphone", max_length=30, blank=True, validators=[validators.phone_number])
    domain = models.CharField(
        "domaine e-mail",
        max_length=253,
        blank=True,
        validators=[validators.email_domain, validators.not_public_mailbox_domain],
    )
    method = models.CharField("moyen de paiement", max_length=10, choices=MembershipFee.Method.choices)
    service_code = models.CharField("code service", max_length=100, blank=True, validators=[validators.single_line])
    engagement_number = models.CharField(
        "numéro d’engagement", max_length=50, blank=True, validators=[validators.single_line]
    )
    submission_key = models.UUIDField(unique=True, editable=False)
    #: The private link, or the browser that had just registered; empty for the page that is everybody's.
    filled_from = models.CharField(max_length=16, blank=True, editable=False)
    token = models.CharField(max_length=43, unique=True, default=new_token, editable=False)
    received_at = models.DateTimeField("reçu le")
    checked_at = models.DateTimeField("vérifié le", null=True, blank=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name="vérifié par"
    )

    #: What was written to whoever filled it.
    messages = Letters()

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = "bulletin en ligne"
        verbose_name_plural = "bulletins en ligne"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("application_detail", args=[self.token])

    @property
    def addresses(self) -> set[str]:
        """That of whoever filled it, and those of the people it names."""
        return {self.email, *(person.email for person in self.people.all())}

    @property
    def code(self) -> str:
        """The reference to quote: the fee's once it was checked, until then its own, « BUL-00042 »."""
        return self.fee.code if self.fee else self.own_code

    @property
    def own_code(self) -> str:
        """Its own reference, by which a payment that came before the check is found."""
        return f"BUL-{self.pk:05d}"

    @property
    def asked(self) -> Decimal:
        """What is to be paid: the fee's amount once it was checked; before, the scale's on the day it was typed."""
        return Decimal(self.fee.amount if self.fee else self.amount)

    @property
    def is_amount_owed(self) -> bool:
        """Whether a payment is still expected, as far as this form says; not when the member's fee was accepted."""
        return (self.fee is None or self.fee.status == MembershipFee.Status.DUE) and self.asked > 0


class ApplicationPerson(models.Model):
    """A person the form asks to cover."""

    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, related_name="people", verbose_name="bulletin"
    )
    email = EmailField("adresse e-mail", validators=[validators.email_address])
    name = models.CharField("nom", max_length=FULL_NAME_LENGTH, blank=True, validators=[validators.without_link])

    class Meta:
        verbose_name = "personne à couvrir"
        verbose_name_plural = "personnes à couvrir"
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("application", "email"), name="person_once_per_application"),)

    def __str__(self) -> str:
        return self.email
