"""French typography: dates, hours, amounts, phones and no-break spaces (SPEC §7).

The functions that write for people are also template filters of the same name. French words are constants: what a
document says must not depend on the active translation.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, format_html

register = template.Library()

NBSP = "\u00a0"
NNBSP = "\u202f"
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


# Dates and hours


def _local(value: datetime) -> datetime:
    """Europe/Paris for an instant; a naive datetime is already what the clock on the wall says."""
    return timezone.localtime(value, timezone.get_default_timezone()) if timezone.is_aware(value) else value


def _day(value: date) -> date:
    return _local(value).date() if isinstance(value, datetime) else value


def _ordinal(day: date) -> str:
    return "1er" if day.day == 1 else str(day.day)


def _month(day: date) -> str:
    return MONTHS[day.month - 1]


@register.filter
def medium_date(value: date | None) -> str:
    """« 12 avril 2017 », « 1er avril 2017 »; an instant is first brought to Europe/Paris. Nothing for None."""
    if not value:
        return ""
    day = _day(value)
    return f"{_ordinal(day)}{NBSP}{_month(day)} {day.year}"


@register.filter
def long_date(value: date | None) -> str:
    """« mercredi 12 avril 2017 »."""
    return f"{WEEKDAYS[_day(value).weekday()]} {medium_date(value)}" if value else ""


@register.filter
def day_month(value: date | None) -> str:
    """« mardi 4 avril »: when the year is said beside it (R4)."""
    if not value:
        return ""
    day = _day(value)
    return f"{WEEKDAYS[day.weekday()]} {_ordinal(day)}{NBSP}{_month(day)}"


@register.filter
def hour(value: time | datetime | None) -> str:
    """« 9 h 30 », « 17 h »; takes a datetime too, brought to Europe/Paris."""
    if value is None or value == "":
        return ""
    clock = _local(value) if isinstance(value, datetime) else value
    return f"{clock.hour}{NBSP}h" + (f"{NBSP}{clock.minute:02}" if clock.minute else "")


@register.filter
def hours(start: time | datetime | None, end: time | datetime | None = None) -> str:
    """« de 9 h 30 à 17 h 30 », or « à partir de 9 h 30 » when the end is unknown (R1)."""
    if not hour(start):
        return ""
    return f"de {hour(start)} à {hour(end)}" if hour(end) else f"à partir de {hour(start)}"


@register.filter
def moment(value: datetime | None) -> str:
    """« mardi 4 avril 2017, 23 h 59 »."""
    return f"{long_date(value)}, {hour(_local(value).time())}" if value else ""


# Numbers, words and names


@register.filter
def number(value: int | Decimal | None) -> str:
    """« 1 200 », « 7,5 »: decimal comma, thousands apart, no useless zero."""
    if value is None or value == "":
        return ""
    whole, _, decimals = f"{value:,f}".partition(".") if isinstance(value, Decimal) else (f"{value:,}", "", "")
    text = whole.replace(",", NNBSP).replace("-", "\u2212")
    return f"{text},{decimals.rstrip('0')}" if decimals.rstrip("0") else text


@register.filter
def amount(value: int | Decimal | None) -> str:
    """« 50 € », « 1 200,50 € »: cents are said only when there are some, and then both."""
    if value is None or value == "":
        return ""
    euros = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
    whole, _, cents = f"{abs(euros):.2f}".partition(".")
    sign = "\u2212" if euros < 0 else ""
    return sign + number(int(whole)) + (f",{cents}" if int(cents) else "") + f"{NBSP}€"


@register.filter
def euros(value: int | Decimal) -> str:
    """« 1 840,00 € »: in accounts, where cents stand one under the other."""
    whole = amount(value).removesuffix(f"{NBSP}€")
    return whole + ("" if "," in whole else ",00") + f"{NBSP}€"


@register.filter
def plural(count: int | Decimal, forms: str) -> str:
    """`{{ n|plural:"place,places" }}`: in French 0, 1 and 1,5 are singular."""
    singular, several = forms.split(",")
    return singular if -2 < count < 2 else several


def counted(count: int, forms: str) -> str:
    """« 3 places », from « place,places »."""
    return f"{count} {plural(count, forms)}"


@register.filter
def join_and(items: Iterable[object]) -> str:
    """« a, b et c »."""
    *first, last = [str(item) for item in items] or [""]
    return f"{', '.join(first)} et {last}" if first else last


_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})
_COMBINING = re.compile("[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Words in lower case, accents, ligatures and punctuation set aside: « L’Œuvre-d’Été » is « l oeuvre d ete »."""
    folded = text.lower()
    if not folded.isascii():
        folded = _COMBINING.sub("", unicodedata.normalize("NFKD", folded.translate(_LIGATURES)))
    return " ".join(_WORD.findall(folded))


def sort_key(name: str) -> tuple[str, str, str]:
    """The place of a surname in a French list: `sorted(people, key=…)`.

    Letters first, without accents nor case; hyphens, apostrophes and spaces count alike; the particles « de » and
    « d’ » in lower case are set aside (« de Villiers » is at V, « Le Gall » at L, « De Smet » at D). Accents, then
    case, only separate names that are otherwise the same.
    """
    letters = fold(re.sub(r"^(de\s+|d['’]\s*)", "", name.strip()))
    folded = name.strip().casefold().translate(_LIGATURES)
    return letters, unicodedata.normalize("NFD", folded), name.swapcase()


# Phones, places and numbers of identity


def _international(phone_number: str) -> str:
    """« +33666466276 » for what is surely a French number, the bare digits of another one, nothing for the rest."""
    text = re.sub(r"[\s.()\-\u2010\u2011\u2013/]", "", phone_number.replace("(0)", ""))
    if not re.fullmatch(r"\+?[0-9]+", text):
        return ""
    french = re.fullmatch(r"(?:\+33|0033|0)([1-9][0-9]{8})", text)
    return f"+33{french[1]}" if french else text


@register.filter
def phone(value: str) -> str:
    """« 06 66 46 62 76 » by pairs, never split, for a French number however typed; any other is left as typed."""
    compact = _international(value)
    if not re.fullmatch(r"\+33\d{9}", compact):
        return value
    national = "0" + compact[3:]
    return NBSP.join(national[at : at + 2] for at in range(0, 10, 2))


@register.filter
def phone_href(value: str) -> str:
    """« tel:+33666466276 »; nothing when no number can be made out."""
    compact = _international(value)
    return f"tel:{compact}" if compact else ""


@register.filter
def phone_link(value: str) -> str:
    """The number by pairs inside its `tel:` link, or the escaped text alone when it cannot be dialled."""
    href = phone_href(value)
    return format_html('<a href="{}">{}</a>', href, phone(value)) if href else conditional_escape(value)


@register.filter
def siret(value: str) -> str:
    """« 123 456 789 00012 »; left as typed unless it has fourteen digits."""
    digits = re.sub(r"\s", "", value)
    if not re.fullmatch(r"[0-9]{14}", digits):
        return value
    return NBSP.join((digits[:3], digits[3:6], digits[6:9], digits[9:]))


@register.filter
def iban(value: str) -> str:
    """« FR76 3000 6000 0112 3456 7890 189 », by groups of four."""
    return "\u00a0".join(value[start : start + 4] for start in range(0, len(value), 4))


@register.filter(is_safe=True)
def unbroken_place(value: str) -> str:
    """« Givors (69) » is not split on two lines. For display only: the stored place stays as typed."""
    return re.sub(r"\s+(?=\((?:\d{2,3}|2[AB])\))", NBSP, value)
