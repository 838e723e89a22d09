"""Whatever stands in the cells, each line is judged with a sentence; nothing is written."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caprural.spreadsheets import Row, Table
from members import importing
from members.columns import LAYOUTS
from tests.factories import NOW, make_category, make_fee, make_member
from tests.support.pages import rows

pytestmark = pytest.mark.django_db

PLAUSIBLE = (
    *(
        "",
        "Collines",
        "1",
        1,
        2.0,
        "73282932000074",
        73282932000074.0,
        "a@x.example",
        "2017",
        2017,
        "oui",
        True,
        "payée",
    ),
    *("payée", "Association", "80", "1.200", "03/04/2017", "annulée", "COT-00001", "#N/A", "chèque", "personne"),
)
CELLS = st.one_of(
    st.sampled_from(PLAUSIBLE),
    st.text(max_size=30),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.dates(),
)


@pytest.fixture
def _rows() -> None:
    make_fee(
        make_member(name="Collines", siret="73282932000074", emails=("a@x.example",)),
        category=make_category(label="Association"),
    )


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("kind", LAYOUTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_cells(kind: str, data: Any) -> None:
    header = [column.title for column in LAYOUTS[kind].columns]
    line = st.lists(CELLS, min_size=1, max_size=len(header) + 1)
    table = Table(tuple(header), tuple(Row(n, tuple(data.draw(line))) for n in range(2, data.draw(st.integers(3, 6)))))

    plan = importing.plan(kind, table, now=NOW)

    assert [line.number for line in plan.lines] == [row.number for row in table.rows]
    for line in plan.lines:
        assert bool(line.details) or line.outcome in ("created", "unchanged")


@pytest.mark.usefixtures("_rows")
def test_nothing_is_written_and_a_plan_is_known_by_its_outcome() -> None:
    table = Table(("Nom", "Note"), (Row(2, ("Collines", "Vu")), Row(3, ("Vallée", ""))))
    before = rows()

    with CaptureQueriesContext(connection) as queries:
        plans = [importing.plan("members", table, now=NOW) for _ in range(2)]

    assert rows() == before
    assert {query["sql"].split()[0] for query in queries.captured_queries} == {"SELECT"}
    assert plans[0].fingerprint == plans[1].fingerprint
    make_member(name="Vallée")
    assert importing.plan("members", table, now=NOW).fingerprint != plans[0].fingerprint


def test_progress_is_told_every_two_hundred_lines() -> None:
    told: list[int] = []
    table = Table(("Nom",), tuple(Row(n, (f"Cotisant {n}",)) for n in range(450)))

    importing.plan("members", table, now=NOW, progress=told.append)

    assert told == [200, 400]
