"""The resource centre itself, issuer of every document; and the sign of life of what works for it."""

import base64
import re
from typing import Any
from urllib.parse import quote

from django.core.validators import FileExtensionValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from caprural import validators
from caprural.fields import CodeField, EmailField

#: What the site calls itself while nobody has described the organisation yet.
UNNAMED = "Centre de ressources"
#: What a logo may be: its first bytes say it, whatever its name says.
LOGO_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_TOWN = re.compile(r"^[ \t]*\d{5}[ \t]+(\S.*?)(?:[ \t]+cedex\b.*)?\s*$", re.MULTILINE | re.IGNORECASE)


def logo_type(content: bytes) -> str:
    """The content type of an image that can be a logo; empty for anything else."""
    return next((kind for start, kind in LOGO_TYPES.items() if content.startswith(start)), "")


class Organisation(models.Model):
    """The resource centre itself: issuer of every document, named nowhere else. One row, always there."""

    name = models.CharField("nom", max_length=120, validators=[validators.single_line])
    legal_form = models.CharField("forme juridique", max_length=120, blank=True, validators=[validators.single_line])
    address = models.TextField("adresse postale", blank=True, validators=[validators.multi_line])
    contact_name = models.CharField(
        "personne à contacter", max_length=120, blank=True, validators=[validators.single_line]
    )
    phone = models.CharField("téléphone", max_length=30, blank=True, validators=[validators.phone_number])
    email = EmailField("adresse e-mail", blank=True, validators=[validators.email_address])
    website = models.URLField("site internet", blank=True)
    siret = CodeField("SIRET", max_length=14, blank=True, validators=[validators.siret_number])
    logo = models.ImageField(
        "logo",
        upload_to="organisation",
        blank=True,
        help_text="Image PNG ou JPEG, d’un mégaoctet au plus, sur fond clair. En tête des pages et des documents.",
        validators=[FileExtensionValidator(("png", "jpg", "jpeg"))],
    )
    cheque_payee = models.CharField(
        "chèques à l’ordre de", max_length=120, blank=True, validators=[validators.single_line]
    )
    iban = CodeField("IBAN", max_length=34, blank=True, validators=[validators.iban_number])
    bic = CodeField("BIC", max_length=11, blank=True, validators=[validators.bic_code])
    chorus_pro = models.TextField(
        "information Chorus Pro",
        blank=True,
        help_text="Ce que doit savoir un organisme public qui paie par mandat : comment lui parvient l’appel de "
        "cotisation, ce qu’il doit indiquer.",
        validators=[validators.multi_line],
    )
    signatory_name = models.CharField(
        "signataire des documents", max_length=120, blank=True, validators=[validators.single_line]
    )
    signatory_role = models.CharField(
        "qualité du signataire",
        max_length=120,
        blank=True,
        help_text="Par exemple « présidente ».",
        validators=[validators.single_line],
    )
    fee_mention = models.CharField(
        "mention au bas des appels et des reçus",
        max_length=300,
        blank=True,
        help_text="Par exemple « TVA non applicable, article 293 B du code général des impôts ».",
        validators=[validators.single_line],
    )
    privacy_email = EmailField(
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
        return cls.objects.first() or cls(pk=1, name=UNNAMED)

    @property
    def town(self) -> str:
        """Where its documents are made out: what follows the postcode of its address; empty when none is written."""
        found = _TOWN.findall(self.address)
        return str(found[-1]) if found else ""

    def logo_content(self) -> bytes:
        """The bytes of the logo; none without logo, or when its file is gone or is not an image we know."""
        if not self.logo:
            return b""
        try:
            with self.logo.open() as file:
                content: bytes = file.read()
        except OSError:
            return b""
        return content if logo_type(content) else b""

    @property
    def logo_url(self) -> str:
        """The address of the logo for pages; another one for each file, so that a new logo is seen at once."""
        return f"{reverse('logo')}?{quote(self.logo.name or '', safe='')}" if self.logo else ""

    @property
    def logo_uri(self) -> str:
        """The logo in one piece, for documents, which fetch nothing; empty when there is none to show."""
        content = self.logo_content()
        return f"data:{logo_type(content)};base64,{base64.b64encode(content).decode()}" if content else ""


class Heartbeat(models.Model):
    """When a worker last finished a round; one row per worker name."""

    worker = models.CharField("processus", max_length=120, unique=True)
    seen_at = models.DateTimeField("vu le")

    class Meta:
        verbose_name = "signe de vie du processus d’envoi"
        verbose_name_plural = "signes de vie des processus d’envoi"
        ordering = ("-seen_at",)

    def __str__(self) -> str:
        return self.worker
