"""What a session is at an instant, and why, to the second (R2, R4)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command

from sessions_app.models import (
    Registration,
    StateCode,
    TrainingSession,
)
from tests.factories import NOW, make_registration, make_session, paris
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

SEED = "conduire-une-demarche-de-cooperation-2017"


SECOND = timedelta(seconds=1)


FULL_REASON = (
    "Toutes les places sont prises. Vous pouvez vous inscrire en liste d’attente : "
    "une place qui se libère revient à la première personne qui attend."
)


def reread(session: TrainingSession) -> TrainingSession:
    """The session with what its state reads."""
    return TrainingSession.objects.with_seats_and_days().get(pk=session.pk)


def state_at(session: TrainingSession, now: datetime) -> tuple[str, str]:
    """Code and reason at that instant."""
    state = reread(session).state(now)
    return str(state.code), folded(state.reason)


@pytest.fixture
def seed() -> TrainingSession:
    """The session of the flyer."""
    call_command("loaddata", SEED, verbosity=0)
    return TrainingSession.objects.get(slug=SEED)


class TestStateWithItsReason:
    """R2: one function says what a session is, and why."""

    @pytest.mark.parametrize(
        ("fields", "now", "expected"),
        [
            ({"status": "draft"}, NOW, ("not_published", "Cette session n’est pas encore publiée.")),
            ({}, NOW, ("open", "Il reste 10 places sur 10.")),
            ({"max_participants": 1}, NOW, ("open", "Il reste 1 place sur 1.")),
            ({"max_participants": None}, NOW, ("open", "Les inscriptions sont ouvertes.")),
            (
                {},
                paris(2017, 4, 5),
                ("closed", "Les inscriptions sont closes depuis le mardi 4 avril, 23 h 59."),
            ),
            (
                {"registration_deadline": date(2017, 4, 2)},
                paris(2017, 4, 3),
                ("closed", "Les inscriptions sont closes depuis le samedi 1er avril, 23 h 59."),
            ),
            (
                {"status": "postponed"},
                NOW,
                ("postponed", "Cette session est reportée : les inscriptions reprendront à une date à venir."),
            ),
            ({"status": "cancelled"}, NOW, ("cancelled", "Cette session est annulée.")),
            (
                {},
                paris(2017, 4, 12, 12),
                ("under_way", "Cette session a commencé : il n’est plus possible de s’inscrire."),
            ),
            ({}, paris(2017, 4, 13), ("past", "Cette session a eu lieu.")),
        ],
    )
    def test_each_state(self, fields: dict[str, object], now: datetime, expected: tuple[str, str]) -> None:
        session = make_session(**fields)

        assert state_at(session, now) == expected

    def test_full_once_every_seat_is_held(self) -> None:
        session = make_session(max_participants=2)
        make_registration(session)
        before = state_at(session, NOW)
        make_registration(session)

        assert [before, state_at(session, NOW)] == [("open", "Il reste 1 place sur 2."), ("full", FULL_REASON)]

    def test_full_while_someone_waits_though_a_seat_is_free(self) -> None:
        """R7: nobody passes before the people waiting."""
        session = make_session(max_participants=1)
        make_registration(session)
        make_registration(session)
        TrainingSession.objects.filter(pk=session.pk).update(max_participants=2)

        assert state_at(session, NOW) == (
            "full",
            "Une place est libre, mais des personnes attendent : vous pouvez vous inscrire en liste d’attente.",
        )

    def test_cancelled_registrations_hold_no_seat(self) -> None:
        session = make_session(max_participants=2)
        registration = make_registration(session)
        Registration.objects.filter(pk=registration.pk).update(status="cancelled", cancellation_cause="participant")

        assert state_at(session, NOW) == ("open", "Il reste 2 places sur 2.")

    def test_labels(self) -> None:
        assert [code.label for code in StateCode] == [
            "Brouillon",
            "Inscriptions ouvertes",
            "Complet – liste d’attente",
            "Inscriptions closes",
            "Reportée",
            "Annulée",
            "En cours",
            "Terminée",
        ]

    def test_one_registers_when_it_is_open_or_full_and_never_otherwise(self) -> None:
        registrable = make_session(max_participants=1)
        full = make_session(max_participants=1)
        make_registration(full)
        others = [make_session(status=status) for status in ("draft", "postponed", "cancelled")]

        assert [reread(s).state(NOW).is_registrable for s in (registrable, full, *others)] == [
            True,
            True,
            False,
            False,
            False,
        ]


class TestPrecedence:
    """R2: what was decided comes before the clock, and the clock before the seats."""

    @pytest.mark.parametrize("status", ["draft", "postponed", "cancelled"])
    @pytest.mark.parametrize("now", [NOW, paris(2017, 4, 6), paris(2017, 4, 12, 12), paris(2017, 5, 1)])
    def test_a_decision_outlives_the_day(self, status: str, now: datetime) -> None:
        session = make_session(status=status, max_participants=1)

        assert state_at(session, now)[0] == {"draft": "not_published"}.get(status, status)

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (NOW, "full"),
            (paris(2017, 4, 6), "closed"),
            (paris(2017, 4, 12, 12), "under_way"),
            (paris(2017, 5, 1), "past"),
        ],
    )
    def test_a_full_session_closes_and_takes_place_like_another(self, now: datetime, expected: str) -> None:
        session = make_session(max_participants=1)
        make_registration(session)

        assert state_at(session, now)[0] == expected

    def test_a_deadline_after_the_start_does_not_keep_it_open(self) -> None:
        session = make_session(registration_deadline=date(2017, 4, 20))

        assert [
            state_at(session, paris(2017, 4, 12, 9, 29, 59))[0],
            state_at(session, paris(2017, 4, 12, 9, 30))[0],
        ] == [
            "open",
            "under_way",
        ]


class TestDeadlineToTheSecond:
    """R4: « inscription en ligne avant le 5 avril 2017 » is exclusive, in Europe/Paris."""

    def test_the_seed_session(self, seed: TrainingSession) -> None:
        assert [
            state_at(seed, paris(2017, 4, 4, 23, 59, 59)),
            state_at(seed, paris(2017, 4, 5, 0, 0, 0)),
        ] == [
            ("open", "Il reste 10 places sur 10."),
            ("closed", "Les inscriptions sont closes depuis le mardi 4 avril, 23 h 59."),
        ]

    def test_the_seed_session_in_utc(self, seed: TrainingSession) -> None:
        """Summer time has begun: midnight in Paris is 22:00 the day before in UTC."""
        assert [
            state_at(seed, datetime(2017, 4, 4, 21, 59, 59, tzinfo=UTC))[0],
            state_at(seed, datetime(2017, 4, 4, 22, 0, 0, tzinfo=UTC))[0],
        ] == ["open", "closed"]

    @pytest.mark.parametrize(
        ("deadline", "closes_at"),
        [
            (date(2017, 3, 26), datetime(2017, 3, 25, 23, 0, tzinfo=UTC)),
            (date(2017, 3, 27), datetime(2017, 3, 26, 22, 0, tzinfo=UTC)),
            (date(2017, 10, 29), datetime(2017, 10, 28, 22, 0, tzinfo=UTC)),
            (date(2017, 10, 30), datetime(2017, 10, 29, 23, 0, tzinfo=UTC)),
        ],
    )
    def test_across_the_changes_of_hour(self, deadline: date, closes_at: datetime) -> None:
        """Clocks went forward on 26 March 2017 at 2:00, back on 29 October at 3:00."""
        session = make_session(days=(date(2017, 12, 1),), registration_deadline=deadline)

        assert [
            reread(session).closes_at,
            state_at(session, closes_at - SECOND)[0],
            state_at(session, closes_at)[0],
        ] == [closes_at, "open", "closed"]

    def test_without_a_deadline_it_closes_when_it_starts(self) -> None:
        session = make_session(registration_deadline=None)
        start = paris(2017, 4, 12, 9, 30)

        assert [
            reread(session).closes_at,
            state_at(session, start - SECOND)[0],
            state_at(session, start)[0],
        ] == [start, "open", "under_way"]

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"registration_deadline": date(2017, 4, 5)}, paris(2017, 4, 5)),
            ({"registration_deadline": date(2017, 4, 12)}, paris(2017, 4, 12)),
            ({"registration_deadline": date(2017, 4, 13)}, paris(2017, 4, 12, 9, 30)),
            ({"registration_deadline": None}, paris(2017, 4, 12, 9, 30)),
            ({"registration_deadline": None, "days": ()}, None),
            ({"registration_deadline": date(2017, 4, 5), "days": ()}, paris(2017, 4, 5)),
        ],
    )
    def test_closes_at(self, fields: dict[str, object], expected: datetime | None) -> None:
        assert reread(make_session(**fields)).closes_at == expected

    @pytest.mark.parametrize(
        ("deadline", "expected"),
        [(date(2017, 4, 5), date(2017, 4, 4)), (date(2017, 3, 1), date(2017, 2, 28)), (None, None)],
    )
    def test_last_registration_day_is_the_eve(self, deadline: date | None, expected: date | None) -> None:
        assert make_session(registration_deadline=deadline).last_registration_day == expected

    def test_a_session_without_date_closes_at_its_deadline(self) -> None:
        session = make_session(days=())

        assert [state_at(session, paris(2017, 4, 5) - SECOND)[0], state_at(session, paris(2017, 4, 5))[0]] == [
            "open",
            "closed",
        ]

    def test_a_session_without_date_nor_deadline_stays_open(self) -> None:
        session = make_session(days=(), registration_deadline=None)

        assert state_at(session, paris(2030, 1, 1))[0] == "open"


class TestStartAndEndToTheSecond:
    """R2: under way from the first hour of the first day to the last hour of the last one."""

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (paris(2017, 4, 12, 9, 29, 59), "closed"),
            (paris(2017, 4, 12, 9, 30, 0), "under_way"),
            (paris(2017, 4, 12, 17, 29, 59), "under_way"),
            (paris(2017, 4, 12, 17, 30, 0), "past"),
        ],
    )
    def test_one_day(self, seed: TrainingSession, now: datetime, expected: str) -> None:
        assert state_at(seed, now)[0] == expected

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (paris(2017, 4, 12, 23, 59, 58), "under_way"),
            (paris(2017, 4, 12, 23, 59, 59), "past"),
        ],
    )
    def test_an_unknown_end_is_the_end_of_the_day(self, now: datetime, expected: str) -> None:
        session = make_session(ends_at=None)

        assert state_at(session, now)[0] == expected

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (paris(2017, 4, 12, 9, 29, 59), "closed"),
            (paris(2017, 4, 12, 9, 30), "under_way"),
            (paris(2017, 4, 13, 3), "under_way"),
            (paris(2017, 4, 20, 17, 29, 59), "under_way"),
            (paris(2017, 4, 20, 17, 30), "past"),
        ],
    )
    def test_several_days_are_one_session_nights_included(self, now: datetime, expected: str) -> None:
        session = make_session(days=(date(2017, 4, 20), date(2017, 4, 12)))

        assert state_at(session, now)[0] == expected

    def test_the_hours_are_those_of_the_wall_in_paris(self) -> None:
        winter, summer = make_session(days=(date(2017, 3, 25),)), make_session(days=(date(2017, 3, 26),))

        assert [reread(winter).starts_at, reread(summer).starts_at, reread(summer).ends_at] == [
            datetime(2017, 3, 25, 8, 30, tzinfo=UTC),
            datetime(2017, 3, 26, 7, 30, tzinfo=UTC),
            datetime(2017, 3, 26, 15, 30, tzinfo=UTC),
        ]

    def test_days_are_read_in_order_whatever_the_order_of_typing(self) -> None:
        session = reread(make_session(days=(date(2017, 4, 20), date(2017, 4, 12))))

        assert [session.first_date, session.last_day and session.last_day.date] == [
            date(2017, 4, 12),
            date(2017, 4, 20),
        ]

    def test_without_date_it_neither_starts_nor_ends(self) -> None:
        session = reread(make_session(days=()))

        assert [session.first_day, session.last_day, session.first_date, session.starts_at, session.ends_at] == [
            None,
            None,
            None,
            None,
            None,
        ]
