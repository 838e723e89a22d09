"""The figures of a campaign: the same totals whichever way they are read (R13)."""

from datetime import date, datetime
from decimal import Decimal
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members import fees, figures
from members.figures import Amount
from members.models import FeeCampaign, FeeCategory, MembershipFee
from tests.factories import make_campaign, make_category, make_fee, make_member, paris
from tests.support.traces import folded

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> FeeCampaign:
    return make_campaign(year=2017)


@pytest.fixture
def scale(campaign: FeeCampaign) -> list[FeeCategory]:
    return [
        make_category(campaign=campaign, label=label, amount=Decimal(amount), position=position)
        for position, (label, amount) in enumerate(
            (("Association", "80.50"), ("Collectivité", "250.00"), ("Personne", "30.00"))
        )
    ]


def add(category: FeeCategory, status: str, *, now: datetime, paid_on: date | None = None) -> MembershipFee:
    """A fee opened in January that took this status at that instant."""
    fee = make_fee(
        make_member(), category=category, status="due", now=paris(2017, 1, 10, 9) if status != "due" else now
    )
    if status == "paid":
        fees.settle(fee, proof=fees.Proof(paid_on=paid_on), now=now)
    elif status != "due":
        {"committed": fees.commit, "waived": fees.waive, "cancelled": fees.cancel}[status](fee, now=now)
    return fee


def told(row: figures.Row) -> dict[str, tuple[int, str]]:
    """What a line says, empty cells left out."""
    cells = [*zip(figures.STATUSES, row.cells, strict=True), ("total", row.total), ("cancelled", row.cancelled)]
    return {str(name): (cell.count, str(cell.euros)) for name, cell in cells if cell.count}


class TestByCategory:
    def test_in_the_order_of_the_scale_empty_lines_included(
        self, campaign: FeeCampaign, scale: list[FeeCategory]
    ) -> None:
        add(scale[0], "paid", now=paris(2017, 3, 1, 9))
        add(scale[0], "paid", now=paris(2017, 3, 2, 9))
        add(scale[0], "due", now=paris(2017, 3, 2, 9))
        add(scale[1], "committed", now=paris(2017, 3, 2, 9))
        add(scale[1], "waived", now=paris(2017, 3, 2, 9))
        add(scale[1], "cancelled", now=paris(2017, 3, 2, 9))
        elsewhere = make_category(campaign=make_campaign(year=2018), label="Association")
        add(elsewhere, "paid", now=paris(2017, 3, 2, 9))

        found = figures.of(campaign)

        assert [(row.label, told(row)) for row in found.by_category] == [
            ("Association", {"paid": (2, "161.00"), "due": (1, "80.50"), "total": (3, "241.50")}),
            (
                "Collectivité",
                {
                    "committed": (1, "250.00"),
                    "waived": (1, "250.00"),
                    "total": (2, "500.00"),
                    "cancelled": (1, "250.00"),
                },
            ),
            ("Personne", {}),
        ]

    def test_the_amount_of_a_fee_not_that_of_the_scale(self, campaign: FeeCampaign, scale: list[FeeCategory]) -> None:
        add(scale[0], "paid", now=paris(2017, 3, 1, 9))
        FeeCategory.objects.update(amount=Decimal("1.00"))

        assert figures.of(campaign).total.total == Amount(1, Decimal("80.50"))

    def test_cents_add_up_exactly(self, campaign: FeeCampaign) -> None:
        category = make_category(campaign=campaign, amount=Decimal("0.10"))
        for _ in range(3):
            add(category, "due", now=paris(2017, 3, 1, 9))

        assert figures.of(campaign).total.total == Amount(3, Decimal("0.30"))


class TestByMonth:
    def test_every_month_of_the_period(self) -> None:
        campaign = make_campaign(name="2016-2017", starts_on=date(2016, 11, 15), ends_on=date(2017, 2, 14))

        assert [row.label for row in figures.of(campaign).by_month] == [
            "novembre 2016",
            "décembre 2016",
            "janvier 2017",
            "février 2017",
        ]

    def test_a_paid_fee_counts_on_the_day_of_payment_any_other_when_it_changed(
        self, campaign: FeeCampaign, scale: list[FeeCategory]
    ) -> None:
        add(scale[0], "paid", now=paris(2017, 5, 2, 9), paid_on=date(2017, 4, 30))
        add(scale[1], "committed", now=paris(2017, 5, 31, 23, 59))
        add(scale[2], "waived", now=paris(2017, 6, 1, 0, 1))
        add(scale[2], "cancelled", now=paris(2017, 7, 1, 0, 1))

        rows = {row.label: told(row) for row in figures.of(campaign).by_month}

        assert {label: said for label, said in rows.items() if said} == {
            "avril 2017": {"paid": (1, "80.50"), "total": (1, "80.50")},
            "mai 2017": {"committed": (1, "250.00"), "total": (1, "250.00")},
            "juin 2017": {"waived": (1, "30.00"), "total": (1, "30.00")},
            "juillet 2017": {"cancelled": (1, "30.00")},
        }

    def test_months_outside_the_period_only_when_something_happened(
        self, campaign: FeeCampaign, scale: list[FeeCategory]
    ) -> None:
        add(scale[0], "due", now=paris(2016, 11, 20, 9))
        add(scale[0], "paid", now=paris(2018, 3, 1, 9))

        labels = [row.label for row in figures.of(campaign).by_month]

        assert (labels[0], labels[1], labels[-2], labels[-1], len(labels)) == (
            "novembre 2016",
            "janvier 2017",
            "décembre 2017",
            "mars 2018",
            14,
        )


class TestTotals:
    def test_they_agree_whichever_way_they_are_read(self, campaign: FeeCampaign, scale: list[FeeCategory]) -> None:
        chance = Random(20170412)
        opened = [
            add(
                chance.choice(scale),
                chance.choice(("due", "committed", "paid", "waived", "cancelled")),
                now=paris(chance.choice((2016, 2017, 2017, 2018)), chance.randint(1, 12), chance.randint(1, 28), 9),
            )
            for _ in range(60)
        ]

        found = figures.of(campaign)

        nothing = Amount()
        live = [MembershipFee.objects.get(pk=fee.pk) for fee in opened if fee.status != "cancelled"]
        expected = Amount(len(live), sum((fee.amount for fee in live), Decimal(0)))
        lost = Amount(60 - len(live), sum((fee.amount for fee in opened), Decimal(0)) - expected.euros)
        for rows in (found.by_category, found.by_month, [found.total]):
            assert sum((row.total for row in rows), nothing) == expected
            assert sum((row.cancelled for row in rows), nothing) == lost
            for index, _ in enumerate(figures.STATUSES):
                assert sum((row.cells[index] for row in rows), nothing) == found.total.cells[index]
        *lines, last = figures.sheet(found)
        for column in range(2, len(figures.HEADER)):
            assert sum(line[column] for line in lines) == last[column]  # type: ignore[misc]
        assert lines != []

    def test_in_two_queries(self, campaign: FeeCampaign, scale: list[FeeCategory]) -> None:
        for _ in range(20):
            add(scale[0], "paid", now=paris(2017, 3, 1, 9))

        with CaptureQueriesContext(connection) as captured:
            found = figures.of(campaign)
            read = [found.sentence, found.by_category, found.by_month, figures.plot(found), figures.sheet(found)]

        assert (len(captured), len(read)) == (2, 5)


class TestInWords:
    @pytest.mark.parametrize(
        ("statuses", "expected"),
        [
            ((), "Aucune cotisation n’est ouverte pour cette campagne."),
            (("cancelled",), "Aucune cotisation n’est ouverte pour cette campagne."),
            (
                ("due", "due"),
                "Aucune cotisation sur 2 n’est à jour : 0,00 € encaissés, 0,00 € engagés, 161,00 € attendus.",
            ),
            (
                ("paid", "due"),
                "1 cotisation sur 2 est à jour : 80,50 € encaissés, 0,00 € engagés, 80,50 € attendus.",
            ),
            (
                ("paid", "committed", "waived", "due", "cancelled"),
                "3 cotisations sur 4 sont à jour : 80,50 € encaissés, 80,50 € engagés, 80,50 € attendus, "
                "80,50 € exonérés.",
            ),
        ],
    )
    def test_the_sentence(
        self, campaign: FeeCampaign, scale: list[FeeCategory], statuses: tuple[str, ...], expected: str
    ) -> None:
        for status in statuses:
            add(scale[0], status, now=paris(2017, 3, 1, 9))

        assert folded(figures.of(campaign).sentence) == expected


class TestTheSheet:
    def test_a_line_per_category_and_month_then_the_total(
        self, campaign: FeeCampaign, scale: list[FeeCategory]
    ) -> None:
        add(scale[1], "paid", now=paris(2017, 4, 1, 9))
        add(scale[0], "due", now=paris(2017, 3, 1, 9))
        add(scale[0], "committed", now=paris(2017, 2, 1, 9))
        add(scale[0], "cancelled", now=paris(2017, 2, 1, 9))

        assert (
            *("Catégorie", "Mois", "Payées (nombre)", "Payées (€)", "Engagées (nombre)", "Engagées (€)"),
            *("Attendues (nombre)", "Attendues (€)", "Exonérées (nombre)", "Exonérées (€)"),
            *("Annulées (nombre)", "Annulées (€)"),
        ) == figures.HEADER
        zero, association, district = Decimal("0.00"), Decimal("80.50"), Decimal("250.00")
        assert figures.sheet(figures.of(campaign)) == [
            ["Association", "2017-02", 0, zero, 1, association, 0, zero, 0, zero, 1, association],
            ["Association", "2017-03", 0, zero, 0, zero, 1, association, 0, zero, 0, zero],
            ["Collectivité", "2017-04", 1, district, 0, zero, 0, zero, 0, zero, 0, zero],
            ["Total", "", 1, district, 1, association, 1, association, 0, zero, 1, association],
        ]


class TestThePlot:
    def drawn(self, campaign: FeeCampaign) -> figures.Plot:
        plot = figures.plot(figures.of(campaign))
        assert plot is not None
        return plot

    def test_a_bar_per_month_its_segments_side_by_side(self, campaign: FeeCampaign, scale: list[FeeCategory]) -> None:
        add(scale[1], "paid", now=paris(2017, 2, 1, 9))
        add(scale[1], "committed", now=paris(2017, 2, 1, 9))
        add(scale[0], "due", now=paris(2017, 12, 1, 9))
        add(scale[0], "cancelled", now=paris(2017, 5, 1, 9))

        plot = self.drawn(campaign)

        assert [bar.label for bar in plot.bars] == [f"{month:02}/2017" for month in range(1, 13)]
        paid, committed = plot.bars[1].segments
        assert (paid.status, committed.status) == ("paid", "committed")
        assert abs(paid.width - committed.width) <= 1
        assert committed.x == paid.x + paid.width
        assert [len(bar.segments) for bar in plot.bars] == [0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]

    @pytest.mark.parametrize(
        ("amount", "ticks"),
        [
            ("0.01", ["0", "1"]),
            ("1", ["0", "1"]),
            ("4.50", ["0", "2", "4", "6"]),
            ("30", ["0", "10", "20", "30"]),
            ("80", ["0", "20", "40", "60", "80"]),
            ("500", ["0", "200", "400", "600"]),
            ("9999999.99", ["0", "5000000", "10000000"]),
        ],
    )
    def test_the_axis_reaches_the_highest_bar_in_at_most_four_round_steps(
        self, campaign: FeeCampaign, amount: str, ticks: list[str]
    ) -> None:
        add(make_category(campaign=campaign, amount=Decimal(amount)), "due", now=paris(2017, 2, 1, 9))

        plot = self.drawn(campaign)

        assert [tick.euros for tick in plot.ticks] == [Decimal(tick) for tick in ticks]
        [segment] = plot.bars[1].segments
        assert plot.left == segment.x
        assert plot.ticks[-2].x < segment.x + segment.width <= plot.ticks[-1].x < plot.width

    def test_nothing_to_draw(self, campaign: FeeCampaign) -> None:
        add(make_category(campaign=campaign, amount=Decimal(0)), "due", now=paris(2017, 2, 1, 9))

        assert figures.plot(figures.of(campaign)) is None
