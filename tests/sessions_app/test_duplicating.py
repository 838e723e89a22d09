from datetime import UTC, date, datetime, time

import pytest
from django.core.management import call_command

from sessions_app import duplicating
from sessions_app.models import SessionDocument, TrainingSession
from tests.factories import make_registration, make_session, make_trainer
from tests.support.traces import statuses

pytestmark = pytest.mark.django_db

#: Fields in which a copy differs from its original.
ITS_OWN = {
    "id",
    "slug",
    "reference",
    "status",
    "maintained_at",
    "calendar_sequence",
    "created_at",
    "updated_at",
    "registration_deadline",
    "fee_due_on",
    "postponed_from",
    "cancelled_undated",
}


class TestDuplicate:
    def test_the_flyer_s_session_with_all_it_says(self) -> None:
        call_command("loaddata", "conduire-une-demarche-de-cooperation-2017", verbosity=0)
        seed = TrainingSession.objects.get()

        copy = duplicating.duplicate(seed, first_on=date(2018, 4, 12))

        copied = {field.name for field in TrainingSession._meta.concrete_fields} - ITS_OWN
        assert {name: getattr(copy, name) for name in copied} == {name: getattr(seed, name) for name in copied}
        assert copy.programme.startswith("En guise d’introduction")
        assert (copy.status, copy.slug) == ("draft", "conduire-une-demarche-de-cooperation-2018")
        assert list(copy.days.values_list("date", "starts_at", "ends_at")) == [
            (date(2018, 4, 12), time(9, 30), time(17, 30))
        ]
        assert [row.trainer for row in copy.session_trainers.all()] == [
            row.trainer for row in seed.session_trainers.all()
        ]

    def test_its_dates_keep_their_distance(self) -> None:
        session = make_session(
            days=(date(2017, 4, 12), date(2017, 4, 13), date(2017, 5, 3)),
            registration_deadline=date(2017, 4, 5),
            fee_due_on=date(2017, 3, 31),
        )

        copy = duplicating.duplicate(session, first_on=date(2018, 2, 20))

        assert [day.date for day in copy.days.all()] == [date(2018, 2, 20), date(2018, 2, 21), date(2018, 3, 13)]
        assert (copy.registration_deadline, copy.fee_due_on) == (date(2018, 2, 13), date(2018, 2, 8))

    @pytest.mark.parametrize("status", TrainingSession.Status.values)
    def test_it_starts_its_own_life(self, status: str) -> None:
        session = make_session(
            status=status,
            reference="2017-04",
            maintained_at=datetime(2017, 4, 5, tzinfo=UTC),
            calendar_sequence=3,
        )

        copy = duplicating.duplicate(session, first_on=date(2018, 4, 12))

        copy.refresh_from_db()
        assert (copy.status, copy.reference, copy.maintained_at, copy.calendar_sequence) == ("draft", "", None, 0)
        assert copy.created_at > session.created_at

    def test_without_its_people_nor_its_documents(self) -> None:
        session = make_session()
        make_registration(session)
        SessionDocument.objects.create(session=session, title="Plan d’accès", file="plan.pdf")

        copy = duplicating.duplicate(session, first_on=date(2018, 4, 12))

        assert (statuses(copy), copy.documents.count()) == ([], 0)
        assert (len(statuses(session)), session.documents.count(), session.days.count()) == (1, 1, 1)

    def test_its_trainers_in_their_order(self) -> None:
        trainers = tuple(make_trainer(name=name) for name in ("Zoé", "Anne", "Marc"))
        session = make_session(trainers=trainers)

        copy = duplicating.duplicate(session, first_on=date(2018, 4, 12))

        assert [row.trainer for row in copy.session_trainers.all()] == list(trainers)

    def test_a_session_without_dates_gives_a_copy_without_dates(self) -> None:
        copy = duplicating.duplicate(make_session(days=()), first_on=date(2018, 4, 12))

        assert (list(copy.days.all()), copy.registration_deadline) == ([], None)

    def test_without_deadline_there_is_none_either(self) -> None:
        copy = duplicating.duplicate(make_session(registration_deadline=None), first_on=date(2018, 4, 12))

        assert (copy.registration_deadline, copy.fee_due_on) == (None, None)


class TestSlug:
    def test_the_title_and_the_year(self) -> None:
        session = make_session(title="L’été, coopérer : « pourquoi » ?")

        assert duplicating.duplicate(session, first_on=date(2018, 4, 12)).slug == "lete-cooperer-pourquoi-2018"

    def test_the_next_free_one(self) -> None:
        session = make_session(title="Coopérer", slug="cooperer-2018")

        copies = [duplicating.duplicate(session, first_on=date(2018, 4, day)) for day in (12, 13, 14)]

        assert [copy.slug for copy in copies] == ["cooperer-2018-2", "cooperer-2018-3", "cooperer-2018-4"]

    def test_a_longer_one_that_begins_alike_takes_nothing(self) -> None:
        make_session(title="Coopérer", slug="cooperer-2018-printemps")

        assert duplicating.free_slug("Coopérer", "-2018") == "cooperer-2018"

    @pytest.mark.parametrize("title", ["x" * 160, "É" * 160, "…", "« ? »"])
    def test_whatever_the_title_it_is_an_address(self, title: str) -> None:
        session = make_session(title=title)

        copies = [duplicating.duplicate(session, first_on=date(2018, 4, 12)) for _ in range(2)]

        for copy in copies:
            copy.full_clean()
        assert len({copy.slug for copy in copies}) == 2
