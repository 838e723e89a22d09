"""« Bulletin en ligne »: what someone typed to become a member, until the coordination has checked it."""

from datetime import date
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse

from caprural import validators
from caprural.fields import CodeField, EmailField
from members.models.campaign import FeeCategory
from members.models.fee import MembershipFee, new_token
from members.models.member import FULL_NAME_LENGTH, Member


class ApplicationQuerySet(models.QuerySet["Application"]):
    def to_check(self) -> Self:
        """Those the coordination has not looked at yet, oldest first.

        A payer nobody knew is looked at when its fee is recorded: nothing is left to check once it is no longer due.
        """
        is_recorded = models.Q(is_new_member=True) & ~models.Q(fee__status=MembershipFee.Status.DUE)
        return self.filter(checked_at__isnull=True).exclude(is_recorded).order_by("pk")

    def naming(self, email: str) -> Self:
        """Those filled by, or for, the person with this address."""
        address = validators.normalise_email(email)
        return self.filter(models.Q(email=address) | models.Q(people__email=address)).distinct()

    def beside_scale(self, email: str, on: date | None) -> tuple[list[FeeCategory], "Application | None"]:
        """The scale of the day `on`, and the latest form that names this person for its campaign, its fee not
        cancelled since. One query while there is no such form.
        """
        live = self.naming(email).exclude(fee__status=MembershipFee.Status.CANCELLED)
        answers = live.filter(category__campaign=models.OuterRef("campaign"))
        scale = list(FeeCategory.objects.of(on).annotate(is_answered=models.Exists(answers)))
        if not any(category.is_answered for category in scale):
            return list(scale), None
        latest = live.filter(category__campaign=scale[0].campaign).select_related("fee").order_by("-pk")
        return list(scale), latest.first()


class Application(models.Model):
    """What was typed in the on-line membership form, kept as it was typed.

    Nobody proves who they are in a public form: what it says of a member already known (people to cover, a new
    address…) changes nothing until someone of the team has checked it (R14). A payer nobody knew is created at once,
    with a fee « attendue » that covers nobody before it is accepted.
    """

    fee = models.ForeignKey(
        MembershipFee, on_delete=models.PROTECT, related_name="applications", verbose_name="cotisation"
    )
    #: Whether the member was created from this form.
    is_new_member = models.BooleanField("nouveau cotisant", editable=False)
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
    token = models.CharField(max_length=43, unique=True, default=new_token, editable=False)
    received_at = models.DateTimeField("reçu le")
    checked_at = models.DateTimeField("vérifié le", null=True, blank=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name="vérifié par"
    )

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = "bulletin en ligne"
        verbose_name_plural = "bulletins en ligne"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The private page of whoever filled it."""
        return reverse("application_detail", args=[self.token])

    @property
    def awaits_check(self) -> bool:
        """Whether the coordination still has to look at it: on one row, what `to_check` says of all."""
        is_recorded = self.is_new_member and self.fee.status != MembershipFee.Status.DUE
        return self.checked_at is None and not is_recorded

    @property
    def is_vouched_for(self) -> bool:
        """Whether someone of the team stands behind what it says: checked, or the payer's fee recorded from it.

        A form that brought nothing new was set aside the moment it arrived. Whoever filled it is not told apart from
        the others: they would learn that what they typed is what we know.
        """
        return not self.awaits_check and self.checked_at != self.received_at

    @property
    def is_fee_known(self) -> bool:
        """Whether the fee of a payer already known was accepted, while nobody has checked that this form is theirs."""
        return self.fee.is_accepted and not self.is_vouched_for

    @property
    def is_amount_owed(self) -> bool:
        """Whether the payer is still expected to pay; not when the member's fee was accepted already."""
        return self.fee.status == MembershipFee.Status.DUE and self.amount > Decimal(0)


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
