from datetime import date, time

import pytest
from django.db import IntegrityError, transaction

from sessions_app.models import (
    Registration,
    SessionDay,
    SessionDocument,
    SessionTrainer,
    TrainingSession,
)
from tests.factories import make_registration, make_session, make_staff, make_trainer
from tests.support.traces import folded

pytestmark = pytest.mark.django_db


def reread(session: TrainingSession) -> TrainingSession:
    """The session with what its state reads."""
    return TrainingSession.objects.with_seats_and_days().get(pk=session.pk)


class TestSeatsSentence:
    """R1, R3: the seats as the flyer says them; either number may be missing."""

    @pytest.mark.parametrize(
        ("low", "high", "expected"),
        [
            (8, 10, "8 à 10 participants"),
            (10, 10, "10 participants"),
            (1, 1, "1 participant"),
            (None, 10, "10 participants au plus"),
            (None, 1, "1 participant au plus"),
            (8, None, "8 participants au moins"),
            (1, None, "1 participant au moins"),
            (None, None, ""),
        ],
    )
    def test_sentence(self, low: int | None, high: int | None, expected: str) -> None:
        assert TrainingSession(min_participants=low, max_participants=high).seats_sentence == expected


class TestSeatsAreComputed:
    """R3: seats are computed from the registrations, never stored."""

    def test_by_status(self) -> None:
        session = make_session(max_participants=3, fee_required=True)
        make_session()
        for _ in range(5):
            make_registration(session)
        Registration.objects.filter(session=session).update(fee_due_on=date(2017, 4, 5))
        first = session.registrations.first()
        assert first is not None
        Registration.objects.filter(pk=first.pk).update(status="confirmed")

        [other, counted] = TrainingSession.objects.with_seats().order_by("-pk")

        assert (counted.seats_taken, counted.awaiting_fee_count, counted.waiting_count) == (3, 2, 2)
        assert (other.seats_taken, other.awaiting_fee_count, other.waiting_count) == (0, 0, 0)
        assert (counted.seats_left, counted.has_free_seat, counted.is_full) == (0, False, True)

    def test_without_maximum_there_is_always_a_seat(self) -> None:
        session = make_session(max_participants=None)
        for _ in range(3):
            make_registration(session)

        counted = reread(session)

        assert (counted.seats_taken, counted.seats_left, counted.has_free_seat, counted.is_full) == (
            3,
            None,
            True,
            False,
        )


class TestWhichSessions:
    def test_the_public_never_sees_a_draft(self) -> None:
        """R2."""
        sessions = {status: make_session(status=status) for status in TrainingSession.Status.values}
        del sessions["draft"]

        assert list(TrainingSession.objects.published().order_by("pk")) == list(sessions.values())

    def test_a_trainer_leads_their_own(self) -> None:
        user = make_staff(group="Formateurs")
        me, other = make_trainer(user=user), make_trainer()
        mine = make_session(trainers=(other, me))
        make_session(trainers=(other,))
        make_session()
        also_mine = make_session(trainers=(me,), status="draft")

        assert list(TrainingSession.objects.led_by(user).order_by("pk")) == [mine, also_mine]


class TestSections:
    """R1: the flyer's sections in its order; an empty one leaves no trace."""

    def test_filled_ones_only(self) -> None:
        session = make_session(rationale="Pourquoi", programme="Quoi", about="  \n", conditions="Comment")

        before = [(folded(heading), text) for heading, text in session.sections_before_trainers()]

        assert before == [("Une session pour quoi ?", "Pourquoi"), ("Au programme", "Quoi")]
        assert session.sections_after_trainers() == [("Conditions", "Comment")]


class TestDatabaseRefuses:
    """What must never be false in the database, whoever writes."""

    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"min_participants": 11}, "min_participants_not_above_max"),
            ({"max_participants": 0}, "max_participants_at_least_one"),
            ({"status": "open"}, "session_status_is_known"),
        ],
    )
    def test_a_session(self, fields: dict[str, object], constraint: str) -> None:
        session = make_session()

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            TrainingSession.objects.filter(pk=session.pk).update(**fields)

    def test_two_sessions_at_one_address(self) -> None:
        make_session(slug="cooperer")

        with pytest.raises(IntegrityError), transaction.atomic():
            make_session(slug="cooperer")

    def test_a_day_that_ends_when_it_starts(self) -> None:
        session = make_session(days=())

        with pytest.raises(IntegrityError, match="day_ends_when_it_does_not_start"), transaction.atomic():
            SessionDay.objects.create(session=session, date=date(2017, 4, 12), starts_at=time(9), ends_at=time(9))

    @pytest.mark.parametrize("name", ["registration_deadline", "fee_due_on", "joining_on"])
    def test_a_date_that_nobody_can_mean(self, name: str) -> None:
        with pytest.raises(IntegrityError, match="session_dates_are_plausible"), transaction.atomic():
            make_session(**{name: date(17, 4, 5)})

    @pytest.mark.parametrize("day", [date(1, 1, 1), date(1999, 12, 31), date(2101, 1, 1)])
    def test_a_day_that_nobody_can_mean(self, day: date) -> None:
        with pytest.raises(IntegrityError, match="day_is_plausible"), transaction.atomic():
            make_session(days=(day,))

    def test_one_date_twice(self) -> None:
        session = make_session(days=(date(2017, 4, 12),))

        with pytest.raises(IntegrityError), transaction.atomic():
            SessionDay.objects.create(session=session, date=date(2017, 4, 12), starts_at=time(14))

        assert session.days.count() == 1

    def test_a_trainer_without_any_description(self) -> None:
        with pytest.raises(IntegrityError, match="trainer_is_described"), transaction.atomic():
            make_trainer(name="", organisation="", role="")

    def test_a_trainer_twice_in_a_session(self) -> None:
        trainer = make_trainer()
        session = make_session(trainers=(trainer,))

        with pytest.raises(IntegrityError), transaction.atomic():
            SessionTrainer.objects.create(session=session, trainer=trainer)

    def test_a_session_with_registrations_is_not_deleted(self) -> None:
        session = make_session()
        make_registration(session)

        with pytest.raises(IntegrityError), transaction.atomic():
            session.delete()

        assert TrainingSession.objects.filter(pk=session.pk).exists()


class TestSaid:
    def test_nouns(self) -> None:
        trainer = make_trainer(name="Dominique Bernier")
        session = make_session(title="Coopérer", slug="cooperer", trainers=(trainer,))
        document = SessionDocument(session=session, title="Plan d’accès")

        assert [str(session), session.get_absolute_url(), str(document), *map(str, session.session_trainers.all())] == [
            "Coopérer",
            "/sessions/cooperer/",
            "Plan d’accès",
            "Dominique Bernier, Cap Rural",
        ]
        assert [folded(str(day)) for day in session.days.all()] == ["mercredi 12 avril 2017"]
