"""Next year's campaign from this year's, and the fees of whoever paid the year before (R12, R13)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from caprural import validators
from members import emails, fees
from members.models import FeeCampaign, FeeCategory, Member, MembershipFee

#: What the copy of a line of the scale takes from it.
COPIED = ("label", "amount", "scope", "max_people", "description", "position")
DAY = timedelta(days=1)
MONTHS_OF_A_YEAR = 12


class NothingFollows(Exception):
    """No campaign can follow; the message is the French sentence to show. `other` covers that period already, if any
    does.
    """

    def __init__(self, sentence: str, other: FeeCampaign | None = None) -> None:
        super().__init__(sentence)
        self.other = other


# The campaign that follows


def next_campaign(campaign: FeeCampaign) -> FeeCampaign:
    """The campaign of the period that follows, unsaved: same length, same reminders, the years of its name advanced.

    Raises NothingFollows when another one covers a day of it, or at the end of the calendar.
    """
    starts_on, ends_on = next_period(campaign.starts_on, campaign.ends_on)
    if ends_on > validators.LAST_DAY:
        raise NothingFollows("Aucune période ne peut suivre celle de cette campagne : corrigez d’abord ses dates.")
    other = FeeCampaign.objects.overlapping(starts_on, ends_on).first()
    if other:
        raise NothingFollows(
            f"La campagne « {other} » couvre déjà tout ou partie de la période qui suit : "
            "modifiez-la plutôt que d’en ouvrir une autre.",
            other,
        )
    return FeeCampaign(
        name=_next_name(campaign, starts_on, ends_on),
        starts_on=starts_on,
        ends_on=ends_on,
        reminders=campaign.reminders,
        reminder_days=campaign.reminder_days,
    )


@transaction.atomic
def open_next(campaign: FeeCampaign) -> FeeCampaign:
    """Open the campaign that follows, with the scale of this one; asked twice at once, it is opened once (R12).

    Raises NothingFollows.
    """
    FeeCampaign.objects.lock()
    following = next_campaign(campaign)
    following.save()
    FeeCategory.objects.bulk_create(
        FeeCategory(campaign=following, **{name: getattr(category, name) for name in COPIED})
        for category in campaign.categories.all()
    )
    return following


def next_period(starts_on: date, ends_on: date) -> tuple[date, date]:
    """The period of the same length that follows: a year after a year whatever February has, months after months.

    Any other length is a number of days.
    """
    following = ends_on + DAY
    days = (following - starts_on).days
    months = (following.year - starts_on.year) * MONTHS_OF_A_YEAR + following.month - starts_on.month
    if days in (365, 366):
        return following, _months_later(following, MONTHS_OF_A_YEAR) - DAY
    if months and _months_later(starts_on, months) == following:
        return following, _months_later(following, months) - DAY
    return following, following + timedelta(days=days - 1)


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or the first of the next where that month is too short."""
    years, month = divmod(day.month - 1 + months, MONTHS_OF_A_YEAR)
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:
        return date(day.year + years, month + 2, 1)


def _next_name(campaign: FeeCampaign, starts_on: date, ends_on: date) -> str:
    """« Cotisation 2017 » → « Cotisation 2018 », « 2016-2017 » → « 2017-2018 », « 2016/17 » → « 2017/18 ».

    A name that says no year, or whose successor is taken, says the years of its period.
    """
    shift = max(starts_on.year - campaign.starts_on.year, ends_on.year - campaign.ends_on.year)
    own = {campaign.starts_on.year, campaign.ends_on.year}

    def advance(found: re.Match[str]) -> str:
        year, sign, short = int(found[1]), found[2], found[3]
        if year not in own:
            return found[0]
        return f"{year + shift}" + (f"{sign}{(int(short) + shift) % 100:02d}" if short else "")

    longest = FeeCampaign._meta.get_field("name").max_length or 0
    advanced = re.sub(r"(?<!\d)(\d{4})(?!\d)(?:([-–/])(\d{2})(?!\d))?", advance, campaign.name)
    years = "-".join(str(year) for year in sorted({starts_on.year, ends_on.year}))
    taken = set(FeeCampaign.objects.values_list("name", flat=True))
    names = [advanced, f"{campaign.name[: longest - len(years) - 1]} {years}"]
    names += [f"{campaign.name[: longest - 12]} {starts_on:%d/%m/%Y}"]
    return next((name for name in names if name not in taken and len(name) <= longest), f"{starts_on} – {ends_on}")


# The fees of whoever paid the year before


@dataclass(frozen=True)
class Renewal:
    """A member who was up to date the year before and has no fee yet, with the line of the scale they would be in."""

    member: Member
    #: Their line of the year before.
    former: FeeCategory
    #: The line of the same label; None when this year's scale has none: that fee is opened by hand.
    category: FeeCategory | None

    @property
    def fee(self) -> MembershipFee:
        """The fee that would be opened, unsaved."""
        category: Any = self.category
        return MembershipFee(member=self.member, campaign=category.campaign, category=category, amount=category.amount)


def renewals(campaign: FeeCampaign) -> list[Renewal]:
    """Who was up to date in the preceding campaign and has no live fee in this one, by name. Three queries."""
    preceding = FeeCampaign.objects.before(campaign)
    if preceding is None:
        return []
    by_label = {category.label: category for category in campaign.categories.select_related("campaign")}
    here = MembershipFee.objects.live().filter(campaign=campaign)
    there = MembershipFee.objects.accepted().filter(campaign=preceding).exclude(member__in=here.values("member"))
    return [
        Renewal(member=fee.member, former=fee.category, category=by_label.get(fee.category.label))
        for fee in there.select_related("member", "category").order_by("member__name", "member")
    ]


def renew(plan: Sequence[Renewal], *, is_told: bool, now: datetime) -> list[MembershipFee]:
    """Open the fees « attendues » of a plan, and send each member with an address its fee call when `is_told` (R13).

    A member whose fee was opened meanwhile is passed over; so is one without a line in the scale. Returns the fees
    opened.
    """
    opened = []
    with transaction.atomic():
        for renewal in plan:
            if renewal.category is None:
                continue
            try:
                fee = fees.subscribe(renewal.member, renewal.category, now=now)
            except fees.AlreadySubscribed:
                continue
            opened.append(fee)
            if is_told:
                emails.fee_call(fee, now=now)
    return opened
