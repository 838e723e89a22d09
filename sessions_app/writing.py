"""The coordinator writes: the same words to several people, each with their own name and link; or a message again."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from uuid import UUID

from django.conf import settings
from django.db import transaction

from caprural import typography
from caprural.mailing.models import Message
from sessions_app import emails
from sessions_app.models import Registration, TrainingSession

#: What may stand between braces in a subject or a text, and what it becomes for each person.
FIELDS: dict[str, Callable[[Registration, TrainingSession], str]] = {
    "prénom": lambda registration, session: registration.first_name,
    "nom": lambda registration, session: registration.last_name,
    "session": lambda registration, session: session.title,
    "date": lambda registration, session: typography.long_date(session.announced_on) or "date à venir",
    "lien": lambda registration, session: f"{settings.SITE_URL}{registration.get_absolute_url()}",
}
_FIELD = re.compile(r"\{([^{}\n]*)\}")


class UnknownField(Exception):
    """The text has a field that nothing fills; the exception's text is the French sentence to show."""


class AlreadyWritten(Exception):
    """This very form was sent before; the exception's text is the French sentence to show."""


def check(text: str) -> None:
    """Raises UnknownField when something between braces is not one of the fields."""
    for name in _FIELD.findall(text):
        if _key(name) not in FIELDS:
            raise UnknownField(f"« {{{name}}} » n’est pas un champ connu. Les champs connus sont {known_fields()}.")


def known_fields() -> str:
    """« {prénom}, {nom}… et {lien} »."""
    return typography.join_and(f"{{{field}}}" for field in FIELDS)


def fill(text: str, registration: Registration, session: TrainingSession) -> str:
    """The text as this person will read it. What a field becomes is never filled in again."""
    return _FIELD.sub(lambda found: FIELDS[_key(found[1])](registration, session), text)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().lower())


@transaction.atomic
def write(
    session: TrainingSession, people: Iterable[Registration], *, subject: str, text: str, sending: UUID
) -> list[Message]:
    """Write to these people of a session, one message each (R23). Returns the messages.

    `sending` names this writing: raises AlreadyWritten the second time. Raises UnknownField.
    """
    locked = TrainingSession.objects.lock(session.pk)
    check(subject)
    check(text)
    written = emails.to_people(locked.registrations.values("pk")).filter(kind=emails.WRITTEN, key=str(sending))
    if written.exists():
        raise AlreadyWritten("Ce message est déjà parti : il n’a pas été envoyé une seconde fois.")
    letters = [(one, fill(subject, one, locked), fill(text, one, locked)) for one in people]
    emails.written(letters, locked, key=str(sending))
    return list(written)
