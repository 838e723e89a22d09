"""Two members that are one and the same become one (R13, R14)."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from caprural import typography
from members import consequences, fees
from members.consequences import Change
from members.covering import Circle, Cover
from members.models import CoveredPerson, EmailDomain, FeeCampaign, Member, MembershipFee

Status = MembershipFee.Status


class MergeRefused(Exception):
    """These two cannot become one; the message is the French sentence to show."""


@transaction.atomic
def merge(duplicate: Member, *, into: Member, now: datetime) -> None:
    """Give everything of a member to another one, and delete it: people, domains, fees with their receipts and forms.

    What the one that is kept says of itself stays; its empty details are filled, and its note keeps the rest. When both
    have a live fee for a campaign, the one still due is cancelled, the duplicate's when both are. Whoever is now
    covered, or no longer, is told (R7b). Raises MergeRefused when both fees were accepted: one of them is a mistake
    that only the accounts can tell.
    """
    pks = {duplicate.pk, into.pk}
    members = lock(pks)
    if len(members) < 2:
        raise MergeRefused("Ces deux cotisants n’en font déjà plus qu’un.")
    gone, kept = members[duplicate.pk], members[into.pk]
    before = Circle.of(pks)
    for fee in gone.fees.live().select_related("campaign"):
        rival = kept.fees.live().filter(campaign=fee.campaign_id).first()
        if rival:
            _keep_one(fee, rival, now=now)
    gone.fees.update(member=kept)
    _move_coverage(gone, kept)
    note = _note(gone, kept)
    for name in Member.DETAILS:
        setattr(kept, name, getattr(kept, name) or getattr(gone, name))
    kept.note = note
    gone.delete()  # before the other takes its SIRET
    kept.save()
    into.refresh_from_db()
    consequences.draw(before, lost=f"cotisants fusionnés ({kept})", now=now)


def lock(pks: Collection[int]) -> dict[int, Member]:
    """These members until the end of the transaction, in the order of every verb.

    Whoever fills the on-line form at this instant finds one of the two, not what is left of it.
    """
    FeeCampaign.objects.lock()
    return {member.pk: member for member in Member.objects.select_for_update().filter(pk__in=pks).order_by("pk")}


def foresee(duplicate: Member, *, into: Member, now: datetime) -> list[Change]:
    """The seats that merging would cost, those who would come after the people of a limited fee, or confirm (R7b).
    Only reads.
    """
    pks = [into.pk, duplicate.pk]

    def merged(cover: Cover) -> Cover:
        people = list(dict.fromkeys(email for pk in pks for email in cover.people.get(pk, ())))
        domains = [domain for pk in pks for domain in cover.domains.get(pk, ())]
        return cover.listing(dict.fromkeys(pks, people), dict.fromkeys(pks, domains))

    return consequences.foresee(pks, merged, now=now)


def _keep_one(fee: MembershipFee, rival: MembershipFee, *, now: datetime) -> None:
    """Of the two fees of one campaign, the one that is only due gives way, with the forms that lead to it."""
    if fee.is_accepted and rival.is_accepted:
        raise MergeRefused(
            f"« {fee.member} » et « {rival.member} » ont chacun une cotisation enregistrée pour {fee.campaign} : "
            "annulez d’abord celle qui est de trop."
        )
    surplus, live = (rival, fee) if fee.is_accepted else (fee, rival)
    # A form may be saving what it says of itself: only what it does not say is taken.
    live = MembershipFee.objects.select_for_update(of=("self",)).get(pk=live.pk)
    taken = [name for name in ("method", "engagement_number") if getattr(surplus, name) and not getattr(live, name)]
    for name in taken:
        setattr(live, name, getattr(surplus, name))
    live.save(update_fields=taken)
    surplus.applications.update(fee=live)
    fees.cancel(surplus, now=now)


def _move_coverage(gone: Member, kept: Member) -> None:
    """People and domains, those it has already left out. New rows: a limited fee covers the first ones listed."""
    people = [CoveredPerson(member=kept, email=one.email, name=one.name) for one in gone.people.all()]
    domains = [EmailDomain(member=kept, domain=one.domain) for one in gone.domains.all()]
    CoveredPerson.objects.bulk_create(people, ignore_conflicts=True)
    EmailDomain.objects.bulk_create(domains, ignore_conflicts=True)


def _note(gone: Member, kept: Member) -> str:
    """Both notes, and what the duplicate said of itself that is not kept: people still write under that name."""
    lost = [gone.name] if gone.name != kept.name else []
    if kept.siret and gone.siret:
        lost.append(f"SIRET {typography.siret(gone.siret)}")
    if kept.email and gone.email and kept.email.lower() != gone.email.lower():
        lost.append(gone.email)
    same = f"Réunit aussi : {', '.join(lost)}." if lost else ""
    return "\n".join(filter(None, (kept.note, gone.note, same)))
