"""Who leads a session."""

import pytest

from sessions_app.models import (
    Trainer,
)

pytestmark = pytest.mark.django_db


class TestTrainer:
    """R1: the name may be missing."""

    @pytest.mark.parametrize(
        ("name", "organisation", "role", "expected"),
        [
            (
                "Dominique Bernier",
                "Cap Rural",
                "Mission Coopérations entre acteurs",
                "Dominique Bernier, Cap Rural – Mission Coopérations entre acteurs",
            ),
            ("Dominique Bernier", "", "", "Dominique Bernier"),
            ("", "Cap Rural", "", "Cap Rural"),
            ("", "Cap Rural", "Animation", "Cap Rural – Animation"),
        ],
    )
    def test_said(self, name: str, organisation: str, role: str, expected: str) -> None:
        assert str(Trainer(name=name, organisation=organisation, role=role)) == expected
