"""Whatever happens, in whatever order: seats, queue, log and messages hold together (R3, R6, R8, R16, R23).

A state machine plays registrations, cancellations, replacements, other addresses, links, fees, people and domains that
come and go, campaigns, other dates, a rule switched on and off, caps, days going by and rounds of the worker. It checks
after each step what must never be false, and that what the board says is what a naive reading of the facts says (R7b).
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from functools import wraps
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from caprural import agenda
from caprural.limits import LimitReached
from caprural.mailing.models import Message
from members import consequences, fees
from members.covering import Circle
from members.models import CoveredPerson, EmailDomain, Member, MembershipFee
from sessions_app import emails, registering, reminding
from sessions_app.admin.board import Board, Mark
from sessions_app.models import Registration, StatusChange, TrainingSession
from tests.factories import (
    NOW,
    make_campaign,
    make_candidate,
    make_category,
    make_member,
    make_session,
    make_staff,
    paris,
)

pytestmark = pytest.mark.django_db

Status = Registration.Status
Cause = Registration.Cause

PEOPLE = [f"p{n}@{domain}" for n in range(4) for domain in ("zero.example", "one.example", "nobody.example")]
DATED = {emails.FEE_REMINDER, emails.JOINING_INSTRUCTIONS, emails.SESSION_CHANGED, emails.DECISION_NEEDED}

#: Those that no move of a status writes.
ABOUT_AN_ADDRESS = {"link_again", "address_changed", "new_address"}

#: The message that each move of a status writes.
TOLD = {
    ("", Status.CONFIRMED): "confirmed",
    ("", Status.AWAITING_FEE): "awaiting_fee",
    ("", Status.WAITING): "waiting",
    (Status.WAITING, Status.CONFIRMED): "confirmed",
    (Status.WAITING, Status.AWAITING_FEE): "awaiting_fee",
    (Status.CONFIRMED, Status.AWAITING_FEE): "fee_lost",
}


#: What changed a seat, and to which status, in the stories told so far.
CHANGED: Counter[tuple[str, str]] = Counter()


def counted(act: Callable[..., None]) -> Callable[..., None]:
    """What this act does to the seats is counted."""

    @wraps(act)
    def counting(story: "Story", **drawn: Any) -> None:
        before = dict(story.session.registrations.values_list("pk", "status"))
        act(story, **drawn)
        for pk, status in story.session.registrations.values_list("pk", "status"):
            if before[pk] != status:
                CHANGED[act.__name__, status] += 1

    return counting


class Story(RuleBasedStateMachine):
    """One session of three seats, three members of whom one covers one person, twelve people."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = NOW
        self.colleagues = 0
        self.waiting_before: list[int] = []
        self.session = make_session(max_participants=3, fee_required=True)
        self.campaign = make_campaign(year=2017)
        category = make_category(campaign=self.campaign)
        self.limited = make_category(campaign=self.campaign, max_people=1)
        self.members = [
            make_member(domains=("zero.example",)),
            make_member(emails=tuple(address for address in PEOPLE if address.endswith("one.example"))),
        ]
        self.members.append(make_member(emails=("p0@nobody.example", "p1@one.example")))
        for member, line in zip(self.members, (category, category, self.limited), strict=True):
            fees.subscribe(member, line, now=self.now)
        self.coordinator = make_staff(group="Coordination", email="coordination@caprural.example")

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def live(self) -> list[Registration]:
        return list(self.session.registrations.live().order_by("pk"))

    def fee_of(self, member: Member) -> MembershipFee:
        return member.fees.latest("pk")

    # What can happen

    @initialize(people=st.lists(st.sampled_from(PEOPLE), min_size=3, max_size=7, unique=True))
    def some_come_at_once(self, people: list[str]) -> None:
        for email in people:
            self.someone_registers(email)

    @rule(email=st.sampled_from(PEOPLE))
    def someone_registers(self, email: str) -> None:
        try:
            registering.register(make_candidate(self.session, email=email), now=self.now)
        except registering.RegistrationClosed:
            assert not self.state().is_registrable
        except LimitReached:
            # No more than three letters a day at a stranger's will (R7); at a person's own, twelve.
            assert Message.objects.filter(to=email).count() >= 3

    @precondition(lambda self: self.live() and not self.state().has_begun)
    @rule(data=st.data())
    def someone_else_reads_the_same_mailbox(self, data: Any) -> None:
        candidate = make_candidate(self.session, email=data.draw(st.sampled_from(self.live())).email)
        registering.register_by_hand(candidate, reason="couple", user=self.coordinator, now=self.now, knowingly=True)

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def someone_acts_behind_the_link(self, data: Any) -> None:
        registering.confirm_address(data.draw(st.sampled_from(self.live())), now=self.now)

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def a_link_is_renewed(self, data: Any) -> None:
        registration = data.draw(st.sampled_from(self.live()))
        registering.renew_link(registration, user=self.coordinator, now=self.now)
        assert Registration.objects.get(pk=registration.pk).token != registration.token

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def someone_withdraws(self, data: Any) -> None:
        registration = data.draw(st.sampled_from(self.live()))
        try:
            registering.withdraw(registration, now=self.now, by=registering.PARTICIPANT)
        except registering.RegistrationClosed:
            assert self.state().has_begun

    @precondition(lambda self: self.live())
    @rule(data=st.data(), domain=st.sampled_from(["zero.example", "nobody.example"]))
    def someone_is_replaced(self, data: Any, domain: str) -> None:
        registration = data.draw(st.sampled_from(self.live()))
        self.colleagues += 1
        colleague = make_candidate(self.session, email=f"colleague{self.colleagues}@{domain}")
        try:
            registering.replace(registration, colleague, now=self.now)
        except registering.RegistrationRefused:
            assert self.state().has_begun or not registration.holds_seat

    @rule(which=st.integers(0, 2))
    @counted
    def a_fee_arrives(self, which: int) -> None:
        fee = self.fee_of(self.members[which])
        if fee.status == MembershipFee.Status.CANCELLED:
            fee = fees.subscribe(fee.member, fee.category, now=self.now)
        if not fee.is_accepted:
            fees.settle(fee, now=self.now)

    @rule(which=st.integers(0, 2))
    @counted
    def a_cheque_bounces(self, which: int) -> None:
        fee = self.fee_of(self.members[which])
        if fee.is_accepted:
            fees.cancel(fee, now=self.now)

    @precondition(lambda self: self.live())
    @rule(data=st.data(), email=st.sampled_from(PEOPLE))
    @counted
    def someone_gives_another_address(self, data: Any, email: str) -> None:
        registration = data.draw(st.sampled_from(self.live()))
        with suppress(registering.RegistrationRefused, LimitReached):
            registering.change_details(registration, {"email": email}, now=self.now)
        current = Registration.objects.get(pk=registration.pk)
        assert (current.token == registration.token) == (current.email == registration.email)

    @rule(which=st.integers(0, 2), email=st.sampled_from(PEOPLE))
    @counted
    def a_person_is_listed_or_taken_off(self, which: int, email: str) -> None:
        member = self.members[which]
        before = Circle.of([member.pk])
        if not member.people.filter(email=email).delete()[0]:
            member.people.create(email=email)
        self.foreseen_and_drawn(before | Circle.of([member.pk]))

    @rule(which=st.integers(0, 2), domain=st.sampled_from(["zero.example", "nobody.example"]))
    @counted
    def a_domain_comes_or_goes(self, which: int, domain: str) -> None:
        member = self.members[which]
        before = Circle.of([member.pk])
        if not member.domains.filter(domain=domain).delete()[0]:
            member.domains.create(domain=domain)
        self.foreseen_and_drawn(before | Circle.of([member.pk]))

    def foreseen_and_drawn(self, circle: Circle) -> None:
        foreseen = registering.would_change(circle, [], lambda cover: cover, now=self.now)
        done = consequences.draw(circle, now=self.now)
        assert [change.sentence for change in foreseen] == done

    @rule(is_required=st.booleans())
    @counted
    def the_rule_is_switched(self, is_required: bool) -> None:
        TrainingSession.objects.filter(pk=self.session.pk).update(fee_required=is_required)
        registering.review(self.session, now=self.now)

    @rule(days=st.sampled_from([-300, -20, 5, 300]))
    @counted
    def the_session_is_moved(self, days: int) -> None:
        first = self.session.days.get()
        to = first.date + timedelta(days=days)
        if self.state().has_begun or not self.now.date() < to < date(2019, 1, 1):
            return
        self.session.days.update(date=to)
        TrainingSession.objects.filter(pk=self.session.pk).update(registration_deadline=to - timedelta(days=7))
        registering.review(self.session, now=self.now)

    @rule(ends_on=st.sampled_from([date(2017, 4, 10), date(2017, 12, 31), date(2018, 12, 31)]))
    @counted
    def the_campaign_covers_other_days(self, ends_on: date) -> None:
        type(self.campaign).objects.update(ends_on=ends_on)
        self.foreseen_and_drawn(Circle.of([member.pk for member in self.members]))

    @rule(cap=st.integers(1, 6))
    def the_cap_changes(self, cap: int) -> None:
        session = TrainingSession.objects.lock(self.session.pk)
        if cap >= session.seats_taken:
            session.max_participants = cap
            session.save()
            registering.review(session, now=self.now)

    @rule()
    def the_coordinator_assigns_a_seat(self) -> None:
        with suppress(registering.RegistrationRefused):
            registering.assign_next_seat(self.session, user=self.coordinator, now=self.now)

    @rule(hours=st.sampled_from([1, 23, 24 * 3, 24 * 9]))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: self.session.registrations.filter(fee_due_on__isnull=False).exists())
    @rule(before=st.sampled_from([timedelta(days=2), timedelta(0), timedelta(days=-1)]))
    def a_due_date_comes(self, before: timedelta) -> None:
        due_on = self.session.registrations.filter(fee_due_on__isnull=False).earliest("fee_due_on").fee_due_on
        assert due_on is not None
        self.now = max(self.now, paris(due_on.year, due_on.month, due_on.day, 9) - before)
        self.the_worker_runs(rounds=2)

    @rule(rounds=st.integers(1, 2))
    def the_worker_runs(self, rounds: int) -> None:
        for _ in range(rounds):
            agenda.run(now=self.now)
        assert reminding.due(self.now) == []

    # What must never be false

    def is_covered(self, email: str, on: date) -> bool:
        """R13, R14 as naively as they can be said."""
        for fee in MembershipFee.objects.filter(status__in=("committed", "paid", "waived")):
            if not fee.campaign.starts_on <= on <= fee.campaign.ends_on:
                continue
            people = [person.email for person in CoveredPerson.objects.filter(member=fee.member).order_by("pk")]
            if fee.category.max_people:
                people = people[: fee.category.max_people]
            elif any(email.endswith(f"@{one.domain}") for one in EmailDomain.objects.filter(member=fee.member)):
                return True
            if email in people:
                return True
        return False

    @invariant()
    def what_is_said_is_the_fact(self) -> None:
        """R7b: status and board, until the session begins."""
        session = TrainingSession.objects.for_display().get(pk=self.session.pk)
        if session.state(self.now).has_begun or not session.first_date:
            return
        board = Board(session, user=self.coordinator, now=self.now)
        shows_fees = "cotisation" in [column.name for column in board.columns]
        assert shows_fees == session.fee_required
        for row in board.seats:
            must_pay = session.fee_required and not self.is_covered(row.registration.email, session.first_date)
            assert row.registration.status == (Status.AWAITING_FEE if must_pay else Status.CONFIRMED)
            assert not shows_fees or (row.cells["cotisation"].mark == Mark.MISSING) == must_pay

    def state(self) -> Any:
        return TrainingSession.objects.with_seats_and_days().get(pk=self.session.pk).state(self.now)

    @invariant()
    def no_more_seats_than_the_cap(self) -> None:
        session = TrainingSession.objects.with_seats_and_days().get(pk=self.session.pk)
        assert session.seats_taken <= (session.max_participants or 0)

    @invariant()
    def no_seat_stays_free_while_someone_waits(self) -> None:
        """R8: until the deadline; the coordinator assigns it afterwards."""
        session = TrainingSession.objects.with_seats_and_days().get(pk=self.session.pk)
        assert not (session.state(self.now).is_registrable and session.has_free_seat and session.waiting_count)

    @invariant()
    def nobody_overtakes(self) -> None:
        waiting = list(self.session.registrations.waiting().values_list("pk", flat=True))
        served = Registration.objects.filter(pk__in=self.waiting_before, status__in=Registration.HOLDING_SEAT)
        still_there = [pk for pk in self.waiting_before if pk in waiting]
        for pk in served.values_list("pk", flat=True):
            assert all(pk < other for other in still_there)
        self.waiting_before = waiting

    @invariant()
    def status_and_log_agree(self) -> None:
        for registration in self.session.registrations.all():
            lines = registration.status_changes.values_list("from_status", "to_status")
            assert all(before == after for (_, before), (after, _) in pairwise(lines))
            steps = [(before, after) for before, after in lines if before != after]
            assert steps[0][0] == ""
            assert all(after in Registration.TRANSITIONS[before] for before, after in steps)
            assert steps[-1][1] == registration.status

    @invariant()
    def a_link_is_only_in_letters_to_its_person(self) -> None:
        """R9."""
        for registration in self.session.registrations.all():
            quoting = Message.objects.filter(text__contains=registration.token)
            assert {email.to for email in quoting} <= {registration.email}

    @invariant()
    def each_person_was_told_their_own_story(self) -> None:
        for registration in self.session.registrations.select_related("replaces"):
            told = registration.messages.exclude(kind__in=DATED | ABOUT_AN_ADDRESS).values_list("kind", flat=True)
            # A line of the log may only note something: the status stays.
            moves = registration.status_changes.exclude(from_status=F("to_status"))
            steps = [self.told_by(registration, step) for step in moves]
            assert list(told) == steps

    def told_by(self, registration: Registration, step: StatusChange) -> str:
        if step.to_status == Status.CANCELLED:
            return "replaced" if registration.cancellation_cause == Cause.REPLACED else "cancelled"
        if step.from_status == "" and hasattr(registration, "replaces"):
            return "replacing"
        if (step.from_status, step.to_status) == (Status.AWAITING_FEE, Status.CONFIRMED):
            # Nothing is said about fees where none is asked for (R17).
            is_about_fees = step.reason.startswith(("cotisation acceptée", "nouvelle adresse"))
            return "fee_accepted" if is_about_fees else "confirmed"
        return TOLD[(step.from_status, Status(step.to_status))]

    @invariant()
    def a_dated_message_leaves_once(self) -> None:
        dated = Message.objects.filter(kind__in=DATED).exclude(key="")
        counted = Counter(dated.values_list("about_id", "kind", "key"))
        assert [key for key, times in counted.items() if times > 1] == []

    @invariant()
    def whoever_waits_received_no_confirmation(self) -> None:
        for registration in self.session.registrations.filter(status=Status.WAITING):
            assert not registration.messages.filter(kind__in=("confirmed", "fee_accepted")).exists()


class CoverStory(Story):
    """Only what decides a cover happens, to four people who all have a seat and payers whose fees are paid."""

    someone_registers = someone_withdraws = someone_is_replaced = someone_else_reads_the_same_mailbox = None
    someone_acts_behind_the_link = a_link_is_renewed = the_cap_changes = the_coordinator_assigns_a_seat = None
    time_goes_by = a_due_date_comes = the_worker_runs = None
    nobody_overtakes = no_seat_stays_free_while_someone_waits = whoever_waits_received_no_confirmation = None
    a_dated_message_leaves_once = a_link_is_only_in_letters_to_its_person = None

    def __init__(self) -> None:
        super().__init__()
        TrainingSession.objects.filter(pk=self.session.pk).update(max_participants=4)
        for member in self.members:
            fees.settle(self.fee_of(member), now=self.now)

    @initialize()
    def some_come_at_once(self) -> None:
        for email in PEOPLE[:4]:
            registering.register(make_candidate(self.session, email=email), now=self.now)


def tell(story: type[Story], *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        story,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),  # shrinking takes minutes, and the failing story is told anyway
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_story_holds_together() -> None:
    tell(Story, examples=12, steps=25)


def test_whatever_decides_a_cover_is_judged_both_ways() -> None:
    """R7b. A story in which nothing changes proves nothing: each of these acts has cost a cover and given one."""
    CHANGED.clear()
    tell(CoverStory, examples=12, steps=40)

    both = {Status.CONFIRMED, Status.AWAITING_FEE}
    acts = {
        "a_fee_arrives": {Status.CONFIRMED},
        "a_cheque_bounces": {Status.AWAITING_FEE},
        "someone_gives_another_address": both,
        "a_person_is_listed_or_taken_off": both,
        "a_domain_comes_or_goes": both,
        "the_rule_is_switched": both,
        "the_session_is_moved": both,
        "the_campaign_covers_other_days": both,
    }
    assert {act: {status for name, status in CHANGED if name == act} for act in acts} == acts
