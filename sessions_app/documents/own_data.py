"""« Mes données »: everything held about the person who registered, in a file they and a program can read (R9).

Nobody else's data: neither the colleague one replaces, nor who in the team did what, nor why.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from members.models import Application, CoveredPerson
from sessions_app.models import Registration, TrainingSession

TEAM = "l’équipe"


def filename(session: TrainingSession) -> str:
    """« mes-donnees-<slug>.json »."""
    return f"mes-donnees-{session.slug}.json"


def content(
    registration: Registration,
    session: TrainingSession,
    *,
    applications: Iterable[Application],
    actors: Mapping[str, str],
    now: datetime,
) -> bytes:
    """The file, dated `now`. `applications`: the membership forms filled behind this private link. `actors`: what to
    call whoever the log may name; all others are the team.
    """
    data = {
        "fichier établi le": _instant(now),
        "session": _session(session, knows_address=registration.holds_seat),
        "coordonnées": _details(registration),
        "inscription": _registration(registration),
        "journal de l’inscription": [
            {
                "date": _instant(change.at),
                "état précédent": change.get_from_status_display() or None,
                "nouvel état": change.get_to_status_display(),
                "par": actors.get(change.actor, TEAM),
            }
            for change in registration.status_changes.order_by("pk")
        ],
        "messages reçus": [
            {"date": _instant(message.written_at), "objet": message.subject or None}
            for message in registration.messages.order_by("pk")
        ],
        "bulletins de cotisation remplis depuis cette page": [
            _application(application) for application in applications
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=2).encode() + b"\n"


def _details(registration: Registration) -> dict[str, Any]:
    return {
        "prénom": registration.first_name,
        "nom": registration.last_name,
        "adresse e-mail": registration.email,
        "téléphone": registration.phone or None,
        "structure": registration.organisation,
        "fonction": registration.job_title or None,
        "profil": registration.get_profile_display() or None,
        "besoin d’aménagement": registration.accessibility_needs or None,
        "covoiturage": registration.carpool,
        "commune de départ": registration.departure_town or None,
        "message": registration.message or None,
    }


def _registration(registration: Registration) -> dict[str, Any]:
    return {
        "état": registration.get_status_display(),
        "cause de l’annulation": registration.get_cancellation_cause_display() or None,
        "inscription enregistrée le": _instant(registration.registered_at),
        "place donnée le": _instant(registration.seat_given_at),
        "rang en liste d’attente": registration.rank(),
        "cotisation attendue au plus tard le": _day(registration.fee_due_on),
        "adresse e-mail connue d’un cotisant": CoveredPerson.objects.filter(email=registration.email).exists(),
        "adresse e-mail confirmée le": _instant(registration.address_confirmed_at),
        "lien envoyé de nouveau le": _instant(registration.link_sent_at),
    }


def _application(application: Application) -> dict[str, Any]:
    """Without the other people it names: the data is theirs."""
    return {
        "reçu le": _instant(application.received_at),
        "campagne": application.category.campaign.name,
        "catégorie": application.category.label,
        "montant": str(application.amount),
        "cotisant": application.name,
        "SIRET": application.siret or None,
        "adresse postale": application.address or None,
        "personne à contacter": application.contact_name,
        "téléphone": application.phone or None,
        "moyen de paiement": application.get_method_display(),
        "code service": application.service_code or None,
        "numéro d’engagement": application.engagement_number or None,
    }


def _session(session: TrainingSession, *, knows_address: bool) -> dict[str, Any]:
    return {
        "titre": session.title,
        "référence": session.reference or None,
        "publication": session.get_status_display(),
        "journées": [
            {
                "date": _day(day.date),
                "début": day.starts_at.isoformat("minutes"),
                "fin": day.ends_at.isoformat("minutes") if day.ends_at else None,
            }
            for day in session.announced_days
        ],
        "lieu": session.place or None,
        "adresse exacte": (session.exact_address or None) if knows_address else None,
    }


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _instant(value: datetime | None) -> str | None:
    """In Europe/Paris, where the person reads it, with its offset."""
    return timezone.localtime(value).isoformat(timespec="seconds") if value else None
