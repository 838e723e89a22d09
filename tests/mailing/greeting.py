"""A letter that knows nothing of the sessions: « Bonjour Camille »."""

from caprural.mailing import outbox
from caprural.mailing.models import Message


def queue(to: str = "camille@structure.example", *, name: str = "Camille", documents: int = 0) -> Message:
    message = outbox.compose(
        "greeting",
        to=to,
        context={"name": name},
        documents=[("document", str(number)) for number in range(documents)],
        reply_to="contact@caprural.example",
    )
    return outbox.queue([message])[0]


def states() -> list[tuple[str, str]]:
    """Recipient and status of every message, in order."""
    return [(email.to, email.state) for email in Message.objects.order_by("pk")]
