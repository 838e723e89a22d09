"""What the coordination types is well formed, or a sentence says what to do."""

from datetime import date

import pytest

from sessions_app.forms import (
    CancelForm,
    DuplicateForm,
    RegisterByHandForm,
)
from tests.factories import (
    make_session,
)

REQUIRED = "Ce champ est obligatoire."


def typed(**fields: str) -> dict[str, str]:
    return {
        "first_name": "Anaïs",
        "last_name": "Lévêque",
        "email": "anais@vallee.example",
        "organisation": "Syndicat de la Vallée",
        "job_title": "Chargée de projets",
        "profile": "technician",
        **fields,
    }


class TestRegisterByHand:
    def test_a_reason_is_asked_first(self) -> None:
        """R4."""
        form = RegisterByHandForm(typed())
        assert not any("votre" in str(field.help_text) + str(field.label) for field in form), "it is not they who type"
        assert form.errors == {"reason": [REQUIRED]}
        assert next(iter(form.fields)) == "reason"
        assert RegisterByHandForm(typed(reason="par téléphone")).is_valid()

    def test_the_log_is_one_line_a_change(self) -> None:
        for form in (RegisterByHandForm(typed(reason="a\nb")), CancelForm({"reason": "a\nb"})):
            assert form.errors == {"reason": ["Écrivez ce texte sur une seule ligne."]}

    def test_a_cancellation_needs_none(self) -> None:
        assert CancelForm({}).is_valid()


@pytest.mark.django_db
class TestDuplicate:
    def test_date(self) -> None:
        form = DuplicateForm({"first_on": "2018-04-11"}, session=make_session())
        assert form.is_valid()
        assert form.cleaned_data == {"first_on": date(2018, 4, 11)}

    @pytest.mark.parametrize("value", ["", "demain", "2018-02-30", "99999-01-01"])
    def test_no_date(self, value: str) -> None:
        assert list(DuplicateForm({"first_on": value}, session=make_session()).errors) == ["first_on"]

    def test_of_a_session_without_day_asks_when_it_starts(self) -> None:
        """F1: the date typed is not ignored."""
        form = DuplicateForm({"first_on": "2018-04-11"}, session=make_session(days=()))
        assert list(form.errors) == ["starts_at"]
