"""One address says who is covered (R14): for one, for many, and for what an act would change."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members import covering
from members.covering import Circle, Cover
from tests.factories import make_campaign, make_category, make_fee, make_member

pytestmark = pytest.mark.django_db

DAY = date(2017, 4, 12)
ADDRESSES = [f"p{n}@un.example" for n in range(4)]


class TestManyAtOnce:
    def test_the_same_answers_as_one_by_one(self) -> None:
        campaign = make_campaign(year=2017)
        two = make_category(campaign=campaign, max_people=2)
        make_fee(make_member(emails=("hors@rang.example", *ADDRESSES[:3])), category=two)
        make_fee(make_member(domains=("deux.example",)), category=make_category(campaign=campaign))
        make_fee(make_member(domains=("trois.example",)), category=two)
        asked = [*ADDRESSES, "hors@rang.example", "a@deux.example", "b@trois.example", "c@nulle-part.example"]

        together = covering.up_to_date(asked, on=DAY)

        assert together == {"hors@rang.example", "p0@un.example", "a@deux.example"}
        assert together == {email for email in asked if covering.up_to_date([email], on=DAY)}

    @pytest.mark.parametrize("people", [1, 40])
    def test_in_two_queries(self, people: int) -> None:
        category = make_category(max_people=3)
        addresses = [f"p{n}@structure-{n}.example" for n in range(people)]
        for address in addresses:
            make_fee(make_member(emails=(address,), domains=(address.partition("@")[2],)), category=category)

        with CaptureQueriesContext(
            connection,
        ) as queries:
            covering.up_to_date(addresses, on=DAY)

        assert len(queries) == 2


class TestWhatAnActWouldChange:
    """What is foreseen is what is true once it is done."""

    def test_a_fee_cancelled(self) -> None:
        one, other = (make_fee(make_member(emails=(ADDRESSES[0],)), category=make_category()) for _ in range(2))
        cover = Cover.of(ADDRESSES)

        assert cover.without(one).covers(ADDRESSES[0], on=DAY)
        assert not cover.without(one).without(other).covers(ADDRESSES[0], on=DAY)

    def test_a_person_taken_off_gives_their_place_to_the_next_one(self) -> None:
        member = make_member(emails=tuple(ADDRESSES[:3]))
        make_fee(member, category=make_category(max_people=2))
        cover = Cover.of(ADDRESSES)

        after = cover.listing({member.pk: ADDRESSES[1:3]}, {member.pk: ["un.example"]})

        assert [after.covers(address, on=DAY) for address in ADDRESSES] == [False, True, True, False]
        member.people.get(email=ADDRESSES[0]).delete()
        assert covering.up_to_date(ADDRESSES, on=DAY) == set(ADDRESSES[1:3])

    def test_a_member_about_to_be_changed_is_known_whole(self) -> None:
        """Nobody asks for the people it will list."""
        member = make_member(emails=("premier@un.example",))
        make_fee(member, category=make_category(max_people=1))

        cover = Cover.of([], members=[member.pk])

        assert cover.covers("premier@un.example", on=DAY)


def test_a_circle_is_whoever_is_listed_or_of_a_domain() -> None:
    circle = Circle.of([make_member(emails=("a@x.example",)).pk, make_member(domains=("y.example",)).pk])

    assert [email in circle for email in ("a@x.example", "b@x.example", "b@y.example")] == [True, False, True]
