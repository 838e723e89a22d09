"""Lines of a file of members."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import EmailDomain, Member
from sessions_app.models import Registration
from tests.factories import make_campaign, make_category, make_fee, make_member, make_registration
from tests.members.importing.looked_at import brought_in, outcomes, planned, reasons, said, values
from tests.support.announced import open_session
from tests.support.traces import folded, status_of, told

pytestmark = pytest.mark.django_db

SIRET, OTHER = "73282932000074", "35600000000048"


class TestCreated:
    def test_with_everything(self) -> None:
        plan = brought_in(
            "members",
            "Nature;Raison sociale;Contact;Mail;Tél.;Adresse;N° SIRET;Code service;Domaines;Notes",
            f'Association;Les Collines;Zoé Fictive;z@collines.example;478000000;"1 rue\n69000 Lyon";{SIRET};S1;'
            "@Collines.EXAMPLE, vallee.example;Ancien",
            "particulier;Dominique Fictif;;;;;;;;",
        )

        assert said(plan)[0] == (
            2,
            "created",
            "Les Collines",
            [
                "Contact : « Zoé Fictive »",
                "Mail : « z@collines.example »",
                "Tél. : « 0478000000 »",
                "Adresse : « 1 rue 69000 Lyon »",
                "Code service : « S1 »",
                "Notes : « Ancien »",
                "Nature : « structure »",
                f"N° SIRET : « {SIRET} »",
                "Domaines : « collines.example, vallee.example »",
            ],
        )
        first, second = Member.objects.order_by("pk")
        fields = ("kind", "name", "contact_name", "email", "phone", "address", "siret", "service_code", "note")
        assert values(first, *fields) == (
            *("structure", "Les Collines", "Zoé Fictive", "z@collines.example", "0478000000", "1 rue\n69000 Lyon"),
            *(SIRET, "S1", "Ancien"),
        )
        assert (second.kind, second.name, second.siret) == ("person", "Dominique Fictif", "")
        assert set(EmailDomain.objects.values_list("member", "domain")) == {
            (first.pk, "collines.example"),
            (first.pk, "vallee.example"),
        }

    def test_two_establishments_of_the_same_name(self) -> None:
        brought_in("members", "Nom;SIRET", f"Mairie;{SIRET}", f"Mairie;{OTHER}")

        assert list(Member.objects.order_by("pk").values_list("siret", flat=True)) == [SIRET, OTHER]


class TestChanged:
    """An empty cell leaves what is there."""

    def test_by_our_number(self) -> None:
        member = make_member(name="Les Collines", phone="04 78 00 00 00", note="Ancien", siret=SIRET)

        plan = brought_in("members", "Identifiant;Nom;SIRET;Tél", f"{member.pk};LES COLLINES;{OTHER};")

        assert said(plan) == [
            (
                2,
                "changed",
                "LES COLLINES",
                ["Nom : « Les Collines » → « LES COLLINES »", f"SIRET : « {SIRET} » → « {OTHER} »"],
            )
        ]
        assert values(member, "name", "siret", "phone", "note") == ("LES COLLINES", OTHER, "04 78 00 00 00", "Ancien")

    def test_by_siret_another_name(self) -> None:
        member = make_member(name="Les Collines", siret=SIRET)

        brought_in("members", "Nom;SIRET", f"Pays des Collines;{SIRET}")

        assert values(member, "name") == ("Pays des Collines",)

    def test_by_name_whatever_its_case_and_accents(self) -> None:
        member = make_member(name="Saint-Étienne")

        plan = brought_in("members", "Nom;Mail;SIRET", f"SAINT ETIENNE;a@b.example;{SIRET}")

        assert outcomes(plan) == ["changed"]
        assert values(member, "name", "email", "siret") == ("Saint-Étienne", "a@b.example", SIRET)

    def test_domains_are_added_and_none_is_taken_away(self) -> None:
        member = make_member(name="Les Collines", domains=("collines.example",))

        plan = brought_in("members", "Nom;Domaines", "Les Collines;vallee.example")

        assert said(plan)[0][3] == ["Domaine ajouté : « vallee.example »"]
        assert sorted(member.domains.values_list("domain", flat=True)) == ["collines.example", "vallee.example"]

    def test_what_a_form_has_stored_is_not_another_text(self) -> None:
        make_member(name="Les Collines", address="1 rue\r\n69000 Lyon ")

        assert outcomes(planned("members", "Nom;Adresse", 'Les Collines;"1 rue\n69000 Lyon"')) == ["unchanged"]

    def test_a_domain_that_covers_someone_who_waits(self) -> None:
        """R16: told, as when it is typed."""
        session = open_session(fee_required=True)
        registration = make_registration(session, email="camille@collines.example")
        year = session.first_date.year  # type: ignore[union-attr]
        member = make_member(name="Les Collines")
        make_fee(member, category=make_category(campaign=make_campaign(year=year)))

        said = planned("members", "Nom;Domaines", "Les Collines;collines.example").notes
        brought_in("members", "Nom;Domaines", "Les Collines;collines.example")

        assert folded(said[-1]) == "1 inscription sera confirmée : la personne en sera prévenue."
        assert status_of(registration) == Registration.Status.CONFIRMED
        assert told(registration)[1:] == ["Cotisation à jour, inscription confirmée"]


class TestRepeated:
    def test_the_same_line(self) -> None:
        plan = planned("members", "Nom;Tél;Mail", "Collines;0478000000;", "", "Collines;0478000000;", "COLLINES;;")

        assert [(*line[:2], line[3]) for line in said(plan)[1:]] == [
            (4, "ignored", ["Répète la ligne 2 : ignorée."]),
            (5, "ignored", ["Répète la ligne 2 : ignorée."]),
        ]

    def test_one_that_says_something_else(self) -> None:
        make_member(name="Vallée", siret=SIRET)
        plan = planned(
            "members",
            "Nom;SIRET;Tél",
            "Collines;;0478000000",
            "Collines;;0478111111",
            f"Vallée;{SIRET};",
            "vallee;;0478222222",
        )

        assert [line[3] for line in said(plan) if line[1] == "refused"] == [
            ["Dit autre chose que la ligne 2, Tél : gardez une seule de ces lignes."],
            ["Dit autre chose que la ligne 4, Tél : gardez une seule de ces lignes."],
        ]


class TestRefused:
    """All the reasons of the line, each with what to do."""

    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            (
                "x;;;;;",
                ["Identifiant : « x » n’est pas un identifiant : laissez la case vide, ou reprenez nos exports."],
            ),
            ("999;A;;;;", ["Identifiant : aucun cotisant n’a l’identifiant 999 : videz cette case."]),
            (";;0478000000;;;", ["Nom : la case est vide : donnez le nom du cotisant."]),
            (";A;;x;;", ["Mail « x » : Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr."]),
            (
                ";A;12;;;",
                [
                    "Tél « 12 » : Saisissez un numéro de téléphone en chiffres, par exemple 06 12 34 56 78.",
                ],
            ),
            (
                ";A;;;;gmail.com, x",
                [
                    "Domaines « gmail.com » : Des personnes de toutes structures ont une adresse en gmail.com : "
                    "ajoutez plutôt les personnes une par une.",
                    "Domaines « x » : Saisissez seulement ce qui suit le « @ », en minuscules, "
                    "par exemple mairie-exemple.fr.",
                ],
            ),
            (
                ";A;;a@b;73282932000075;",
                [
                    "SIRET : le SIRET « 73282932000075 » n’est pas valide : vérifiez ses quatorze chiffres.",
                    "Mail « a@b » : Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr.",
                ],
            ),
        ],
    )
    def test_each_cell(self, cells: str, expected: list[str]) -> None:
        assert reasons(planned("members", "Identifiant;Nom;Tél;Mail;SIRET;Domaines", cells)) == expected

    def test_a_kind_nobody_knows_and_a_name_too_long(self) -> None:
        plan = planned("members", "Nom;Nature", f"{'a' * 161};syndicat")

        assert [reason.partition(" : ")[2] for reason in reasons(plan)] == [
            "« syndicat » n’est pas connu : écrivez « structure » ou « personne ».",
            "Assurez-vous que cette valeur comporte au plus 160 caractères (actuellement 161).",
        ]

    def test_a_name_that_several_have(self) -> None:
        one, other = make_member(name="Mairie", email="un@m.example"), make_member(name="Mairie")

        for line in ("Mairie;", f"Mairie;{SIRET}"):
            assert reasons(planned("members", "Nom;SIRET", line)) == [
                "Nom : 2 cotisants portent le nom « Mairie » : ajoutez le SIRET, ou l’identifiant : "
                f"{one.pk} (un@m.example) et {other.pk} (sans e-mail)."
            ]

    def test_a_name_that_several_have_and_an_address_that_one_has(self) -> None:
        make_member(name="Mairie")
        make_member(name="Mairie", email="un@m.example")

        plan = planned("members", "Nom;Mail;Tél", "Mairie;UN@m.example;04 78 00 00 01")

        assert said(plan) == [(2, "changed", "Mairie", ["Tél : rien → « 04 78 00 00 01 »"])]

    def test_a_siret_that_another_has(self) -> None:
        holder, member = make_member(name="Collines", siret=SIRET), make_member(name="Vallée")
        lines = (f"{member.pk};Vallée;{SIRET}", f"{holder.pk};Collines;{OTHER}")

        for order in (lines, reversed(lines)):
            plan = planned("members", "Identifiant;Nom;SIRET", *order)
            assert [line[3] for line in said(plan) if line[1] == "refused"] == [
                [f"SIRET : « Collines » porte déjà le SIRET {SIRET}."]
            ]


def test_as_many_queries_for_one_line_and_for_fifty() -> None:
    counts = []
    for lines in (1, 50):
        with CaptureQueriesContext(connection) as queries:
            planned("members", "Nom;Domaines", *(f"Cotisant {n};d{n}.example" for n in range(lines)))
        counts.append(len(queries))

    assert counts == [2, 2]


class TestHomonyms:
    """C8: a member found by its name alone is left as it is when its address or its e-mail differs."""

    FOYER = {"name": "Foyer rural", "email": "foyer@a.example", "address": "1 place\n69000 Un"}

    @pytest.mark.parametrize(
        ("header", "line", "reason"),
        [
            (
                "Nom;Mail",
                "FOYER RURAL;foyer@b.example",
                "Mail : « Foyer rural » a déjà une autre valeur, « foyer@a.example ».",
            ),
            (
                "Nom;Adresse",
                "Foyer rural;2 rue",
                "Adresse : « Foyer rural » a déjà une autre valeur, « 1 place 69000 Un ».",
            ),
            (
                "Nom;Ville",
                "Foyer rural;Deux",
                "Adresse postale : « Foyer rural » a déjà une autre valeur, « 1 place 69000 Un ».",
            ),
            (
                "Nom;SIRET;Mail",
                f"Foyer rural;{SIRET};foyer@b.example",
                "Mail : « Foyer rural » a déjà une autre valeur, « foyer@a.example ».",
            ),
        ],
    )
    def test_refused_with_what_to_do(self, header: str, line: str, reason: str) -> None:
        pk = make_member(**self.FOYER).pk

        assert reasons(planned("members", header, line)) == [
            f"{reason} Si c’est lui, écrivez {pk} dans une colonne « Identifiant » ; si c’est un homonyme, écrivez-y "
            "« nouveau »."
        ]

    @pytest.mark.parametrize("line", ["FOYER@a.example;", ";69000 Un", ";1 Place, 69000 UN, France"])
    def test_the_same_one(self, line: str) -> None:
        make_member(**self.FOYER)

        assert outcomes(planned("members", "Nom;Mail;Adresse;Tél", f"Foyer rural;{line};04 78 00 00 01")) == ["changed"]

    def test_what_the_sentence_says_to_do(self) -> None:
        pk = make_member(**self.FOYER).pk

        brought = planned(
            "members",
            "Identifiant;Nom;Mail",
            f"{pk};Foyer rural;autre@a.example",
            "Nouveau;Foyer rural;foyer@b.example",
            "nouveau;Foyer rural;foyer@c.example",
        )
        assert outcomes(brought) == ["changed", "created", "created"]
        brought.reader.write()

        assert list(Member.objects.order_by("pk").values_list("name", "email")) == [
            ("Foyer rural", "autre@a.example"),
            ("Foyer rural", "foyer@b.example"),
            ("Foyer rural", "foyer@c.example"),
        ]

    def test_a_new_one_has_a_siret_of_its_own(self) -> None:
        make_member(name="Collines", siret=SIRET)

        assert reasons(planned("members", "Identifiant;Nom;SIRET", f"nouveau;Foyer;{SIRET}")) == [
            f"SIRET : « Collines » porte déjà le SIRET {SIRET}."
        ]


class TestPieces:
    """D3, D4: what people keep in several columns is one of ours."""

    @pytest.mark.parametrize(
        ("cells", "address"),
        [
            ("3 rue;;1000;Bourg", "3 rue\n01000 Bourg"),
            ("3 rue;Bât. A;69007;Lyon", "3 rue\nBât. A\n69007 Lyon"),
            ("3 rue, 69007 Lyon;;69007;LYON", "3 rue, 69007 Lyon"),
            (";;69007;Lyon", "69007 Lyon"),
            ("3 rue;;;", "3 rue"),
        ],
    )
    def test_an_address(self, cells: str, address: str) -> None:
        brought_in("members", "Nom;Adresse;Complément;CP;Ville", f"Mairie;{cells}")

        assert Member.objects.get().address == address

    def test_a_town_alone_shortens_no_address(self) -> None:
        make_member(name="Mairie", address="3 rue\n69007 Lyon")

        assert outcomes(planned("members", "Nom;CP;Ville", "Mairie;69007;LYON")) == ["unchanged"]

    def test_names(self) -> None:
        brought_in("members", "Nom;Prénom;Contact;Prénom du contact", "Fictif;Alix;Durand;Camille")

        assert list(Member.objects.values_list("name", "contact_name")) == [("Alix Fictif", "Camille Durand")]
