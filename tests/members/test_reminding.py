"""Reminders of the fees still expected, to the second, once per step (R24)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from caprural import agenda
from caprural.mailing.models import Message
from members import emails, fees, reminding
from members.models import FeeCampaign, FeeCategory, MembershipFee
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member, paris
from tests.support.together import at_once
from tests.support.traces import messages

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
#: NOW is 1 March 2017 at 10 h; thirty days later, at 8 h, and once more.
FIRST = paris(2017, 3, 31, 8)
SECOND_STEP = paris(2017, 4, 30, 8)
ADDRESS = "contact@collines.example"


@pytest.fixture
def campaign() -> FeeCampaign:
    return make_campaign(year=2017, reminders=2, reminder_days=30)


@pytest.fixture
def category(campaign: FeeCampaign) -> FeeCategory:
    return make_category(campaign=campaign)


@pytest.fixture
def fee(category: FeeCategory) -> MembershipFee:
    """Opened on 1 March 2017 at 10 h, for a member with an address."""
    return make_fee(make_member(name="Collines", email=ADDRESS), category=category, status="due")


def plan(now: datetime) -> list[tuple[str, int, bool]]:
    """What is due: whose, which step, and whether by post."""
    return [(found.fee.member.name, found.step, found.is_by_post) for found in reminding.due(now)]


def run(now: datetime) -> list[tuple[str, str]]:
    """The messages that a worker's round writes: to whom, and what they say first."""
    before = len(messages())
    agenda.run(now=now)
    return messages()[before:]


def steps(fee: MembershipFee) -> list[tuple[str, bool, datetime]]:
    """What is noted of its reminders."""
    found = fee.messages.filter(kind=emails.MEMBERSHIP_REMINDER)
    by_post = Message.State.POSTED
    return [(key, state == by_post, at) for key, state, at in found.values_list("key", "state", "written_at")]


class TestWhenAStepIsDue:
    """At 8 h in Europe/Paris, `reminder_days` after the fee was asked for."""

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (NOW, []),
            (FIRST - SECOND, []),
            (FIRST, [("Collines", 1, False)]),
            (FIRST + SECOND, [("Collines", 1, False)]),
            (paris(2017, 12, 31, 23, 59, 59), [("Collines", 1, False)]),
            (paris(2018, 1, 1), []),
        ],
    )
    def test_the_first_to_the_second_until_the_campaign_ends(
        self, fee: MembershipFee, now: datetime, expected: list[Any]
    ) -> None:
        assert plan(now) == expected

    @pytest.mark.parametrize(
        ("opened_at", "days", "instant"),
        [
            # On 26 March 2017 clocks go forward, on 29 October they go back.
            (paris(2017, 3, 1, 10), 24, datetime(2017, 3, 25, 7, tzinfo=UTC)),
            (paris(2017, 3, 1, 10), 25, datetime(2017, 3, 26, 6, tzinfo=UTC)),
            (paris(2017, 10, 1, 10), 27, datetime(2017, 10, 28, 6, tzinfo=UTC)),
            (paris(2017, 10, 1, 10), 28, datetime(2017, 10, 29, 7, tzinfo=UTC)),
            # The day is that of Paris, at both ends of it.
            (paris(2017, 5, 1, 0, 30), 10, datetime(2017, 5, 11, 6, tzinfo=UTC)),
            (paris(2017, 5, 1, 23, 59), 10, datetime(2017, 5, 11, 6, tzinfo=UTC)),
        ],
    )
    def test_at_8_h_whatever_the_clocks_do(
        self, campaign: FeeCampaign, category: FeeCategory, opened_at: datetime, days: int, instant: datetime
    ) -> None:
        FeeCampaign.objects.update(reminder_days=days)
        make_fee(make_member(email=ADDRESS), category=category, status="due", now=opened_at)

        assert [len(plan(instant - SECOND)), len(plan(instant))] == [0, 1]

    @pytest.mark.parametrize("asking", [emails.fee_call, "application_received"])
    def test_counted_from_the_last_time_the_payer_was_asked(
        self, fee: MembershipFee, asking: Callable[..., None] | str
    ) -> None:
        asked_at = paris(2017, 3, 20, 15)
        if isinstance(asking, str):
            Message.objects.create(about=fee, kind=asking, written_at=asked_at)
        else:
            asking(fee, now=asked_at)

        due_at = paris(2017, 4, 19, 8)
        assert [plan(FIRST), plan(due_at - SECOND), plan(due_at)] == [[], [], [("Collines", 1, False)]]

    def test_another_kind_of_message_does_not_put_it_off(self, fee: MembershipFee) -> None:
        Message.objects.create(about=fee, kind="fee_cancelled", written_at=paris(2017, 3, 20, 15))

        assert plan(FIRST) == [("Collines", 1, False)]

    def test_the_second_counts_from_the_first(self, fee: MembershipFee) -> None:
        agenda.run(now=FIRST + 3 * DAY)

        due_at = paris(2017, 5, 3, 8)
        assert [plan(SECOND_STEP), plan(due_at - SECOND), plan(due_at)] == [[], [], [("Collines", 2, False)]]

    def test_after_the_last_there_is_none(self, fee: MembershipFee) -> None:
        said = [run(now) for now in (FIRST, SECOND_STEP, SECOND_STEP + 60 * DAY)]

        assert said == [
            [(ADDRESS, "Rappel, cotisation attendue")],
            [(ADDRESS, "Nouveau rappel, cotisation attendue")],
            [],
        ]
        assert steps(fee) == [("1", False, FIRST), ("2", False, SECOND_STEP)]

    @pytest.mark.parametrize(("reminders", "expected"), [(0, []), (1, ["1"]), (3, ["1", "2", "3"])])
    def test_as_many_as_the_campaign_says(self, fee: MembershipFee, reminders: int, expected: list[str]) -> None:
        FeeCampaign.objects.update(reminders=reminders)

        for month in range(5):
            agenda.run(now=FIRST + month * 40 * DAY)

        assert [key for key, _, _ in steps(fee)] == expected

    def test_another_interval_moves_what_is_not_sent_yet(self, fee: MembershipFee) -> None:
        agenda.run(now=FIRST)
        FeeCampaign.objects.update(reminder_days=10)

        assert [plan(paris(2017, 4, 10, 8) - SECOND), plan(paris(2017, 4, 10, 8))] == [[], [("Collines", 2, False)]]

    def test_after_an_outage_it_catches_up_with_one_message(self, fee: MembershipFee) -> None:
        late = SECOND_STEP + 45 * DAY

        assert [len(run(late)), len(run(late)), len(run(late + 29 * DAY))] == [1, 0, 0]
        assert plan(late + 31 * DAY) == [("Collines", 2, False)]


class TestFeesThatMoved:
    """Never for a member who is up to date, or no longer owes anything."""

    @pytest.mark.parametrize(
        ("status", "expected"), [("due", 1), ("committed", 0), ("paid", 0), ("waived", 0), ("cancelled", 0)]
    )
    def test_by_status(self, category: FeeCategory, status: str, expected: int) -> None:
        make_fee(make_member(email=ADDRESS), category=category, status=status)

        assert len(plan(FIRST)) == expected

    def test_paid_since_it_was_found_due(self, fee: MembershipFee) -> None:
        [found] = reminding.due(FIRST)
        fees.settle(fee, now=FIRST)

        assert (reminding.do(found, now=FIRST), steps(fee)) == (False, [])

    def test_cancelled_then_opened_again_it_starts_anew(self, fee: MembershipFee) -> None:
        agenda.run(now=FIRST)
        fees.cancel(fee, now=FIRST + DAY)

        again = fees.subscribe(fee.member, fee.category, now=FIRST + 2 * DAY)

        due_at = paris(2017, 5, 2, 8)
        assert [plan(due_at - SECOND), plan(due_at)] == [[], [("Collines", 1, False)]]
        assert (len(run(due_at)), steps(again)) == (1, [("1", False, due_at)])


class TestByPost:
    """A member without e-mail address: the step waits until the coordination says that the letter has left."""

    @pytest.fixture
    def silent(self, category: FeeCategory) -> MembershipFee:
        return make_fee(make_member(name="Sans adresse"), category=category, status="due")

    def test_nothing_leaves_and_nothing_is_said_to_have_left(self, silent: MembershipFee) -> None:
        assert (run(FIRST), steps(silent), plan(FIRST)) == ([], [], [("Sans adresse", 1, True)])
        assert [found.code for found in reminding.by_post(FIRST)] == [f"{silent.pk}-1"]

    def test_the_letter_counts_as_the_step(self, campaign: FeeCampaign, silent: MembershipFee) -> None:
        noted = reminding.note_posted({f"{silent.pk}-1"}, campaign=campaign, now=FIRST + DAY)

        assert (noted, steps(silent), reminding.by_post(FIRST + DAY)) == (1, [("1", True, FIRST + DAY)], [])
        due_at = paris(2017, 5, 1, 8)
        assert [plan(due_at - SECOND), plan(due_at)] == [[], [("Sans adresse", 2, True)]]

    def test_said_twice_it_is_noted_once(self, campaign: FeeCampaign, silent: MembershipFee) -> None:
        """Even by a page left open until the next step."""
        codes = {f"{silent.pk}-1"}

        noted = [reminding.note_posted(codes, campaign=campaign, now=now) for now in (FIRST, FIRST, SECOND_STEP)]

        assert (noted, len(steps(silent))) == ([1, 0, 0], 1)

    def test_only_what_is_ticked_due_and_of_this_campaign(self, campaign: FeeCampaign, silent: MembershipFee) -> None:
        other = make_fee(make_member(), category=make_category(campaign=make_campaign(year=2018)), status="due")
        young = make_fee(make_member(), category=silent.category, status="due", now=FIRST)
        codes = {f"{other.pk}-1", f"{young.pk}-1", f"{silent.pk}-2", "", "abc", "1-1-1"}

        assert reminding.note_posted(codes, campaign=campaign, now=FIRST) == 0
        assert not Message.objects.filter(state=Message.State.POSTED).exists()

    def test_an_address_learnt_since(self, silent: MembershipFee) -> None:
        silent.member.email = ADDRESS
        silent.member.save()

        assert (run(FIRST), reminding.by_post(FIRST)) == ([(ADDRESS, "Rappel, cotisation attendue")], [])

    def test_an_address_taken_away_since_it_was_found_due(self, fee: MembershipFee) -> None:
        [found] = reminding.due(FIRST)
        fee.member.email = ""
        fee.member.save()

        assert (reminding.do(found, now=FIRST), len(reminding.by_post(FIRST))) == (False, 1)


class TestWhatTheCoordinationReads:
    def test_each_fee_with_what_was_sent_and_what_comes(self, campaign: FeeCampaign, category: FeeCategory) -> None:
        told = make_fee(make_member(name="A", email=ADDRESS), category=category, status="due")
        emails.fee_call(told, now=NOW)
        make_fee(make_member(name="B"), category=category, status="due")
        make_fee(make_member(name="C"), category=category)
        agenda.run(now=FIRST)
        reminding.note_posted({found.code for found in reminding.by_post(FIRST)}, campaign=campaign, now=FIRST)
        make_fee(make_member(name="D"), category=category, status="due", now=NOW)

        rows = reminding.expected(campaign, FIRST + DAY)

        said = [[line.replace("\u00a0", " ") for line in row.sent] for row in rows]
        assert [row.fee.member.name for row in rows] == ["A", "B", "D"]
        assert said == [
            ["appel de cotisation, 1er mars 2017", "relance 1, 31 mars 2017"],
            ["relance 1 par courrier, 31 mars 2017"],
            [],
        ]
        assert [(row.reminder.step, row.is_due, row.is_letter_due) for row in rows if row.reminder] == [
            (2, False, False),
            (2, False, False),
            (1, True, True),
        ]

    def test_nothing_comes_once_the_campaign_has_ended(self, campaign: FeeCampaign, fee: MembershipFee) -> None:
        [row] = reminding.expected(campaign, paris(2018, 1, 1))

        assert (row.fee, row.reminder, row.is_due) == (fee, None, False)

    def test_the_same_queries_for_one_and_for_thirty(self, campaign: FeeCampaign, category: FeeCategory) -> None:
        def queries() -> list[int]:
            counts = []
            for act in (lambda: reminding.expected(campaign, FIRST), lambda: reminding.due(FIRST)):
                with CaptureQueriesContext(connection) as captured:
                    act()
                counts.append(len(captured))
            return counts

        make_fee(make_member(), category=category, status="due")
        one = queries()
        for _ in range(29):
            emails.fee_call(make_fee(make_member(email=ADDRESS), category=category, status="due"), now=NOW)

        assert (queries(), one) == ([3, 1], [3, 1])


class TestOnce:
    def test_the_database_refuses_a_second(self, fee: MembershipFee) -> None:
        emails.membership_reminder(fee, step=1, now=FIRST)

        with pytest.raises(IntegrityError), transaction.atomic():
            emails.membership_reminder(fee, step=1, now=FIRST)

    def test_one_that_fails_holds_nothing_back(self, category: FeeCategory, caplog: pytest.LogCaptureFixture) -> None:
        """A step written by hand with a key that the count does not foresee."""
        for name in "AB":
            make_fee(make_member(name=name, email=f"{name}@a.example"), category=category, status="due")
        first = MembershipFee.objects.get(member__name="A")
        Message.objects.create(about=first, kind=emails.MEMBERSHIP_REMINDER, key="2", written_at=NOW)

        assert run(FIRST) == [("b@a.example", "Rappel, cotisation attendue")]
        assert f"{first.pk}-2" in caplog.text

    def test_asked_to_stop(self, category: FeeCategory) -> None:
        for name in "AB":
            make_fee(make_member(name=name, email=f"{name}@a.example"), category=category, status="due")
        answers = iter([False, True])

        assert agenda.run(now=FIRST, is_stopping=lambda: next(answers)) == 1
        assert plan(FIRST) == [("B", 1, False)]


@pytest.mark.django_db(transaction=True)
class TestSeveralWorkers:
    """In several places at once, each step once."""

    def opened(self, count: int) -> list[MembershipFee]:
        category = make_category(campaign=make_campaign(year=2017))
        return [
            make_fee(make_member(email=f"m{number}@a.example"), category=category, status="due")
            for number in range(count)
        ]

    def test_three_rounds_at_once(self) -> None:
        opened = self.opened(12)

        done = at_once(*[lambda: agenda.run(now=FIRST)] * 3)
        agenda.run(now=FIRST)

        assert sum(done) <= 12
        assert sorted(messages()) == sorted((fee.member.email, "Rappel, cotisation attendue") for fee in opened)
        assert [len(steps(fee)) for fee in opened] == [1] * 12

    def test_letters_noted_twice_at_once(self) -> None:
        category = make_category(campaign=make_campaign(year=2017))
        fee = make_fee(make_member(), category=category, status="due")

        noted = at_once(*[lambda: reminding.note_posted({f"{fee.pk}-1"}, campaign=category.campaign, now=FIRST)] * 3)

        assert (sorted(noted), len(steps(fee))) == ([0, 0, 1], 1)

    def test_a_fee_that_is_being_paid_is_left_alone(self) -> None:
        """PostgreSQL: passed over, the others are done; SQLite: there is one writer at a time, so it is waited for."""
        held, other = self.opened(2)
        thread = Thread(target=lambda: (agenda.run(now=FIRST), connection.close()))

        with transaction.atomic():
            fees.settle(held, now=FIRST)
            thread.start()
            thread.join(timeout=1 if connection.vendor == "sqlite" else 30)
        thread.join()

        assert [len(steps(fee)) for fee in (held, other)] == [0, 1]


def test_dates_are_those_of_the_default_campaign() -> None:
    """The constants above are not taken on trust."""
    assert FIRST.date() - NOW.date() == SECOND_STEP.date() - FIRST.date() == timedelta(days=30)
    assert date(2017, 3, 1) == NOW.date()
