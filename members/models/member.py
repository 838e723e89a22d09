"""Who pays, and the people a payer covers (R14)."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import StrIndex, Substr

from caprural import validators
from caprural.fields import CodeField, EmailField

#: A first name, a space and a surname of eighty letters each, as a registration has them.
FULL_NAME_LENGTH = 161


class MemberQuerySet(models.QuerySet["Member"]):
    def listing(self, email: str) -> Self:
        """Members that list this e-mail address, or declare the domain it belongs to (R14)."""
        return self.filter(listed(Value(validators.normalise_email(email)), member=OuterRef("pk")))


def listed(email: Value | OuterRef, **by: OuterRef) -> Q:
    """Whether a member (which, `by` says) lists this address, or declares the domain it belongs to (R14)."""
    domain = Substr(email, StrIndex(email, Value("@")) + 1)
    by_address = Exists(CoveredPerson.objects.filter(email=email, **by))
    return Q(by_address) | Q(Exists(EmailDomain.objects.filter(domain=domain, **by)))


class Member(models.Model):
    """« Cotisant »: the structure or the person who pays the annual fee."""

    class Kind(models.TextChoices):
        STRUCTURE = "structure", "structure"
        PERSON = "person", "personne"

    #: What a member says of itself beside its name: filled from an on-line form, or from a member merged into it.
    DETAILS = ("contact_name", "email", "phone", "address", "siret", "service_code")

    kind = models.CharField("nature", max_length=10, choices=Kind.choices, default=Kind.STRUCTURE)
    name = models.CharField("nom", max_length=160, validators=[validators.without_link])
    contact_name = models.CharField(
        "personne à contacter", max_length=FULL_NAME_LENGTH, blank=True, validators=[validators.without_link]
    )
    email = EmailField("adresse e-mail", blank=True, validators=[validators.email_address])
    phone = models.CharField("téléphone", max_length=30, blank=True, validators=[validators.phone_number])
    address = models.TextField("adresse postale", blank=True, validators=[validators.multi_line])
    siret = CodeField("SIRET", max_length=14, blank=True, validators=[validators.siret_number])
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
    email = EmailField("adresse e-mail", validators=[validators.email_address])
    name = models.CharField("nom", max_length=FULL_NAME_LENGTH, blank=True, validators=[validators.without_link])

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
        self.domain = validators.normalise_domain(self.domain)
