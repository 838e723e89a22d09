"""The yearly figures of a campaign, as data: fees and euros by category, by month and by status, and their plot (R13).

Every table is a sum of the same rows, read once: their totals agree whatever is written meanwhile.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from django.utils import timezone

from caprural import spreadsheets, typography
from members.models import FeeCampaign, FeeCategory, MembershipFee

Status = MembershipFee.Status

#: The order in which statuses are told: the money there is, the money to come, what is not asked for.
STATUSES = (Status.PAID, Status.COMMITTED, Status.DUE, Status.WAIVED)
#: What several fees of a status are called.
LABELS = {
    Status.PAID: "payées",
    Status.COMMITTED: "engagées",
    Status.DUE: "attendues",
    Status.WAIVED: "exonérées",
    Status.CANCELLED: "annulées",
}


@dataclass(frozen=True)
class Amount:
    """Some fees: how many, and their sum in euros."""

    count: int = 0
    euros: Decimal = Decimal("0.00")

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.count + other.count, self.euros + other.euros)


NOTHING = Amount()


@dataclass(frozen=True)
class Row:
    """One line of a table: fees by status; those cancelled are told apart and count nowhere else."""

    label: str
    by_status: dict[str, Amount]

    @property
    def cells(self) -> list[Amount]:
        """One per status, in the order of `STATUSES`."""
        return [self.by_status.get(status, NOTHING) for status in STATUSES]

    @property
    def total(self) -> Amount:
        """All that is not cancelled."""
        return sum(self.cells, NOTHING)

    @property
    def cancelled(self) -> Amount:
        """Fees that no longer count."""
        return self.by_status.get(Status.CANCELLED, NOTHING)

    @property
    def labelled(self) -> list[tuple[str, Amount]]:
        """What the line says, column by column."""
        columns = [(LABELS[status], cell) for status, cell in zip(STATUSES, self.cells, strict=True)]
        return [*columns, ("total", self.total), (LABELS[Status.CANCELLED], self.cancelled)]


@dataclass(frozen=True)
class Figures:
    """The figures of one campaign."""

    campaign: FeeCampaign
    #: Every line of the scale, in its order, empty ones included.
    categories: Sequence[FeeCategory]
    #: First days of the months of the period, and of those outside it in which something happened.
    months: Sequence[date]
    #: The finest grain: the fees of one category (its key) that moved to one status in one month.
    cells: Mapping[tuple[int, date, str], Amount]

    def row(self, label: str, *, category: FeeCategory | None = None, month: date | None = None) -> Row:
        """The fees of a category, of a month, of both, or all of them."""
        by_status: dict[str, Amount] = defaultdict(Amount)
        for (pk, when, status), amount in self.cells.items():
            if (category is None or category.pk == pk) and month in (None, when):
                by_status[status] += amount
        return Row(label, by_status)

    @property
    def total(self) -> Row:
        """The whole campaign."""
        return self.row("Total")

    @property
    def by_category(self) -> list[Row]:
        """A line per category."""
        return [self.row(category.label, category=category) for category in self.categories]

    @property
    def by_month(self) -> list[Row]:
        """A line per month."""
        return [self.row(f"{typography.MONTHS[month.month - 1]} {month.year}", month=month) for month in self.months]

    @property
    def sentence(self) -> str:
        """« 12 cotisations sur 20 sont à jour : 1 840,00 € encaissés, 250,00 € engagés, 560,00 € attendus. »"""
        total = self.total
        paid, committed, due, waived = total.cells
        count, accepted = total.total.count, paid.count + committed.count + waived.count
        if not count:
            return "Aucune cotisation n’est ouverte pour cette campagne."
        up_to_date = f"{typography.counted(accepted, 'cotisation,cotisations')} sur {count} "
        up_to_date += f"{typography.plural(accepted, 'est,sont')} à jour"
        if not accepted:
            up_to_date = f"Aucune cotisation sur {count} n’est à jour"
        parts = [
            f"{typography.euros(amount.euros)} {word}"
            for amount, word in ((paid, "encaissés"), (committed, "engagés"), (due, "attendus"), (waived, "exonérés"))
            if word != "exonérés" or amount.count
        ]
        return f"{up_to_date} : {', '.join(parts)}."


def of(campaign: FeeCampaign) -> Figures:
    """The figures of a campaign, in two queries. Its month, for a paid fee, is that of the payment; for any other, that
    in which it took its status.
    """
    cells: dict[tuple[int, date, str], Amount] = defaultdict(Amount)
    rows = campaign.fees.order_by().values_list("category", "status", "amount", "paid_on", "status_changed_at")
    for category, status, amount, paid_on, changed_at in rows:
        day = paid_on if status == Status.PAID and paid_on else timezone.localdate(changed_at)
        cells[category, day.replace(day=1), status] += Amount(1, amount)
    first, last = (day.year * 12 + day.month - 1 for day in (campaign.starts_on, campaign.ends_on))
    period = (date(number // 12, number % 12 + 1, 1) for number in range(first, last + 1))
    months = sorted({*period, *(month for _, month, _ in cells)})
    return Figures(campaign, list(campaign.categories.all()), months, cells)


# As a sheet

HEADER = (
    *("Catégorie", "Mois"),
    *(
        f"{LABELS[status].capitalize()} ({unit})"
        for status in (*STATUSES, Status.CANCELLED)
        for unit in ("nombre", "€")
    ),
)


def sheet(figures: Figures) -> list[list[spreadsheets.Cell]]:
    """A line per category and month in which something happened, then the total: what `HEADER` announces."""
    lines = [
        (figures.row(category.label, category=category, month=month), f"{month:%Y-%m}")
        for category in figures.categories
        for month in sorted({when for pk, when, _ in figures.cells if pk == category.pk})
    ]
    return [
        [row.label, month, *(value for cell in (*row.cells, row.cancelled) for value in (cell.count, cell.euros))]
        for row, month in (*lines, (figures.total, ""))
    ]


# As a plot: a bar per month, in the units of the drawing

BAR = 16
STEP = 24
LEFT, RIGHT, TOP, BOTTOM = 70, 22, 6, 24
WIDTH = 340
#: At most that many intervals on the axis.
TICKS = 4


class Segment(NamedTuple):
    """The euros of one status in one month."""

    status: str
    x: int
    width: int


class Bar(NamedTuple):
    """One month: its label, where it is and where its label is written, its segments from left to right."""

    label: str
    y: int
    baseline: int
    segments: Sequence[Segment]


class Tick(NamedTuple):
    """A line of the axis."""

    x: int
    euros: Decimal


@dataclass(frozen=True)
class Plot:
    """Stacked bars, ready to be drawn."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    bar_height: int = BAR
    width: int = WIDTH
    left: int = LEFT

    @property
    def bottom(self) -> int:
        """Where the axis stands."""
        return TOP + STEP * len(self.bars)

    @property
    def height(self) -> int:
        """The axis and its euros included."""
        return self.bottom + BOTTOM


def plot(figures: Figures) -> Plot | None:
    """The euros of each month, stacked by status; None while there is nothing to draw."""
    rows = figures.by_month
    highest = max((row.total.euros for row in rows), default=Decimal(0))
    if not highest:
        return None
    step = _step(highest)
    intervals = ceil(highest / step)
    top = step * intervals
    scale = Decimal(WIDTH - LEFT - RIGHT) / top
    bars = []
    for number, (month, row) in enumerate(zip(figures.months, rows, strict=True)):
        edge, segments = Decimal(0), []
        for status, amount in zip(STATUSES, row.cells, strict=True):
            start, edge = edge, edge + amount.euros
            if amount.euros:
                x = LEFT + round(start * scale)
                segments.append(Segment(status, x, max(LEFT + round(edge * scale) - x, 1)))
        y = TOP + STEP * number + (STEP - BAR) // 2
        bars.append(Bar(f"{month:%m/%Y}", y, y + BAR - 4, segments))
    ticks = [Tick(LEFT + round(step * n * scale), step * n) for n in range(intervals + 1)]
    return Plot(bars, ticks)


def _step(highest: Decimal) -> Decimal:
    """1, 2 or 5 times a power of ten, a euro at least, so that the axis has at most `TICKS` intervals."""
    power = Decimal(10) ** max(highest.adjusted() - 1, 0)
    return next(power * factor for factor in (1, 2, 5, 10, 20, 50) if power * factor * TICKS >= highest)
