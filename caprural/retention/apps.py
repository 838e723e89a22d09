"""The lines that are nobody's: those of the libraries."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db.models import Model, QuerySet

ATTEMPTS = timedelta(days=180)
#: What django-axes writes of a connection.
NAMES = ("user_agent", "ip_address", "username", "http_accept", "path_info", "get_data", "post_data", "session_hash")


class RetentionConfig(AppConfig):
    name = "caprural.retention"
    verbose_name = "Conservation des données"

    def ready(self) -> None:
        from axes.models import AccessAttempt, AccessFailureLog, AccessLog
        from django.contrib.auth.models import User
        from django.contrib.sessions.models import Session

        from caprural.retention.policy import Line, delete, keep, not_personal

        keep(
            Line(
                "Connexion de l’équipe, navigateur qui vient d’envoyer un bulletin",
                f"{settings.SESSION_COOKIE_AGE // 3600}\u00a0heures",
                "Le temps de s’en servir.",
                Session,
                ("session_data", "session_key"),
                due=lambda now: Session.objects.filter(expire_date__lt=now),
                end=delete,
            ),
            *(
                Line(
                    "Connexions de l’équipe, réussies ou non, avec leur adresse IP",
                    "6\u00a0mois",
                    "Pour reconnaître une attaque.",
                    model,
                    [field.name for field in model._meta.concrete_fields if field.name in NAMES],
                    due=partial(_attempts, model),
                    end=delete,
                )
                for model in (AccessAttempt, AccessFailureLog, AccessLog)
            ),
            Line(
                "Comptes de l’équipe",
                "tant que la personne fait partie de l’équipe",
                "Pour savoir qui a le droit de faire quoi.",
                User,
                ("username", "first_name", "last_name", "email", "password"),
            ),
        )
        for label in ("auth.Permission", "auth.Group", "contenttypes.ContentType", "limits.Spending"):
            not_personal(apps.get_model(label))


def _attempts(model: type[Model], now: datetime) -> QuerySet[Any]:
    return model._default_manager.filter(attempt_time__lt=now - ATTEMPTS)
