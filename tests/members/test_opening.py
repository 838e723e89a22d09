"""From one year to the next: the campaign that follows, and the fees of whoever paid the year before (R12, R13)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from members import opening
from members.models import FeeCampaign, MembershipFee
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member, paris
from tests.support.together import at_once
from tests.support.traces import folded, messages

pytestmark = pytest.mark.django_db

LATER = paris(2018, 1, 9, 10)


class TestThePeriodThatFollows:
    @pytest.mark.parametrize(
        ("period", "following"),
        [
            ((date(2017, 1, 1), date(2017, 12, 31)), (date(2018, 1, 1), date(2018, 12, 31))),
            ((date(2016, 1, 1), date(2016, 12, 31)), (date(2017, 1, 1), date(2017, 12, 31))),
            ((date(2019, 1, 1), date(2019, 12, 31)), (date(2020, 1, 1), date(2020, 12, 31))),
            ((date(2016, 9, 1), date(2017, 8, 31)), (date(2017, 9, 1), date(2018, 8, 31))),
            # February has 28 or 29 days.
            ((date(2015, 3, 1), date(2016, 2, 29)), (date(2016, 3, 1), date(2017, 2, 28))),
            ((date(2018, 3, 1), date(2019, 2, 28)), (date(2019, 3, 1), date(2020, 2, 29))),
            ((date(2016, 2, 29), date(2017, 2, 28)), (date(2017, 3, 1), date(2018, 2, 28))),
            ((date(2015, 3, 1), date(2016, 2, 28)), (date(2016, 2, 29), date(2017, 2, 28))),
            ((date(2017, 4, 12), date(2018, 4, 11)), (date(2018, 4, 12), date(2019, 4, 11))),
            ((date(2017, 1, 1), date(2017, 6, 30)), (date(2017, 7, 1), date(2017, 12, 31))),
            ((date(2017, 1, 1), date(2018, 12, 31)), (date(2019, 1, 1), date(2020, 12, 31))),
            ((date(2017, 1, 1), date(2017, 1, 10)), (date(2017, 1, 11), date(2017, 1, 20))),
            ((date(2017, 1, 31), date(2017, 1, 31)), (date(2017, 2, 1), date(2017, 2, 1))),
        ],
    )
    def test_has_the_same_length(self, period: tuple[date, date], following: tuple[date, date]) -> None:
        assert opening.next_period(*period) == following


class TestItsName:
    @pytest.mark.parametrize(
        ("name", "starts_on", "ends_on", "following"),
        [
            ("Cotisation 2017", date(2017, 1, 1), date(2017, 12, 31), "Cotisation 2018"),
            ("2016-2017", date(2016, 9, 1), date(2017, 8, 31), "2017-2018"),
            ("Cotisation 2016/17", date(2016, 9, 1), date(2017, 8, 31), "Cotisation 2017/18"),
            ("2098/99", date(2098, 9, 1), date(2099, 8, 31), "2099/00"),
            ("Projet 2030, année 2017", date(2017, 1, 1), date(2017, 12, 31), "Projet 2030, année 2018"),
            ("Cotisation annuelle", date(2017, 1, 1), date(2017, 12, 31), "Cotisation annuelle 2018"),
            ("Cotisation", date(2016, 9, 1), date(2017, 8, 31), "Cotisation 2017-2018"),
            ("Premier semestre", date(2017, 1, 1), date(2017, 6, 30), "Premier semestre 2017"),
            ("x" * 80, date(2017, 1, 1), date(2017, 12, 31), f"{'x' * 75} 2018"),
        ],
    )
    def test_advances_its_years(self, name: str, starts_on: date, ends_on: date, following: str) -> None:
        campaign = make_campaign(name=name, starts_on=starts_on, ends_on=ends_on)

        assert opening.next_campaign(campaign).name == following

    def test_is_another_when_it_is_taken(self) -> None:
        campaign = make_campaign(year=2017)
        make_campaign(year=2010, name="Cotisation 2018")

        assert opening.next_campaign(campaign).name == "Cotisation 2017 2018"


class TestOpeningTheNext:
    """R12: in one action, with its scale and its reminders."""

    def scale(self, campaign: FeeCampaign) -> list[tuple[Any, ...]]:
        names = ("label", "amount", "scope", "max_people", "description", "position")
        return list(campaign.categories.values_list(*names))

    def test_the_scale_and_the_reminders_are_copied(self) -> None:
        campaign = make_campaign(year=2017, reminders=3, reminder_days=45)
        make_category(campaign=campaign, label="Association", amount=Decimal("80.50"), max_people=3, position=2)
        make_category(campaign=campaign, label="Personne", scope="person", description="Étudiants compris", position=1)

        following = opening.open_next(campaign)

        following.refresh_from_db()
        assert (
            following.name,
            following.starts_on,
            following.ends_on,
            following.reminders,
            following.reminder_days,
        ) == (
            "Cotisation 2018",
            date(2018, 1, 1),
            date(2018, 12, 31),
            3,
            45,
        )
        assert self.scale(following) == [
            ("Personne", Decimal("100.00"), "person", None, "Étudiants compris", 1),
            ("Association", Decimal("80.50"), "structure", 3, "", 2),
        ]
        assert self.scale(campaign) == self.scale(following)

    def test_an_amount_edited_there_stays_what_it_was_here(self) -> None:
        campaign = make_campaign(year=2017)
        category = make_category(campaign=campaign, amount=Decimal("80.00"))
        fee = make_fee(make_member(), category=category)

        following = opening.open_next(campaign)
        following.categories.update(amount=Decimal("95.50"))

        category.refresh_from_db()
        fee.refresh_from_db()
        assert (category.amount, fee.amount, following.fees.count()) == (Decimal("80.00"), Decimal("80.00"), 0)

    @pytest.mark.parametrize(
        ("starts_on", "ends_on"),
        [
            (date(2018, 1, 1), date(2018, 12, 31)),
            (date(2018, 12, 31), date(2019, 12, 30)),
            (date(2018, 6, 1), date(2018, 6, 1)),
        ],
    )
    def test_a_period_that_another_covers_is_refused(self, starts_on: date, ends_on: date) -> None:
        campaign = make_campaign(year=2017)
        other = make_campaign(name="Barème 2018", starts_on=starts_on, ends_on=ends_on)

        with pytest.raises(opening.NothingFollows) as refused:
            opening.open_next(campaign)

        assert refused.value.other == other
        assert folded(str(refused.value)) == (
            "La campagne « Barème 2018 » couvre déjà tout ou partie de la période qui suit : "
            "modifiez-la plutôt que d’en ouvrir une autre."
        )
        assert FeeCampaign.objects.count() == 2

    def test_a_campaign_of_the_year_after_does_not_hinder(self) -> None:
        campaign = make_campaign(year=2017)
        make_campaign(year=2019)

        assert opening.open_next(campaign).ends_on == date(2018, 12, 31)

    def test_the_calendar_ends(self) -> None:
        campaign = make_campaign(name="Fin", starts_on=date(2100, 1, 1), ends_on=date(2100, 12, 31))

        with pytest.raises(opening.NothingFollows):
            opening.open_next(campaign)


class TestRenewals:
    """Who was up to date the year before and has no fee yet, with the line of the same label."""

    def test_by_status_here_and_there(self) -> None:
        before = make_category(campaign=make_campaign(year=2016), label="Association")
        here = make_category(campaign=make_campaign(year=2017), label="Association")
        statuses = ("due", "committed", "paid", "waived", "cancelled")
        for status in statuses:
            make_fee(make_member(name=f"2016 {status}"), category=before, status=status)
            both = make_member(name=f"Les deux, {status}")
            make_fee(both, category=before)
            make_fee(both, category=here, status=status)
            make_fee(make_member(name=f"2017 {status}"), category=here, status=status)

        assert [(found.member.name, found.category) for found in opening.renewals(here.campaign)] == [
            ("2016 committed", here),
            ("2016 paid", here),
            ("2016 waived", here),
            ("Les deux, cancelled", here),
        ]

    def test_without_a_line_of_the_same_label(self) -> None:
        before = make_category(campaign=make_campaign(year=2016), label="Association")
        make_category(campaign=make_campaign(year=2017), label="Associations")
        member = make_member()
        make_fee(member, category=before)

        assert opening.renewals(FeeCampaign.objects.get(name="Cotisation 2017")) == [
            opening.Renewal(member=member, former=before, category=None)
        ]

    def test_only_from_the_campaign_just_before(self) -> None:
        for year in (2014, 2015, 2017):
            category = make_category(campaign=make_campaign(year=year), label="Association")
            make_fee(make_member(name=f"En {year}"), category=category)
        campaign = make_campaign(year=2016)

        assert [found.member.name for found in opening.renewals(campaign)] == ["En 2015"]

    def test_of_the_first_campaign(self) -> None:
        assert opening.renewals(make_campaign(year=2016)) == []


class TestRenewing:
    @pytest.fixture
    def campaign(self) -> FeeCampaign:
        """Three members up to date in 2017, one of them without e-mail, one whose line is gone; the scale of 2018."""
        before = make_campaign(year=2017)
        association, other = [make_category(campaign=before, label=label) for label in ("Association", "Autre")]
        for name, category, email in (
            ("A", association, "a@a.example"),
            ("B", association, ""),
            ("C", other, "c@c.example"),
        ):
            make_fee(make_member(name=name, email=email), category=category, now=NOW)
        campaign = make_campaign(year=2018)
        make_category(campaign=campaign, label="Association", amount=Decimal("95.50"))
        return campaign

    def opened(self, campaign: FeeCampaign) -> list[tuple[Any, ...]]:
        fees = campaign.fees.order_by("member__name")
        return list(fees.values_list("member__name", "category__label", "amount", "status", "status_changed_at"))

    def test_the_fees_are_due_at_this_year_s_amount(self, campaign: FeeCampaign) -> None:
        before = messages()

        fees = opening.renew(opening.renewals(campaign), is_told=False, now=LATER)

        assert self.opened(campaign) == [
            ("A", "Association", Decimal("95.50"), "due", LATER),
            ("B", "Association", Decimal("95.50"), "due", LATER),
        ]
        assert [fee.member.name for fee in fees] == ["A", "B"]
        assert messages() == before
        assert [found.member.name for found in opening.renewals(campaign)] == ["C"]

    def test_each_with_an_address_is_sent_its_call(self, campaign: FeeCampaign) -> None:
        before = len(messages())

        fees = opening.renew(opening.renewals(campaign), is_told=True, now=LATER)

        assert messages()[before:] == [("a@a.example", f"Appel de cotisation {fees[0].code}")]

    def test_done_twice_is_done_once(self, campaign: FeeCampaign) -> None:
        plan = opening.renewals(campaign)
        opening.renew(plan, is_told=True, now=LATER)
        before = (self.opened(campaign), messages())

        assert opening.renew(plan, is_told=True, now=LATER) == []
        assert (self.opened(campaign), messages()) == before


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Two coordinators, or a double click: each on a connection of their own."""

    def test_the_next_campaign_is_opened_once(self) -> None:
        campaign = make_campaign(year=2017)
        make_category(campaign=campaign)

        outcomes = at_once(*[lambda: opening.open_next(campaign)] * 4)

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FeeCampaign", *["NothingFollows"] * 3]
        assert FeeCampaign.objects.count() == 2
        assert FeeCampaign.objects.get(name="Cotisation 2018").categories.count() == 1

    def test_a_fee_is_opened_once(self) -> None:
        before = make_category(campaign=make_campaign(year=2016), label="Association")
        here = make_category(campaign=make_campaign(year=2017), label="Association")
        for number in range(5):
            make_fee(make_member(email=f"m{number}@a.example"), category=before)
        written = len(messages())
        plan = opening.renewals(here.campaign)

        outcomes = at_once(*[lambda: opening.renew(plan, is_told=True, now=LATER)] * 3)

        assert sorted(len(fees) for fees in outcomes) == [0, 0, 5]
        assert MembershipFee.objects.filter(campaign=here.campaign).count() == 5
        assert len(messages()) == written + 5
