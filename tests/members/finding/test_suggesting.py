import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members import covering, finding
from members.models import Application, ApplicationPerson, FeeCategory, Member
from tests.factories import NOW, make_category, make_fee, make_member
from tests.support.traces import folded

pytestmark = pytest.mark.django_db


def suggested(email: str = "qui@nulle-part.example", organisation: str = "Inconnue") -> list[tuple[str, str]]:
    """Which members, and why."""
    return [(one.member.name, folded(one.why)) for one in finding.suggest(email=email, organisation=organisation)]


def apply(member: Member, *, email: str, people: tuple[str, ...] = (), category: FeeCategory | None = None) -> None:
    """An on-line form filled for this member."""
    category = category or make_category()
    application = Application.objects.create(
        fee=make_fee(member, category=category, status="due"),
        category=category,
        amount=category.amount,
        kind="structure",
        name="Saisi",
        contact_name="Camille Durand",
        email=email,
        method="transfer",
        submission_key=f"00000000-0000-0000-0000-{member.pk:012d}",
        received_at=NOW,
        checked_at=NOW,
    )
    for person in people:
        ApplicationPerson.objects.create(application=application, email=person)


class TestNames:
    @pytest.mark.parametrize(
        ("typed", "known", "why"),
        [
            ("CC du Plateau", "Communauté de communes du Plateau", "même nom"),
            ("communaute de communes DU PLATEAU", "Communauté de communes du Plateau", "même nom"),
            ("PNR des Collines", "Parc naturel régional des Collines", "même nom"),
            ("SIVOM St Martin", "Syndicat intercommunal à vocation multiple de Saint-Martin", "même nom"),
            ("Plateau", "Communauté de communes du Plateau", "nom proche"),
            ("Mairie du Plateau", "Commune du Plateau", "nom proche"),
            ("CC du Platteau", "Communauté de communes du Plateau", "nom proche"),
            ("Les Amis des Sources", "Association les Amis des Sources (69)", "nom proche"),
            ("SARL Bocage et Paysage", "Bocage & paysages", "nom proche"),
            ("CC du Plateau", "Communauté de communes du Bocage", None),
            ("Saint-Martin", "Saint-Pierre", None),
            ("Association", "Association des Sources", None),
            ("Eau", "Plateau", None),
            ("", "Plateau", None),
            ("!!", "Plateau", None),
        ],
    )
    def test_near(self, typed: str, known: str, why: str | None) -> None:
        make_member(name=known)

        assert suggested(organisation=typed) == ([(known, why)] if why else [])

    def test_the_nearest_first_and_three_at_most(self) -> None:
        for name in ("Commune du Plateau", "Plateau des Sources", "CC du Plateau", "Pays du Plateau", "Bocage"):
            make_member(name=name)

        assert suggested(organisation="Communauté de communes du Plateau") == [
            ("CC du Plateau", "même nom"),
            ("Commune du Plateau", "nom proche"),
            ("Pays du Plateau", "nom proche"),
        ]


class TestAddresses:
    @pytest.mark.parametrize(
        ("email", "why"),
        [
            ("alex@collines.example", "même domaine : collines.example"),
            ("Alex@COLLINES.example", "même domaine : collines.example"),
            ("compta@collines.example", "adresse connue"),
            ("alex@sous.collines.example", None),
        ],
    )
    def test_the_domain_of_the_contact(self, email: str, why: str | None) -> None:
        make_member(name="Pays", email="Compta@collines.example")

        assert suggested(email=email) == ([("Pays", why)] if why else [])

    @pytest.mark.parametrize("domain", ["orange.fr", "gmail.com", "asso.fr"])
    def test_a_public_mailbox_says_nothing(self, domain: str) -> None:
        make_member(name="Pays", email=f"compta@{domain}", emails=(f"camille@{domain}",))

        assert suggested(email=f"alex@{domain}") == []

    def test_of_its_people_or_declared(self) -> None:
        make_member(name="Déclare", domains=("collines.example",))
        make_member(name="Emploie", emails=("camille@collines.example",))

        assert suggested(email="alex@collines.example") == [
            ("Déclare", "même domaine : collines.example"),
            ("Emploie", "même domaine : collines.example"),
        ]

    def test_a_domain_is_surer_than_a_name_and_both_are_surer_still(self) -> None:
        make_member(name="Plateau nord")
        make_member(name="Bocage", email="a@plateau.example")
        make_member(name="CC du Plateau", email="b@plateau.example")

        assert suggested(email="c@plateau.example", organisation="CC Plateau") == [
            ("CC du Plateau", "même domaine : plateau.example, même nom"),
            ("Bocage", "même domaine : plateau.example"),
            ("Plateau nord", "nom proche"),
        ]


class TestApplications:
    def test_whoever_an_on_line_form_names_comes_first(self) -> None:
        make_member(name="Même domaine", email="compta@collines.example")
        member = make_member(name="Bulletin")
        apply(member, email="compta@ailleurs.example", people=("alex@collines.example", "lou@collines.example"))

        assert suggested(email="alex@collines.example") == [
            ("Bulletin", "bulletin en ligne du 1er mars 2017"),
            ("Même domaine", "même domaine : collines.example"),
        ]

    def test_also_who_filled_it(self) -> None:
        apply(make_member(name="Bulletin"), email="alex@gmail.com")

        assert suggested(email="alex@gmail.com") == [("Bulletin", "bulletin en ligne du 1er mars 2017")]


class TestOneStructure:
    def test_the_same_domain_or_the_same_name(self) -> None:
        people = [
            ("a@collines.example", "Pays"),
            ("b@collines.example", "Ailleurs"),
            ("c@gmail.com", "CC du Plateau"),
            ("d@gmail.com", "Communauté de communes du plateau"),
            ("e@gmail.com", "Association"),
            ("f@gmail.com", "Association"),
        ]

        assert finding.of_one_structure(people) == [[1], [0], [3], [2], [], []]


def test_nobody_to_suggest_for() -> None:
    assert finding.suggest_all([]) == []


def test_fifty_people_among_five_thousand_members_in_the_queries_of_one() -> None:
    towns = ("Collines", "Plateau", "Vallée", "Rivière", "Bocage", "Fontaine", "Moulin", "Chapelle", "Forêt", "Marais")
    Member.objects.bulk_create(
        Member(name=f"Commune de {town}-{other}-sur-{n}", email=f"mairie@c{n}.example")
        for n in range(50)
        for town in towns
        for other in towns
    )
    people = [(f"agent@c{n}.example", f"Mairie {towns[n % 10]} {towns[n % 7]} {n}", f"Camille N{n}") for n in range(50)]
    with CaptureQueriesContext(connection) as one:
        finding.suggest_all(people[:1])

    with CaptureQueriesContext(connection) as fifty:
        before = time.process_time()
        answers = finding.suggest_all(people)
        elapsed = time.process_time() - before

    assert (len(fifty), {len(answer) for answer in answers}) == (len(one), {3})
    assert elapsed < 2, "of processor time; a quarter of a second on a machine at rest"


class TestMailboxes:
    """Folded to suggest, never to cover (R14)."""

    @pytest.mark.parametrize(
        ("typed", "known", "is_found"),
        [
            ("Camille.Durand@gmail.com", "camilledurand@gmail.com", True),
            ("camille+cap@gmail.com", "camille@gmail.com", True),
            ("camille.durand@collines.example", "camilledurand@collines.example", False),
            ("camille@gmail.com", "camille@orange.fr", False),
        ],
    )
    def test_dots_and_tags_of_public_mailboxes(self, typed: str, known: str, is_found: bool) -> None:
        make_member(name="Pays", emails=(known,))

        found = [why for _, why in suggested(typed) if "adresse" in why]

        assert found == ([f"adresse presque identique : {known}"] if is_found else [])
        assert not covering.up_to_date([typed.lower()], on=NOW.date())


class TestNamesOfPeople:
    @pytest.mark.parametrize("name", ["Hélène Œuvre", "OEUVRE Helene", "hélène  œuvre"])
    def test_of_people_covered_and_of_those_who_pay_for_themselves(self, name: str) -> None:
        make_member(name="Pays").people.create(email="h@x.example", name="Hélène Œuvre")
        make_member(name="Œuvre Hélène", kind="person")
        make_member(name="Commune", contact_name="Hélène Autre")

        found = finding.suggest(email="qui@nulle-part.example", organisation="", name=name)

        assert [(one.member.name, one.why) for one in found] == [
            ("Pays", f"même nom de personne\N{NO-BREAK SPACE}: {name}"),
            ("Œuvre Hélène", f"même nom de personne\N{NO-BREAK SPACE}: {name}"),
        ]

    def test_a_first_name_alone_names_nobody(self) -> None:
        make_member(name="Pays").people.create(email="h@x.example", name="Hélène")

        assert finding.suggest(email="qui@nulle-part.example", organisation="", name="Hélène") == []


class TestNamesakes:
    @pytest.mark.parametrize(
        ("one", "other", "labels"),
        [
            ({}, {"name": "Autre"}, ["Foyer rural", "Autre"]),
            (
                {"address": "1 rue\n69700 Givors"},
                {"address": "42000 Saint-Étienne"},
                ["Foyer rural (Givors)", "FOYER RURAL (Saint-Étienne)"],
            ),
            (
                {"address": "69700 Givors", "email": "a@x.example"},
                {"address": "69700 GIVORS", "email": "b@x.example"},
                ["Foyer rural (a@x.example)", "FOYER RURAL (b@x.example)"],
            ),
            ({"email": "a@x.example"}, {}, ["Foyer rural (a@x.example)", "FOYER RURAL (cotisant n° {pk})"]),
        ],
    )
    def test_what_tells_them_apart(self, one: dict[str, str], other: dict[str, str], labels: list[str]) -> None:
        members = [make_member(**{"name": "Foyer rural", **one}), make_member(**{"name": "FOYER RURAL", **other})]

        named = finding.labels(members)

        assert [folded(named[member.pk]) for member in members] == [
            label.format(pk=member.pk) for label, member in zip(labels, members, strict=True)
        ]
