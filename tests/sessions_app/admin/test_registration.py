from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from caprural import typography
from caprural.mailing.models import Message
from members.models import FeeCategory
from sessions_app.models import Registration, Trainer, TrainingSession
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_trainer,
)
from tests.support.announced import open_session, today
from tests.support.office import choose, complaints, notices, send, signed_in, table
from tests.support.pages import by_id, main, text, tree
from tests.support.traces import folded, log, messages, status_of, statuses, told

pytestmark = pytest.mark.django_db

REGISTRATIONS = "/admin/sessions_app/registration/"


def address(registration: Registration, page: str = "change/") -> str:
    """A page of this registration in the admin."""
    return f"{REGISTRATIONS}{registration.pk}/{page}"


@pytest.fixture
def category() -> FeeCategory:
    """The scale of the year of the session."""
    return make_category(campaign=make_campaign(year=today(60).year), label="Association", amount="80.00")


@pytest.fixture
def registration() -> Registration:
    """Someone whose fee is awaited."""
    session = open_session(title="Coopérer", fee_required=True)
    return make_registration(
        session,
        first_name="Camille",
        last_name="Durand",
        email="camille@collines.example",
        organisation="Pays des Collines",
    )


def test_the_messages_to_a_person_bear_no_code(coordination: Client, registration: Registration) -> None:
    """Lines of a table have a name of their own for whoever does not see it."""
    said = main(coordination.get(f"{REGISTRATIONS}{registration.pk}/change/"))

    assert Message.objects.get().subject.replace("\u00a0", " ") in said
    assert "awaiting_fee" not in said


class TestTheList:
    def test_latest_first_with_its_session_and_status(self, coordination: Client) -> None:
        session = open_session(title="Coopérer", max_participants=1)
        for name in ("Durand", "Martin"):
            make_registration(session, last_name=name)
        dated = f"Coopérer, {typography.medium_date(today(60))}".replace("\u00a0", " ")

        assert [row[:6] for row in table(coordination.get(REGISTRATIONS))] == [
            ["Martin", "Camille", "Pays des Collines", "Chargée de mission", dated, "liste d’attente"],
            ["Durand", "Camille", "Pays des Collines", "Chargée de mission", dated, "confirmée"],
        ]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", ["D", "C", "B", "A"]),
            ("status__exact=awaiting_fee", ["D", "B", "A"]),
            ("status__exact=waiting", []),
            ("cotisant=a-rattacher", ["D", "A"]),
            ("cotisant=nimporte", ["D", "C", "B", "A"]),
            ("session={first}", ["B", "A"]),
            ("session={second}", ["D", "C"]),
            ("session=²", ["D", "C", "B", "A"]),
            ("session=999", []),
            ("q=listée", ["B"]),
        ],
    )
    def test_filters(self, coordination: Client, query: str, names: list[str]) -> None:
        """R14: « à rattacher » is whoever awaits a fee and is listed by nobody."""
        first, second = open_session(fee_required=True), open_session(fee_required=True)
        make_registration(first, last_name="A")
        make_registration(first, last_name="B", email="b@collines.example", organisation="Structure listée")
        make_fee(
            make_member(emails=("c@collines.example",)),
            category=make_category(campaign=make_campaign(year=today(60).year)),
        )
        make_registration(second, last_name="C", email="c@collines.example")
        make_registration(second, last_name="D")
        make_member(emails=("b@collines.example",))

        page = coordination.get(f"{REGISTRATIONS}?{query.format(first=first.pk, second=second.pk)}")

        assert [row[0] for row in (table(page) if names else [])] == names
        assert names or "result_list" not in page.content.decode()

    def test_one_query_count_for_one_registration_or_fifty(self, coordination: Client) -> None:
        make_registration(open_session(fee_required=True))
        with CaptureQueriesContext(connection) as one:
            coordination.get(REGISTRATIONS)
        for _ in range(7):
            session = open_session(fee_required=True, max_participants=5)
            for _ in range(7):
                make_registration(session)

        with CaptureQueriesContext(connection) as fifty:
            page = coordination.get(REGISTRATIONS)

        assert len(table(page)) == 50
        assert len(fifty) == len(one)


class TestThePage:
    """Details may be corrected, the status moves by acts only (R6)."""

    def test_details_are_corrected(self, coordination: Client, registration: Registration) -> None:
        page = send(coordination, address(registration), job_title="Directrice", phone="06 12 34 56 78")

        registration.refresh_from_db()
        assert complaints(page) == []
        assert (registration.job_title, registration.phone) == ("Directrice", "06 12 34 56 78")

    def test_what_the_rules_write_is_not_typed(self, coordination: Client, registration: Registration) -> None:
        before = Registration.objects.values(
            "status", "fee_due_on", "email", "token", "session", "seat_given_at", "cancellation_cause"
        ).get()

        send(
            coordination,
            address(registration),
            status="confirmed",
            fee_due_on="",
            email="autre@ailleurs.example",
            token="x" * 32,
            session=open_session().pk,
            cancellation_cause="participant",
        )

        assert Registration.objects.values(*before).get() == before

    def test_the_log_is_read_there(self, coordination: Client, registration: Registration) -> None:
        page = tree(coordination.get(address(registration)))

        [line] = by_id(page, "status_changes-group").findall(".//tr[@id='status_changes-0']")
        words = [text(cell) for cell in line if text(cell)]
        assert words[-4:] == ["-", "en attente de cotisation", "la personne", "inscription en ligne"]

    def test_nobody_is_added_from_there_nor_deleted(self, coordination: Client, registration: Registration) -> None:
        answers = [
            coordination.get(f"{REGISTRATIONS}add/").status_code,
            coordination.post(f"{REGISTRATIONS}add/", {"first_name": "X"}).status_code,
            coordination.post(address(registration, "delete/"), {"post": "yes"}).status_code,
        ]
        choose(coordination, REGISTRATIONS, "delete_selected", registration.pk)

        assert answers == [403, 403, 302]
        assert list(Registration.objects.all()) == [registration]


class TestCancelling:
    """R6, R8: the person is told, the log keeps why and who, the seat goes to whoever is next."""

    def test_with_its_reason(self, coordination: Client) -> None:
        session = open_session(max_participants=1)
        first, second = [make_registration(session, last_name=name) for name in "AB"]

        page = send(coordination, address(first, "annuler/"), reason="s’est trompée de session")

        first.refresh_from_db()
        assert notices(page) == ["L’inscription de Camille A est annulée."]
        assert first.cancellation_cause == "coordinator"
        assert log(first)[1:] == [("confirmed", "cancelled", "coordination", "s’est trompée de session")]
        assert statuses(session) == [("A", "cancelled"), ("B", "confirmed")]
        assert messages()[2:] == [
            (first.email, "Inscription annulée"),
            (second.email, "Une place s’est libérée, inscription confirmée"),
        ]

    def test_without_reason_the_cause_is_written(self, coordination: Client, registration: Registration) -> None:
        send(coordination, address(registration, "annuler/"))

        assert log(registration)[1:] == [("awaiting_fee", "cancelled", "coordination", "par la coordination")]

    def test_twice(self, coordination: Client, registration: Registration) -> None:
        send(coordination, address(registration, "annuler/"))

        page = send(coordination, address(registration, "annuler/"))

        assert [folded(said) for said in notices(page)] == [
            "L’inscription de Camille Durand est « annulée » depuis le "
            f"{folded(typography.medium_date(today()))}, par coordination. "
            "Une inscription annulée le reste : inscrivez la personne de nouveau."
        ]

    def test_reading_the_page_cancels_nothing(self, coordination: Client, registration: Registration) -> None:
        coordination.get(address(registration, "annuler/"))

        assert status_of(registration) == "awaiting_fee"


class TestExtending:
    """R15: a coordinator holds one person's seat a little longer; the person is told, the log keeps it."""

    def test_seven_days_longer_unless_another_day_is_chosen(
        self, coordination: Client, registration: Registration
    ) -> None:
        page = send(coordination, address(registration, "prolonger/"))

        registration.refresh_from_db()
        day = folded(typography.medium_date(today(57)))
        assert registration.fee_due_on == today(57)
        assert [folded(said) for said in notices(page)] == [f"La place de Camille Durand est retenue jusqu’au {day}."]
        assert log(registration)[1:] == [
            ("awaiting_fee", "awaiting_fee", "coordination", f"cotisation attendue jusqu’au {day}")
        ]
        assert len(told(registration)) == 2

    def test_never_proposed_after_the_eve(self, coordination: Client, registration: Registration) -> None:
        Registration.objects.update(fee_due_on=today(58))

        send(coordination, address(registration, "prolonger/"))

        registration.refresh_from_db()
        assert registration.fee_due_on == today(59)

    @pytest.mark.parametrize(
        ("until", "sentence"),
        [
            (today(-1), "Choisissez un jour à venir, avant celui de la session."),
            (today(60), "Choisissez un jour à venir, avant celui de la session."),
            ("", "Ce champ est obligatoire."),
            ("demain", "Écrivez une date, par exemple 12/04/2027."),
        ],
    )
    def test_a_day_that_makes_no_sense(
        self, coordination: Client, registration: Registration, until: Any, sentence: str
    ) -> None:
        page = send(coordination, address(registration, "prolonger/"), until=str(until))

        registration.refresh_from_db()
        assert [folded(said) for said in complaints(page)] == [sentence]
        assert registration.fee_due_on == today(50)

    def test_offered_only_to_whoever_awaits_a_fee(self, coordination: Client, registration: Registration) -> None:
        session = f"/admin/sessions_app/trainingsession/{registration.session_id}/change/"
        link = f'href="{address(registration, "prolonger/")}"'
        pages = (session, address(registration))
        assert [link in coordination.get(page).content.decode() for page in pages] == [True, True]
        Registration.objects.update(status="confirmed", fee_due_on=None)
        assert [link in coordination.get(page).content.decode() for page in pages] == [False, False]

        page = send(coordination, address(registration, "prolonger/"))

        assert complaints(page) == ["Cette inscription n’attend pas de cotisation."]


class TestDeleting:
    """R8: a seat freed by a deletion is given like any other, by whichever door."""

    @pytest.fixture
    def administration(self) -> Client:
        """The only account that may erase by hand."""
        return signed_in(User.objects.create_superuser("administration"))

    def test_one(self, administration: Client) -> None:
        session = open_session(max_participants=1)
        first, _ = [make_registration(session, last_name=name) for name in "AB"]

        administration.post(address(first, "delete/"), {"post": "yes"})

        assert statuses(session) == [("B", "confirmed")]

    def test_several(self, administration: Client) -> None:
        session = open_session(max_participants=1)
        people = [make_registration(session, last_name=name) for name in "ABC"]

        administration.post(
            REGISTRATIONS,
            {"action": "delete_selected", "_selected_action": [people[0].pk, people[1].pk], "post": "yes"},
        )

        assert statuses(session) == [("C", "confirmed")]


class TestATrainerSeesTheirOwnPeople:
    """SPEC §1: the people of their own sessions, and nothing about fees; anyone else is a 404."""

    PAGES = (
        "change/",
        "history/",
        "delete/",
        "annuler/",
        "rattacher/",
        "creer-le-cotisant/",
        "cotisation/",
        "prolonger/",
        "page-personnelle/",
    )

    @pytest.fixture
    def mine(self, me: Trainer) -> Registration:
        session = open_session(title="La mienne", trainers=(me,), fee_required=True)
        return make_registration(session, last_name="Durand", accessibility_needs="Boucle magnétique")

    @pytest.fixture
    def other(self) -> Registration:
        session = open_session(title="Une autre", trainers=(make_trainer(),), fee_required=True)
        return make_registration(session, last_name="Ailleurs")

    def test_the_list(self, trainer: Client, mine: Registration, other: Registration) -> None:
        dated = f"La mienne, {typography.medium_date(today(60))}".replace("\u00a0", " ")
        page = trainer.get(REGISTRATIONS)

        assert [row[:6] for row in table(page)] == [
            ["Durand", "Camille", "Pays des Collines", "Chargée de mission", dated, "sous réserve"]
        ]
        assert "Une autre" not in page.content.decode()

    def test_nobody_who_cancelled(self, trainer: Client, coordination: Client, mine: Registration) -> None:
        send(coordination, address(mine, "annuler/"))

        assert trainer.get(address(mine)).status_code == 404
        assert "Durand" not in trainer.get(REGISTRATIONS).content.decode()

    def test_what_they_read(self, trainer: Client, mine: Registration) -> None:
        words = main(trainer.get(address(mine)))

        assert all(word in words for word in ("Durand", "La mienne", "Boucle magnétique", mine.email))

    def test_nothing_of_anothers(self, trainer: Client, mine: Registration, other: Registration) -> None:
        got = {page: trainer.get(address(other, page)).status_code for page in self.PAGES}
        posted = {page: trainer.post(address(other, page), {"post": "yes"}).status_code for page in self.PAGES}

        expected = dict.fromkeys(self.PAGES, 404)
        assert (got, posted) == (expected, expected)

    def test_no_act_on_their_own(self, trainer: Client, mine: Registration) -> None:
        acts = self.PAGES[1:]
        got = {page: trainer.get(address(mine, page)).status_code for page in acts}
        posted = {page: trainer.post(address(mine, page), {"post": "yes"}).status_code for page in self.PAGES}

        assert (set(got.values()), set(posted.values())) == ({403}, {403})
        assert [line[:2] for line in log(mine)] == [("", "awaiting_fee")]

    def test_not_a_word_about_fees(self, trainer: Client, mine: Registration) -> None:
        for page in (REGISTRATIONS, address(mine)):
            words = trainer.get(page).content.decode().lower()
            assert "cotis" not in words, page
            assert "awaiting" not in words, page
            assert "fee_" not in words, page

    @pytest.mark.parametrize(
        "query",
        [
            "status__exact=awaiting_fee",
            "status=awaiting_fee",
            "fee_due_on__isnull=False",
            "cotisant=a-rattacher",
            "session__fee_required=1",
            "status_changes__to_status=awaiting_fee",
        ],
    )
    def test_the_address_bar_tells_nothing_more(self, trainer: Client, mine: Registration, query: str) -> None:
        assert trainer.get(f"{REGISTRATIONS}?{query}").status_code == 400

    @pytest.mark.parametrize("order", ["6", "-6", "5.6"])
    def test_nor_does_the_order_of_the_list(self, trainer: Client, mine: Registration, order: str) -> None:
        """The column « sous réserve » cannot be sorted: people who owe would come together."""
        last = make_registration(mine.session, last_name="Martin")

        page = trainer.get(REGISTRATIONS, {"o": order})

        assert [row[0] for row in table(page)] == [last.last_name, "Durand"]

    def test_anothers_session_filters_nobody_in(self, trainer: Client, mine: Registration, other: Registration) -> None:
        page = trainer.get(REGISTRATIONS, {"session": other.session_id})

        assert "Ailleurs" not in page.content.decode()

    def test_searching_stays_at_home(self, trainer: Client, mine: Registration, other: Registration) -> None:
        page = trainer.get(REGISTRATIONS, {"q": "Ailleurs"})

        assert other.email not in page.content.decode()
        assert "result_list" not in page.content.decode()

    def test_their_own_filters_work(self, trainer: Client, mine: Registration, other: Registration) -> None:
        page = trainer.get(REGISTRATIONS, {"session": mine.session_id})

        assert [row[0] for row in table(page)] == ["Durand"]
        assert trainer.get("/admin/sessions_app/trainingsession/?periode=a-venir").status_code == 200

    def test_no_history_is_offered_to_whoever_may_not_read_it(
        self, trainer: Client, coordination: Client, mine: Registration
    ) -> None:
        assert "historylink" not in trainer.get(address(mine)).content.decode()
        assert "historylink" in coordination.get(address(mine)).content.decode()

    @pytest.mark.parametrize(("days", "status"), [(30, 200), (31, 404)])
    def test_how_to_reach_them_closes_thirty_days_after(
        self, trainer: Client, coordination: Client, mine: Registration, days: int, status: int
    ) -> None:
        mine.session.days.update(date=today(-days))
        of_session = f"/admin/sessions_app/trainingsession/{mine.session_id}/change/"

        assert trainer.get(address(mine)).status_code == status
        assert ("Durand" in trainer.get(REGISTRATIONS).content.decode()) == (status == 200)
        board = trainer.get(of_session).content.decode()
        assert (mine.email in board, "Durand" in board) == (status == 200, True)
        assert mine.email in coordination.get(of_session).content.decode()

    def test_no_queue_of_messages(self, trainer: Client, mine: Registration) -> None:
        pk = mine.messages.get().pk
        pages = ("", f"{pk}/change/", f"{pk}/html/")
        assert [trainer.get(f"/admin/mailing/message/{page}").status_code for page in pages] == [403, 403, 403]


class TestThePrivatePage:
    """The coordination opens it by an act, which the history keeps; nobody else through the admin."""

    def test_only_once_it_is_asked_for(self, coordination: Client, registration: Registration) -> None:
        page = coordination.get(address(registration, "page-personnelle/"))

        assert registration.token not in page.content.decode()
        assert LogEntry.objects.count() == 0

        response = coordination.post(address(registration, "page-personnelle/"))

        assert response.headers["Location"] == registration.get_absolute_url()
        assert [entry.change_message for entry in LogEntry.objects.all()] == ["Page personnelle ouverte."]

    def test_not_through_the_stock_page(self, coordination: Client, registration: Registration) -> None:
        assert registration.token not in coordination.get(address(registration)).content.decode()


class TestHostileRequests:
    """A forged selection, an unknown page, a filter that means nothing: never a 500."""

    @pytest.mark.parametrize(
        "page", ["change/", "history/", "annuler/", "rattacher/", "creer-le-cotisant/", "cotisation/", "prolonger/"]
    )
    def test_an_unknown_page(self, coordination: Client, page: str) -> None:
        pages = [f"{REGISTRATIONS}{pk}/{page}" for pk in ("999", "9" * 30, "abc", "-1", "²")]

        assert [coordination.get(page, follow=True).status_code for page in pages] == [404] * len(pages)

    @pytest.mark.parametrize("selection", ["abc", "9" * 30, "²"])
    def test_a_forged_selection(self, coordination: Client, registration: Registration, selection: str) -> None:
        page = choose(coordination, REGISTRATIONS, "delete_selected", selection)

        assert notices(page) == ["La sélection envoyée n’est pas lisible : cochez les lignes, puis recommencez."]

    def test_a_filter_that_means_nothing(
        self, coordination: Client, trainer: Client, registration: Registration
    ) -> None:
        queries = (
            "session=²",
            "session=" + "9" * 30,
            "session=-1",
            "status__exact=%F0%9F%8C%BB",
            "registered_at__gte=hier",
            "session__days__date=2017-04-31",
            "o=²",
            "p=-5",
            "inconnu=1",
        )
        answers = {
            (query, reader): client.get(f"{REGISTRATIONS}?{query}").status_code
            for query in queries
            for reader, client in (("coordination", coordination), ("trainer", trainer))
        }

        assert {asked: status for asked, status in answers.items() if status not in (200, 302, 400)} == {}


def test_the_date_until_which_the_seat_is_held_is_said(coordination: Client, registration: Registration) -> None:
    """R15, R22: what is missing, and until when, at a glance on the session's page."""
    session = TrainingSession.objects.get()
    page = tree(coordination.get(f"/admin/sessions_app/trainingsession/{session.pk}/change/"))

    [_, row] = by_id(page, "inscriptions").findall(".//tbody/tr")
    assert registration.fee_due_on == today(50)
    assert [folded(text(cell)) for cell in row][4:6] == [
        f"✗ attendue au plus tard le {folded(typography.medium_date(today(50)))}",
        "✗ en attente de cotisation",
    ]
