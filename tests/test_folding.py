import pytest
from django.db.models import Value
from django.test import Client

from caprural import typography
from caprural.folding import Folded, SortKey
from members.models import Member
from tests.factories import make_member, make_registration, make_session, make_trainer, paris
from tests.support.announced import open_session, today
from tests.support.office import table
from tests.support.pages import by_id, links, main, text, tree

pytestmark = pytest.mark.django_db

REGISTRATIONS = "/admin/sessions_app/registration/"


@pytest.mark.parametrize(
    "typed",
    [
        *("", "Bèx", "RÉMY", "L’Œuvre-d’Été", "œuvre\u00a0& Cie", "de Villiers", "De Smet", "d’Été", "Łukasz  Ærø"),
        *("e\u0301lan", "a_b.c@d-e.fr", "(1) «\u00a0a\u00a0» – b…", "Ω ж"),
    ],
)
def test_both_databases_fold_as_python_does(typed: str) -> None:
    """C6: one folding everywhere."""
    make_member()
    [said] = Member.objects.values_list(Folded(Value(typed)), SortKey(Value(typed)))
    assert said == (typography.fold(typed), typography.sort_key(typed)[0])


class TestLists:
    NAMES = ("élan", "Zed", "Œuvre", "martin", "de Bonnet", "Boix", "Le Gall", "Bèx", "Legros")

    def test_registrations_sort_like_a_dictionary(self, coordination: Client) -> None:
        session = open_session()
        for name in self.NAMES:
            make_registration(session, last_name=name)
        in_order = ["Bèx", "Boix", "de Bonnet", "élan", "Le Gall", "Legros", "martin", "Œuvre", "Zed"]

        by_name = links(tree(coordination.get(REGISTRATIONS)))["Nom"]

        assert [row[0] for row in table(coordination.get(REGISTRATIONS + by_name))] == in_order
        assert [row[0] for row in table(coordination.get(REGISTRATIONS + by_name.replace("=", "=-")))] == in_order[::-1]

    def test_members_do_without_being_asked(self, coordination: Client) -> None:
        for name in self.NAMES:
            make_member(name=name)

        names = [row[0] for row in table(coordination.get("/admin/members/member/"))]

        assert names == ["Bèx", "Boix", "de Bonnet", "élan", "Le Gall", "Legros", "martin", "Œuvre", "Zed"]

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ("bex", ["Bèx"]),
            ("remy BEX", ["Bèx"]),
            ("oeuvre", ["Œuvre"]),
            ("L'OEUVRE", ["Œuvre"]),
            ("remy.bex@structure.example", ["Bèx"]),
            ("bex@structure.exampl", ["Bèx"]),
            ("autre@structure.example", []),
            ("bex oeuvre", []),
            ("", ["Œuvre", "Bèx"]),
        ],
    )
    def test_registrations_are_found_without_accents(self, coordination: Client, asked: str, found: list[str]) -> None:
        session = open_session()
        make_registration(session, first_name="RÉMY", last_name="Bèx", email="remy.bex@structure.example")
        make_registration(session, last_name="Œuvre", organisation="L’été", email="oeuvre@autre.example")

        page = coordination.get(REGISTRATIONS, {"q": asked})

        assert [row[0] for row in (table(page) if found else [])] == found
        assert ("0 résultat" in main(page)) == (not found)

    @pytest.mark.parametrize(
        ("path", "asked"),
        [
            ("members/member", "ete bex"),
            ("members/membershipfee", "ete"),
            ("members/receipt", "ete"),
            ("members/application", "ete"),
            ("sessions_app/trainer", "ete"),
            ("sessions_app/trainingsession", "ete"),
            ("mailing/message", "ete"),
        ],
    )
    def test_every_list_is_searched_alike(self, coordination: Client, path: str, asked: str) -> None:
        make_member(name="L’Été", contact_name="Rémy Bèx", emails=("a@ete.example", "b@ete.example"))
        make_trainer(name="Anne Été")
        make_session(title="Travailler l’ÉTÉ")

        page = coordination.get(f"/admin/{path}/", {"q": asked})

        assert page.status_code == 200
        if path in ("members/member", "sessions_app/trainer", "sessions_app/trainingsession"):
            assert len(table(page)) == 1


class TestTheSessionsToFilterBy:
    """H5: the recent ones and the one asked for, in a number of queries that does not grow."""

    def test_which(self, coordination: Client) -> None:
        recent = make_session(title="Récente", days=(today(-300),))
        make_session(title="À dater", days=(), status="draft")
        old = make_session(title="Ancienne", days=(today(-800),))
        for session in (recent, old):
            make_registration(session, now=paris(2017, 1, 1))

        offered = by_id(tree(coordination.get(REGISTRATIONS)), "changelist-filter")
        asked = coordination.get(REGISTRATIONS, {"session": str(old.pk)})

        assert "Récente" in text(offered)
        assert "À dater – date à venir" in text(offered)
        assert "Ancienne" not in text(offered)
        assert "Ancienne" in text(by_id(tree(asked), "changelist-filter"))
        assert len(table(asked)) == 1
