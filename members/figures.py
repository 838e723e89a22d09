"""The yearly figures of a campaign, as data: fees and euros by category, by month and by status, and their plot (R13).

Every table is a sum of the same rows, read once: their totals agree whatever is written meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import ceil

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
class Cell:
    """The fees of one category that moved to one status in one month: the finest grain of the figures."""

    category: FeeCategory
    month: date
    status: str
    amount: Amount


@dataclass(frozen=True)
class Figures:
    """The figures of one campaign."""

    campaign: FeeCampaign
    #: Every line of the scale, in its order, empty ones included.
    categories: Sequence[FeeCategory]
    #: First days of the months of the period, and of those outside it in which something happened.
    months: Sequence[date]
    cells: Sequence[Cell]

    @property
    def total(self) -> Row:
        """The whole campaign."""
        return _row("Total", self.cells)

    @property
    def by_category(self) -> list[Row]:
        """A line per category."""
        return [
            _row(category.label, (cell for cell in self.cells if cell.category == category))
            for category in self.categories
        ]

    @property
    def by_month(self) -> list[Row]:
        """A line per month."""
        return [_row(month_label(month), (cell for cell in self.cells if cell.month == month)) for month in self.months]

    @property
    def sentence(self) -> str:
        """« 12 cotisations sur 20 sont à jour : 1 840,00 € encaissés, 250,00 € engagés, 560,00 € attendus. »"""
        total = self.total
        if not total.total.count:
            return "Aucune cotisation n’est ouverte pour cette campagne."
        accepted = sum((total.by_status.get(status, NOTHING).count for status in MembershipFee.ACCEPTED), 0)
        count = total.total.count
        up_to_date = f"{accepted} {typography.plural(accepted, 'cotisation,cotisations')} sur {count} "
        up_to_date += f"{typography.plural(accepted, 'est,sont')} à jour"
        if not accepted:
            up_to_date = f"Aucune cotisation sur {count} n’est à jour"
        parts = [
            f"{typography.euros(total.by_status.get(status, NOTHING).euros)} {word}"
            for status, word in ((Status.PAID, "encaissés"), (Status.COMMITTED, "engagés"), (Status.DUE, "attendus"))
        ]
        waived = total.by_status.get(Status.WAIVED, NOTHING)
        if waived.count:
            parts.append(f"{typography.euros(waived.euros)} exonérés")
        return f"{up_to_date} : {', '.join(parts)}."


def of(campaign: FeeCampaign) -> Figures:
    """The figures of a campaign, in two queries. Its month, for a paid fee, is that of the payment; for any other, that
    in which it took its status.
    """
    categories = list(campaign.categories.all())
    by_pk = {category.pk: category for category in categories}
    sums: dict[tuple[int, date, str], Amount] = defaultdict(Amount)
    rows = campaign.fees.order_by().values_list("category", "status", "amount", "paid_on", "status_changed_at")
    for category, status, amount, paid_on, changed_at in rows:
        sums[category, _month_of(status, paid_on, changed_at), status] += Amount(1, amount)
    cells = [Cell(by_pk[pk], month, status, amount) for (pk, month, status), amount in sums.items()]
    months = sorted({*_months_of(campaign), *(cell.month for cell in cells)})
    return Figures(campaign, categories, months, cells)


def month_label(month: date) -> str:
    """« avril 2017 »."""
    return f"{typography.MONTHS[month.month - 1]} {month.year}"


def _month_of(status: str, paid_on: date | None, changed_at: datetime) -> date:
    day = paid_on if status == Status.PAID and paid_on else timezone.localdate(changed_at)
    return day.replace(day=1)


def _months_of(campaign: FeeCampaign) -> list[date]:
    first = campaign.starts_on.year * 12 + campaign.starts_on.month - 1
    last = campaign.ends_on.year * 12 + campaign.ends_on.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(first, last + 1)]


def _row(label: str, cells: Iterable[Cell]) -> Row:
    by_status: dict[str, Amount] = defaultdict(Amount)
    for cell in cells:
        by_status[cell.status] += cell.amount
    return Row(label, dict(by_status))


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
    lines: list[list[spreadsheets.Cell]] = []
    for category in figures.categories:
        own = [cell for cell in figures.cells if cell.category == category]
        for month in sorted({cell.month for cell in own}):
            row = _row(category.label, (cell for cell in own if cell.month == month))
            lines.append([row.label, f"{month:%Y-%m}", *_columns(row)])
    return [*lines, ["Total", "", *_columns(figures.total)]]


def _columns(row: Row) -> list[spreadsheets.Cell]:
    return [value for cell in (*row.cells, row.cancelled) for value in (cell.count, cell.euros)]


# As a plot: a bar per month, in the units of the drawing

BAR = 16
STEP = 24
LEFT, RIGHT, TOP, BOTTOM = 70, 22, 6, 24
WIDTH = 340
#: At most that many intervals on the axis.
TICKS = 4


@dataclass(frozen=True)
class Segment:
    """The euros of one status in one month."""

    status: str
    x: int
    width: int


@dataclass(frozen=True)
class Bar:
    """One month: its label, its place, and its segments from left to right."""

    label: str
    y: int
    segments: Sequence[Segment]

    @property
    def baseline(self) -> int:
        """Where the label is written."""
        return self.y + BAR - 4


@dataclass(frozen=True)
class Tick:
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
        bars.append(Bar(_short_label(month), TOP + STEP * number + (STEP - BAR) // 2, segments))
    ticks = [Tick(LEFT + round(step * n * scale), step * n) for n in range(intervals + 1)]
    return Plot(bars, ticks)


def _step(highest: Decimal) -> Decimal:
    """1, 2 or 5 times a power of ten, a euro at least, so that the axis has at most `TICKS` intervals."""
    power = Decimal(10) ** max(highest.adjusted() - 1, 0)
    return next(power * factor for factor in (1, 2, 5, 10, 20, 50) if power * factor * TICKS >= highest)


def _short_label(month: date) -> str:
    return f"{month:%m/%Y}"
