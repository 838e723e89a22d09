"""The board of a session (R22): where each person is, what is missing, at a glance."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caprural import agenda, typography
from caprural.mailing.models import Message
from sessions_app.models import Trainer, TrainingSession
from tests.factories import make_campaign, make_category, make_fee, make_member, make_registration
from tests.support.announced import open_session, registered, today
from tests.support.pages import by_id, links, text, tree
from tests.support.traces import folded

pytestmark = pytest.mark.django_db


def address(session: TrainingSession, missing: str = "") -> str:
    query = f"?manque={missing}" if missing else ""
    return f"/admin/sessions_app/trainingsession/{session.pk}/change/{query}"


def board(page: Any) -> list[list[str]]:
    """Number, name and steps of each person, in the order of the page."""
    [table] = by_id(tree(page), "inscriptions").findall(".//table")
    headings = [text(cell) for cell in table.findall("thead/tr/th")]
    steps = slice(4, -1 if headings[-1] == "Actions" else None)
    rows = [list(row) for row in table.findall("tbody/tr") if row.get("class") != "group"]
    return [
        [headings[number] for number in (0, 1)] + headings[steps],
        *([folded(text(cell)) for cell in (row[0], row[1], *row[steps])] for row in rows),
    ]


def filters(page: Any) -> dict[str, str]:
    """What each filter says, and where it leads."""
    return links(by_id(tree(page), "inscriptions").findall(".//nav")[0])


def day(days: int) -> str:
    return folded(typography.medium_date(today(days)))


@pytest.fixture
def session() -> TrainingSession:
    """Three seats: one paid, two awaiting their fee; one person waiting."""
    category = make_category(campaign=make_campaign(year=today(60).year))
    make_fee(make_member(emails=("ada@collines.example",)), category=category)
    session = open_session(max_participants=3, fee_required=True)
    registered(session, last_name="A", email="ada@collines.example")
    for name in ("C", "B", "D"):
        registered(session, last_name=name)
    return session


def test_every_step_of_every_person(coordination: Client, session: TrainingSession) -> None:
    due = f"✗ attendue au plus tard le {day(50)}"

    assert board(coordination.get(address(session))) == [
        ["N°", "Nom", "Cotisation", "Inscription", "Convocation"],
        ["1", "A Camille", "✓ à jour", "✓ confirmée", f"○ prévue le {day(53)}"],
        ["2", "B Camille", due, "✗ en attente de cotisation", f"○ prévue le {day(53)}"],
        ["3", "C Camille", due, "✗ en attente de cotisation", f"○ prévue le {day(53)}"],
        ["1", "D Camille", "– sans objet", "✗ liste d’attente, rang 1", "– sans objet"],
    ]


def test_what_is_missing_with_counts(coordination: Client, session: TrainingSession) -> None:
    page = coordination.get(address(session))

    assert filters(page) == {
        "Tout le monde (4)": "?#inscriptions",
        "Il manque la cotisation (2)": "?manque=cotisation#inscriptions",
        "Il manque la confirmation (3)": "?manque=confirmation#inscriptions",
    }


@pytest.mark.parametrize(
    ("missing", "names"),
    [
        ("cotisation", ["B Camille", "C Camille"]),
        ("confirmation", ["B Camille", "C Camille", "D Camille"]),
        ("convocation", []),
        ("nimporte", ["A Camille", "B Camille", "C Camille", "D Camille"]),
    ],
)
def test_only_those_who_lack_a_step(
    coordination: Client, session: TrainingSession, missing: str, names: list[str]
) -> None:
    page = coordination.get(address(session, missing))

    assert [row[1] for row in board(page)[1:]] == names
    current = [link for link in by_id(tree(page), "inscriptions").iter("a") if link.get("aria-current")]
    assert len(current) == (missing != "convocation")
    assert filters(page).keys() == filters(coordination.get(address(session))).keys()


def test_what_is_filtered_is_what_one_writes_to(coordination: Client, session: TrainingSession) -> None:
    found = links(by_id(tree(coordination.get(address(session, "cotisation"))), "inscriptions"))

    write = found["Écrire aux personnes à qui il manque la cotisation"]
    assert write == f"/admin/sessions_app/trainingsession/{session.pk}/ecrire/?manque=cotisation"
    options = by_id(tree(coordination.get(write)), "id_missing").findall("option")
    assert [option.get("value") for option in options if "selected" in option.attrib] == ["cotisation"]


class TestJoiningInstructions:
    """R19: to come, in the queue, sent, given up, late."""

    @pytest.fixture
    def soon(self) -> TrainingSession:
        session = open_session(days=(today(5),), registration_deadline=today(-1))
        make_registration(session, now=timezone.now() - timedelta(days=20))
        return session

    def step(self, coordination: Client, session: TrainingSession) -> str:
        return board(coordination.get(address(session)))[1][3]

    def test_to_come_then_late(self, coordination: Client) -> None:
        session = open_session(joining_on=today(1))
        registered(session)
        assert self.step(coordination, session) == f"○ prévue le {day(1)}"
        TrainingSession.objects.update(joining_on=today(-1))
        assert self.step(coordination, session) == "✗ pas encore envoyée"
        assert "Il manque la convocation (1)" in filters(coordination.get(address(session)))

    def test_without_date(self, coordination: Client) -> None:
        session = open_session(days=())
        registered(session)

        assert self.step(coordination, session) == "○ date à venir"

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            (Message.State.QUEUED, "✓ en cours d’envoi"),
            (Message.State.SENT, "✓ envoyée le {today}"),
            (Message.State.FAILED, "✗ n’a pas pu partir"),
        ],
    )
    def test_as_the_queue_has_it(self, coordination: Client, soon: TrainingSession, status: int, said: str) -> None:
        agenda.run(now=timezone.now())
        Message.objects.update(state=status, sent_at=timezone.now() if status == Message.State.SENT else None)

        assert self.step(coordination, soon) == said.format(today=day(0))

    def test_erased_since(self, coordination: Client, soon: TrainingSession) -> None:
        agenda.run(now=timezone.now())
        Message.objects.update(state=Message.State.SENT, sent_at=timezone.now())
        Message.objects.all().erase()

        assert Message.objects.filter(kind="joining_instructions", text="").count() == 1
        assert self.step(coordination, soon) == f"✓ envoyée le {day(0)}"

    def test_those_of_a_former_date_do_not_count(self, coordination: Client, soon: TrainingSession) -> None:
        agenda.run(now=timezone.now())
        soon.days.update(date=today(6))

        assert self.step(coordination, soon) == "✗ pas encore envoyée"


def test_nothing_about_fees_when_none_is_asked_for(coordination: Client) -> None:
    """R17."""
    session = open_session(fee_required=False)
    registered(session)

    page = coordination.get(address(session))

    assert board(page)[0] == ["N°", "Nom", "Inscription", "Convocation"]
    assert "cotis" not in text(by_id(tree(page), "inscriptions")).lower()


def test_a_trainer_reads_the_steps_without_the_fee(trainer: Client, me: Trainer) -> None:
    session = open_session(max_participants=1, fee_required=True, trainers=(me,))
    registered(session, last_name="A")
    registered(session, last_name="B")

    for missing in ("", "confirmation", "cotisation"):
        page = trainer.get(address(session, missing))
        assert board(page) == [
            ["N°", "Nom", "Inscription", "Convocation"],
            ["1", "A Camille", "✗ sous réserve", f"○ prévue le {day(53)}"],
            ["1", "B Camille", "✗ liste d’attente, rang 1", "– sans objet"],
        ]
        assert "cotis" not in page.content.decode().lower().replace("manque=cotisation", "")
        headings = tree(page).findall(".//*[@id='inscriptions']//thead//th")
        assert {cell.get("colspan") for cell in tree(page).iter("th") if "colspan" in cell.attrib} == {
            str(len(headings))
        }


def test_one_query_count_for_one_person_or_thirty(coordination: Client) -> None:
    session = open_session(days=(today(5),), registration_deadline=today(1), max_participants=25, fee_required=True)
    registered(session)
    agenda.run(now=timezone.now())
    with CaptureQueriesContext(connection) as one:
        coordination.get(address(session))
    for _ in range(29):
        registered(session)
    agenda.run(now=timezone.now())

    with CaptureQueriesContext(connection) as thirty:
        page = coordination.get(address(session))

    assert len(board(page)) == 31
    assert len(thirty) == len(one)
