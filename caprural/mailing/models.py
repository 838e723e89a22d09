"""The letter box itself: one row per letter, from when it is written until what it says is forgotten (R23, R24)."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Self

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Model, Q
from django.utils import timezone

from caprural import typography

#: What a letter says, and to whom: what is erased of it.
WORDS = ("to", "sender", "reply_to", "subject", "text", "html", "last_error")


class MessageQuerySet(models.QuerySet["Message"]):
    def of(self, model: type[Model]) -> Self:
        """Those about rows of this model: `about_id` is then a key of theirs."""
        return self.filter(about_type=ContentType.objects.get_for_model(model))

    def to_leave(self) -> Self:
        """Those still to leave, one under way included."""
        return self.filter(state=Message.State.QUEUED)

    def never_left(self) -> Self:
        """Those that could still leave as they are, if one wished."""
        return self.filter(state__in=Message.NEVER_LEFT)

    def due(self, now: datetime) -> Self:
        """Those to send, oldest first; not those under lease, nor those that wait for another try."""
        return self.to_leave().filter(Q(due_at=None) | Q(due_at__lte=now)).order_by("pk")

    def given_up(self, *, since: datetime) -> Self:
        """Those written since then that could not leave and will not by themselves, oldest first."""
        return self.filter(state=Message.State.FAILED, written_at__gte=since).order_by("pk")

    def over(self) -> Self:
        """Those that have left, or never will, and still say something."""
        return self.exclude(state=Message.State.QUEUED).exclude(text="")

    def naming(self, words: Sequence[str]) -> Self:
        """Those that were written to one of these addresses, or hold one of these addresses or names."""
        return self.filter(Q(to__in=words) | holding(words, "subject", "text", "html"))

    def erase(self) -> int:
        """What they say goes; that they were written, about what and when, stays as long as that does (R24). Not of
        what is still to leave. Returns how many.
        """
        found = self.over().only("about_type", "about_id").prefetch_related("about")
        about_nothing = [message.pk for message in found if message.about is None]
        erased = self.over().update(**dict.fromkeys(WORDS, ""), documents=[])
        Message.objects.filter(pk__in=about_nothing).delete()
        return erased


def holding(words: Iterable[str], *fields: str) -> Q:
    """Rows where one of these fields holds one of these addresses or names, and not a longer one: « Diana Lignac » does
    not name « Ana Li ».
    """
    alone = [rf"(?<![\w.@-]){re.escape(word)}(?![\w@-]|\.\w)" for word in words]
    return reduce(or_, (Q(**{f"{field}__iregex": one}) for field in fields for one in alone))


class Message(models.Model):
    """A letter: what it is about, its words as they were written, and what has become of it.

    `key` names the occurrence of a dated letter (the due date a reminder speaks of…). The database holds one letter
    about the same thing, of the same kind and key: whatever a worker does twice is refused the second time (R24).
    """

    class State(models.TextChoices):
        QUEUED = "queued", "à envoyer"
        SENT = "sent", "envoyé"
        FAILED = "failed", "abandonné"
        TAKEN_BACK = "taken_back", "retiré avant l’envoi"
        POSTED = "posted", "par courrier"

    NEVER_LEFT = (State.QUEUED, State.FAILED, State.TAKEN_BACK)

    about_type = models.ForeignKey(ContentType, on_delete=models.SET_NULL, null=True, editable=False)
    about_id = models.PositiveBigIntegerField(null=True, editable=False)
    about = GenericForeignKey("about_type", "about_id")
    kind = models.CharField("nature", max_length=40)
    key = models.CharField("échéance", max_length=40, blank=True)
    to = models.CharField("destinataire", max_length=254, blank=True)
    #: The name people read beside our address, and whom they answer.
    sender = models.CharField("expéditeur", max_length=254, blank=True)
    reply_to = models.CharField("réponse à", max_length=254, blank=True)
    subject = models.TextField("objet", blank=True)
    text = models.TextField("texte", blank=True)
    html = models.TextField("version mise en page", blank=True)
    #: Pairs (name, key) for the makers of `mailing.documents`: no file is stored.
    documents = models.JSONField("pièces jointes", default=list, blank=True)
    #: The same however often it is tried: who receives it twice sees it once.
    message_id = models.CharField("Message-ID", max_length=255, blank=True)
    #: The letter this one says again.
    copy_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, editable=False, related_name="copies")
    state = models.CharField("état", max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField("essais", default=0)
    last_error = models.TextField("dernier échec", blank=True)
    #: Until then it is a worker's, or waits for another try.
    due_at = models.DateTimeField("à envoyer à partir de", null=True)
    written_at = models.DateTimeField("écrit le", default=timezone.now)
    sent_at = models.DateTimeField("envoyé le", null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = "message"
        verbose_name_plural = "messages"
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("about_type", "about_id", "kind", "key"), condition=~Q(key=""), name="dated_message_once"
            ),
        )
        indexes = (
            models.Index(fields=("about_type", "about_id"), name="message_about"),
            models.Index(fields=("id",), condition=Q(state="queued"), name="message_to_leave"),
            models.Index(fields=("written_at",), name="message_written"),
        )

    def __str__(self) -> str:
        return self.subject or f"message du {typography.moment(self.written_at)}"

    @property
    def is_to_leave(self) -> bool:
        """Whether it is still in the queue."""
        return self.state == self.State.QUEUED

    @property
    def is_erased(self) -> bool:
        """Whether only the fact that it was written is left; a letter by post has no words here either."""
        return not self.text

    @property
    def outcome(self) -> str:
        """What has become of it: « envoyé le mardi 4 avril 2017, 23 h 59 », « à envoyer », « abandonné »…"""
        if self.sent_at:
            return f"envoyé le {typography.moment(self.sent_at)}"
        return "à renvoyer après un échec" if self.is_to_leave and self.attempts else self.get_state_display()


class Letters(GenericRelation):
    """The letters about a row. It may go: what they say stays until it is forgotten."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Message, content_type_field="about_type", object_id_field="about_id", **options)

    def bulk_related_objects(self, objs: Any, using: str = "default") -> Any:
        return super().bulk_related_objects(objs, using).filter(text="")
