"""Two members become one: nothing that was paid, listed or received is lost (R13, R14)."""

from datetime import timedelta

import pytest

from members import covering, fees, merging
from members.models import CoveredPerson, Member, Receipt
from tests.factories import (
    NOW,
    make_campaign,
    make_category,
    make_checked_application,
    make_fee,
    make_member,
    make_registration,
    make_session,
)
from tests.support import pages
from tests.support.traces import folded, messages, status_of, told

pytestmark = pytest.mark.django_db

SIRET = "73282932000074"
OTHER_SIRET = "35600000000048"


def emails(member: Member) -> list[str]:
    return list(member.people.values_list("email", flat=True))


def test_everything_that_leads_to_a_member_is_known_here() -> None:
    """A model that points to a member from now on must be moved by `merge`, then added to this list."""
    assert {relation.name for relation in Member._meta.related_objects} == {"people", "domains", "fees"}


def test_people_and_domains_without_doubles() -> None:
    kept = make_member(emails=("a@x.example", "b@x.example"), domains=("x.example",))
    gone = make_member(emails=("b@x.example", "c@x.example"), domains=("x.example", "y.example"))

    merging.merge(gone, into=kept, now=NOW)

    assert list(Member.objects.all()) == [kept]
    assert emails(kept) == ["a@x.example", "b@x.example", "c@x.example"]
    assert list(kept.domains.values_list("domain", flat=True)) == ["x.example", "y.example"]
    assert CoveredPerson.objects.count() == 3


def test_a_limited_fee_covers_the_same_people_as_before() -> None:
    """The first ones listed are covered: those who come from an older member come after."""
    category = make_category(max_people=1)
    older = make_member(emails=("a@x.example",))
    kept = make_member(emails=("b@x.example",))
    make_fee(kept, category=category)

    merging.merge(older, into=kept, now=NOW)

    day = category.campaign.starts_on
    assert covering.up_to_date(["a@x.example", "b@x.example"], on=day) == {"b@x.example"}


def test_empty_details_are_filled_and_the_rest_is_noted() -> None:
    kept = make_member(name="Collines", phone="04 11 11 11 11", email="a@x.example", note="Note gardée", siret="")
    gone = make_member(
        name="Pays des Collines",
        phone="04 22 22 22 22",
        email="b@x.example",
        address="1 rue",
        siret=SIRET,
        note="Autre note",
    )

    merging.merge(gone, into=kept, now=NOW)

    saved = Member.objects.get()
    assert (saved.name, saved.phone, saved.email) == ("Collines", "04 11 11 11 11", "a@x.example")
    assert (saved.address, saved.siret) == ("1 rue", SIRET)
    assert folded(saved.note) == "Note gardée\nAutre note\nRéunit aussi : Pays des Collines, b@x.example."
    assert kept.siret == SIRET


def test_a_second_siret_is_noted() -> None:
    kept, gone = make_member(name="Collines", siret=SIRET), make_member(name="Collines", siret=OTHER_SIRET)

    merging.merge(gone, into=kept, now=NOW)

    kept.refresh_from_db()
    assert (kept.siret, folded(kept.note)) == (SIRET, "Réunit aussi : SIRET 356 000 000 00048.")


def test_fees_receipts_and_forms_move() -> None:
    kept = make_member()
    application = make_checked_application(emails=("a@x.example",))
    fees.settle(application.fee, now=NOW)

    merging.merge(application.fee.member, into=kept, now=NOW)

    application.refresh_from_db()
    assert application.fee.member == kept
    assert (application.fee.status, emails(kept)) == ("paid", ["a@x.example"])
    assert Receipt.objects.get().fee.member == kept


@pytest.mark.parametrize(
    ("theirs", "ours", "left"),
    [
        ("due", "due", ["cancelled", "due"]),
        ("due", "paid", ["cancelled", "paid"]),
        ("paid", "due", ["paid", "cancelled"]),
        ("cancelled", "paid", ["cancelled", "paid"]),
        ("paid", "cancelled", ["paid", "cancelled"]),
        ("cancelled", "cancelled", ["cancelled", "cancelled"]),
    ],
)
def test_one_live_fee_per_campaign(theirs: str, ours: str, left: list[str]) -> None:
    """R13: the one that is only due gives way, the duplicate's when both are."""
    category = make_category()
    kept, gone = make_member(), make_member()
    their_fee = make_fee(gone, category=category, status=theirs)
    our_fee = make_fee(kept, category=category, status=ours)

    merging.merge(gone, into=kept, now=NOW)

    assert [status_of(their_fee), status_of(our_fee)] == left
    assert set(kept.fees.all()) == {their_fee, our_fee}


def test_fees_of_two_campaigns_both_live_on() -> None:
    kept, gone = make_member(), make_member()
    this_year = make_fee(gone, category=make_category(campaign=make_campaign(year=2017)))
    next_year = make_fee(kept, category=make_category(campaign=make_campaign(year=2018)), status="due")

    merging.merge(gone, into=kept, now=NOW)

    assert [status_of(this_year), status_of(next_year)] == ["paid", "due"]


def test_what_was_said_of_the_fee_that_gives_way_is_kept() -> None:
    category = make_category()
    kept = make_member()
    our_fee = make_fee(kept, category=category, status="due")
    application = make_checked_application(category=category, method="mandate", engagement_number="33")

    merging.merge(application.fee.member, into=kept, now=NOW)

    application.refresh_from_db()
    our_fee.refresh_from_db()
    assert application.fee == our_fee
    assert (our_fee.method, our_fee.engagement_number) == ("mandate", "33")


@pytest.mark.parametrize("statuses", [("paid", "paid"), ("committed", "waived")])
def test_two_accepted_fees_are_refused(statuses: tuple[str, str]) -> None:
    category = make_category(campaign=make_campaign(name="Cotisation 2017"))
    kept, gone = make_member(name="Collines"), make_member(name="Pays", emails=("a@x.example",))
    for member, status in zip((gone, kept), statuses, strict=True):
        make_fee(member, category=category, status=status)
    before = pages.rows()

    with pytest.raises(merging.MergeRefused) as refused:
        merging.merge(gone, into=kept, now=NOW)

    assert folded(str(refused.value)) == (
        "« Pays » et « Collines » ont chacun une cotisation enregistrée pour Cotisation 2017 : "
        "annulez d’abord celle qui est de trop."
    )
    assert pages.rows() == before


def test_whoever_is_now_covered_is_told() -> None:
    """R16: from either side."""
    session = make_session(fee_required=True)
    kept, gone = make_member(emails=("a@x.example",)), make_member(emails=("b@x.example",))
    mine, theirs = (make_registration(session, email=email) for email in ("a@x.example", "b@x.example"))
    make_fee(kept, now=NOW - timedelta(days=1))
    assert [status_of(mine), status_of(theirs)] == ["confirmed", "awaiting_fee"]

    merging.merge(gone, into=kept, now=NOW)

    assert status_of(theirs) == "confirmed"
    assert told(theirs)[1:] == ["Cotisation à jour, inscription confirmée"]
    assert len(messages(to=mine)) == 2


def test_done_twice() -> None:
    kept, gone = make_member(), make_member()
    again = Member.objects.get(pk=gone.pk)
    merging.merge(gone, into=kept, now=NOW)
    before = pages.rows()

    with pytest.raises(merging.MergeRefused, match="n’en font déjà plus qu’un"):
        merging.merge(again, into=kept, now=NOW)

    assert pages.rows() == before


def test_with_itself() -> None:
    member = make_member()
    with pytest.raises(merging.MergeRefused):
        merging.merge(member, into=member, now=NOW)
    assert Member.objects.get() == member
