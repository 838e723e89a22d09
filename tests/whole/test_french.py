"""What we say to people is typeset as SPEC §7 wants it, and so is what Django shows and reads by itself."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from django import forms
from django.utils import formats
from django.utils.translation import override

from tests.support.misprints import misprints_in

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("caprural", "members", "sessions_app")


def sources() -> list[Path]:
    templates = [path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"}]
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(templates) + sorted(path for path in modules if "migrations" not in path.parts)


def test_our_sources_have_no_misprint() -> None:
    """« python -m tests.support.misprints templates/…/x.html » corrects a template; Python strings are the author’s."""
    found = [f"{path.relative_to(ROOT)}:{line}: {fault}" for path in sources() for line, fault in misprints_in(path)]
    assert "\n".join(found) == ""


def test_the_sources_were_found() -> None:
    """The test above proves nothing on an empty list."""
    names = {path.relative_to(ROOT).as_posix() for path in sources()}
    assert {
        "templates/base.html",
        "caprural/house/views.py",
        "members/models/fee.py",
        "sessions_app/emails.py",
    } <= names
    assert {Path(name).suffix for name in names} == {".html", ".txt", ".py"}


@pytest.fixture
def _french() -> Iterator[None]:
    """Under LANGUAGE_CODE, whatever the test before has activated."""
    with override("fr"):
        yield


@pytest.mark.usefixtures("_french")
class TestFormats:
    @pytest.mark.parametrize(
        ("format_name", "expected"),
        [
            ("DATE_FORMAT", "12\u00a0avril 2017"),
            ("TIME_FORMAT", "9\u00a0h\u00a030"),
            ("DATETIME_FORMAT", "12\u00a0avril 2017, 9\u00a0h\u00a030"),
            ("SHORT_DATE_FORMAT", "12/04/2017"),
            ("SHORT_DATETIME_FORMAT", "12/04/2017, 9\u00a0h\u00a030"),
            ("YEAR_MONTH_FORMAT", "avril 2017"),
            ("MONTH_DAY_FORMAT", "12\u00a0avril"),
        ],
    )
    def test_shown(self, format_name: str, expected: str) -> None:
        assert formats.date_format(datetime(2017, 4, 12, 9, 30), format_name) == expected  # noqa: DTZ001

    def test_numbers_shown(self) -> None:
        assert formats.number_format(Decimal("1234567.5"), 2, force_grouping=True) == "1\u202f234\u202f567,50"

    @pytest.mark.parametrize("typed", ["12/04/2017", "12/04/17", "2017-04-12", "12.04.2017", "12-04-2017"])
    def test_dates_typed(self, typed: str) -> None:
        assert forms.DateField().clean(typed) == date(2017, 4, 12)

    @pytest.mark.parametrize("typed", ["9:30", "09:30", "9h30", "9 h 30", "9\u00a0h\u00a030", "09:30:00"])
    def test_hours_typed(self, typed: str) -> None:
        assert forms.TimeField().clean(typed) == time(9, 30)

    @pytest.mark.parametrize("typed", ["9h", "9 h", "09:00"])
    def test_whole_hours_typed(self, typed: str) -> None:
        assert forms.TimeField().clean(typed) == time(9)

    @pytest.mark.parametrize("typed", ["12/04/2017 9:30", "12/04/2017, 9\u00a0h\u00a030", "2017-04-12 09:30:00"])
    def test_instants_typed(self, typed: str) -> None:
        """Read in Europe/Paris, where summer time is two hours ahead."""
        instant = forms.DateTimeField().clean(typed)
        assert instant.isoformat() == "2017-04-12T09:30:00+02:00"

    @pytest.mark.parametrize("typed", ["32/04/2017", "04/13/2017", "12 avril"])
    def test_not_dates(self, typed: str) -> None:
        with pytest.raises(forms.ValidationError):
            forms.DateField().clean(typed)

    def test_what_is_shown_again_in_a_form_is_read_again(self) -> None:
        class Day(forms.Form):
            on = forms.DateField(initial=date(2017, 4, 12))
            at = forms.TimeField(initial=time(9, 30))

        shown = Day()
        typed_again = Day(
            {"on": shown["on"].subwidgets[0].data["value"], "at": shown["at"].subwidgets[0].data["value"]}
        )
        assert typed_again.is_valid()
        assert not typed_again.has_changed()

    @pytest.mark.parametrize("typed", ["1200,50", "1200.50"])
    def test_amounts_typed(self, typed: str) -> None:
        assert forms.DecimalField(localize=True).clean(typed) == Decimal("1200.50")
