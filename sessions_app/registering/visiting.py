"""How much visitors may make us do and write: scripts meet these limits, forty people behind one address never do (R7).

The number of letters is counted per recipient, so that nobody is written to at a stranger's will, whatever the stranger
does: register, correct an address, name a colleague, send a membership form (`members.applying` counts with us).
"""

from datetime import datetime, timedelta

from django.db import transaction

from caprural import limits, validators
from sessions_app.models import Registration

VISITOR_FORM = "visitor_form"
#: Forms sent from one network in an hour: forty people who each send theirs three times.
FORMS_PER_NETWORK = 120
#: Registrations asked for one session in an hour, from everywhere.
FORMS_PER_SESSION = 300
HOUR = timedelta(hours=1)
#: Letters that visitors cause in a day to an address that nobody has proved, and to one that was.
LETTERS_UNPROVED = 3
LETTERS_PROVED = 12
#: How often the links of one address may be asked for in a day, whether or not there are any.
SEARCHES = 3
DAY = timedelta(days=1)


def count_form(network: str, *, now: datetime) -> None:
    """A form sent by a visitor. Raises LimitReached."""
    limits.spend(VISITOR_FORM, network, most=FORMS_PER_NETWORK, within=HOUR, now=now)


@transaction.atomic
def count_registration(slug: str, network: str, *, now: datetime) -> None:
    """The registration form of a session, sent by a visitor. Raises LimitReached."""
    of_session = limits.Act("session_form", slug, FORMS_PER_SESSION, HOUR)
    limits.spend_all([limits.Act(VISITOR_FORM, network, FORMS_PER_NETWORK, HOUR), of_session], now=now)


@transaction.atomic
def count_search(network: str, email: str, *, now: datetime) -> None:
    """« Retrouver »: counted whatever is found, so that reaching the limit tells nothing (R11). Raises LimitReached."""
    count_form(network, now=now)
    limits.spend("link_search", email, most=SEARCHES, within=DAY, now=now)


def count_letters(email: str, *, now: datetime, letters: int = 1, is_proved: bool | None = None) -> None:
    """Letters that a visitor causes to an address. Raises LimitReached: the act is undone as a whole."""
    if is_proved is None:
        is_proved = Registration.objects.filter(email=email, address_confirmed_at__isnull=False).exists()
    most = LETTERS_PROVED if is_proved else LETTERS_UNPROVED
    limits.spend("letter", validators.mailbox(email), most=most, within=DAY, now=now, cost=letters)
