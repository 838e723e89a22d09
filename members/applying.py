"""Someone fills the on-line membership form, then the coordination checks what it says (R12–R16).

A public form proves nothing about whoever fills it (R14): what it says stays in it, and changes nothing and nobody (no
payer, no fee, no reminder, nobody covered, nobody taken off « à rattacher ») until someone of the team has checked it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db import transaction

from caprural import limits, typography, validators
from members import consequences, emails, fees
from members.covering import Circle
from members.models import (
    Application,
    ApplicationPerson,
    CoveredPerson,
    EmailDomain,
    FeeCampaign,
    Member,
    MembershipFee,
)

Status = MembershipFee.Status

#: What a form says of the payer, and what it says of the fee; the team takes each or leaves it.
OF_MEMBER = ("name", *Member.DETAILS)
OF_FEE = ("category", "method", "engagement_number")
DOMAIN = "domain"

#: Each form writes to an address that nobody has proved: so many letters in a day, whatever the visitors did…
LETTERS_A_DAY = 3
#: … and so many forms in a day from one network, far above what an office of forty people sends.
FORMS_A_DAY = 100
DAY = timedelta(days=1)


class _SentTwice(Exception):
    """The other half of a double click was received meanwhile."""


class CheckRefused(Exception):
    """The form cannot be checked that way; the message is the French sentence to show."""


@transaction.atomic
def apply(application: Application, people: Sequence[ApplicationPerson], *, network: str, now: datetime) -> Application:
    """Receive an on-line membership form from a `network`, and write to whoever filled it (R15).

    `application` and `people` are unsaved, as they were typed. The same form sent twice (same `submission_key`, same
    contents) is one application; other contents under that key are another. Raises LimitReached.
    """
    application.submission_key = _key(application, people)
    same = Application.objects.filter(submission_key=application.submission_key)
    if known := same.first():
        return known
    try:
        with transaction.atomic():
            limits.spend("application", network, most=FORMS_A_DAY, within=DAY, now=now)
            limits.spend("letter", validators.mailbox(application.email), most=LETTERS_A_DAY, within=DAY, now=now)
            if same.exists():
                raise _SentTwice
    except (limits.LimitReached, _SentTwice):
        # A double click has waited for its first half at these counters, and is not counted.
        if known := same.first():
            return known
        raise
    application.received_at = now
    application.save(force_insert=True)
    for person in people:
        person.application = application
    ApplicationPerson.objects.bulk_create(people)
    emails.application_received(application, _answer(application))
    return application


def _key(application: Application, people: Sequence[ApplicationPerson]) -> UUID:
    """What tells this form from any other: the key it came with, and its contents."""
    names = (*OF_MEMBER, DOMAIN, *OF_FEE, "amount")
    typed = [str(getattr(application, name)) for name in names]
    typed += [f"{person.email} {person.name}" for person in people]
    return uuid5(application.submission_key, repr(typed))


def claimed_member(application: Application) -> Member | None:
    """The member that a form seems to come from: with its SIRET, else the only one of that kind with its address.

    A typed name says nothing of who is who; another SIRET says that it is someone else (R14).
    """
    if application.siret:
        found = Member.objects.filter(siret=application.siret).first()
        if found:
            return found
    same = Member.objects.filter(kind=application.kind, email__iexact=application.email)
    if application.siret:
        same = same.filter(siret="")
    members = list(same[:2])
    return members[0] if len(members) == 1 else None


def _answer(application: Application) -> str:
    """What the letter may say of the payment: emails.PAY, ALREADY_PAID or WAIT.

    One payer is asked for one amount: where it has a fee already, or another form, we look first. That it has paid is
    told to an address of its own alone: anybody may type anybody's SIRET.
    """
    member = claimed_member(application)
    fee = live_fee(application, member) if member else None
    if member and fee:
        is_theirs = member.email.lower() == application.email or Member.objects.listing(application.email).contains(
            member
        )
        return emails.ALREADY_PAID if is_theirs and fee.is_accepted else emails.WAIT
    others = Application.objects.to_check().filter(category__campaign=application.category.campaign_id)
    same = others.of_payer(siret=application.siret, email=application.email).exclude(pk=application.pk)
    return emails.WAIT if same.exists() else emails.PAY


def siblings(application: Application, member: Member | None) -> list[Application]:
    """The other forms of what is visibly the same payer, or of this member, newest first: one of them may be enough."""
    same = Application.objects.of_payer(siret=application.siret, email=application.email)
    if member:
        same |= Application.objects.filter(fee__member=member)
    others = same.exclude(pk=application.pk).select_related("fee", "category__campaign", "checked_by")
    return list(others.order_by("-pk")[:20])


def differences(application: Application, member: Member | None) -> list[str]:
    """Names of what the form says and the member, or its fee for that campaign, does not say today."""
    if member is None:
        return [name for name in (*OF_MEMBER, DOMAIN, *OF_FEE) if getattr(application, name)]
    fee = live_fee(application, member)
    typed = [name for name in OF_MEMBER if getattr(application, name)]
    found = [name for name in typed if not _is_same(getattr(application, name), getattr(member, name))]
    if fee:
        found += [
            name
            for name in OF_FEE
            if getattr(application, name) and not _is_same(str(getattr(application, name)), str(getattr(fee, name)))
        ]
    if application.domain and not member.domains.filter(domain=application.domain).exists():
        found.append(DOMAIN)
    return found


def _is_same(typed: str, known: str) -> bool:
    return " ".join(typed.split()).casefold() == " ".join(known.split()).casefold()


def live_fee(application: Application, member: Member) -> MembershipFee | None:
    """The member's live fee for the form's campaign."""
    live = member.fees.live().filter(campaign=application.category.campaign_id)
    found: MembershipFee | None = live.select_related("member", "campaign", "category").first()
    return found


def strangers(people: Iterable[ApplicationPerson], member: Member | None) -> list[ApplicationPerson]:
    """The people of a form whom the member neither lists nor covers by a domain."""
    if member is None:
        return list(people)
    listed = set(member.people.values_list("email", flat=True))
    declared = set(member.domains.values_list("domain", flat=True))
    return [p for p in people if p.email not in listed and p.email.rpartition("@")[2] not in declared]


@transaction.atomic
def check(
    application: Application,
    *,
    member: Member | None,
    people: Collection[ApplicationPerson],
    take: Collection[str] = (),
    is_called: bool = False,
    user: User,
    now: datetime,
) -> MembershipFee:
    """The coordination has looked at a form: whose it is, whom it adds, what it corrects (R14, R16).

    `member`: whose form it is; None creates that payer. Its live fee for the campaign is used, or opened « attendue ».
    `people`: those of the form the member lists from now on. `take`: names of what is taken from the form, among
    OF_MEMBER, OF_FEE and DOMAIN. `is_called`: the fee, if it is owed, is asked for at once, by its call. Whoever is now
    covered is told. Returns the fee. Raises CheckRefused, or FeeTransitionRefused when the fee is no longer due and its
    category was to change.
    """
    FeeCampaign.objects.lock()
    related = ("fee", "category__campaign")
    locked = Application.objects.select_for_update(of=("self",)).select_related(*related).get(pk=application.pk)
    if locked.checked_at:
        raise CheckRefused(already(locked))
    if member is None:
        payer = Member.objects.create(kind=locked.kind, name=locked.name)
    else:
        payer = Member.objects.select_for_update().get(pk=member.pk)
    before = Circle.of([payer.pk])
    _correct(locked, payer, take)
    locked.fee = _fee(locked, payer, take, now=now)
    for person in people:
        CoveredPerson.objects.get_or_create(member=payer, email=person.email, defaults={"name": person.name})
    if DOMAIN in take and locked.domain:
        EmailDomain.objects.get_or_create(member=payer, domain=locked.domain)
    locked.checked_at, locked.checked_by = now, user
    locked.save(update_fields=["fee", "checked_at", "checked_by"])
    if is_called and locked.is_amount_owed:
        emails.fee_call(locked.fee, now=now)
    consequences.draw(before | Circle.of([payer.pk]), now=now)
    return locked.fee


def foresee(
    application: Application,
    member: Member | None,
    people: Collection[ApplicationPerson],
    take: Collection[str],
    *,
    now: datetime,
) -> list[consequences.Change]:
    """The seats that checking would confirm (R7b, R16). Only reads."""
    if member is None:
        return []  # its fee is yet to be paid
    coming = [person.email for person in people]
    domains = [application.domain] if DOMAIN in take and application.domain else []
    return consequences.foresee(
        [member.pk],
        lambda cover: cover.adding({member.pk: coming}, {member.pk: domains}),
        coming=Circle(frozenset(coming), frozenset(domains)),
        now=now,
    )


def already(application: Application) -> str:
    """Which form was checked, when and by whom."""
    by = f" par {application.checked_by}" if application.checked_by else ""
    at = typography.moment(application.checked_at)
    return f"Le bulletin de « {application} » ({application.own_code}) a déjà été vérifié le {at}{by}."


def _correct(application: Application, member: Member, take: Collection[str]) -> None:
    names = [name for name in OF_MEMBER if name in take and getattr(application, name)]
    if "siret" in names:
        other = Member.objects.filter(siret=application.siret).exclude(pk=member.pk).first()
        if other:
            raise CheckRefused(
                f"Le SIRET {typography.siret(application.siret)} est celui de « {other} » : "
                "choisissez ce cotisant, ou ne reprenez pas le SIRET."
            )
    for name in names:
        setattr(member, name, getattr(application, name))
    if names:
        member.save(update_fields=names)


def _fee(application: Application, member: Member, take: Collection[str], *, now: datetime) -> MembershipFee:
    """The member's live fee for the campaign, corrected, else one opened with what the form says of it."""
    fee = live_fee(application, member)
    if fee is None:
        fee, take = fees.subscribe(member, application.category, now=now), OF_FEE
    elif "category" in take and application.category_id != fee.category_id:
        fees.recategorise(fee, application.category, now=now)
    names = [name for name in OF_FEE[1:] if name in take and getattr(application, name)]
    for name in names:
        setattr(fee, name, getattr(application, name))
    if names:
        fee.save(update_fields=names)
    return fee
