"""How long what people typed to come to a session is kept, and what remains of them (R25)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from caprural import retention
from caprural.mailing.models import WORDS, Message, MessageQuerySet, holding
from sessions_app.models import (
    LinkRequest,
    Registration,
    RemovedDay,
    SessionDay,
    SessionDocument,
    StatusChange,
    Trainer,
    TrainingSession,
)
from sessions_app.models.registration import new_token

Status = Registration.Status

NEEDS = timedelta(days=30)
REPORT = timedelta(days=365)
HISTORY = timedelta(days=3 * 365 + 1)
PROOF, EUROPEAN_PROOF = timedelta(days=6 * 365 + 2), timedelta(days=10 * 365 + 3)
#: A session without a date may still take place: what was typed for it is counted from much later.
UNDATED = timedelta(days=365)
EUROPE = Q(session__funders_notice__iregex="europ|feader|feder|fse|leader")
HAD_SEAT = Q(status__in=Registration.HOLDING_SEAT)
ERASED = "effacé"

Registrations = QuerySet[Registration]


def declare() -> None:
    """Add our lines to the table."""
    identity = ("first_name", "last_name", "email", "name_key", "organisation", "job_title", "token")
    said = ("phone", "departure_town", "message")
    needs = ("accessibility_needs",)
    retention.unless(_expected)
    retention.keep(
        retention.Line(
            "Messages envoyés",
            "un an",
            "Le temps de les renvoyer et de savoir ce qui a été dit.",
            Message,
            (*WORDS, "documents"),
            due=lambda now: Message.objects.over().filter(Q(written_at__lt=now - REPORT) | _of_forgotten()),
            about=lambda email, now: Message.objects.over().naming([email, *_names(email)]),
            end=_erase,
        ),
        retention.Line(
            "Historique de l’administration",
            "3\u00a0ans",
            "Il dit qui, dans l’équipe, a changé quoi.",
            LogEntry,
            ("object_repr", "change_message"),
            due=lambda now: LogEntry.objects.filter(action_time__lt=now - HISTORY),
            about=lambda email, now: LogEntry.objects.filter(
                holding([email, *_names(email)], "object_repr", "change_message")
            ),
            end=retention.delete,
        ),
        retention.Line(
            "Besoin d’aménagement",
            "30\u00a0jours après la session",
            "Il ne sert qu’à vous accueillir.",
            Registration,
            needs,
            due=_filled(needs, NEEDS),
            about=lambda email, now: retention.filled(Registration, *needs).filter(email=email),
            end=retention.empty,
        ),
        retention.Line(
            "Téléphone, message, commune de départ",
            "un an après la session",
            "Le temps d’organiser la session et d’en rendre compte.",
            Registration,
            said,
            due=_filled(said, REPORT),
            about=lambda email, now: retention.filled(Registration, *said).filter(email=email),
            end=retention.empty,
        ),
        retention.Line(
            "Inscription de qui n’a pas eu de place, ou l’a rendue",
            "un an après la session",
            "Elle ne prouve rien à personne.",
            Registration,
            identity,
            due=lambda now: _over(now, REPORT).exclude(HAD_SEAT).exclude(first_name=ERASED),
            about=lambda email, now: Registration.objects.filter(email=email).exclude(HAD_SEAT),
            end=_anonymise,
        ),
        retention.Line(
            "Inscription des participants",
            "6\u00a0ans après la session\u202f; 10\u00a0ans si elle est cofinancée par l’Union européenne",
            "Elle prouve, avec la feuille d’émargement, que la session a eu lieu.",
            Registration,
            identity,
            due=lambda now: (
                (_over(now, PROOF).exclude(EUROPE) | _over(now, EUROPEAN_PROOF).filter(EUROPE))
                .filter(HAD_SEAT)
                .exclude(first_name=ERASED)
            ),
            end=_anonymise,
        ),
        retention.Line(
            "Journal d’une inscription",
            "autant que l’inscription",
            "Il dit qui a décidé quoi.",
            StatusChange,
            ("actor", "reason"),
        ),
        retention.Line(
            "Demande de lien",
            "le temps d’y répondre, un jour au plus",
            "Elle ne sert qu’à vous répondre.",
            LinkRequest,
            ("email",),
            due=lambda now: LinkRequest.objects.filter(asked_at__lt=now - timedelta(days=1)),
            about=lambda email, now: LinkRequest.objects.filter(email__iexact=email),
            end=retention.delete,
        ),
        retention.Line(
            "Intervenants",
            "tant que la session est annoncée ou archivée",
            "Le programme est public\u202f; l’intervenant peut demander qu’on l’en retire.",
            Trainer,
            ("name", "role", "organisation"),
        ),
        retention.Line(
            "Contact d’une session",
            "tant que la session est annoncée ou archivée",
            "Le programme est public.",
            TrainingSession,
            ("contact_name", "contact_phone", "contact_email"),
        ),
    )
    for model, fields in (
        (Registration, ("status", "cancellation_cause", "profile", "told")),
        (StatusChange, ("from_status", "to_status")),
        (Message, ("kind", "key", "state", "message_id")),
        (SessionDay, ("place", "uid")),
        (RemovedDay, ("uid",)),
        (SessionDocument, ("title", "file")),
        (LogEntry, ("object_id",)),
        (
            TrainingSession,
            (
                *("title", "subtitle", "slug", "reference", "kind", "theme", "partners", "status", "rationale"),
                *("audience", "programme", "teaching_method", "about", "prerequisites", "conditions", "place"),
                *("exact_address", "funders_notice"),
            ),
        ),
    ):
        retention.not_personal(model, *fields)


def _expected(email: str, now: datetime) -> str:
    live = Registration.objects.live().filter(email=email).exclude(pk__in=_over(now, timedelta()).values("pk"))
    titles = " et ".join(f"«\u00a0{title}\u00a0»" for title in live.values_list("session__title", flat=True))
    return f"Cette personne est inscrite à {titles}\u00a0: annulez d’abord son inscription." if titles else ""


def _names(email: str) -> set[str]:
    return {one.full_name for one in Registration.objects.filter(email=email)}


def _over(now: datetime, kept: timedelta) -> Registrations:
    """Registrations for a session whose last day is that old."""
    day = timezone.localdate(now - kept)
    undated = Q(last_day__isnull=True) | Q(session__status=TrainingSession.Status.POSTPONED)
    past = Q(last_day__lt=day) & ~undated | undated & Q(registered_at__lt=now - kept - UNDATED)
    found: Registrations = Registration.objects.annotate(last_day=Max("session__days__date")).filter(past)
    # Written to afterwards: what is grouped cannot be.
    return Registration.objects.filter(pk__in=found.values("pk"))


def _filled(fields: tuple[str, ...], kept: timedelta) -> Callable[[datetime], Registrations]:
    return lambda now: retention.filled(Registration, *fields).filter(pk__in=_over(now, kept).values("pk"))


def _of_forgotten() -> Q:
    """Letters that were still to leave when whom they are about was forgotten."""
    forgotten = Registration.objects.filter(first_name=ERASED).values("pk")
    return Q(about_type=ContentType.objects.get_for_model(Registration), about_id__in=forgotten)


def _erase(line: retention.Line, rows: QuerySet[Message], now: datetime) -> None:
    cast(MessageQuerySet, rows).erase()


def _anonymise(line: retention.Line, rows: Registrations, now: datetime) -> None:
    """What counts stays (a session, a status, a profile, dates); who it was goes, from the registration, its log, its
    letters, the logs that name it, and the history of the admin.
    """
    for registration in rows.select_for_update(of=("self",)):
        registration.status_changes.update(actor=ERASED, reason=ERASED)
        # The log of whoever they replaced, or were replaced by, names them.
        others = Registration.objects.filter(Q(replaced_by=registration) | Q(pk=registration.replaced_by_id))
        naming = StatusChange.objects.filter(registration__in=others, reason__contains=registration.full_name)
        naming.update(reason=ERASED)
        registration.messages.all().erase()
        content_type = ContentType.objects.get_for_model(Registration)
        LogEntry.objects.filter(content_type=content_type, object_id=str(registration.pk)).update(
            object_repr=ERASED, change_message=""
        )
        registration.first_name, registration.last_name = ERASED, f"n° {registration.pk}"
        registration.email = f"{ERASED}-{registration.pk}@example.invalid".replace("é", "e")
        registration.organisation = registration.job_title = registration.phone = registration.message = ""
        registration.accessibility_needs = registration.departure_town = ""
        registration.token = new_token()
        registration.save(update_fields=[*line.fields, "phone", "message", "accessibility_needs", "departure_town"])
