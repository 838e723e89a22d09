"""Lines of a file of members."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import EmailDomain, Member
from sessions_app.models import Registration
from tests.announced import open_session
from tests.factories import make_campaign, make_category, make_fee, make_member, make_registration
from tests.members.importing.looked_at import brought_in, outcomes, planned, reasons, said, values
from tests.traces import status_of, told

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

        brought_in("members", "Nom;Domaines", "Les Collines;collines.example")

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
            ["Dit autre chose que la ligne 2 (Tél) : gardez une seule de ces lignes."],
            ["Dit autre chose que la ligne 4 (Tél) : gardez une seule de ces lignes."],
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
        for _ in range(2):
            make_member(name="Mairie")

        for line in ("Mairie;", f"Mairie;{SIRET}"):
            assert reasons(planned("members", "Nom;SIRET", line)) == [
                "Nom : 2 cotisants portent le nom « Mairie » : ajoutez le SIRET, ou l’identifiant."
            ]

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
