from decimal import Decimal

import pytest

from members import finding


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Communauté de Communes", "communaute de communes"),
        ("L’Œuvre-d’Été", "l oeuvre d ete"),
        ("  S.I.V.O.M. du Haut–Pays ", "s i v o m du haut pays"),
        ("Élodie", "elodie"),
        ("n°\u00a042", "n 42"),
        ("!?", ""),
        ("", ""),
    ],
)
def test_two_ways_of_writing_the_same_name(text: str, folded: str) -> None:
    assert finding.fold(text) == folded


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("250", "250"),
        ("250,00 €", "250"),
        ("250.5", "250.50"),
        ("1 200,50", "1200.50"),
        ("1\u202f200,50\u00a0€", "1200.50"),
        ("80 euros", "80"),
        ("0", "0"),
        ("-5", None),
        ("1,234", None),
        ("1e3", None),
        ("99999999", None),
        ("deux cents", None),
        ("²", None),
        ("", None),
    ],
)
def test_an_amount_as_people_write_it(text: str, amount: str | None) -> None:
    assert finding.amount_in(text) == (None if amount is None else Decimal(amount))
