"""What two ways of writing the same name, or the same amount, have in common."""

import re
from decimal import Decimal

_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?(?:€|euros?|eur)?")

#: Words that say nothing of whom they name.
ARTICLES = frozenset(
    ("a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "pour", "s", "sous", "sur")
)
#: What structures are called for short.
ABBREVIATIONS = {
    "assoc": "association",
    "asso": "association",
    "ca": "communaute agglomeration",
    "cc": "communaute communes",
    "cd": "conseil departemental",
    "comcom": "communaute communes",
    "cpie": "centre permanent initiatives environnement",
    "cr": "conseil regional",
    "cu": "communaute urbaine",
    "mfr": "maison familiale rurale",
    "petr": "pole equilibre territorial rural",
    "pn": "parc national",
    "pnr": "parc naturel regional",
    "sivom": "syndicat intercommunal vocation multiple",
    "sivu": "syndicat intercommunal vocation unique",
    "st": "saint",
    "ste": "sainte",
    "synd": "syndicat",
}


def amount_in(text: str) -> Decimal | None:
    """The amount someone typed: « 250 », « 250,00 € », « 1 200,50 »; None for anything else."""
    found = _AMOUNT.fullmatch(re.sub(r"\s", "", text).lower())
    return Decimal(f"{found[1]}.{found[2] or 0}") if found else None
