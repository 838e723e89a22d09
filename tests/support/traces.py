"""What the rules leave behind, read back from the database: statuses, log lines, queued messages."""

import re

from caprural.mailing.models import Message
from members.models import Member, MembershipFee
from sessions_app.models import Registration, StatusChange, TrainingSession

_NO_BREAK = re.compile("[\u00a0\u202f]")


def folded(text: str) -> str:
    """The text with ordinary spaces only: which space stands where is the business of test_typography."""
    return _NO_BREAK.sub(" ", text)


def statuses(session: TrainingSession) -> list[tuple[str, str]]:
    """Surname and status of everybody who ever registered, in order of arrival."""
    return list(session.registrations.order_by("pk").values_list("last_name", "status"))


def log(registration: Registration) -> list[tuple[str, str, str, str]]:
    """From, to, who and why, line by line (R6)."""
    lines = StatusChange.objects.filter(registration=registration).order_by("pk")
    return [
        (from_status, to_status, actor, folded(reason))
        for from_status, to_status, actor, reason in lines.values_list("from_status", "to_status", "actor", "reason")
    ]


def messages(*, to: Registration | str | None = None) -> list[tuple[str, str]]:
    """Recipient and situation of every queued message, oldest first: what its subject says before the title (R23)."""
    address = to.email if isinstance(to, Registration) else to
    rows = Message.objects.order_by("pk").values_list("to", "subject")
    return [
        (recipient, folded(subject).partition(" : ")[0]) for recipient, subject in rows if address in (None, recipient)
    ]


def told(registration: Registration) -> list[str]:
    """The situations this person was told of, oldest first."""
    return [situation for _, situation in messages(to=registration)]


def link_for(address: str) -> str:
    """The private link, as a path, in the last letter that carries one to this address (R9): it is nowhere else."""
    letters = [letter.text for letter in Message.objects.order_by("pk") if letter.to == address]
    return [found for letter in letters for found in re.findall(r"/inscriptions/[\w-]{22,43}/", letter)][-1]


def status_of(row: Registration | MembershipFee) -> str:
    """The status as the database has it now."""
    return type(row)._default_manager.get(pk=row.pk).status


def fee_of(member: Member) -> MembershipFee:
    """The member's one live fee."""
    return member.fees.exclude(status="cancelled").get()
