"""Someone fills the on-line membership form, then the coordination checks what it says (R12–R16).

A public form proves nothing about whoever fills it (R14). What it says of a payer nobody knew is taken as it is, since
a fee « attendue » covers nobody. What it says of a payer we know changes nothing, whatever the state of its fee, until
someone of the team has checked it: otherwise the SIRET of a member that has paid would be enough to be covered.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from caprural import typography
from members import consequences, emails, fees, merging
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

#: Forms of one address within that time: each one writes to it, and nobody has proved that it is theirs.
FLOOD_LIMIT = 10
FLOOD_INTERVAL = timedelta(hours=1)


class ApplicationRefused(Exception):
    """The form cannot be received; the message is the French sentence to show."""


class CheckRefused(Exception):
    """The form cannot be checked that way; the message is the French sentence to show."""


class AlreadyChecked(CheckRefused):
    """Someone of the team has checked this form already."""


@transaction.atomic
def apply(application: Application, people: Sequence[ApplicationPerson], *, now: datetime) -> Application:
    """Receive an on-line membership form, and write to whoever filled it (R15).

    `application` and `people` are unsaved, as they were typed. The payer is the member with this SIRET, else the only
    one of that kind with this contact address, else a new one; its live fee for the category's campaign is used, or
    opened « attendue ». The same form sent twice (`submission_key`) is one application. Raises ApplicationRefused.
    """
    # One at a time: two forms for a payer nobody knew, or the same one sent twice at once, must meet.
    FeeCampaign.objects.lock()
    same = Application.objects.filter(submission_key=application.submission_key).first()
    if same:
        return same
    _refuse_flood(application, now=now)
    member, application.is_new_member = _payer(application, people)
    fee = _fee(member, application, now=now)
    application.fee = fee
    application.received_at = now
    if not application.is_new_member and not _brings_something(application, people, member):
        application.checked_at = now
    application.save(force_insert=True)
    for person in people:
        person.application = application
    ApplicationPerson.objects.bulk_create(people)
    emails.application_received(application, now=now)
    return application


def _refuse_flood(application: Application, *, now: datetime) -> None:
    recent = Application.objects.filter(email=application.email, received_at__gt=now - FLOOD_INTERVAL)
    if recent.count() >= FLOOD_LIMIT:
        raise ApplicationRefused(
            "Cette adresse e-mail vient déjà de recevoir plusieurs bulletins : recommencez dans une heure, "
            "ou écrivez-nous."
        )


def _payer(application: Application, people: Sequence[ApplicationPerson]) -> tuple[Member, bool]:
    """The member of this form, and whether it is new."""
    known = _known(application)
    if known:
        return known, False
    try:
        with transaction.atomic():
            return _new_member(application, people), True
    except IntegrityError:
        # The team has created a member with this SIRET at this very instant, without waiting for us.
        return Member.objects.get(siret=application.siret), False


def _known(application: Application) -> Member | None:
    """A typed name says nothing of who is who; another SIRET says that it is someone else (R14)."""
    if application.siret:
        found = Member.objects.filter(siret=application.siret).first()
        if found:
            return found
    same = Member.objects.filter(kind=application.kind, email__iexact=application.email)
    if application.siret:
        same = same.filter(siret="")
    members = list(same[:2])
    return members[0] if len(members) == 1 else None


def _new_member(application: Application, people: Sequence[ApplicationPerson]) -> Member:
    details = {name: getattr(application, name) for name in OF_MEMBER}
    member = Member.objects.create(kind=application.kind, **details)
    CoveredPerson.objects.bulk_create(
        CoveredPerson(member=member, email=person.email, name=person.name) for person in people
    )
    if application.domain:
        EmailDomain.objects.create(member=member, domain=application.domain)
    return member


def _fee(member: Member, application: Application, *, now: datetime) -> MembershipFee:
    """The member's live fee for the campaign, else one opened with what the form says of it."""
    Member.objects.select_for_update().get(pk=member.pk)
    category = application.category
    live: MembershipFee | None = member.fees.live().filter(campaign=category.campaign_id).first()
    if live:
        return live
    fee = fees.subscribe(member, category, now=now)
    fee.method, fee.engagement_number = application.method, application.engagement_number
    fee.save(update_fields=["method", "engagement_number"])
    return fee


def differences(application: Application, member: Member) -> list[str]:
    """Names of what the form says and the member, or its fee for that campaign, does not say today."""
    fee = member.fees.live().filter(campaign=application.category.campaign_id).first()
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


def strangers(people: Iterable[ApplicationPerson], member: Member) -> list[ApplicationPerson]:
    """The people of a form whom the member neither lists nor covers by a domain."""
    listed = set(member.people.values_list("email", flat=True))
    declared = set(member.domains.values_list("domain", flat=True))
    return [p for p in people if p.email not in listed and p.email.rpartition("@")[2] not in declared]


def _brings_something(application: Application, people: Sequence[ApplicationPerson], member: Member) -> bool:
    return bool(differences(application, member) or strangers(people, member))


@transaction.atomic
def check(
    application: Application,
    *,
    member: Member,
    people: Collection[ApplicationPerson],
    take: Collection[str] = (),
    user: User,
    now: datetime,
) -> None:
    """The coordination has looked at a form: whose it is, whom it adds, what it corrects (R14, R16).

    `member`: whose form it is, the fee's or « c’est en fait… »: a member created from the form is then merged into it.
    `people`: those of the form the member lists from now on. `take`: names of what is taken from the form, among
    OF_MEMBER, OF_FEE and DOMAIN. Whoever is now covered is told. Raises CheckRefused, MergeRefused, or
    FeeTransitionRefused when the fee is no longer due and its category was to change.
    """
    FeeCampaign.objects.lock()
    related = ("fee__member", "fee__campaign", "category__campaign")
    locked = Application.objects.select_for_update(of=("self",)).select_related(*related).get(pk=application.pk)
    if locked.checked_at:
        raise AlreadyChecked("Ce bulletin a déjà été vérifié.")
    before = Circle.of([locked.fee.member_id])
    if member != locked.fee.member:
        if locked.is_new_member:
            _forget(locked, people, take)
            merging.merge(locked.fee.member, into=member, now=now)
            locked.refresh_from_db(fields=["fee"])
        else:
            _hand_over(locked, member, now=now)
    payer = Member.objects.select_for_update().get(pk=member.pk)
    _correct(locked, payer, take)
    _correct_fee(locked, take, now=now)
    for person in people:
        CoveredPerson.objects.get_or_create(member=payer, email=person.email, defaults={"name": person.name})
    if DOMAIN in take and locked.domain:
        EmailDomain.objects.get_or_create(member=payer, domain=locked.domain)
    locked.checked_at, locked.checked_by = now, user
    locked.save(update_fields=["fee", "checked_at", "checked_by"])
    consequences.draw(before | Circle.of([payer.pk]), now=now)


def _forget(application: Application, people: Collection[ApplicationPerson], take: Collection[str]) -> None:
    """The member created from the form learnt everything it says: what the team leaves out must not move on with it."""
    created = application.fee.member
    typed = application.people.values("email")
    created.people.filter(email__in=typed).exclude(email__in=[person.email for person in people]).delete()
    if DOMAIN not in take:
        created.domains.filter(domain=application.domain).delete()


def _hand_over(application: Application, member: Member, *, now: datetime) -> None:
    """The form was filed under the wrong member: its fee there goes away, if nothing but this form opened it."""
    wrong = application.fee
    application.fee = _fee(member, application, now=now)
    application.save(update_fields=["fee"])
    is_only_ours = wrong.status_changed_at == application.received_at and not wrong.applications.exists()
    if wrong.status == Status.DUE and is_only_ours:
        fees.cancel(wrong, now=now)


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


def _correct_fee(application: Application, take: Collection[str], *, now: datetime) -> None:
    fee = application.fee
    if "category" in take and application.category_id != fee.category_id:
        fees.recategorise(fee, application.category, now=now)
    names = [name for name in OF_FEE[1:] if name in take and getattr(application, name)]
    for name in names:
        setattr(fee, name, getattr(application, name))
    if names:
        fee.save(update_fields=names)
