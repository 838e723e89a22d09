from datetime import date, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app import registering
from sessions_app.models import Registration, SessionTrainer, Trainer, TrainingSession
from tests.factories import (
    NOW,
    make_registration,
    make_session,
    make_trainer,
)
from tests.support.announced import open_session, session_in, today
from tests.support.office import choose, complaints, notices, send, signed_in, table, typed
from tests.support.pages import by_id, main, text, tree
from tests.support.traces import folded, log, statuses, told

pytestmark = pytest.mark.django_db

SESSIONS = "/admin/sessions_app/trainingsession/"


def address(session: TrainingSession, page: str = "change/") -> str:
    """A page of this session in the admin."""
    return f"{SESSIONS}{session.pk}/{page}"


class TestTheList:
    """Seats held, awaiting their fee, waiting, and the state, for each session."""

    def test_what_a_coordinator_reads(self, coordination: Client) -> None:
        session = open_session(title="Coopérer", max_participants=2, fee_required=True)
        for _ in range(3):
            make_registration(session)
        make_session(title="Passée")
        make_session(title="À dater", days=(), max_participants=None, status="draft", place="")

        assert [row[:1] + row[2:] for row in table(coordination.get(SESSIONS))] == [
            ["À dater", "-", "Brouillon", "0 / ∞", "0", "0"],
            ["Coopérer", "à proximité de Givors (69)", "Complet – liste d’attente", "2 / 2", "2", "1"],
            ["Passée", "à proximité de Givors (69)", "Terminée", "0 / 10", "0", "0"],
        ]
        assert table(coordination.get(SESSIONS))[2][1] == "mercredi 12 avril 2017"

    @pytest.mark.parametrize(
        ("period", "titles"),
        [
            ("", ["À dater", "À venir", "Commencée", "Aujourd’hui", "Passée"]),
            ("a-venir", ["À dater", "À venir", "Commencée", "Aujourd’hui"]),
            ("passees", ["Passée"]),
            ("nimporte", ["À dater", "À venir", "Commencée", "Aujourd’hui", "Passée"]),
        ],
    )
    def test_by_period_each_session_once(self, coordination: Client, period: str, titles: list[str]) -> None:
        make_session(title="À dater", days=())
        make_session(title="À venir", days=(today(40), today(41), today(60)))
        make_session(title="Commencée", days=(today(1), today(3), today(-1)))
        make_session(title="Aujourd’hui", days=(today(-3), today()))
        make_session(title="Passée", days=(today(-4), today(-8)))

        page = coordination.get(SESSIONS, {"periode": period} if period else {})

        assert [row[0] for row in table(page)] == titles

    def test_one_query_count_for_one_session_or_fifty(self, coordination: Client) -> None:
        session = open_session(trainers=(make_trainer(),))
        with CaptureQueriesContext(connection) as one:
            coordination.get(SESSIONS)
        for number in range(49):
            session = open_session(trainers=(make_trainer(),), max_participants=1)
            for _ in range(number % 3):
                make_registration(session)

        with CaptureQueriesContext(connection) as fifty:
            page = coordination.get(SESSIONS)

        assert len(table(page)) == 50
        assert len(fifty) == len(one)


class TestTheSessionPage:
    """Everything one does from a session: its people first, then its record."""

    def test_people_by_what_they_have(self, coordination: Client) -> None:
        session = open_session(max_participants=2)
        people = [make_registration(session, last_name=name) for name in ("Zola", "Étienne", "Sand", "Hugo")]
        registering.cancel(people[2], cause=Registration.Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)

        page = tree(coordination.get(address(session)))

        groups = by_id(page, "inscriptions").findall(".//table/tbody")
        assert [[text(name) for name in group.iter("th")] for group in groups] == [
            ["Places tenues", "Étienne Camille", "Zola Camille"],
            ["Liste d’attente, par ordre d’arrivée", "Hugo Camille"],
        ]
        assert [text(item) for item in by_id(page, "inscriptions").findall(".//details//li")] == [
            "Sand Camille, Pays des Collines : par la personne"
        ]

    def test_one_query_count_for_one_person_or_fifty(self, coordination: Client) -> None:
        session = open_session(max_participants=30, fee_required=True)
        make_registration(session)
        with CaptureQueriesContext(connection) as one:
            coordination.get(address(session))
        for _ in range(49):
            make_registration(session)

        with CaptureQueriesContext(connection) as fifty:
            coordination.get(address(session))

        assert len(fifty) == len(one)

    def test_a_session_from_nothing(self, coordination: Client) -> None:
        page = send(
            coordination,
            f"{SESSIONS}add/",
            title="Coopérer",
            slug="cooperer",
            status="published",
            max_participants="10",
            registration_deadline=today(50).isoformat(),
            **{"days-0-date": today(60).isoformat(), "days-0-starts_at": "9h30", "days-0-ends_at": "17:30"},
        )

        session = TrainingSession.objects.get()
        assert complaints(page) == []
        assert (session.title, session.status, session.registration_deadline) == ("Coopérer", "published", today(50))
        assert list(session.days.values_list("date", "starts_at", "ends_at")) == [
            (today(60), time(9, 30), time(17, 30))
        ]

    @pytest.mark.parametrize(
        ("changes", "sentences"),
        [
            ({"title": ""}, ["Donnez un titre : il suffit à enregistrer un brouillon."]),
            (
                {"min_participants": "11", "max_participants": "10"},
                ["Le nombre minimal de participants dépasse le nombre maximal."],
            ),
            (
                {"registration_deadline": today(61).isoformat()},
                ["La date limite d’inscription tombe après le début de la session."],
            ),
            ({"days-0-ends_at": "09:30"}, ["L’heure de fin doit suivre l’heure de début."]),
            (
                {"days-0-DELETE": "on"},
                ["Indiquez au moins une journée avant de publier la session."],
            ),
            ({"contact_phone": "appelez-moi"}, None),
            ({"status": "nimporte"}, None),
            ({"max_participants": "beaucoup"}, None),
            ({"days-0-date": "31/02/2017"}, None),
            ({"days-TOTAL_FORMS": "abc"}, None),
        ],
    )
    def test_what_makes_no_sense_is_said_and_nothing_is_saved(
        self, coordination: Client, changes: dict[str, str], sentences: list[str] | None
    ) -> None:
        session = open_session(title="Coopérer", max_participants=10)
        before = TrainingSession.objects.values().get(), list(session.days.values())

        page = send(coordination, address(session), **changes)

        assert page.status_code == 200
        said = complaints(page)
        assert said == (sentences or said)
        assert said
        assert (TrainingSession.objects.values().get(), list(session.days.values())) == before

    def test_deleted_while_nobody_ever_registered(self, coordination: Client) -> None:
        empty, peopled = open_session(), open_session()
        make_registration(peopled)

        answers = [
            coordination.post(address(session, "delete/"), {"post": "yes"}).status_code for session in (empty, peopled)
        ]
        choose(coordination, SESSIONS, "delete_selected", peopled.pk)

        assert answers == [302, 302]
        assert list(TrainingSession.objects.all()) == [peopled]


class TestTheCap:
    """R3, R8: never below the seats held; raised, it serves the people waiting."""

    def test_below_the_seats_held_it_is_refused_with_a_sentence(self, coordination: Client) -> None:
        session = open_session(max_participants=5)
        for _ in range(3):
            make_registration(session)

        refused = send(coordination, address(session), max_participants="2")
        refused_sentence = complaints(refused)
        accepted = send(coordination, address(session), max_participants="3")

        assert refused_sentence == [
            "3 places sont déjà tenues : indiquez au moins 3, ou annulez d’abord des inscriptions."
        ]
        assert complaints(accepted) == []
        assert TrainingSession.objects.get().max_participants == 3

    def test_one_seat_is_singular(self, coordination: Client) -> None:
        session = open_session(max_participants=5)
        make_registration(session)

        assert complaints(send(coordination, address(session), max_participants="0"))[0] == (
            "1 place est déjà tenue : indiquez au moins 1, ou annulez d’abord des inscriptions."
        )

    def test_people_waiting_hold_no_seat(self, coordination: Client) -> None:
        session = open_session(max_participants=2)
        for _ in range(4):
            make_registration(session)

        assert complaints(send(coordination, address(session), max_participants="2")) == []

    def test_raised_it_gives_the_new_seats_in_order(self, coordination: Client) -> None:
        session = open_session(max_participants=1)
        people = [make_registration(session, last_name=name) for name in "ABC"]

        page = send(coordination, address(session), max_participants="2")

        assert folded(notices(page)[0]) == "Camille B quitte la liste d’attente : confirmée."
        assert statuses(session) == [("A", "confirmed"), ("B", "confirmed"), ("C", "waiting")]
        assert told(people[1]) == ["Liste d’attente (rang 1)", "Une place s’est libérée, inscription confirmée"]

    def test_the_fee_no_longer_asked_for_confirms(self, coordination: Client) -> None:
        """R17. An unticked box is not sent."""
        session = open_session(fee_required=True)
        make_registration(session, last_name="A")
        page = coordination.get(address(session))
        sent = {name: value for name, value in typed(page).items() if name != "fee_required"}
        coordination.post(address(session), sent)

        assert statuses(session) == [("A", "confirmed")]


class TestRegisteringByHand:
    """R4: from the session's page, with a reason that is kept."""

    PERSON = {
        "first_name": "Camille",
        "last_name": "Durand",
        "email": "Camille@Structure.example",
        "organisation": "Pays des Collines",
        "job_title": "Chargée de mission",
        "profile": "technician",
    }

    def test_after_the_deadline(self, coordination: Client) -> None:
        session = session_in("closed")

        page = send(coordination, address(session, "inscrire/"), **self.PERSON, reason="inscription par téléphone")

        assert notices(page) == ["Camille Durand : confirmée."]
        [registration] = session.registrations.all()
        assert registration.email == "camille@structure.example"
        assert log(registration) == [("", "confirmed", "coordination", "inscription par téléphone")]

    def test_a_reason_is_asked_for(self, coordination: Client) -> None:
        session = session_in("closed")

        page = send(coordination, address(session, "inscrire/"), **self.PERSON)

        assert complaints(page) == ["Ce champ est obligatoire."]
        assert statuses(session) == []

    def test_a_refusal_is_said_and_what_was_typed_stays(self, coordination: Client) -> None:
        session = open_session(status="draft")

        page = send(coordination, address(session, "inscrire/"), **self.PERSON, reason="par téléphone")

        assert "Cette session n’est pas encore publiée." in main(page)
        assert by_id(tree(page), "id_last_name").get("value") == "Durand"
        assert statuses(session) == []


class TestAssigningTheNextSeat:
    """R8: after the deadline, one click gives the free seat to the first person waiting."""

    @pytest.fixture
    def session(self) -> TrainingSession:
        """Closed, one seat free, two people waiting."""
        session = session_in("closed", max_participants=1)
        people = [make_registration(session, last_name=name, now=NOW) for name in "ABC"]
        registering.cancel(
            people[0], cause=Registration.Cause.PARTICIPANT, now=closed_at(session), by=registering.PARTICIPANT
        )
        return session

    def test_one_click_one_seat(self, coordination: Client, session: TrainingSession) -> None:
        page = coordination.post(address(session, "attribuer/"), follow=True)

        assert notices(page) == ["La place est attribuée à Camille B."]
        assert statuses(session) == [("A", "cancelled"), ("B", "confirmed"), ("C", "waiting")]

    def test_a_second_click_finds_no_seat(self, coordination: Client, session: TrainingSession) -> None:
        for _ in range(2):
            page = coordination.post(address(session, "attribuer/"), follow=True)

        assert notices(page) == ["Aucune place n’est libre pour cette session."]
        assert statuses(session) == [("A", "cancelled"), ("B", "confirmed"), ("C", "waiting")]

    def test_following_the_link_changes_nothing(self, coordination: Client, session: TrainingSession) -> None:
        coordination.get(address(session, "attribuer/"))

        assert statuses(session)[1:] == [("B", "waiting"), ("C", "waiting")]

    def test_the_button_is_there_only_when_it_does_something(
        self, coordination: Client, session: TrainingSession
    ) -> None:
        button = f'action="{address(session, "attribuer/")}"'
        seen = [button in coordination.get(address(session)).content.decode()]
        TrainingSession.objects.update(status="cancelled")
        seen.append(button in coordination.get(address(session)).content.decode())
        TrainingSession.objects.update(status="published")
        coordination.post(address(session, "attribuer/"))
        seen.append(button in coordination.get(address(session)).content.decode())

        assert seen == [True, False, False]


def closed_at(session: TrainingSession) -> Any:
    """An instant at which this session is closed."""
    closes_at = TrainingSession.objects.with_seats_and_days().get(pk=session.pk).closes_at
    assert closes_at is not None
    return closes_at + timedelta(hours=1)


class TestDuplicating:
    def test_a_draft_opened_at_once(self, coordination: Client) -> None:
        session = make_session(title="Coopérer", days=(date(2017, 4, 12),))
        make_registration(session)

        page = send(coordination, address(session, "dupliquer/"), first_on="2028-04-12")

        copy = TrainingSession.objects.exclude(pk=session.pk).get()
        assert page.redirect_chain == [(address(copy), 302)]
        assert notices(page) == ["La copie est un brouillon : relisez-la, puis publiez-la."]
        assert (copy.status, copy.slug, copy.registration_deadline) == ("draft", "cooperer-2028", date(2028, 4, 5))
        assert [day.date for day in copy.days.all()] == [date(2028, 4, 12)]
        assert statuses(copy) == []

    @pytest.mark.parametrize("first_on", ["", "demain", "31/02/2028", "0001-01-01", "9999-12-31"])
    def test_a_date_that_is_none(self, coordination: Client, first_on: str) -> None:
        session = make_session(days=(date(2017, 4, 12), date(2017, 4, 13)))

        page = send(coordination, address(session, "dupliquer/"), first_on=first_on)

        assert len(complaints(page)) == 1
        assert list(TrainingSession.objects.all()) == [session]


class TestTheAttendanceSheet:
    """SPEC §6: one click from the session."""

    def test_on_a_page_and_to_print(self, coordination: Client) -> None:
        session = open_session(slug="cooperer")
        make_registration(session, last_name="Durand")

        page = coordination.get(address(session, "emargement/"))
        printed = coordination.get(address(session, "emargement.pdf"))

        assert "Durand" in main(page)
        assert (printed.headers["Content-Type"], printed.content[:5]) == ("application/pdf", b"%PDF-")
        assert 'filename="emargement-cooperer.pdf"' in printed.headers["Content-Disposition"]


class TestTrainersAndTheirAccounts:
    def test_a_coordinator_gives_a_trainer_an_account(self, coordination: Client, account: User) -> None:
        me = make_trainer()
        session = open_session(trainers=(me,))

        send(coordination, f"/admin/sessions_app/trainer/{me.pk}/change/", user=account.pk)

        assert list(TrainingSession.objects.led_by(account)) == [session]

    def test_someone_must_be_said(self, coordination: Client) -> None:
        page = send(coordination, "/admin/sessions_app/trainer/add/")

        assert complaints(page) == ["Indiquez au moins un nom, une structure ou une fonction."]


class TestATrainerSeesTheirOwnSessions:
    """SPEC §1: their own sessions only; someone else's is a 404."""

    PAGES = ("change/", "history/", "delete/", "emargement/", "emargement.pdf", "dupliquer/", "inscrire/", "attribuer/")

    @pytest.fixture
    def mine(self, me: Trainer) -> TrainingSession:
        session = open_session(title="La mienne", trainers=(make_trainer(), me), fee_required=True)
        make_registration(session, last_name="Durand")
        return session

    @pytest.fixture
    def other(self) -> TrainingSession:
        session = open_session(title="Une autre", trainers=(make_trainer(),), fee_required=True)
        make_registration(session, last_name="Ailleurs")
        return session

    def test_the_list(self, trainer: Client, mine: TrainingSession, other: TrainingSession) -> None:
        assert [row[:1] + row[2:] for row in table(trainer.get(SESSIONS))] == [
            ["La mienne", "à proximité de Givors (69)", "Inscriptions ouvertes", "1 / 10", "0"]
        ]

    def test_their_page_and_their_sheet(self, trainer: Client, mine: TrainingSession) -> None:
        pages = {page: trainer.get(address(mine, page)) for page in ("change/", "emargement/", "emargement.pdf")}

        assert {page: answer.status_code for page, answer in pages.items()} == dict.fromkeys(pages, 200)
        assert "Durand" in main(pages["change/"])
        assert "Durand" in main(pages["emargement/"])

    def test_nothing_of_anothers(self, trainer: Client, mine: TrainingSession, other: TrainingSession) -> None:
        got = {page: trainer.get(address(other, page)).status_code for page in self.PAGES}
        posted = {page: trainer.post(address(other, page), {"post": "yes"}).status_code for page in self.PAGES}

        expected = dict.fromkeys(self.PAGES, 404)
        assert (got, posted) == (expected, expected)

    def test_no_act_on_their_own(self, trainer: Client, mine: TrainingSession) -> None:
        acts = ("change/", "delete/", "dupliquer/", "inscrire/", "attribuer/")
        before = TrainingSession.objects.values().get()

        got = {page: trainer.get(address(mine, page)).status_code for page in ("history/", *acts[1:])}
        posted = {page: trainer.post(address(mine, page), {"title": "X", "post": "yes"}).status_code for page in acts}

        assert (set(got.values()), set(posted.values())) == ({403}, {403})
        assert TrainingSession.objects.values().get() == before
        assert statuses(mine) == [("Durand", "awaiting_fee")]

    def test_nor_a_new_one(self, trainer: Client) -> None:
        assert [trainer.get(f"{SESSIONS}add/").status_code, trainer.post(f"{SESSIONS}add/").status_code] == [403, 403]

    def test_without_session_the_list_is_empty(self, trainer: Client, other: TrainingSession) -> None:
        assert "Une autre" not in trainer.get(SESSIONS).content.decode()

    def test_once_taken_off_the_session_it_is_gone(self, trainer: Client, mine: TrainingSession, me: Trainer) -> None:
        SessionTrainer.objects.filter(trainer=me).delete()

        assert trainer.get(address(mine)).status_code == 404

    def test_not_a_word_about_fees(self, trainer: Client, mine: TrainingSession) -> None:
        for page in ("/admin/", SESSIONS, address(mine), address(mine, "emargement/")):
            words = trainer.get(page).content.decode().lower()
            assert "cotis" not in words, page
            assert "awaiting" not in words, page
            assert "fee_" not in words, page

    def test_a_seat_without_fee_is_provisional(self, trainer: Client, mine: TrainingSession) -> None:
        board = by_id(tree(trainer.get(address(mine))), "inscriptions")

        assert [text(cell) for cell in board.iter("th")][:6] == [
            *("N°", "Nom", "Structure et fonction", "Contact", "Inscription", "Convocation")
        ]
        assert text(board.findall(".//tbody/tr")[1][4]) == "✗ sous réserve"

    @pytest.mark.parametrize(
        "query",
        [
            "fee_required__exact=1",
            "awaiting_fee_count__gt=0",
            "registrations__status=awaiting_fee",
            "registrations__fee_due_on__isnull=False",
            "status__exact=published",
        ],
    )
    def test_the_address_bar_tells_nothing_more(self, trainer: Client, mine: TrainingSession, query: str) -> None:
        assert trainer.get(f"{SESSIONS}?{query}").status_code == 400


class TestHostileRequests:
    """A forged selection, an unknown page, a filter that means nothing: never a 500."""

    @pytest.mark.parametrize(
        "page", ["change/", "history/", "emargement/", "emargement.pdf", "dupliquer/", "inscrire/"]
    )
    def test_an_unknown_page(self, coordination: Client, page: str) -> None:
        pages = [f"{SESSIONS}{pk}/{page}" for pk in ("999", "9" * 30, "9" * 5000, "abc", "-1", "²")]

        assert [coordination.get(page, follow=True).status_code for page in pages] == [404] * len(pages)

    @pytest.mark.parametrize("selection", ["abc", "9" * 30, "²"])
    def test_a_forged_selection(self, coordination: Client, selection: str) -> None:
        page = choose(coordination, SESSIONS, "delete_selected", selection)

        assert notices(page) == ["La sélection envoyée n’est pas lisible : cochez les lignes, puis recommencez."]

    def test_a_filter_that_means_nothing(self, coordination: Client) -> None:
        open_session()
        queries = (
            "status__exact=nimporte",
            "periode=²",
            "inconnu=1",
            "days__date__gte=hier",
            "created_at__year=abc",
            "q=" + "a" * 5000,
            "o=99.-99.abc.²",
            "p=²",
            "_to_field=slug",
            "_popup=abc",
        )
        answers = {query: coordination.get(f"{SESSIONS}?{query}").status_code for query in queries}

        assert {query: status for query, status in answers.items() if status not in (200, 302, 400)} == {}

    def test_trainers_are_suggested_to_the_coordination_only(self, coordination: Client, trainer: Client) -> None:
        make_trainer(name="Dominique Bernier")
        asked = {"app_label": "sessions_app", "model_name": "sessiontrainer", "field_name": "trainer", "term": "Dom"}

        answers = [client.get("/admin/autocomplete/", asked) for client in (coordination, trainer)]

        assert [answer.status_code for answer in answers] == [200, 403]
        assert [found["text"] for found in answers[0].json()["results"]] == ["Dominique Bernier, Cap Rural"]


class TestTheDoor:
    def test_nobody_enters_without_account(self, client: Client) -> None:
        session = open_session()
        paths = [SESSIONS, *(address(session, page) for page in TestATrainerSeesTheirOwnSessions.PAGES)]

        assert [client.get(path).headers["Location"] for path in paths] == [
            f"/admin/login/?next={path}" for path in paths
        ]

    def test_an_account_outside_the_groups_sees_nothing(self) -> None:
        user = User.objects.create_user("intrus", is_staff=True)
        session = open_session()

        assert [signed_in(user).get(path).status_code for path in (SESSIONS, address(session))] == [403, 404]

    def test_it_speaks_french(self, coordination: Client) -> None:
        home = tree(coordination.get("/admin/"))

        assert home.get("lang") == "fr"
        assert text(by_id(home, "content")).startswith("Accueil")
