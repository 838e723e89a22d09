from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry

from members import consequences, covering, fees
from members.covering import Circle
from members.models import FeeCategory, MembershipFee
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member, make_staff, paris
from tests.support.traces import folded, status_of

pytestmark = pytest.mark.django_db

ON = date(2017, 4, 12)
LATER = paris(2017, 3, 15, 9)
VERBS: dict[str, Callable[..., None]] = {
    "committed": fees.commit,
    "paid": fees.settle,
    "waived": fees.waive,
    "cancelled": fees.cancel,
}


def is_covered(email: str, *, on: date = ON) -> bool:
    """Whether this person's fee is up to date on the day of the session."""
    return bool(covering.up_to_date([email], on=on))


class TestWhoIsCovered:
    """R14: by the address the member lists, or by the domain it declares; never by a typed name."""

    @pytest.mark.parametrize(
        ("email", "expected"),
        [
            ("camille@collines.example", True),
            (" CAMILLE@collines.EXAMPLE ", True),
            ("alex@collines.example", False),
            ("xcamille@collines.example", False),
            ("qui.que.ce.soit@cc-plateau.example", True),
            ("Qui@CC-Plateau.Example", True),
            ("qui@sous.cc-plateau.example", False),
            ("qui@autrecc-plateau.example", False),
            ("qui@cc-plateau.example.org", False),
            ("cc-plateau.example@ailleurs.example", False),
        ],
    )
    def test_by_address_or_domain(self, email: str, expected: bool) -> None:
        make_fee(make_member(emails=("camille@collines.example",), domains=("cc-plateau.example",)))

        assert is_covered(email) is expected


class TestSubscribing:
    """R13: the fee « attendue » of a member, its amount frozen."""

    def test_it_is_due_and_dated(self) -> None:
        member, category = make_member(), make_category(amount=Decimal("80.00"))

        fee = fees.subscribe(member, category, now=NOW)

        fee.refresh_from_db()
        assert (fee.member, fee.category, fee.campaign, fee.amount, fee.status, fee.status_changed_at) == (
            member,
            category,
            category.campaign,
            Decimal("80.00"),
            "due",
            NOW,
        )

    def test_its_amount_does_not_follow_the_scale(self) -> None:
        category = make_category(amount=Decimal("80.00"))
        fee = fees.subscribe(make_member(), category, now=NOW)

        FeeCategory.objects.update(amount=Decimal("95.50"))
        fees.settle(fee, now=LATER)

        fee.refresh_from_db()
        assert fee.amount == Decimal("80.00")
        category.refresh_from_db()
        assert fees.subscribe(make_member(), category, now=NOW).amount == Decimal("95.50")

    @pytest.mark.parametrize("status", ["due", "committed", "paid", "waived"])
    def test_once_per_campaign(self, status: str) -> None:
        category = make_category()
        member = make_member(name="Pays des Collines")
        fee = make_fee(member, category=category, status=status)
        other = make_category(campaign=category.campaign)

        with pytest.raises(fees.AlreadySubscribed) as refused:
            fees.subscribe(member, other, now=NOW)

        assert folded(str(refused.value)) == STANDING[status].format(code=fee.code)
        assert list(member.fees.all()) == [fee]

    def test_again_after_a_cancelled_one_and_for_another_campaign(self) -> None:
        member, category = make_member(), make_category()
        make_fee(member, category=category, status="cancelled")

        fees.subscribe(member, category, now=NOW)
        fees.subscribe(member, make_category(campaign=make_campaign(year=2018)), now=NOW)

        assert sorted(member.fees.values_list("campaign__name", "status")) == [
            ("Cotisation 2017", "cancelled"),
            ("Cotisation 2017", "due"),
            ("Cotisation 2018", "due"),
        ]


def test_who_recorded_it_is_said() -> None:
    """The date, by whom, the receipt's number: what one needs to find it again."""
    fee = make_fee(make_member(name="Pays des Collines"), status="due")
    fees.settle(fee, now=NOW)
    user = make_staff(group="Coordination", username="alix")
    LogEntry.objects.log_actions(user.pk, [fee], CHANGE, "État\N{NO-BREAK SPACE}: payée.", single_object=True)

    with pytest.raises(fees.FeeTransitionRefused) as refused:
        fees.settle(fee, now=LATER)

    assert folded(str(refused.value)).startswith(
        f"La cotisation de Pays des Collines pour Cotisation 2017 ({fee.code}) est payée depuis le 1er mars 2017, "
        "par alix, reçu n° 2017-0001. "
    )


_WHICH = "La cotisation de Pays des Collines pour Cotisation 2017 ({code}) est "
_DONE = "Rien n’est à enregistrer ; si c’est une erreur, annulez-la, puis ouvrez-en une autre."
#: What is answered of a fee that moves no more, or not that way.
STANDING = {
    "due": f"{_WHICH}attendue depuis le 1er mars 2017. Enregistrez son paiement, ou annulez-la.",
    "committed": f"{_WHICH}engagée depuis le 1er mars 2017. "
    "L’engagement est enregistré : enregistrez son paiement, ou annulez-la.",
    "paid": f"{_WHICH}payée depuis le 1er mars 2017, reçu n° 2017-0001. {_DONE}",
    "waived": f"{_WHICH}exonérée depuis le 1er mars 2017. {_DONE}",
    "cancelled": f"{_WHICH}annulée depuis le 1er mars 2017. Une cotisation annulée le reste : ouvrez-en une autre.",
}


class TestTransitions:
    """R13: what a fee may become."""

    ALLOWED = {
        "due": ["committed", "paid", "waived", "cancelled"],
        "committed": ["paid", "waived", "cancelled"],
        "paid": ["cancelled"],
        "waived": ["cancelled"],
        "cancelled": [],
    }

    def test_every_status_has_its_line(self) -> None:
        assert {before: set(after) for before, after in fees.TRANSITIONS.items()} == {
            before: set(after) for before, after in self.ALLOWED.items()
        }
        assert set(fees.TRANSITIONS) == set(MembershipFee.Status.values)

    @pytest.mark.parametrize("after", VERBS)
    @pytest.mark.parametrize("before", ALLOWED)
    def test_each_verb_from_each_status(self, before: str, after: str) -> None:
        fee = make_fee(make_member(name="Pays des Collines"), status=before)
        is_allowed = after in self.ALLOWED[before]

        try:
            VERBS[after](fee, now=LATER)
        except fees.FeeTransitionRefused as refused:
            said = folded(str(refused))
        else:
            said = ""

        refusal = STANDING[before].format(code=fee.code)
        stored = MembershipFee.objects.get(pk=fee.pk)
        assert (said, stored.status, stored.status_changed_at) == (
            ("", after, LATER) if is_allowed else (refusal, before, NOW)
        )
        assert (fee.status, fee.status_changed_at) == (stored.status, stored.status_changed_at)

    def test_a_stale_copy_does_not_undo_what_was_done(self) -> None:
        fee = make_fee(make_member(), status="due")
        stale = MembershipFee.objects.get(pk=fee.pk)
        fees.cancel(fee, now=NOW)

        with pytest.raises(fees.FeeTransitionRefused):
            fees.settle(stale, now=NOW)

        assert status_of(fee) == "cancelled"


class TestRecording:
    """R13, R16: bring a member's fee to an accepted status, opening it where there is none."""

    def test_opened_when_there_is_none(self) -> None:
        member, category = make_member(), make_category(amount=Decimal("80.00"))

        fees.record(member, category, "paid", proof=fees.Proof(method="cheque", reference="n° 123"), now=NOW)

        assert list(member.fees.values_list("category", "amount", "status", "method", "reference")) == [
            (category.pk, Decimal("80.00"), "paid", "cheque", "n° 123")
        ]

    def test_moved_when_there_is_one_and_its_category_kept(self) -> None:
        member, category = make_member(), make_category()
        fee = make_fee(member, category=category, status="due")
        other = make_category(campaign=category.campaign)

        fees.record(member, other, "committed", proof=fees.Proof(method="mandate"), now=LATER)

        assert list(member.fees.values_list("pk", "category", "status", "method")) == [
            (fee.pk, category.pk, "committed", "mandate")
        ]

    def test_recorded_twice_it_keeps_what_was_known(self) -> None:
        member, category = make_member(), make_category()
        fees.record(member, category, "paid", proof=fees.Proof(method="cheque", reference="n° 123"), now=NOW)

        fees.record(member, category, "paid", now=LATER)

        assert list(member.fees.values_list("status", "method", "reference", "status_changed_at")) == [
            ("paid", "cheque", "n° 123", NOW)
        ]

    def test_what_cannot_be_is_refused_whole(self) -> None:
        member, category = make_member(), make_category()
        fees.record(member, category, "paid", proof=fees.Proof(method="cheque"), now=NOW)

        with pytest.raises(fees.FeeTransitionRefused):
            fees.record(member, category, "committed", proof=fees.Proof(method="mandate", reference="n° 9"), now=LATER)

        assert list(member.fees.values_list("status", "method", "reference")) == [("paid", "cheque", "")]

    def test_a_cancelled_fee_is_not_brought_back(self) -> None:
        member, category = make_member(), make_category()
        make_fee(member, category=category, status="cancelled")

        fees.record(member, category, "waived", now=NOW)

        assert sorted(member.fees.values_list("status", flat=True)) == ["cancelled", "waived"]


class TestCovering:
    """R14: attaching once teaches the address to the member."""

    def test_the_address_is_learnt_once(self) -> None:
        member = make_member()

        fees.cover(member, " Camille@Collines.EXAMPLE", name="Camille Durand", now=NOW)
        fees.cover(member, "camille@collines.example", name="Autre", now=NOW)

        assert list(member.people.values_list("email", "name")) == [("camille@collines.example", "Camille Durand")]


class Listener:
    """Keeps whose cover may have changed, and says their addresses."""

    def __init__(self) -> None:
        self.circles: list[Circle] = []

    def judge_cover(self, circle: Circle, *, lost: str, now: datetime) -> list[str]:
        self.circles.append(circle)
        return sorted(circle.addresses)

    def would_change(self, circle: Circle, members: Any, after: Any, *, now: datetime) -> list[consequences.Change]:
        return []

    def not_covered(self, circle: Circle, starts_on: date, ends_on: date, *, now: datetime) -> list[str]:
        return []


class TestAnnouncements:
    """R16: who covers more, or less, is said at the moment it becomes true, and only then."""

    @pytest.fixture
    def heard(self) -> Iterator[Listener]:
        """Someone whose seats rest on the fees."""
        listener = Listener()
        consequences.register(listener)
        yield listener
        consequences.unregister(listener)

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            (["committed"], 1),
            (["paid"], 1),
            (["waived"], 1),
            (["cancelled"], 0),
            (["committed", "paid", "cancelled"], 2),
            (["committed", "waived"], 1),
        ],
    )
    def test_along_the_life_of_a_fee(self, heard: Listener, path: list[str], expected: int) -> None:
        member = make_member(emails=("a@x.example",), domains=("y.example",))
        fee = make_fee(member, status="due")

        for status in path:
            VERBS[status](fee, now=NOW)

        assert heard.circles == [Circle(frozenset({"a@x.example"}), frozenset({"y.example"}))] * expected

    def test_when_a_person_is_learnt(self, heard: Listener) -> None:
        fees.cover(make_member(), "camille@collines.example", now=NOW)

        assert heard.circles == [Circle(frozenset({"camille@collines.example"}), frozenset())]

    def test_what_follows_is_handed_back(self, heard: Listener) -> None:
        """In the words of whoever listens."""
        names = ("pays", "sources")
        due = [
            make_fee(make_member(emails=(f"{name}@x.example",)), category=make_category(), status="due")
            for name in names
        ]

        said = (
            fees.accept(due, "committed", now=NOW),
            fees.accept(due, "paid", now=NOW),
            fees.cancel(due[0], now=NOW),
        )

        assert said == (["pays@x.example", "sources@x.example"], [], ["pays@x.example"])
