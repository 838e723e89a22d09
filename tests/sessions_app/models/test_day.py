"""Days and their half-days."""

from datetime import date, time

import pytest

from tests.factories import make_session

pytestmark = pytest.mark.django_db


class TestHalfDays:
    """R1: half-days are derived from the hours of each day."""

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            (time(9, 30), time(17, 30), [("matin", time(9, 30), None), ("après-midi", None, time(17, 30))]),
            (time(9, 30), time(12, 30), [("matin", time(9, 30), time(12, 30))]),
            (time(9), time(13, 59), [("matin", time(9), time(13, 59))]),
            (time(9), time(14), [("matin", time(9), None), ("après-midi", None, time(14))]),
            (time(12), time(18), [("matin", time(12), None), ("après-midi", None, time(18))]),
            (time(12, 1), time(18), [("après-midi", time(12, 1), time(18))]),
            (time(14), time(17), [("après-midi", time(14), time(17))]),
            (time(17), time(23), [("après-midi", time(17), time(23))]),
            (time(18), time(18, 30), [("soirée", time(18), time(18, 30))]),
            (time(18), time(0, 30), [("soirée", time(18), time(0, 30))]),
            (time(17, 30), time(0), [("soirée", time(17, 30), time(0))]),
            (time(14), time(0, 30), [("après-midi", time(14), None), ("soirée", None, time(0, 30))]),
            (time(10), time(1), [("matin", time(10), None), ("après-midi", None, None), ("soirée", None, time(1))]),
            (time(12, 30), time(13, 30), [("matin", time(12, 30), time(13, 30))]),
            (time(9, 30), None, [("matin", time(9, 30), None), ("après-midi", None, None)]),
            (time(14), None, [("après-midi", time(14), None)]),
        ],
    )
    def test_of_one_day(
        self, start: time, end: time | None, expected: list[tuple[str, time | None, time | None]]
    ) -> None:
        [day] = make_session(starts_at=start, ends_at=end).days.all()

        assert [(half.label, half.start, half.end) for half in day.half_days()] == expected

    def test_of_several_days_in_order(self) -> None:
        session = make_session(days=(date(2017, 4, 20), date(2017, 4, 12)))

        assert [(half.day, half.label) for day in session.days.all() for half in day.half_days()] == [
            (date(2017, 4, 12), "matin"),
            (date(2017, 4, 12), "après-midi"),
            (date(2017, 4, 20), "matin"),
            (date(2017, 4, 20), "après-midi"),
        ]
