"""« Fiche » of a session: the sections of its page in their order, on paper (SPEC §6)."""

from django.conf import settings

from caprural import pdf as printing
from caprural.house.models import Organisation
from sessions_app.models import TrainingSession


def pdf(session: TrainingSession) -> bytes:
    """The flyer, A4; one page for the seed session. `session` comes from `for_display()`. One query.

    It says what the record says, and nothing that depends on the day it is read: no seats left, no « closes ».
    """
    organisation = Organisation.current()
    return printing.render(
        "pdf/flyer.html",
        {
            "session": session,
            "organisation": organisation,
            "logo": organisation.logo_uri,
            "trainers": [link.trainer for link in session.session_trainers.all()],
            "page_address": f"{settings.SITE_URL}{session.get_absolute_url()}",
            # The include is the page's: « postponed » is the only state it asks about, and a status as well.
            "state": {"code": session.status},
        },
        is_public=True,
    )
