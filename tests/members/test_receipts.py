"""Receipts: numbers without gaps per year, never given twice, and facts that never change (SPEC §6)."""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from caprural.mailing.models import Message
from members import fees, receipts
from members.models import MembershipFee, Receipt, ReceiptCounter
from tests.factories import (
    NOW,
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_session,
    paris,
)
from tests.support.together import at_once
from tests.support.traces import folded

pytestmark = pytest.mark.django_db


def due(count: int = 1, *, email: str = "") -> list[MembershipFee]:
    """Fees still to be paid, each of a member of its own."""
    category = make_category(campaign=make_campaign(), amount=Decimal(80))
    return [make_fee(make_member(email=email), category=category, status="due") for _ in range(count)]


def labels() -> list[str]:
    """The numbers given, in order."""
    return [receipt.label for receipt in Receipt.objects.order_by("year", "number")]


def fail(fee: MembershipFee) -> None:
    """A payment whose transaction goes wrong after the receipt was written."""
    with transaction.atomic():
        fees.settle(fee, now=NOW)
        raise RuntimeError


class TestNumbers:
    def test_from_one_in_order(self) -> None:
        for fee in due(3):
            fees.settle(fee, now=NOW)

        assert labels() == ["2017-0001", "2017-0002", "2017-0003"]
        assert list(ReceiptCounter.objects.values_list("year", "last")) == [(2017, 3)]

    @pytest.mark.parametrize(
        ("now", "label"),
        [
            (paris(2017, 12, 31, 23, 59, 59), "2017-0002"),
            (paris(2018, 1, 1), "2018-0001"),
            (paris(2018, 1, 1, 0, 59, 59), "2018-0001"),
        ],
    )
    def test_the_year_is_that_of_the_clocks_in_france(self, now: datetime, label: str) -> None:
        """In UTC, the first hour of a year still belongs to the year before."""
        first, second = due(2)
        fees.settle(first, now=NOW)

        fees.settle(second, now=now)

        assert labels() == ["2017-0001", label]

    def test_a_year_is_that_of_the_issue_whatever_the_day_of_payment(self) -> None:
        [fee] = due()

        fees.settle(fee, proof=fees.Proof(paid_on=paris(2016, 12, 30, 12).date()), now=NOW)

        assert labels() == ["2017-0001"]

    def test_years_count_apart(self) -> None:
        one, two, three = due(3)
        for fee, now in ((one, paris(2018, 1, 2)), (two, NOW), (three, paris(2018, 1, 3))):
            fees.settle(fee, now=now)

        assert labels() == ["2017-0001", "2018-0001", "2018-0002"]

    def test_beyond_four_digits(self) -> None:
        ReceiptCounter.objects.create(year=2017, last=9999)
        [fee] = due()

        fees.settle(fee, now=NOW)

        assert labels() == ["2017-10000"]


class TestIssue:
    def test_twice_is_the_same_receipt(self) -> None:
        [fee] = due()
        fees.settle(fee, now=NOW)

        again = receipts.issue(fee, now=paris(2018, 6, 1))

        assert [again] == list(Receipt.objects.all())
        assert sum(ReceiptCounter.objects.values_list("last", flat=True)) == 1

    @pytest.mark.parametrize("status", ["due", "committed", "waived", "cancelled"])
    def test_only_for_a_payment(self, status: str) -> None:
        fee = make_fee(make_member(), status=status)

        with pytest.raises(ValueError, match="is not paid"):
            receipts.issue(fee, now=NOW)

        assert labels() == []

    def test_a_payment_that_fails_gives_its_number_back(self) -> None:
        first, second = due(2)

        with pytest.raises(RuntimeError):
            fail(first)

        assert (labels(), Message.objects.count()) == ([], 0)
        first.refresh_from_db()
        assert first.status == "due"
        fees.settle(second, now=NOW)
        fees.settle(first, now=NOW)
        assert [(receipt.label, receipt.fee) for receipt in Receipt.objects.order_by("number")] == [
            ("2017-0001", second),
            ("2017-0002", first),
        ]

    def test_several_fees_of_which_one_is_refused(self) -> None:
        """One transfer for several fees: all of them or none, numbers too."""
        first, second = due(2)
        fees.cancel(second, now=NOW)

        with pytest.raises(fees.FeeTransitionRefused):
            fees.accept([first, second], MembershipFee.Status.PAID, now=NOW)

        assert labels() == []
        assert not ReceiptCounter.objects.filter(last__gt=0).exists()


class TestVoid:
    def test_its_number_is_never_given_again(self) -> None:
        [fee] = due()
        fees.settle(fee, now=NOW)
        fees.cancel(fee, now=paris(2017, 4, 1))
        anew = fees.subscribe(fee.member, fee.category, now=paris(2017, 4, 2))

        fees.settle(anew, now=paris(2017, 4, 3))

        assert [(receipt.label, receipt.fee, receipt.voided_at) for receipt in Receipt.objects.order_by("number")] == [
            ("2017-0001", fee, paris(2017, 4, 1)),
            ("2017-0002", anew, None),
        ]

    def test_only_the_valid_one(self) -> None:
        [fee] = due()
        fees.settle(fee, now=NOW)
        receipts.void(fee, now=paris(2017, 4, 1))

        receipts.void(fee, now=paris(2017, 5, 1))

        assert Receipt.objects.get().voided_at == paris(2017, 4, 1)


class TestTheDatabase:
    """What must never be false, whoever writes."""

    def test_one_valid_receipt_per_fee(self) -> None:
        [fee] = due()
        fees.settle(fee, now=NOW)

        with pytest.raises(IntegrityError), transaction.atomic():
            Receipt.objects.create(year=2017, number=2, fee=fee, issued_at=NOW, facts={})

    def test_a_number_once(self) -> None:
        one, two = due(2)
        fees.settle(one, now=NOW)

        with pytest.raises(IntegrityError), transaction.atomic():
            Receipt.objects.create(year=2017, number=1, fee=two, issued_at=NOW, facts={})

    def test_numbers_start_at_one(self) -> None:
        [fee] = due()

        with pytest.raises(IntegrityError), transaction.atomic():
            Receipt.objects.create(year=2017, number=0, fee=fee, issued_at=NOW, facts={})


class TestFacts:
    def test_no_more_people_than_are_covered(self) -> None:
        """R14: what a receipt says of the people is what the fee gives them."""
        two = make_category(campaign=make_campaign(), max_people=2)
        member = make_member(emails=("c@a.example", "a@a.example", "b@a.example"), domains=("a.example",))

        facts = make_fee(member, category=two).receipts.get().facts

        assert (facts["people"], facts["domains"]) == (
            [{"name": "", "email": "c@a.example"}, {"name": "", "email": "a@a.example"}],
            [],
        )


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Each payment in a thread of its own, on a connection of its own."""

    def test_fifty_payments_get_fifty_numbers_without_a_gap(self) -> None:
        rows = due(50, email="compta@a.example")

        outcomes = at_once(*[lambda fee=fee: fees.settle(fee, now=NOW) for fee in rows])

        assert outcomes == [None] * 50
        assert sorted(Receipt.objects.values_list("year", "number")) == [(2017, number) for number in range(1, 51)]
        assert list(ReceiptCounter.objects.values_list("year", "last")) == [(2017, 50)]
        assert Message.objects.filter(kind="receipt").count() == Message.objects.count() == 50
        said = sorted(email.subject.partition("\u00a0")[2][:9] for email in Message.objects.all())
        assert said == [f"2017-{number:04}" for number in range(1, 51)]

    def test_half_of_them_fail_and_leave_no_gap(self) -> None:
        rows = due(20)

        outcomes = at_once(
            *[
                (lambda fee=fee: fail(fee)) if number % 2 else (lambda fee=fee: fees.settle(fee, now=NOW))
                for number, fee in enumerate(rows)
            ]
        )

        assert [type(outcome) for outcome in outcomes] == [type(None), RuntimeError] * 10
        assert sorted(Receipt.objects.values_list("number", flat=True)) == list(range(1, 11))

    def test_the_same_payment_recorded_ten_times(self) -> None:
        [fee] = due(email="compta@a.example")

        outcomes = at_once(*[lambda: fees.settle(MembershipFee.objects.get(pk=fee.pk), now=NOW)] * 10)

        assert Counter(map(type, outcomes)) == {type(None): 1, fees.FeeTransitionRefused: 9}
        assert (labels(), Message.objects.count()) == (["2017-0001"], 1)


def test_a_receipt_says_which_days_it_covers_and_which_it_does_not() -> None:
    """A session of next year is not covered by this year's fee: whoever pays must not find it out there."""
    member = make_member(emails=("camille@collines.example",), email="compta@collines.example")
    fee = make_fee(member, category=make_category(campaign=make_campaign(year=2017)), status="due")
    first = date(2018, 4, 12)
    session = make_session(title="Coopérer", fee_required=True, days=(first,))
    make_registration(session, email="camille@collines.example")
    make_registration(make_session(fee_required=True), email="camille@collines.example")

    follows = fees.accept([fee], "paid", now=NOW)

    message = Message.objects.get(to="compta@collines.example")
    for text in (folded(message.text), folded(message.html)):
        assert "sont à jour du 1er janvier 2017 au 31 décembre 2017" in text
        assert "12 avril 2018 (« Coopérer »)" in text
        assert text.count("(«") == 1
    assert folded(follows[-1]).endswith(
        "pour Cotisation 2017 ne couvre pas le 12 avril 2018 (« Coopérer »), qui l’attend encore"
    )
