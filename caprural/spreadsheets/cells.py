"""What is in a cell: text, an amount in euros, a day, a SIRET number, as a spreadsheet leaves them."""

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError

from caprural import typography, validators
from caprural.fields import compact

#: What a cell may hold once read; an empty one holds the empty text.
Cell = str | int | float | Decimal | bool | date

#: What stands for a formula that nobody computed: the file holds it without what it gives.
NO_RESULT = "#SANS_RÉSULTAT"
#: What spreadsheets write where a formula went wrong.
FORMULA_ERRORS = frozenset(
    {
        NO_RESULT,
        "#N/A",
        "#NULL!",
        "#DIV/0!",
        "#VALUE!",
        "#VALEUR!",
        "#REF!",
        "#NAME?",
        "#NOM?",
        "#NUM!",
        "#NOMBRE!",
        "####",
    }
)
#: The longest value a sentence quotes.
QUOTED_LENGTH = 60

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_SCIENTIFIC = re.compile(r"(\d(?:[.,]\d+)?)[eE]\+?(\d{1,2})")
_AMOUNT = re.compile(r"(\d{1,3}(?:[ .,]\d{3})+|\d+)(?:[.,](\d+))?")
_EURO = re.compile(r"€|\b(?:euros?|eur)\b\.?", re.IGNORECASE)
_NUMERIC_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})")
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_WRITTEN_DAY = re.compile(r"(\d{1,2})(?:er)?[ /.\-]([^\W\d_]{3,9})\.?[ /.\-](\d{4}|\d{2})")
_HOUR = re.compile(r"[ T]\d{1,2}[:h]\d{2}(?::\d{2}(?:\.\d+)?)?Z?$")
# Day 1 of a spreadsheet is 1 January 1900, and it believes that 29 February 1900 existed.
_EPOCH = date(1899, 12, 30).toordinal()
_SERIALS = range(20_000, 80_000)


class NotUnderstood(ValueError):
    """This cell does not say what its column asks for; the message is the French sentence to show."""


def quoted(value: Cell) -> str:
    """The value between French quotation marks, shortened if need be."""
    shown = " ".join(text(value).split())
    shown = shown if len(shown) <= QUOTED_LENGTH else f"{shown[: QUOTED_LENGTH - 1]}…"
    return f"« {shown} »"


def clean(value: str) -> str:
    """A text as it is compared: no control character, lines that end alike, letters and accents in one piece."""
    value = _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", value).strip()


def neutralise(value: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before = + - @, a tab or a line end."""
    return f"'{value}" if _FORMULA.match(value) else value


def restore(value: str) -> str:
    """What `neutralise` was given."""
    return value[1:] if value.startswith("'") and _FORMULA.match(value) else value


def fold(value: str) -> str:
    """What a title, a label or a name keeps when accents, case, spaces and punctuation do not count."""
    return typography.fold(value).replace(" ", "")


def text(value: Cell) -> str:
    """The cell as words: a whole number without its « ,0 », a day as it is typed in France."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, date):
        return f"{value:%d/%m/}{value.year:04}"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else str(value).replace(".", ",")
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    return str(value)


def amount(value: Cell) -> Decimal:
    """Euros: « 1 200,50 € », « 1200.5 », 1200.5. Raises NotUnderstood.

    « 1.200 » and « 1,200 » are refused: a thousand and two hundred for some, one euro and twenty cents for others.
    """
    if isinstance(value, bool | date):
        raise _not_an_amount(value)
    if isinstance(value, str):
        return _typed_amount(value)
    exact = Decimal(str(value))
    if not exact.is_finite():
        raise _not_an_amount(value)
    try:
        euros = exact.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise _not_an_amount(value) from error
    # A computed cell may be a hair off.
    if abs(euros - exact) > Decimal("0.000001"):
        raise NotUnderstood(f"le montant {quoted(value)} a plus de deux décimales : arrondissez-le au centime")
    return _in_bounds(euros, value)


def _typed_amount(value: str) -> Decimal:
    bare = " ".join(_EURO.sub(" ", value).split())
    sign, bare = ("-", bare[1:].strip()) if bare[:1] in ("-", "−") else ("", bare)
    if re.fullmatch(r"\d{1,3}[.,]\d{3}", bare):
        whole, cents = re.split(r"[.,]", bare)
        raise NotUnderstood(
            f"le montant {quoted(value)} peut se lire de deux façons : "
            f"écrivez « {whole}{cents} » ou « {whole},{cents[:2]} »"
        )
    match = _AMOUNT.fullmatch(bare)
    if not match:
        raise _not_an_amount(value)
    groups, decimals = match[1], match[2] or ""
    if len(decimals) > 2:
        raise NotUnderstood(f"le montant {quoted(value)} a plus de deux décimales : arrondissez-le au centime")
    separators = set(re.findall(r"[ .,]", groups))
    if len(separators) > 1 or (decimals and separators == {bare[match.end(1)]}):
        raise _not_an_amount(value)
    return _in_bounds(Decimal(f"{sign}{re.sub(r'[ .,]', '', groups)}.{decimals or '00'}"), value)


def _in_bounds(euros: Decimal, value: Cell) -> Decimal:
    if euros < 0:
        raise NotUnderstood(f"le montant {quoted(value)} est négatif : écrivez un montant positif ou nul")
    if euros >= 10_000_000:
        raise NotUnderstood(f"le montant {quoted(value)} est trop grand : il reste sous dix millions d’euros")
    return euros.quantize(Decimal("0.01"))


def _not_an_amount(value: Cell) -> NotUnderstood:
    return NotUnderstood(f"{quoted(value)} n’est pas un montant : écrivez par exemple « 1200,50 »")


def day(value: Cell) -> date:
    """A day, the day of the month first: « 03/04/2017 » is 3 April; also « 2017-04-03 », « 3 avril 2017 », 42828.

    Raises NotUnderstood.
    """
    found = value if isinstance(value, date) else _typed_day(value)
    if found is None or not validators.FIRST_DAY <= found <= validators.LAST_DAY:
        raise NotUnderstood(f"{quoted(value)} n’est pas une date : écrivez le jour, le mois et l’année, « 03/04/2017 »")
    return found


def _typed_day(value: Cell) -> date | None:
    words = _HOUR.sub("", " ".join(text(value).split()).casefold())
    words = re.sub(rf"^(?:{'|'.join(typography.WEEKDAYS)}),? ", "", words)
    if re.fullmatch(r"\d{5}", words):
        return date.fromordinal(_EPOCH + int(words)) if int(words) in _SERIALS else None
    if match := _NUMERIC_DAY.fullmatch(words):
        number, month, year = int(match[1]), int(match[2]), _year(match[3])
    elif match := _ISO_DAY.fullmatch(words):
        year, month, number = int(match[1]), int(match[2]), int(match[3])
    elif match := _WRITTEN_DAY.fullmatch(words):
        number, month, year = int(match[1]), _month(match[2]), _year(match[3])
    else:
        return None
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 70 else 1900)


def _month(word: str) -> int:
    """The number of a month, whole or shortened (« avr. », « sept »); 0 when it could be two, or none."""
    found = [n for n, month in enumerate(typography.MONTHS, start=1) if fold(month).startswith(fold(word))]
    return found[0] if len(found) == 1 else 0


def siret(value: Cell) -> str:
    """The fourteen digits of a SIRET, even read as a number: « 7,3282932000074E+13 », or without its first zero.

    Raises NotUnderstood.
    """
    bare = re.sub(r"\s", "", text(value)).lstrip("'’")
    typed = compact(re.sub(r"(?<=^\d{13})[.,]0+$|(?<=^\d{14})[.,]0+$", "", bare))
    if len(typed) == 9 and typed.isascii() and typed.isdigit():
        raise NotUnderstood(
            f"{quoted(value)} n’a que neuf chiffres : c’est le SIREN de la structure. Le SIRET en a quatorze, "
            "le SIREN puis les cinq chiffres de l’établissement : complétez-le, ou videz la case"
        )
    if match := _SCIENTIFIC.fullmatch(bare):
        # « 7,32829E+13 »: the spreadsheet has kept six digits, the others are lost.
        if len(re.sub(r"[.,]", "", match[1])) < 12:
            raise NotUnderstood(
                f"le tableur a arrondi le SIRET {quoted(value)} : donnez à la colonne le format Texte, "
                "puis retapez ses quatorze chiffres"
            )
        typed = f"{Decimal(match[1].replace(',', '.')).scaleb(int(match[2])):.0f}"
    typed = typed.zfill(14) if len(typed) == 13 and typed.isascii() and typed.isdigit() else typed
    try:
        validators.siret_number(typed)
    except ValidationError as error:
        raise NotUnderstood(f"le SIRET {quoted(value)} n’est pas valide : vérifiez ses quatorze chiffres") from error
    return typed
