"""Who is up to date on which day, as one table: asked of the fees, and by registering (R7, R12–R14)."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from members import covering
from members.models import EmailDomain
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member, make_registration, make_session

pytestmark = pytest.mark.django_db

YES, NO = True, False
DAY = timedelta(days=1)
FIRST, LAST = date(2018, 1, 1), date(2018, 12, 31)
DAYS = (FIRST - DAY, FIRST, LAST, LAST + DAY)

#: The lines of the scale.
WHOLE: dict[str, Any] = {"scope": "structure"}
TWO: dict[str, Any] = {"scope": "structure", "max_people": 2}
NINE: dict[str, Any] = {"scope": "structure", "max_people": 9}
ONE: dict[str, Any] = {"scope": "structure", "max_people": 1}
PERSON: dict[str, Any] = {"scope": "person"}


def address(name: str) -> str:
    """« ana » → « ana@collines.example »; an address in full is left as it is."""
    return name if "@" in name else f"{name}@collines.example"


def answers(email: str, *days: date) -> list[tuple[bool, str]]:
    """What the fees say on each day, and the status of someone who registers for a session of that day."""
    return [
        (
            bool(covering.up_to_date([email], on=day)),
            make_registration(
                make_session(days=(day,), registration_deadline=None, fee_required=True), email=email, now=NOW
            ).status,
        )
        for day in days
    ]


def said(*expected: bool) -> list[tuple[bool, str]]:
    """The same answers, as the table gives them."""
    return [(is_covered, "confirmed" if is_covered else "awaiting_fee") for is_covered in expected]


class TestOneMember:
    """A member that lists Ana, Bea and Cid, in that order, and declares collines.example."""

    @pytest.mark.parametrize(
        ("category", "name", "expected"),
        [
            # line    person                       eve  first  last  day after
            (WHOLE, "ana", (NO, YES, YES, NO)),
            (WHOLE, "cid", (NO, YES, YES, NO)),
            (WHOLE, "dan", (NO, YES, YES, NO)),  # by the domain alone
            (WHOLE, "ana@sous.collines.example", (NO, NO, NO, NO)),
            (WHOLE, "ana@autrescollines.example", (NO, NO, NO, NO)),
            (WHOLE, "fay@gmail.com", (NO, NO, NO, NO)),
            (TWO, "ana", (NO, YES, YES, NO)),
            (TWO, "bea", (NO, YES, YES, NO)),
            (TWO, "cid", (NO, NO, NO, NO)),  # the third of two
            (TWO, "dan", (NO, NO, NO, NO)),  # a domain does not say who the two are
            (NINE, "cid", (NO, YES, YES, NO)),
            (NINE, "dan", (NO, NO, NO, NO)),
            (ONE, "ana", (NO, YES, YES, NO)),
            (ONE, "bea", (NO, NO, NO, NO)),
            (PERSON, "ana", (NO, YES, YES, NO)),
            (PERSON, "bea", (NO, NO, NO, NO)),
            (PERSON, "dan", (NO, NO, NO, NO)),
        ],
    )
    def test_on_the_days_at_both_ends_of_the_campaign(
        self, category: dict[str, Any], name: str, expected: tuple[bool, ...]
    ) -> None:
        people = tuple(address(listed) for listed in ("ana", "bea", "cid"))
        member = make_member(emails=people, domains=("collines.example",))
        make_fee(member, category=make_category(campaign=make_campaign(year=2018), **category))

        assert answers(address(name), *DAYS) == said(*expected)

    @pytest.mark.parametrize(
        ("status", "expected"),
        [("due", NO), ("committed", YES), ("paid", YES), ("waived", YES), ("cancelled", NO)],
    )
    def test_by_status(self, status: str, expected: bool) -> None:
        category = make_category(campaign=make_campaign(year=2018))
        make_fee(make_member(emails=(address("ana"),)), category=category, status=status)

        assert answers(address("ana"), FIRST, LAST) == said(expected, expected)

    def test_a_campaign_of_one_day(self) -> None:
        campaign = make_campaign(name="Un jour", starts_on=FIRST, ends_on=FIRST)
        make_fee(make_member(emails=(address("ana"),)), category=make_category(campaign=campaign))

        assert answers(address("ana"), FIRST - DAY, FIRST, FIRST + DAY) == said(NO, YES, NO)

    @pytest.mark.parametrize("domain", ["gmail.com", "orange.fr", "wanadoo.fr", "laposte.net"])
    def test_a_public_mailbox_is_no_domain_but_an_address_there_may_be_listed(self, domain: str) -> None:
        member = make_member(emails=(f"ana@{domain}",))
        make_fee(member, category=make_category(campaign=make_campaign(year=2018)))

        with pytest.raises(ValidationError):
            EmailDomain(member=member, domain=domain).full_clean()
        assert [answers(f"{name}@{domain}", FIRST) for name in ("ana", "bea")] == [said(YES), said(NO)]


class TestTwoMembers:
    """Ana is known to two members: one accepted fee that covers her is enough, whatever the other's."""

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            # line, status, people listed in order, domain        line, status, people, domain
            ((WHOLE, "paid", ("ana",), ""), (WHOLE, "due", ("ana",), ""), YES),
            ((WHOLE, "due", ("ana",), ""), (WHOLE, "waived", ("ana",), ""), YES),
            ((WHOLE, "due", ("ana",), ""), (WHOLE, "cancelled", ("ana",), ""), NO),
            # Both limited: her place in each counts by itself.
            ((ONE, "paid", ("bea", "ana"), ""), (ONE, "paid", ("ana", "bea"), ""), YES),
            ((ONE, "paid", ("bea", "ana"), ""), (ONE, "paid", ("cid", "ana"), ""), NO),
            ((ONE, "paid", ("bea", "ana"), ""), (TWO, "committed", ("cid", "ana"), ""), YES),
            ((TWO, "paid", ("bea", "ana"), ""), (TWO, "due", ("ana",), ""), YES),
            ((TWO, "paid", ("bea", "cid", "ana"), ""), (TWO, "due", ("ana",), ""), NO),
            ((PERSON, "paid", ("bea", "ana"), ""), (PERSON, "due", ("ana",), ""), NO),
            ((PERSON, "due", ("ana",), ""), (PERSON, "paid", ("ana",), ""), YES),
            # Limited here, unlimited there.
            ((ONE, "paid", ("bea", "ana"), ""), (WHOLE, "paid", ("ana",), ""), YES),
            ((ONE, "paid", ("bea", "ana"), ""), (WHOLE, "due", ("ana",), ""), NO),
            # Listed by one, of the other's domain.
            ((WHOLE, "due", ("ana",), ""), (WHOLE, "paid", (), "collines.example"), YES),
            ((WHOLE, "due", ("ana",), ""), (ONE, "paid", (), "collines.example"), NO),
            ((WHOLE, "paid", (), "collines.example"), (WHOLE, "due", (), "collines.example"), YES),
            # The paid one does not know her.
            ((WHOLE, "paid", ("bea",), ""), (WHOLE, "due", ("ana",), ""), NO),
        ],
    )
    def test_one_is_enough(self, first: Any, second: Any, expected: bool) -> None:
        campaign = make_campaign(year=2018)
        for line, status, people, domain in (first, second):
            member = make_member(emails=tuple(map(address, people)), domains=(domain,) if domain else ())
            make_fee(member, category=make_category(campaign=campaign, **line), status=status)

        assert answers(address("ana"), *DAYS) == said(NO, expected, expected, NO)

    def test_each_for_its_own_campaign(self) -> None:
        for year in (2017, 2019):
            category = make_category(campaign=make_campaign(year=year))
            make_fee(make_member(emails=(address("ana"),)), category=category)

        assert answers(address("ana"), *DAYS) == said(YES, NO, NO, YES)


class TestSessionsOfSeveralDays:
    """R7: the first day decides, whichever campaign the next days fall in."""

    @pytest.mark.parametrize(
        ("days", "expected"),
        [
            ((FIRST - DAY, FIRST), "awaiting_fee"),
            ((FIRST, FIRST + DAY), "confirmed"),
            ((LAST, LAST + DAY), "confirmed"),
            ((LAST + DAY, LAST + 2 * DAY), "awaiting_fee"),
        ],
    )
    def test_astride_the_campaign(self, days: tuple[date, ...], expected: str) -> None:
        make_fee(make_member(emails=(address("ana"),)), category=make_category(campaign=make_campaign(year=2018)))
        session = make_session(days=days, registration_deadline=None, fee_required=True)

        assert make_registration(session, email=address("ana")).status == expected

    def test_typed_in_whatever_order(self) -> None:
        make_fee(make_member(emails=(address("ana"),)), category=make_category(campaign=make_campaign(year=2018)))
        session = make_session(days=(LAST + DAY, LAST), registration_deadline=None, fee_required=True)

        assert make_registration(session, email=address("ana")).status == "confirmed"
