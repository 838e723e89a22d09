import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.db.migrations.writer import MigrationWriter
from fontTools.ttLib import TTFont
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caprural import validators
from tests.support.traces import folded

Validator = Callable[[str], None]


def refusal(validator: Validator, value: str) -> str | None:
    """The code of the refusal, or None when the value is accepted."""
    try:
        validator(value)
    except ValidationError as error:
        return error.code
    return None


class TestSingleLine:
    @pytest.mark.parametrize(
        "value",
        [
            "",
            "Dominique Bernier",
            "Chargé(e) de coopération – CC du Pilat « Œuvre » l’été",
            "Communauté de communes d'Été; <b>",
            "e\u0301te\u0301",
            "1 200,50\u00a0€ et 3\u202f%",
            "Ångström Łukasz Nguyễn Ελένη Юлия Ștefan",
        ],
    )
    def test_what_people_type(self, value: str) -> None:
        assert refusal(validators.single_line, value) is None

    @pytest.mark.parametrize(
        ("value", "named"),
        [("山田 花子", "山 田 花 子"), ("محمد", "م ح د"), ("Ferme 👩‍🌾 Ferme 👩‍🌾", "👩 🌾")],
        ids=["chinese", "arabic", "emoji"],
    )
    def test_what_no_document_can_print_is_named(self, value: str, named: str) -> None:
        with pytest.raises(ValidationError) as refused:
            validators.single_line(value)

        assert refused.value.messages == [
            f"Nos documents ne peuvent pas imprimer «\u00a0{named}\u00a0»\u00a0: écrivez-le en lettres latines, "
            "comme sur une pièce d’identité, ou effacez-le."
        ]
        validators.multi_line(value)  # a message is read on a screen

    @pytest.mark.parametrize(
        ("char", "code"),
        [
            ("\n", "several_lines"),
            ("\r", "several_lines"),
            ("\t", "several_lines"),
            ("\v", "several_lines"),
            ("\x85", "several_lines"),
            ("\u2028", "several_lines"),
            ("\u2029", "several_lines"),
            ("\x00", "invisible"),
            ("\x1b", "invisible"),
            ("\x7f", "invisible"),
            ("\x9b", "invisible"),
            ("\u00ad", "invisible"),
            ("\u061c", "invisible"),
            ("\u200b", "invisible"),
            ("\u200c", "invisible"),
            ("\u200d", "invisible"),
            ("\u200e", "invisible"),
            ("\u200f", "invisible"),
            ("\u202a", "invisible"),
            ("\u202e", "invisible"),
            ("\u2066", "invisible"),
            ("\u2069", "invisible"),
            ("\u2060", "invisible"),
            ("\ufeff", "invisible"),
            ("\U000e0041", "invisible"),
            (chr(0xD800), "unreadable"),
            ("\ufffd", "unreadable"),
            ("\uffff", "unreadable"),
            ("\ufdd0", "unreadable"),
            ("\U0010fffe", "unreadable"),
        ],
    )
    def test_what_breaks_a_header_or_a_page(self, char: str, code: str) -> None:
        for value in (char, f"{char}Dominique", f"Dominique{char}Bernier", f"Bernier{char}"):
            assert refusal(validators.single_line, value) == code

    @pytest.mark.parametrize("value", ["a\u200db", "👩\u200d", "\u200d🌾", "👩\u200db", "👩\u200d\u200d🌾"])
    def test_a_joiner_that_joins_no_emoji(self, value: str) -> None:
        assert refusal(validators.single_line, value) == "invisible"

    @settings(deadline=None)
    @given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1))
    def test_never_lets_one_through(self, value: str) -> None:
        assert refusal(validators.single_line, value) is not None

    @settings(deadline=None)
    @given(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\ufffd")))
    def test_lets_all_that_is_visible_through(self, value: str) -> None:
        assert refusal(validators.single_line, value) in (None, "unprintable")
        assert refusal(validators.multi_line, value) is None


@pytest.mark.parametrize("weight", [400, 700])
def test_what_is_said_to_be_printable_is_in_the_fonts(weight: int) -> None:
    fonts = (Path("static/fonts") / name for name in (f"texte-{weight}.woff2", f"voisins-{weight}.ttf"))
    held = {chr(code) for font in fonts for code in TTFont(font).getBestCmap()}

    assert validators._coverage() <= held


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("camille+essai@commune.example", "camille@commune.example"),
        ("ca.mille+essai@gmail.com", "camille@gmail.com"),
        ("ca.mille@commune.example", "ca.mille@commune.example"),
    ],
)
def test_one_mailbox(address: str, mailbox: str) -> None:
    assert validators.mailbox(address) == mailbox


@pytest.mark.parametrize("name", ["evil.fr", "Gagnez 500€ sur evil.fr", "hxxp evil.example"])
def test_a_person_s_name_is_no_site(name: str) -> None:
    assert refusal(validators.person_name, name) == "link"


@pytest.mark.parametrize("name", ["J.-P. Martin", "M.Durand", "St. Martin"])
def test_a_person_s_name_has_its_dots(name: str) -> None:
    assert refusal(validators.person_name, name) is None


class TestMultiLine:
    def test_paragraphs(self) -> None:
        assert refusal(validators.multi_line, "Bonjour,\r\n\r\n\t– un\n– deux") is None

    @pytest.mark.parametrize(
        ("char", "code"),
        [("\x00", "invisible"), ("\u202e", "invisible"), ("\ud800", "unreadable"), ("\x85", "several_lines")],
    )
    def test_the_rest_stays_refused(self, char: str, code: str) -> None:
        assert refusal(validators.multi_line, f"a\n{char}") == code


class TestPersonName:
    @pytest.mark.parametrize(
        "name",
        [
            "Bernier",
            "d’Aboville",
            "O'Brien",
            "Jean-Noël",
            "Nguyễn Văn A",
            "Élise (Lise)",
            "E",
            "Παπαδόπουλος",
            "Louis 2",
        ],
    )
    def test_names(self, name: str) -> None:
        assert refusal(validators.person_name, name) is None

    @pytest.mark.parametrize("name", ["", " ", "12", "-", "’", "a@b.fr", "<b>a</b>", "1/2 a"])
    def test_not_names(self, name: str) -> None:
        assert refusal(validators.person_name, name) == "invalid"

    def test_a_name_holds_on_one_line(self) -> None:
        assert refusal(validators.person_name, "Bernier\nBcc: x") == "several_lines"


class TestWithoutLink:
    @pytest.mark.parametrize(
        "name",
        [
            "Chalon s/Saône",
            "M.J.C./Foyer",
            "Association « Terroirs.com »",
            "St. Martin/Loire",
            "SARL 2.0/3",
            "A : b//c",
        ],
    )
    def test_names_of_structures(self, name: str) -> None:
        assert refusal(validators.without_link, name) is None

    @pytest.mark.parametrize(
        ("name", "link"),
        [
            ("Gratuit: https://evil.example/prix (fictif)", "https://evil.example/prix"),
            ("Voir HTTP://A", "HTTP://A"),
            ("Voir www.evil", "www.evil"),
            ("Un prix sur evil.example/prix !", "evil.example/prix"),
            ("(Evil.Shop/)", "(Evil.Shop/)"),
        ],
    )
    def test_what_a_letter_would_make_a_link_of(self, name: str, link: str) -> None:
        """G5: whoever fills a public form has no letter of ours carry an address."""
        for validator in (validators.without_link, validators.person_name):
            with pytest.raises(ValidationError) as refused:
                validator(name)
            assert refused.value.messages == [
                f"N’écrivez pas ici d’adresse de site\u00a0: retirez «\u00a0{link}\u00a0»."
            ]


class TestPhone:
    @pytest.mark.parametrize(
        "number",
        [
            "06 66 46 62 76",
            "06.66.46.62.76",
            "06-66-46-62-76",
            "+33 (0)6 66 46 62 76",
            "06\u00a066\u202f46\u00a062\u00a076",
            "+123456789012345",
            "123456",
        ],
    )
    def test_numbers(self, number: str) -> None:
        assert refusal(validators.phone_number, number) is None

    @pytest.mark.parametrize(
        "number",
        [
            "12345",
            "1234567890123456",
            "06 66 46 62 76 poste 3",
            "+",
            "06+66466276",
            "++33666466276",
            "٠٦٦٦٤٦٦٢٧٦",
            "06 66 46 62 ⁷⁶",
            "tel:0666466276",
            "0666466276;ext=1",
        ],
    )
    def test_not_numbers(self, number: str) -> None:
        assert refusal(validators.phone_number, number) == "invalid"

    def test_copied_with_its_direction_mark(self) -> None:
        assert refusal(validators.phone_number, "\u202a0666466276\u202c") == "invisible"


class TestEmail:
    @pytest.mark.parametrize(
        "address",
        [
            "cooperationsentreacteurs@caprural.org",
            "a@b.fr",
            "Prenom.NOM+cap_rural-2@sous.domaine.exemple.fr",
            "o'brien@demo.test",
            "a@mairie-été.fr",
            "a@xn--mairie-t-f1ab.fr",
            f"{'a' * 64}@demo.test",
        ],
    )
    def test_addresses(self, address: str) -> None:
        assert refusal(validators.email_address, address) is None

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "a",
            "@demo.test",
            "a@",
            "a@b",
            '"<x>"@demo.test',
            '"a b"@demo.test',
            "<a@demo.test>",
            "A <a@demo.test>",
            "a@demo.test, b@demo.test",
            "a@demo.test;b@demo.test",
            "a b@demo.test",
            " a@demo.test",
            "a@demo.test ",
            "a@demo.test\n",
            "a@demo.test\r\nBcc: b@demo.test",
            "a\x00@demo.test",
            "é@demo.test",
            "\u017f@demo.test",  # « ſ » and « K », which are s and k to whoever ignores case
            "\u212a@demo.test",
            "a..b@demo.test",
            ".a@demo.test",
            "a.@demo.test",
            "a@demo..test",
            "a@.test",
            "a@demo.test.",
            "a@-demo.test",
            "a@demo-.test",
            "a@de_mo.test",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@b@demo.test",
            "a@demo.test\u202e",
            "a@\u202edemo.test",
            "a@demo\uff0etest.fr\u200b",
            "a(x)@demo.test",
            "a:b@demo.test",
            "a\\b@demo.test",
            f"{'a' * 65}@demo.test",
            f"a@{'b' * 64}.test",
            f"a@{'.'.join(['b' * 60] * 5)}.test",
        ],
    )
    def test_not_addresses(self, address: str) -> None:
        assert refusal(validators.email_address, address) == "invalid"

    @settings(deadline=None)
    @given(st.text())
    @example("a@b.c\n")
    @example("a@ß.fr")
    def test_what_is_accepted_fits_in_a_header(self, value: str) -> None:
        candidate = f"a@{value}.fr"
        if refusal(validators.email_address, candidate) is None:
            assert not any(unicodedata.category(char)[0] in "CZ" for char in candidate)
            assert not set(candidate) & set('<>",;:()[]\\')

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("  Prenom.NOM@Demo.TEST \n", "prenom.nom@demo.test"),
            ("ana.fictive\u200b@struct1.example", "ana.fictive@struct1.example"),
            ("\u00a0eva@struct1.example\u202f", "eva@struct1.example"),
            ("max\u00adime@struct1.example", "maxime@struct1.example"),
            ("\u200e \u202aa@b.fr\u202c", "a@b.fr"),
            ("a@xn--collectivit-exemple-lzb.example", "a@collectivité-exemple.example"),
            ("a@XN--COLLECTIVIT-EXEMPLE-LZB.example", "a@collectivité-exemple.example"),
            ("A@COLLECTIVITÉ-EXEMPLE.example", "a@collectivité-exemple.example"),
            ("a@collectivite\u0301-exemple.example", "a@collectivité-exemple.example"),
            ("a@xn--wrong-.fr", "a@xn--wrong-.fr"),
            ("pas une adresse", "pas une adresse"),
        ],
    )
    def test_normalised(self, typed: str, stored: str) -> None:
        """C1: what does not count in an address is cleaned."""
        assert validators.normalise_email(typed) == stored

    @settings(deadline=None)
    @given(st.text())
    @example("a@xn--mairie-t-f1ab.fr")
    @example("a@ß\u3002fr")
    @example("¸")
    def test_normalised_once_and_for_all(self, value: str) -> None:
        once = validators.normalise_email(value)
        assert validators.normalise_email(once) == once

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            (
                "hélène@struct1.example",
                "Cette adresse porte « é » et « è » avant l’arobase, où aucun accent n’est possible : "
                "est-ce « helene@struct1.example » ?",
            ),
            (
                "d’exemple@struct1.example",
                "Cette adresse contient une apostrophe courbe : est-ce « d'exemple@struct1.example » ?",
            ),
            ("alix@struct1.example.", "Cette adresse finit par « . » : est-ce « alix@struct1.example » ?"),
            ("alix@struct1.example ;", "Cette adresse finit par « ; » : est-ce « alix@struct1.example » ?"),
            ("alix @struct1.example", "Cette adresse contient un espace : est-ce « alix@struct1.example » ?"),
            ("jo@struct1,example", "Cette adresse contient une virgule : est-ce « jo@struct1.example » ?"),
            (
                "jo..x@struct1.example",
                "Cette adresse contient deux points de suite : est-ce « jo.x@struct1.example » ?",
            ),
            (
                "mailto:lou@struct1.example",
                "Cette adresse commence par « mailto: » : est-ce « lou@struct1.example » ?",
            ),
            (
                "Noé Fictif <noe@struct1.example>",
                "Cette adresse est entourée d’un nom ou des signes < et > : est-ce « noe@struct1.example » ?",
            ),
            (
                "tom@struct1.example; tim@struct1.example",
                "Il y a ici plusieurs adresses, « tom@struct1.example » et « tim@struct1.example » : "
                "gardez-en une seule.",
            ),
            (
                "Œuvre d’été@struct1,example.",
                "Cette adresse contient une apostrophe courbe, finit par « . », contient une virgule, contient un "
                "espace et porte « œ » et « é » avant l’arobase, où aucun accent n’est possible : "
                "est-ce « oeuvred'ete@struct1.example » ?",
            ),
            (
                "hélène@struct1",
                "Cette adresse porte « é » et « è » avant l’arobase, où aucun accent n’est possible. "
                "Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr.",
            ),
            (
                "« alix@struct1.example »",
                "Cette adresse est entourée de guillemets ou de parenthèses : est-ce « alix@struct1.example » ?",
            ),
            ("alix@struct1.example/", "Cette adresse finit par « / » : est-ce « alix@struct1.example » ?"),
            (".alix@struct1.example", "Cette adresse commence par « . » : est-ce « alix@struct1.example » ?"),
            (
                "alix.@@struct1.example",
                "Cette adresse contient deux arobases de suite et a un point juste avant l’arobase : "
                "est-ce « alix@struct1.example » ?",
            ),
            (
                "alix–x@struct1.example",
                "Cette adresse contient un tiret d’imprimerie : est-ce « alix-x@struct1.example » ?",
            ),
            (
                "alix@struct1.example – mairie (69)",
                "Cette adresse est suivie d’autres mots : est-ce « alix@struct1.example » ?",
            ),
            ("a@x.fr, A@x.fr", "Cette adresse contient une virgule : est-ce « a@x.fr » ?"),
            ("alix.struct1.example", "Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr."),
        ],
    )
    def test_what_is_wrong_and_what_was_meant(self, typed: str, said: str) -> None:
        """C1: each refusal says what is wrong, and proposes the likely address when there is one."""
        with pytest.raises(ValidationError) as refused:
            validators.email_address(validators.normalise_email(typed))
        assert [folded(message) for message in refused.value.messages] == [said]


class TestEmailDomain:
    @pytest.mark.parametrize(
        "domain", ["mairie-exemple.fr", "pnr.pilat.fr", "mairie-été.fr", "xn--mairie-t-f1ab.fr", "3c.fr"]
    )
    def test_domains(self, domain: str) -> None:
        assert refusal(validators.email_domain, domain) is None

    @pytest.mark.parametrize(
        "domain",
        ["", "fr", "@mairie.fr", "a@mairie.fr", "Mairie.fr", "mairie .fr", "mairie.fr.", ".mairie.fr", "*.mairie.fr",
         "https://mairie.fr", "mairie.fr/", "mairie.fr\n", "10.0.0.1", "mai_rie.fr", "mairie.fr:25", "a.b"],
    )  # fmt: skip
    def test_not_domains(self, domain: str) -> None:
        assert refusal(validators.email_domain, domain) == "invalid"

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            (" @Mairie.FR. ", "mairie.fr"),
            ("mairie.fr", "mairie.fr"),
            ("MAIRIE-ÉTÉ.fr", "mairie-été.fr"),
            ("@xn--mairie-t-h1ab.fr", "mairie-été.fr"),
            ("\u200bmairie.fr", "mairie.fr"),
        ],
    )
    def test_normalised(self, typed: str, stored: str) -> None:
        assert validators.normalise_domain(typed) == stored
        assert refusal(validators.email_domain, stored) is None

    @pytest.mark.parametrize(
        "domain",
        [
            *("gmail.com", "googlemail.com", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "neuf.fr"),
            *(
                "hotmail.com",
                "hotmail.fr",
                "hotmail.co.uk",
                "outlook.com",
                "outlook.fr",
                "live.fr",
                "live.com",
                "msn.com",
            ),
            *(
                "yahoo.fr",
                "yahoo.com",
                "yahoo.co.uk",
                "ymail.com",
                "aol.com",
                "gmx.fr",
                "gmx.net",
                "icloud.com",
                "me.com",
            ),
            *(
                "protonmail.com",
                "proton.me",
                "bbox.fr",
                "numericable.fr",
                "club-internet.fr",
                "aliceadsl.fr",
                "mailo.com",
            ),
            *("yopmail.com", "asso.fr", "gouv.fr", "educagri.fr", " @GMAIL.com"),
        ],
    )
    def test_open_to_everybody(self, domain: str) -> None:
        """R14: public mailbox providers are refused as the domain of a member."""
        assert refusal(validators.not_public_mailbox_domain, domain) == "public_mailbox"

    @pytest.mark.parametrize(
        "domain",
        [
            "caprural.org",
            "rhone.gouv.fr",
            "afocg.asso.fr",
            "notfree.fr",
            "live.asso.fr",
            "mairie-orange.fr",
            "mygmail.com",
        ],
    )
    def test_domains_of_one_structure(self, domain: str) -> None:
        assert refusal(validators.not_public_mailbox_domain, domain) is None

    @pytest.mark.parametrize("domain", sorted(validators.PUBLIC_MAILBOX_DOMAINS | validators.SHARED_DOMAINS))
    def test_lists_are_well_formed(self, domain: str) -> None:
        assert refusal(validators.email_domain, domain) is None
        assert validators.normalise_domain(domain) == domain


ALL: list[Validator] = [
    validators.single_line,
    validators.multi_line,
    validators.without_link,
    validators.person_name,
    validators.phone_number,
    validators.email_address,
    validators.email_domain,
    validators.not_public_mailbox_domain,
]


@pytest.mark.parametrize("validator", ALL)
class TestAll:
    @settings(deadline=None)
    @given(value=st.text())
    def test_says_yes_or_no_to_anything(self, validator: Validator, value: str) -> None:
        refusal(validator, value)

    def test_can_be_written_in_a_migration(self, validator: Validator) -> None:
        field = models.CharField(max_length=10, validators=[validator])
        written, imports = MigrationWriter.serialize(field)
        assert f"caprural.validators.{validator.__name__}" in written
        assert "import caprural.validators" in imports

    def test_is_quick_on_long_input(self, validator: Validator) -> None:
        for value in (
            "a" * 100_000,
            "a." * 50_000,
            "a@" + "b." * 50_000,
            "👩\u200d" * 50_000 + "👩",
            "+" + "1 " * 50_000,
        ):
            refusal(validator, value)


@pytest.mark.parametrize(
    ("validator", "value", "message"),
    [
        (validators.single_line, "a\nb", "Écrivez ce texte sur une seule ligne."),
        (
            validators.single_line,
            "a\u202eb",
            "Votre saisie contient un caractère invisible\u00a0: effacez-la et retapez-la.",
        ),
        (
            validators.single_line,
            "a\ufffd",
            "Votre saisie contient un caractère illisible\u00a0: effacez-le et retapez-le.",
        ),
        (validators.email_address, "x", "Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr."),
        (
            validators.not_public_mailbox_domain,
            "gmail.com",
            "Des personnes de toutes structures ont une adresse en gmail.com\u00a0: "
            "ajoutez plutôt les personnes une par une.",
        ),
        (
            validators.siret_number,
            "732829320",
            "C’est le SIREN de la structure\u00a0: le SIRET a cinq chiffres de plus, ceux de l’établissement.",
        ),
    ],
)
def test_messages_say_what_to_do(validator: Validator, value: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validator(value)
    assert refused.value.messages == [message]
