"""What may be typed in a field, and the sentence that says what to do otherwise.

`CharField` lets line breaks, control characters and right-to-left marks through, and `EmailField` accepts
`"<x>"@demo.test`: what reaches an e-mail header, a signed sheet or a spreadsheet is judged here first.
"""

import re
import unicodedata
from datetime import date
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db.models import Q
from stdnum import bic, iban
from stdnum.fr import siren, siret

from caprural import typography

# Mailboxes open to everybody: sharing one of these domains says nothing of who employs a person (R14).
PUBLIC_MAILBOX_DOMAINS = frozenset(
    (  # noqa: SIM905 (quotes and commas would hide the names)
        # access providers in France, today's and yesterday's: addresses outlive companies
        "9business.fr 9online.fr akeonet.com aliceadsl.fr bbox.fr calixo.net cegetel.net club-internet.fr "
        "dartybox.com dbmail.com estvideo.fr evhr.net fnac.net free.fr freesbee.fr freesurf.fr infonie.fr "
        "laposte.net libertysurf.fr m6net.fr magic.fr modulonet.fr nerim.net neuf.fr noos.fr nordnet.fr "
        "numericable.com numericable.fr online.fr orange.fr ozone.net sfr.fr tele2.fr tiscali.fr vialis.net "
        "voila.fr wanadoo.fr wibox.fr worldonline.fr canl.nc izi.re lagoon.nc mail.pf mediaserv.net mls.nc "
        "only.fr zeop.re "
        # web mailboxes
        "caramail.com caramail.fr chez.com disroot.org e.email etik.com fastmail.com fastmail.fm hey.com "
        "hushmail.com icloud.com ifrance.com ik.me ikmail.com inbox.com keemail.me lycos.fr mac.com mageos.com "
        "mail.com mail.fr mail.ru mailbox.org mailfence.com mailo.com mailoo.org me.com multimania.com murena.io "
        "net-c.com net-c.fr netc.eu netc.fr netcourrier.com no-log.org nomade.fr oreka.com passport.com pm.me "
        "posteo.de posteo.net proton.me protonmail.ch protonmail.com qq.com riseup.net rocketmail.com runbox.com "
        "startmail.com tuta.com tuta.io tutamail.com tutanota.com tutanota.de vivaldi.net windowslive.com "
        "yandex.com yandex.ru zaclys.net zoho.com zoho.eu zohomail.com zohomail.eu "
        # neighbours
        "alice.it bluewin.ch freenet.de hispeed.ch internet.lu libero.it monaco.mc proximus.be pt.lu scarlet.be "
        "skynet.be sunrise.ch t-online.de telenet.be tin.it tiscali.it virgilio.it voo.be web.de "
        # thrown away after use
        "10minutemail.com guerrillamail.com jetable.org mailinator.com temp-mail.org trashmail.com yopmail.com "
        "yopmail.fr yopmail.net "
    ).split()
)
# The same under the ending of each country: hotmail.fr, yahoo.co.uk.
_PUBLIC_MAILBOX_FAMILY = re.compile(
    r"(?:aol|gmail|gmx|googlemail|hotmail|live|msn|outlook|yahoo|ymail)\.[a-z]{2,3}(?:\.[a-z]{2})?"
)
# Domains under which, or with which, structures that have nothing in common work.
SHARED_DOMAINS = frozenset(
    "asso.fr avocat.fr cci.fr chambagri.fr co.uk com.fr educagri.fr eu.org experts-comptables.fr fr.eu.org "  # noqa: SIM905
    "geometre-expert.fr gouv.fr medecin.fr nom.fr notaires.fr org.uk pharmacien.fr prd.fr presse.fr tm.fr "
    "veterinaire.fr".split()
)

_LOCAL_PART = re.compile(r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST_LABEL = re.compile(r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?")
# What a mail program makes a link of: a scheme, « www. », « exemple.fr/page ».
_SITE = re.compile(r"(?<![\w-])[\w-]++\.[a-z]{2,}\b")
_LINK = re.compile(r"\w://|\bwww\.|[^\W_]\.[^\W\d_]{2,}/", re.IGNORECASE)
#: What one sees in an address that is not one, how it is said, and what was likely meant instead.
_EMAIL_FAULTS = (
    (r"^[^<>]*<([^<>]*)>\W*$", "est entourée d’un nom ou des signes < et >", r"\1"),
    (r"^[\"“”«‹('\[]+\s*|\s*[\"“”»›)'\]]+$", "est entourée de guillemets ou de parenthèses", ""),
    (r"(?i)^mailto\s*:\s*", "commence par «\u00a0mailto:\u00a0»", ""),
    (r"[’‘ʼ´]", "contient une apostrophe courbe", "'"),
    (r"[\s.,;:/>]*[.,;:/>]\s*$", "finit par {}", ""),
    (r"^[.,;]+", "commence par {}", ""),
    (r"\s*,\s*", "contient une virgule", "."),
    (r"\s+", "contient un espace", ""),
    (r"\.{2,}", "contient deux points de suite", "."),
    (r"@{2,}", "contient deux arobases de suite", "@"),
    (r"\.@", "a un point juste avant l’arobase", "@"),
    (r"[‐‑‒–—]", "contient un tiret d’imprimerie", "-"),
)
_PHONE = re.compile("\\+?[0-9 .()\u00a0\u202f\u2010-\u2013-]*")


_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l"})


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _is_emoji_joiner(text: str, at: int) -> bool:
    """Whether the zero-width joiner at that place holds two emoji together, which is its only good use here."""
    before = text[max(0, at - 2) : at].rstrip("\ufe0f")[-1:]
    after = text[at + 1 : at + 2]
    return bool(before and after) and {unicodedata.category(before), unicodedata.category(after)} <= {"So", "Sk", "Sm"}


def _refuse_unreadable(text: str, *, allowed: str) -> None:
    for at, char in enumerate(text):
        category = unicodedata.category(char)
        code = ord(char)
        if char in allowed or (char == "\u200d" and _is_emoji_joiner(text, at)):
            continue
        if category == "Cs" or char == "\ufffd" or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
            raise ValidationError(
                "Votre saisie contient un caractère illisible\u00a0: effacez-le et retapez-le.", code="unreadable"
            )
        if char in "\t\n\r\v\f\x1c\x1d\x1e\x85" or category in {"Zl", "Zp"}:
            raise ValidationError("Écrivez ce texte sur une seule ligne.", code="several_lines")
        if category in {"Cc", "Cf"}:
            raise ValidationError(
                "Votre saisie contient un caractère invisible\u00a0: effacez-la et retapez-la.", code="invisible"
            )


@cache
def _coverage() -> frozenset[str]:
    """The characters that the fonts of our documents hold; the list is made with them (static/src/fonts.py)."""
    ranges = (Path(__file__).parent.parent / "static" / "fonts" / "couverture.txt").read_text().split()
    bounds = ([int(bound, 16) for bound in line.split("-")] for line in ranges)
    return frozenset(chr(code) for first, last in bounds for code in range(first, last + 1))


def printable(value: str) -> None:
    """Refuse what our documents cannot print: a name on a signed sheet is never blank (SPEC §6)."""
    if missing := [
        char for char in unicodedata.normalize("NFC", value) if char not in _coverage() and char.isprintable()
    ]:
        raise ValidationError(
            f"Nos documents ne peuvent pas imprimer «\u00a0{' '.join(dict.fromkeys(missing))}\u00a0»\u00a0: "
            "écrivez-le en lettres latines, comme sur une pièce d’identité, ou effacez-le.",
            code="unprintable",
        )


def single_line(value: str) -> None:
    """Refuse line breaks, tabs, control and format characters (bidirectional marks, zero widths), broken Unicode, and
    what no document can print.
    """
    _refuse_unreadable(value, allowed="")
    printable(value)


def multi_line(value: str) -> None:
    """Like `single_line`, but line breaks and tabs are welcome."""
    _refuse_unreadable(value, allowed="\t\n\r")


def without_link(value: str) -> None:
    """One line that no mail program turns into a link: who fills a form has no letter of ours carry an address."""
    single_line(value)
    if links := [word for word in value.split() if _LINK.search(word)]:
        raise ValidationError(
            "N’écrivez pas ici d’adresse de site\u00a0: retirez «\u00a0%(link)s\u00a0».",
            code="link",
            params={"link": links[0]},
        )


def person_name(value: str) -> None:
    """One line with a letter in it, and nothing that would turn a name into an address or markup.

    Not even « exemple.fr », of which a mail program makes a link: a name is repeated in letters to its address.
    """
    without_link(value)
    if not any(char.isalpha() for char in value) or any(char in "<>@/" for char in value):
        raise ValidationError("Saisissez un nom, sans adresse ni signe < > @ ou /.", code="invalid")
    if site := _SITE.search(value):
        raise ValidationError(
            f"Un nom ne contient pas d’adresse de site\u00a0: effacez «\u00a0{site[0]}\u00a0», "
            "ou mettez une espace après le point.",
            code="link",
        )


def phone_number(value: str) -> None:
    """Six to fifteen digits, as people write them: « 06 66 46 62 76 », « +33 (0)6.66.46.62.76 »."""
    _refuse_unreadable(value, allowed="")
    digits = sum(char.isdigit() for char in value)
    if not _PHONE.fullmatch(value.strip()) or not 6 <= digits <= 15:
        raise ValidationError(
            "Saisissez un numéro de téléphone en chiffres, par exemple 06\u00a012\u00a034\u00a056\u00a078.",
            code="invalid",
        )


def _is_hostname(domain: str) -> bool:
    """At least two labels, the last one not a number; accented letters are welcome (« mairie-été.fr »)."""
    labels = domain.split(".")
    if len(labels) < 2 or len(domain) > 253 or not all(map(_HOST_LABEL.fullmatch, labels)):
        return False
    try:
        domain.encode("idna")
    except UnicodeError:
        return False
    return not labels[-1].isdigit() and len(labels[-1]) > 1


def email_address(value: str) -> None:
    """One plain address that any mail server carries: no quotes, brackets, list, space nor accent before the « @ ».

    The refusal says what is wrong and, when it can be guessed, which address was meant.
    """
    if not _is_email_address(value):
        raise ValidationError(_what_is_wrong(value), code="invalid")


def _is_email_address(value: str) -> bool:
    local, _, domain = value.rpartition("@")
    return len(value) <= 254 and len(local) <= 64 and bool(_LOCAL_PART.fullmatch(local)) and _is_hostname(domain)


def _what_is_wrong(value: str) -> str:
    advice = "Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr."
    if len(value) > 500 or value.count("@") == 0:
        return advice
    parts = map(normalise_email, re.split(r"[\s,;/<>]+", value))
    if len(several := dict.fromkeys(part for part in parts if _is_email_address(part))) > 1:
        shown = [f"«\u00a0{word}\u00a0»" for word in several]
        return f"Il y a ici plusieurs adresses, {typography.join_and(shown)}\u00a0: gardez-en une seule."
    first = next(iter(several), "")
    if first and value.split()[0] == first and any(map(str.isalnum, value[len(first) :])):
        return f"Cette adresse est suivie d’autres mots\u00a0: est-ce «\u00a0{first}\u00a0»\u202f?"
    faults = []
    for pattern, fault, instead in _EMAIL_FAULTS:
        if found := re.search(pattern, value):
            faults.append(fault.format(f"«\u00a0{found[0].strip()}\u00a0»"))
            value = re.sub(pattern, instead, value)
    local, _, domain = value.rpartition("@")
    if accents := dict.fromkeys(char for char in local if char.isalpha() and not char.isascii()):
        shown = [f"«\u00a0{char}\u00a0»" for char in accents]
        faults.append(f"porte {typography.join_and(shown)} avant l’arobase, où aucun accent n’est possible")
        local = _unaccented(local)
    if not faults:
        return advice
    likely = normalise_email(f"{local}@{domain}")
    likely = likely if _is_email_address(likely) else first
    meant = f"\u00a0: est-ce «\u00a0{likely}\u00a0»\u202f?" if likely else f". {advice}"
    return f"Cette adresse {typography.join_and(faults)}{meant}"


def email_domain(value: str) -> None:
    """The part of addresses after the « @ », in lower case as `normalise_domain` leaves it (R14)."""
    if value != value.lower() or not _is_hostname(value):
        raise ValidationError(
            "Saisissez seulement ce qui suit le «\u00a0@\u00a0», en minuscules, par exemple mairie-exemple.fr.",
            code="invalid",
        )


def _is_shared(domain: str) -> bool:
    return domain in PUBLIC_MAILBOX_DOMAINS | SHARED_DOMAINS or bool(_PUBLIC_MAILBOX_FAMILY.fullmatch(domain))


def not_public_mailbox_domain(value: str) -> None:
    """Refuse a domain that would cover strangers: public mailboxes, and domains shared by many structures (R14)."""
    domain = normalise_domain(value)
    if _is_shared(domain):
        raise ValidationError(
            "Des personnes de toutes structures ont une adresse en %(domain)s\u00a0: "
            "ajoutez plutôt les personnes une par une.",
            code="public_mailbox",
            params={"domain": domain},
        )


def _visible(value: str) -> str:
    return "".join(char for char in value if unicodedata.category(char) != "Cf").strip().lower()


def _readable(domain: str) -> str:
    """« xn--mairie-t-f1ab.fr » and « mairie-été.fr » are one domain, kept as people read it."""
    if len(domain) > 253 or (domain.isascii() and "xn--" not in domain):
        return domain
    try:
        readable = domain.encode("idna").decode("idna").lower()
    except UnicodeError:
        return domain
    # « ¸ » becomes a space and a sign: no domain.
    return readable if _visible(readable) == readable else domain


def normalise_email(value: str) -> str:
    """The form under which an address is stored and compared (R7).

    Case, spaces around, signs that nobody sees and the two ways to write an accented domain do not count.
    """
    local, at, domain = _visible(value).rpartition("@")
    return f"{local}{at}{_readable(domain)}"


def mailbox(address: str) -> str:
    """What is one mailbox to its provider: what follows a + changes nothing, nor do dots at a public one.

    For suggestions and for counting letters; never for telling who is covered (R14).
    """
    local, _, domain = address.rpartition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '') if _is_shared(domain) else local}@{domain}"


def normalise_domain(value: str) -> str:
    """« @Mairie-Exemple.FR » is stored and compared as « mairie-exemple.fr »."""
    return _readable(_visible(value).removeprefix("@").removesuffix("."))


def siret_number(value: str) -> None:
    """Fourteen digits whose key is right; the nine of the SIREN are said to be that (D5)."""
    if len(value) == 9 and siren.is_valid(value):
        raise ValidationError(
            "C’est le SIREN de la structure\u00a0: le SIRET a cinq chiffres de plus, ceux de l’établissement.",
            code="invalid",
        )
    if len(value) != 14 or not siret.is_valid(value):
        raise ValidationError("Ce numéro SIRET n’est pas valide\u00a0: vérifiez ses quatorze chiffres.", code="invalid")


def iban_number(value: str) -> None:
    """An account number whose key is right."""
    if not iban.is_valid(value):
        raise ValidationError(
            "Cet IBAN n’est pas valide\u00a0: recopiez-le depuis le relevé d’identité bancaire.", code="invalid"
        )


def bic_code(value: str) -> None:
    """A bank's code, of eight or eleven signs."""
    if not bic.is_valid(value):
        raise ValidationError(
            "Ce BIC n’est pas valide\u00a0: il compte huit ou onze lettres et chiffres.", code="invalid"
        )


#: The days anybody may mean: a year typed with two digits reaches us as the year 26.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)


def plausible_day(value: date) -> None:
    """A day of this century."""
    if not FIRST_DAY <= value <= LAST_DAY:
        raise ValidationError("Vérifiez l’année, en quatre chiffres\u00a0: elle va de 2000 à 2100.", code="implausible")


def are_plausible_days(*names: str) -> Q:
    """What the database holds of `plausible_day` for these columns; a day that nobody gave is none."""
    return Q(*(Q(**{f"{name}__range": (FIRST_DAY, LAST_DAY)}) | Q(**{f"{name}__isnull": True}) for name in names))
