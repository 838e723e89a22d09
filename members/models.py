"""Who pays, what is paid, and what « à jour » means (R12–R14). Knows nothing of sessions."""

from datetime import date
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from stdnum.fr import siret

from caprural import validators

#: A first name, a space and a surname of eighty letters each, as a registration has them.
FULL_NAME_LENGTH = 161


def valid_siret(value: str) -> None:
    """Fourteen digits whose key is right. Raises ValidationError."""
    if len(value) != 14 or not siret.is_valid(value):
        raise ValidationError("Ce numéro SIRET n’est pas valide : vérifiez ses quatorze chiffres.")


class Organisation(models.Model):
    """The resource centre itself: issuer of every document, named nowhere else. One row, always there."""

    name = models.CharField("nom", max_length=120, validators=[validators.single_line])
    legal_form = models.CharField("forme juridique", max_length=120, blank=True, validators=[validators.single_line])
    address = models.TextField("adresse postale", blank=True, validators=[validators.multi_line])
    phone = models.CharField("téléphone", max_length=30, blank=True, validators=[validators.phone_number])
    email = models.EmailField("adresse e-mail", blank=True, validators=[validators.email_address])
    website = models.URLField("site internet", blank=True)
    siret = models.CharField("SIRET", max_length=14, blank=True, validators=[valid_siret])
    cheque_payee = models.CharField("chèques à l’ordre de", max_length=120, blank=True)
    iban = models.CharField("IBAN", max_length=42, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    privacy_email = models.EmailField(
        "contact pour les données personnelles", blank=True, validators=[validators.email_address]
    )
    publication_director = models.CharField("directeur ou directrice de la publication", max_length=120, blank=True)
    hosting = models.TextField("hébergeur du site", blank=True, help_text="Nom, adresse et téléphone de l’hébergeur.")

    class Meta:
        verbose_name = "organisme"
        verbose_name_plural = "organisme"
        constraints = (models.CheckConstraint(condition=Q(pk=1), name="one_organisation"),)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """There is one organisation, and it is row 1."""
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def current(cls) -> "Organisation":
        """The organisation, or an unsaved one that only has a name while nobody has described it yet."""
        return cls.objects.first() or cls(pk=1, name="Cap Rural")


class FeeCampaignQuerySet(models.QuerySet["FeeCampaign"]):
    def covering(self, on: date) -> Self:
        """Campaigns whose period contains the day `on`, both ends included (R12)."""
        return self.filter(starts_on__lte=on, ends_on__gte=on)

    def of(self, on: date | None) -> "FeeCampaign | None":
        """The campaign that covers the day `on`: there is at most one; none for a day nobody knows yet."""
        return self.covering(on).first() if on else None


class FeeCampaign(models.Model):
    """The period one annual fee covers, by default a calendar year (R12)."""

    name = models.CharField("nom", max_length=80, unique=True, validators=[validators.single_line])
    starts_on = models.DateField("premier jour couvert")
    ends_on = models.DateField("dernier jour couvert")

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
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Two campaigns never cover the same day: « la campagne en cours » must have one answer."""
        if self.starts_on and self.ends_on:
            other = (
                FeeCampaign.objects.exclude(pk=self.pk)
                .filter(starts_on__lte=self.ends_on, ends_on__gte=self.starts_on)
                .first()
            )
            if other:
                raise ValidationError(f"Cette période chevauche celle de la campagne « {other} » : modifiez les dates.")


class FeeCategoryQuerySet(models.QuerySet["FeeCategory"]):
    def of(self, on: date | None) -> Self:
        """The scale that applies on the day `on`, each line with its campaign, in one query (R12).

        Nothing for a day nobody knows yet.
        """
        scale = self.select_related("campaign")
        return scale.filter(campaign__starts_on__lte=on, campaign__ends_on__gte=on) if on else scale.none()


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

    @property
    def scope_label(self) -> str:
        """The scope as the scale prints it: « une structure, jusqu’à 3 personnes »."""
        if self.scope == self.Scope.STRUCTURE and self.max_people:
            people = "1 personne" if self.max_people == 1 else f"{self.max_people} personnes"
            return f"une structure, jusqu’à {people}"
        if self.scope == self.Scope.STRUCTURE:
            return "une structure et toutes ses personnes"
        return "une personne"


class MemberQuerySet(models.QuerySet["Member"]):
    def listing(self, email: str) -> Self:
        """Members that list this e-mail address, or declare the domain it belongs to (R14)."""
        address = validators.normalise_email(email)
        return self.filter(
            Exists(CoveredPerson.objects.filter(member=OuterRef("pk"), email=address))
            | Exists(EmailDomain.objects.filter(member=OuterRef("pk"), domain=address.rpartition("@")[2]))
        )


class Member(models.Model):
    """« Cotisant »: the structure or the person who pays the annual fee."""

    class Kind(models.TextChoices):
        STRUCTURE = "structure", "structure"
        PERSON = "person", "personne"

    kind = models.CharField("nature", max_length=10, choices=Kind.choices, default=Kind.STRUCTURE)
    name = models.CharField("nom", max_length=160, validators=[validators.single_line])
    contact_name = models.CharField(
        "personne à contacter", max_length=FULL_NAME_LENGTH, blank=True, validators=[validators.single_line]
    )
    email = models.EmailField("adresse e-mail", blank=True, validators=[validators.email_address])
    phone = models.CharField("téléphone", max_length=30, blank=True, validators=[validators.phone_number])
    address = models.TextField("adresse postale", blank=True, validators=[validators.multi_line])
    siret = models.CharField("SIRET", max_length=14, blank=True, validators=[valid_siret])
    service_code = models.CharField(
        "code service", max_length=100, blank=True, help_text="Pour Chorus Pro.", validators=[validators.single_line]
    )
    note = models.TextField("note interne", blank=True, validators=[validators.multi_line])
    created_at = models.DateTimeField("créé le", auto_now_add=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = "cotisant"
        verbose_name_plural = "cotisants"
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("siret",),
                condition=~Q(siret=""),
                name="one_member_per_siret",
                violation_error_message="Un cotisant porte déjà ce SIRET.",
            ),
        )

    def __str__(self) -> str:
        return self.name


class CoveredPerson(models.Model):
    """A person the member lists by e-mail address. Two members may list the same person."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="people", verbose_name="cotisant")
    email = models.EmailField("adresse e-mail", validators=[validators.email_address])
    name = models.CharField("nom", max_length=FULL_NAME_LENGTH, blank=True, validators=[validators.single_line])

    class Meta:
        verbose_name = "personne couverte"
        verbose_name_plural = "personnes couvertes"
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("member", "email"),
                name="person_listed_once_per_member",
                violation_error_message="Cette adresse figure déjà chez ce cotisant.",
            ),
        )
        indexes = (models.Index(fields=("email",), name="covered_person_email"),)

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Addresses are compared without case or surrounding spaces, so they are stored that way."""
        self.email = validators.normalise_email(self.email)


class EmailDomain(models.Model):
    """A domain whose addresses all belong to the member; never a public mailbox provider (R14)."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="domains", verbose_name="cotisant")
    domain = models.CharField(
        "domaine",
        max_length=253,
        help_text="Ce qui suit l’arobase, par exemple « pays-exemple.fr ».",
        validators=[validators.email_domain, validators.not_public_mailbox_domain],
    )

    class Meta:
        verbose_name = "domaine e-mail"
        verbose_name_plural = "domaines e-mail"
        ordering = ("domain",)
        constraints = (
            models.UniqueConstraint(
                fields=("member", "domain"),
                name="domain_declared_once_per_member",
                violation_error_message="Ce domaine figure déjà chez ce cotisant.",
            ),
        )
        indexes = (models.Index(fields=("domain",), name="email_domain_domain"),)

    def __str__(self) -> str:
        return self.domain

    def clean(self) -> None:
        """Domains are compared in lower case, so they are stored that way."""
        self.domain = validators.normalise_domain(self.domain)


class MembershipFeeQuerySet(models.QuerySet["MembershipFee"]):
    def accepted(self) -> Self:
        """Fees that put their member up to date: committed, paid or waived (R13)."""
        return self.filter(status__in=MembershipFee.ACCEPTED)

    def up_to_date(self, on: date) -> Self:
        """Accepted fees whose campaign covers the day `on` (R13)."""
        return self.accepted().filter(campaign__starts_on__lte=on, campaign__ends_on__gte=on)

    def covering(self, email: str) -> Self:
        """Fees that cover the person with this address (R14).

        A fee without a limit covers every listed address and every address of a declared domain. A fee limited to n
        people (one, for a person) covers the first n addresses its member lists; a domain alone is then not enough,
        since nothing would say who the n people are.
        """
        address = validators.normalise_email(email)
        people = CoveredPerson.objects.filter(member=OuterRef("member"))
        me = people.filter(email=address)
        rank = (
            CoveredPerson.objects.filter(member=OuterRef(OuterRef("member")), pk__lte=OuterRef("pk"))
            .order_by()
            .values("member")
            .annotate(n=Count("pk"))
            .values("n")
        )
        domain = EmailDomain.objects.filter(member=OuterRef("member"), domain=address.rpartition("@")[2])
        return self.annotate(
            person_rank=Subquery(me.annotate(rank=Subquery(rank)).values("rank")[:1]),
            people_limit=models.Case(
                models.When(category__scope=FeeCategory.Scope.PERSON, then=1),
                default=F("category__max_people"),
                output_field=models.PositiveSmallIntegerField(null=True),
            ),
        ).filter(
            Q(people_limit__isnull=True) & (Q(person_rank__isnull=False) | Exists(domain))
            | Q(person_rank__lte=F("people_limit"))
        )


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
        help_text="Numéro de chèque, de virement ou d’engagement.",
        validators=[validators.single_line],
    )
    note = models.TextField("note interne", blank=True, validators=[validators.multi_line])
    created_at = models.DateTimeField("créée le", auto_now_add=True)

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
                condition=Q(status__in=("due", "committed", "paid", "waived", "cancelled")), name="fee_status_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.member} – {self.campaign}"

    @property
    def is_accepted(self) -> bool:
        """Whether this fee puts its member up to date during its campaign (R13)."""
        return self.status in self.ACCEPTED
