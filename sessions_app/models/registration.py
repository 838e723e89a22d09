"""The registration of one person for one session, its status, and the log of everything that happened to it."""

import re
import secrets
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q
from django.urls import reverse
from django.utils.crypto import salted_hmac

from caprural import typography, validators
from caprural.fields import EmailField
from caprural.mailing.models import Letters
from members.models import Application, FeeCategory
from members.models.member import listed

_PRIVATE_LINK = re.compile(r"(/inscriptions/)[A-Za-z0-9_-]{22,43}(?=/)")


def new_token() -> str:
    """192 random bits for a private link (R9)."""
    return secrets.token_urlsafe(24)


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def live(self) -> Self:
        """Registrations that are not cancelled."""
        return self.exclude(status=Registration.Status.CANCELLED)

    def beside(self, registration: "Registration") -> Self:
        """The other live registrations of the same session at the same address: of other people, or of the same."""
        return self.live().filter(session=registration.session_id, email=registration.email).exclude(pk=registration.pk)

    def known(self, candidate: "Registration") -> Self:
        """What their address made anywhere, or this very form in the session: of someone who registers."""
        found = Q(email=candidate.email)
        if candidate.submission_key:
            found |= Q(session=candidate.session_id, submission_key=candidate.submission_key)
        return self.filter(found)

    def holding_seat(self) -> Self:
        """Registrations that hold a seat: confirmed or awaiting their fee (R3)."""
        return self.filter(status__in=Registration.HOLDING_SEAT)

    def without_member(self) -> Self:
        """« À rattacher »: people awaiting a fee whom no member lists, by address or by domain (R14)."""
        return self.filter(status=Registration.Status.AWAITING_FEE).exclude(listed(OuterRef("email")))

    def waiting(self) -> Self:
        """The waiting list in order of arrival (R8): numbers are given under the session's lock."""
        return self.filter(status=Registration.Status.WAITING).order_by("pk")


class Registration(models.Model):
    """« Inscription ». Its status is written by `sessions_app.registering` and by nothing else (R6)."""

    class Status(models.TextChoices):
        CONFIRMED = "confirmed", "confirmée"
        AWAITING_FEE = "awaiting_fee", "en attente de cotisation"
        WAITING = "waiting", "liste d’attente"
        CANCELLED = "cancelled", "annulée"

    class Cause(models.TextChoices):
        PARTICIPANT = "participant", "par la personne"
        COORDINATOR = "coordinator", "par la coordination"
        FEE_UNPAID = "fee_unpaid", "cotisation non reçue à temps"
        SESSION_CANCELLED = "session_cancelled", "session annulée"
        REPLACED = "replaced", "remplacée"
        DISCARDED = "discarded", "écartée"

    class Profile(models.TextChoices):
        DEVELOPMENT_OFFICER = "development_officer", "agent de développement"
        TECHNICIAN = "technician", "technicien"
        PROJECT_MANAGER = "project_manager", "responsable de projet"
        GROUP_MEMBER = "group_member", "membre d’un groupement"
        OTHER = "other", "autre"

    HOLDING_SEAT = (Status.CONFIRMED, Status.AWAITING_FEE)

    #: Which status may follow which (R6); a registration starts in any of them but cancelled, which is final.
    TRANSITIONS: dict[str, frozenset[str]] = {
        "": frozenset({Status.CONFIRMED, Status.AWAITING_FEE, Status.WAITING}),
        Status.WAITING: frozenset({Status.CONFIRMED, Status.AWAITING_FEE, Status.CANCELLED}),
        Status.AWAITING_FEE: frozenset({Status.CONFIRMED, Status.CANCELLED}),
        Status.CONFIRMED: frozenset({Status.AWAITING_FEE, Status.CANCELLED}),
        Status.CANCELLED: frozenset(),
    }

    session = models.ForeignKey(
        "TrainingSession", on_delete=models.PROTECT, related_name="registrations", verbose_name="session"
    )
    status = models.CharField("état", max_length=12, choices=Status.choices, editable=False)
    cancellation_cause = models.CharField(
        "cause de l’annulation", max_length=20, choices=Cause.choices, blank=True, editable=False
    )
    token = models.CharField(max_length=43, unique=True, default=new_token, editable=False)
    #: Says which form was sent, with what in it: the same sent twice is one registration.
    submission_key = models.UUIDField(null=True, editable=False)

    first_name = models.CharField("prénom", max_length=80, validators=[validators.person_name])
    last_name = models.CharField("nom", max_length=80, validators=[validators.person_name])
    email = EmailField("adresse e-mail", validators=[validators.email_address])
    #: The name folded: two people may share a mailbox, one person has one live registration per session (R7).
    name_key = models.CharField(max_length=200, default="", editable=False)
    #: When whoever reads this mailbox did something behind the link we sent there; a new address is not proved (R9).
    address_confirmed_at = models.DateTimeField("adresse confirmée le", null=True, editable=False)
    #: Whoever registered before addresses were confirmed was never asked: nothing is to be made of their silence.
    predates_confirming = models.BooleanField(default=False, editable=False)
    phone = models.CharField("téléphone", max_length=30, blank=True, validators=[validators.phone_number])
    organisation = models.CharField("structure", max_length=160, validators=[validators.without_link])
    job_title = models.CharField("fonction", max_length=120, validators=[validators.without_link])
    profile = models.CharField("vous êtes", max_length=20, choices=Profile.choices)
    accessibility_needs = models.TextField(
        "avez-vous besoin d’un aménagement ?", max_length=1000, blank=True, validators=[validators.multi_line]
    )
    carpool = models.BooleanField("je suis partant·e pour un covoiturage", default=False)
    departure_town = models.CharField(
        "commune de départ", max_length=80, blank=True, validators=[validators.single_line]
    )
    message = models.TextField("message", max_length=2000, blank=True, validators=[validators.multi_line])

    registered_at = models.DateTimeField("inscrite le", editable=False)
    seat_given_at = models.DateTimeField("place donnée le", null=True, editable=False)
    fee_due_on = models.DateField("cotisation attendue au plus tard le", null=True, editable=False)
    replaced_by = models.OneToOneField(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="replaces",
        verbose_name="remplacée par",
    )
    #: When and where, as the last message to this person said it: `sessions_app.telling`; None when nobody knows.
    told = models.JSONField(null=True, editable=False)
    link_sent_at = models.DateTimeField(null=True, editable=False)

    messages = Letters()

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = "inscription"
        verbose_name_plural = "inscriptions"
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("session", "email", "name_key"),
                condition=~Q(status="cancelled"),
                name="one_live_registration_per_person",
                violation_error_message="Cette personne est déjà inscrite à la session avec cette adresse.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("confirmed", "awaiting_fee", "waiting", "cancelled")),
                name="registration_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled") & ~Q(cancellation_cause="")
                | ~Q(status="cancelled") & Q(cancellation_cause=""),
                name="cancelled_means_a_cause",
            ),
            models.CheckConstraint(
                condition=~Q(status="awaiting_fee") | Q(fee_due_on__isnull=False), name="awaiting_fee_means_a_date"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("confirmed", "awaiting_fee")) | Q(seat_given_at__isnull=False),
                name="seat_held_means_since_when",
            ),
        )
        indexes = (
            models.Index(fields=("session", "status"), name="registration_session_status"),
            models.Index(fields=("email",), name="registration_email"),
        )

    def __str__(self) -> str:
        return self.full_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = self.folded_name
        written = kwargs.get("update_fields")
        if written is not None and {"first_name", "last_name"}.intersection(written):
            kwargs["update_fields"] = {*written, "name_key"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("registration_detail", args=[self.token])

    @property
    def link_source(self) -> str:
        """This private link, as the membership forms filled behind it name it."""
        return sha256(self.token.encode()).hexdigest()[:16]

    @property
    def page_source(self) -> str:
        """The page of the browser that registered, likewise."""
        return salted_hmac("page_source", str(self.pk), algorithm="sha256").hexdigest()[:16]

    @property
    def form_sources(self) -> tuple[str, str]:
        """Where the membership forms that the holder of the link may read were filled."""
        return self.link_source, self.page_source

    @property
    def letters_go_to(self) -> str:
        """Where the person is written to."""
        return str(self.email)

    def with_present_link(self, text: str) -> str:
        """A letter that quoted a private link which was replaced since."""
        return _PRIVATE_LINK.sub(rf"\g<1>{self.token}", text)

    @staticmethod
    def scale(people: Iterable["Registration"], on: date | None) -> tuple[list[FeeCategory], dict[int, Application]]:
        """The scale that applies on that day, the session's, and by whom the on-line form answers it already."""
        return Application.objects.beside_scale(on, {one.pk: (one.email, one.form_sources) for one in people})

    @property
    def full_name(self) -> str:
        """First name then surname, as typed."""
        return f"{self.first_name} {self.last_name}"

    @property
    def folded_name(self) -> str:
        """What two ways of typing the same name have in common; what `name_key` holds once saved."""
        return typography.fold(self.full_name)[:200]

    @property
    def sort_key(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        """Order of the attendance sheet: surname then first name, the French way."""
        return (typography.sort_key(self.last_name), typography.sort_key(self.first_name))

    @property
    def is_by_hand(self) -> bool:
        """Whether someone of the team registered this person (R4). One query."""
        return self.status_changes.filter(from_status="", user__isnull=False).exists()

    @property
    def holds_seat(self) -> bool:
        """Whether this registration counts among the seats (R3)."""
        return self.status in self.HOLDING_SEAT

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it is still live (R6); until when is the session's matter (R10)."""
        return self.status != self.Status.CANCELLED

    @property
    def awaits_confirming(self) -> bool:
        """Whether the person was asked to confirm this address, and has not yet."""
        return self.address_confirmed_at is None and not self.predates_confirming

    def rank(self) -> int | None:
        """Place in the waiting list, from 1; None when not waiting. One query."""
        if self.status != self.Status.WAITING:
            return None
        return Registration.objects.waiting().filter(session=self.session_id, pk__lte=self.pk).count()


class StatusChange(models.Model):
    """One line of a registration's log: when, from, to, who or what, why (R6). Only ever appended."""

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="status_changes", verbose_name="inscription"
    )
    at = models.DateTimeField("quand")
    from_status = models.CharField("de", max_length=12, choices=Registration.Status.choices, blank=True)
    to_status = models.CharField("à", max_length=12, choices=Registration.Status.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name="compte"
    )
    actor = models.CharField("par", max_length=150)
    reason = models.CharField("pourquoi", max_length=300)

    class Meta:
        verbose_name = "changement d’état"
        verbose_name_plural = "journal"
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.get_to_status_display()} – {typography.moment(self.at)}"
