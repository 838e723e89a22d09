"""The training session: what it is, when it takes place, how many seats it has, and its state at a given instant."""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.functional import cached_property

from caprural import typography, validators
from caprural.agenda import MORNING
from caprural.fields import EmailField
from caprural.mailing.models import Letters
from sessions_app.models.day import SessionDay, paris
from sessions_app.models.session_rows import TrainingSessionQuerySet
from sessions_app.models.state import SessionState, Status, state_of

if TYPE_CHECKING:
    from members.models import FeeCampaign


#: Joining instructions leave that long before the session, unless the session says otherwise (R19).
JOINING_DELAY = timedelta(days=7)


#: Dates of a session that keep their distance to its first day when it is moved or copied.
DATES_TIED_TO_THE_FIRST_DAY = ("registration_deadline", "fee_due_on", "joining_on")


class TrainingSession(models.Model):
    """A session of training, workshop… as the flyer describes it (R1). Seats and state are derived (R2, R3)."""

    Status = Status

    title = models.CharField("titre", max_length=160, validators=[validators.single_line])
    subtitle = models.CharField("sous-titre", max_length=160, blank=True, validators=[validators.single_line])
    slug = models.SlugField(
        "adresse de la page",
        max_length=120,
        unique=True,
        help_text="Ce qui suit « /sessions/ » dans l’adresse. Laisser vide : d’après le titre. "
        "À ne plus changer une fois la session annoncée.",
        error_messages={"unique": "Une autre session a déjà cette adresse de page : changez-la, ou videz ce champ."},
    )
    reference = models.CharField("référence", max_length=40, blank=True, validators=[validators.single_line])
    kind = models.CharField("type", max_length=120, default="session de formation", validators=[validators.single_line])
    theme = models.CharField("thème", max_length=160, blank=True, validators=[validators.single_line])
    partners = models.CharField("partenaires", max_length=300, blank=True, validators=[validators.single_line])
    status = models.CharField("publication", max_length=10, choices=Status.choices, default=Status.DRAFT)

    rationale = models.TextField("une session pour quoi ?", blank=True, validators=[validators.multi_line])
    audience = models.TextField("une session pour qui ?", blank=True, validators=[validators.multi_line])
    programme = models.TextField("au programme", blank=True, validators=[validators.multi_line])
    teaching_method = models.TextField("méthode pédagogique", blank=True, validators=[validators.multi_line])
    about = models.TextField("à propos", blank=True, validators=[validators.multi_line])
    prerequisites = models.TextField("prérequis", blank=True, validators=[validators.multi_line])
    conditions = models.TextField("conditions", blank=True, validators=[validators.multi_line])

    place = models.CharField(
        "lieu affiché",
        max_length=160,
        blank=True,
        help_text="Ce que tout le monde lit, par exemple « à proximité de Givors (69) ».",
        validators=[validators.single_line],
    )
    exact_address = models.TextField(
        "adresse exacte",
        blank=True,
        help_text="Communiquée aux seules personnes inscrites.",
        validators=[validators.multi_line],
    )
    exact_address_follows = models.BooleanField(
        "l’adresse exacte sera communiquée plus tard",
        default=False,
        help_text="Tant que l’adresse exacte est vide, les personnes inscrites lisent qu’elle leur sera communiquée.",
    )
    contact_name = models.CharField("contact", max_length=120, blank=True, validators=[validators.single_line])
    contact_phone = models.CharField(
        "téléphone du contact", max_length=30, blank=True, validators=[validators.phone_number]
    )
    contact_email = EmailField("e-mail du contact", blank=True, validators=[validators.email_address])

    min_participants = models.PositiveSmallIntegerField(
        "participants au moins", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    max_participants = models.PositiveSmallIntegerField(
        "participants au plus",
        null=True,
        blank=True,
        help_text="Laisser vide : pas de limite.",
        validators=[MinValueValidator(1)],
    )
    registration_deadline = models.DateField(
        "inscription avant le",
        null=True,
        blank=True,
        help_text="Ce jour-là n’est pas compris : on s’inscrit jusqu’à la veille, 23 h 59. "
        "Laisser vide : jusqu’au début de la session.",
        validators=[validators.plausible_day],
    )
    fee_required = models.BooleanField("participation soumise à la cotisation annuelle", default=True)
    fee_due_on = models.DateField(
        "cotisation à recevoir au plus tard le",
        null=True,
        blank=True,
        help_text="Laisser vide : la règle habituelle (date limite d’inscription, ou cinq jours après l’inscription).",
        validators=[validators.plausible_day],
    )
    training_hours = models.DecimalField(
        "heures de formation",
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Seulement si elles sont connues : elles ne se déduisent pas des horaires.",
    )
    funders_notice = models.TextField("mention des financeurs", blank=True, validators=[validators.multi_line])

    joining_on = models.DateField(
        "convocation à envoyer le",
        null=True,
        blank=True,
        help_text="Laisser vide : sept jours avant la session.",
        validators=[validators.plausible_day],
    )

    decision_days = models.PositiveSmallIntegerField(
        "décision à prendre, en jours avant la session",
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="Sans date limite d’inscription : ce jour-là, sous son minimum de participants, la session est à "
        "maintenir, à reporter ou à annuler.",
    )

    postponed_from = models.DateField(null=True, editable=False)
    cancelled_undated = models.BooleanField(default=False, editable=False)
    maintained_at = models.DateTimeField("maintenue le", null=True, blank=True, editable=False)
    changed_at = models.DateTimeField(null=True, editable=False)
    calendar_sequence = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField("créée le", auto_now_add=True)
    updated_at = models.DateTimeField("modifiée le", auto_now=True)

    #: What was written about it to nobody who is registered: to the team.
    messages = Letters()

    objects = TrainingSessionQuerySet.as_manager()

    # Present after with_seats().
    seats_taken: int
    awaiting_fee_count: int
    waiting_count: int

    class Meta:
        verbose_name = "session"
        verbose_name_plural = "sessions"
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(min_participants__isnull=True)
                | Q(max_participants__isnull=True)
                | Q(min_participants__lte=F("max_participants")),
                name="min_participants_not_above_max",
                violation_error_message="Le nombre minimal de participants dépasse le nombre maximal.",
            ),
            models.CheckConstraint(
                condition=Q(max_participants__isnull=True) | Q(max_participants__gte=1),
                name="max_participants_at_least_one",
                violation_error_message="Il faut au moins une place.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("draft", "published", "postponed", "cancelled")), name="session_status_is_known"
            ),
            models.CheckConstraint(
                condition=validators.are_plausible_days("registration_deadline", "fee_due_on", "joining_on"),
                name="session_dates_are_plausible",
            ),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("session_detail", args=[self.slug])

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    def prove(self, now: datetime) -> None:
        """Ask for what every list shows; raises whatever a broken row raises."""
        self.get_absolute_url()
        self.state(now)
        self.awaits_decision(now)
        _ = self.joining_at, self.date_label, self.starts_at

    def lacks(self) -> list[str]:
        """What a page usually says and this one does not: advice to whoever publishes it, never an obstacle."""
        said = {
            "le lieu": self.place or any(day.place for day in self.days.all()),
            "un contact": self.contact_name or self.contact_phone or self.contact_email,
            "un texte de présentation": self.sections_before_trainers() or self.sections_after_trainers(),
        }
        return [name for name, value in said.items() if not value]

    # The text sections, in the flyer's order; an empty one leaves no trace (R1).

    def sections_before_trainers(self) -> list[tuple[str, str]]:
        """Heading and Markdown text of the sections that precede « Qui intervient ? »."""
        return _filled(
            ("Une session pour quoi ?", self.rationale),
            ("Une session pour qui ?", self.audience),
            ("Au programme", self.programme),
            ("Méthode pédagogique", self.teaching_method),
        )

    def sections_after_trainers(self) -> list[tuple[str, str]]:
        """Heading and Markdown text of the sections that follow « Qui intervient ? »."""
        return _filled(
            ("À propos", self.about),
            ("Prérequis", self.prerequisites),
            ("Conditions", self.conditions),
        )

    # When it takes place. `days.all()` is ordered; prefetched, it costs no query.

    @property
    def first_day(self) -> SessionDay | None:
        """The first day, None while no date is set."""
        return next(iter(self.days.all()), None)

    @property
    def last_day(self) -> SessionDay | None:
        """The last day, None while no date is set."""
        return next(reversed(self.days.all()), None)

    @property
    def announced_days(self) -> list[SessionDay]:
        """The days that hold: none once it is postponed to a date to come, even when it is cancelled after that."""
        is_undated = self.status == self.Status.POSTPONED or self.cancelled_undated
        return [] if is_undated else list(self.days.all())

    @property
    def undated(self) -> str:
        """What to say instead of a date that holds."""
        return "sans nouvelle date" if self.cancelled_undated else "date à venir"

    @property
    def announced_on(self) -> date | None:
        """The first day that holds: the one to name."""
        return next((day.date for day in self.announced_days), None)

    @property
    def first_date(self) -> date | None:
        """The date of the first day: the one on which the fee must be up to date (R7)."""
        return self.first_day.date if self.first_day else None

    @cached_property
    def has_twin(self) -> bool:
        """Whether another session of that title takes place the same day; no query after `with_twins`."""
        days = self.days.order_by().values("date")
        return SessionDay.objects.filter(session__title=self.title, date__in=days).exclude(session=self.pk).exists()

    @property
    def date_label(self) -> str:
        """« 12 avril 2017 », with its hours when that is what tells it from a twin; empty while no date holds."""
        day = next(iter(self.announced_days), None)
        if day is None:
            return ""
        return typography.medium_date(day.date) + (
            f", {typography.hours(day.starts_at, day.ends_at)}" if self.has_twin else ""
        )

    def judged_under(self, campaign: "FeeCampaign | None") -> str:
        """That the campaign of the first day is what counts, where the session goes on beyond it (R7); else empty."""
        first, last = self.first_day, self.last_day
        if campaign is None or first is None or last is None or last.date <= campaign.ends_on:
            return ""
        return (
            f"Cette session se tient sur deux campagnes : la cotisation compte à son premier jour, le "
            f"{typography.long_date(first.date)} ({campaign})."
        )

    def move_to(self, first_on: date) -> None:
        """Move the days to a first day; deadline, due date and joining day keep their distance to it, unsaved."""
        if self.first_date is None:
            return
        shift = first_on - self.first_date
        # The farthest first: two days of a session never share a date, not even in passing.
        for day in sorted(self.days.all(), key=lambda day: day.date, reverse=shift > timedelta(0)):
            day.date += shift
            day.save(update_fields=["date"])
        for name in DATES_TIED_TO_THE_FIRST_DAY:
            if value := getattr(self, name):
                setattr(self, name, value + shift)

    @property
    def first_planned_on(self) -> date | None:
        """The day on which a postponed session was to begin, None when it begins on that day after all."""
        if self.announced_on is None:
            return self.postponed_from or self.first_date
        return None if self.postponed_from == self.announced_on else self.postponed_from

    @property
    def joining_at(self) -> datetime | None:
        """From when joining instructions leave: 8 h, seven days before the first day or on the day set (R19)."""
        first_on = self.announced_on
        if first_on is None:
            return None
        # A day that a later move made too late is the eve: everybody knows where to go before the session begins.
        joining_on = self.joining_on or first_on - JOINING_DELAY
        return paris(min(joining_on, first_on - timedelta(days=1)), MORNING)

    @property
    def starts_at(self) -> datetime | None:
        """The instant the session starts, None while no date is set."""
        return self.first_day.starts_at_instant if self.first_day else None

    @property
    def ends_at(self) -> datetime | None:
        """The instant the session ends; when its last hour is unknown, the end of that day."""
        return self.last_day.ends_at_instant if self.last_day else None

    @property
    def closes_at(self) -> datetime | None:
        """The first instant at which it is too late: the deadline at 00:00 in Europe/Paris, or the start (R4)."""
        if self.registration_deadline is None:
            return self.starts_at
        deadline = paris(self.registration_deadline, time.min)
        return min(deadline, self.starts_at) if self.starts_at else deadline

    @property
    def last_registration_day(self) -> date | None:
        """The last day on which one may register, since the deadline itself is exclusive (R4)."""
        return self.registration_deadline - timedelta(days=1) if self.registration_deadline else None

    def awaits_decision(self, now: datetime) -> bool:
        """Whether the coordinator has to decide: below the minimum when it is time to, and nothing decided (R5)."""
        return (
            self.status == self.Status.PUBLISHED
            and self.maintained_at is None
            and self.min_participants is not None
            and self.seats_taken < self.min_participants
            and self.decision_at is not None
            and self.starts_at is not None
            and self.decision_at <= now < self.starts_at
        )

    @property
    def decision_at(self) -> datetime | None:
        """From when a session below its minimum is to be decided on: the deadline; without one, 8 h some days before
        (R5)."""
        if self.registration_deadline is None and self.first_date is not None:
            return paris(self.first_date - timedelta(days=self.decision_days), MORNING)
        return self.closes_at

    @property
    def decision_key(self) -> str:
        """Names the occurrence of a decision to take: the deadline, or the first day when there is none."""
        return str(self.registration_deadline or self.first_date)

    # Seats (after with_seats())

    @property
    def seats_left(self) -> int | None:
        """Seats nobody holds; None when there is no maximum."""
        return None if self.max_participants is None else max(self.max_participants - self.seats_taken, 0)

    @property
    def has_free_seat(self) -> bool:
        """Whether one more seat may be given (R3)."""
        return self.seats_left is None or self.seats_left > 0

    @property
    def is_full(self) -> bool:
        """Whether a newcomer would wait: no free seat, or people already waiting (R7)."""
        return not self.has_free_seat or self.waiting_count > 0

    @property
    def seats_sentence(self) -> str:
        """« 8 à 10 participants », as the flyer says it; empty when nothing is said."""
        low, high = self.min_participants, self.max_participants
        if low and high and low != high:
            return f"{low} à {high} participants"
        if high:
            return f"{high} participant{'s' if high > 1 else ''}" + ("" if low else " au plus")
        if low:
            return f"{low} participant{'s' if low > 1 else ''} au moins"
        return ""

    # State

    def state(self, now: datetime) -> SessionState:
        """What the session is at `now`, and why (R2): page, form, POST, e-mail and admin all ask here.

        Reads `days` and the annotations of `with_seats()`.
        """
        return state_of(self, now)


def _filled(*sections: tuple[str, str]) -> list[tuple[str, str]]:
    return [(heading, text) for heading, text in sections if text.strip()]
