"""What pages cost: the same number of queries whatever the database holds (the lists of the admin: their own tests)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from caprural.house.models import Organisation
from caprural.limits.models import Spending
from sessions_app.models import TrainingSession
from tests.factories import make_campaign, make_category, make_fee, make_member, make_trainer
from tests.support.announced import open_session, registered, today

pytestmark = pytest.mark.django_db

PERSON = {
    "first_name": "Camille",
    "last_name": "Durand",
    "email": "camille@collines.example",
    "organisation": "Pays des Collines",
    "job_title": "Chargée de mission",
    "profile": "technician",
}


@pytest.fixture(autouse=True)
def _organisation() -> None:
    """Every page names it."""
    Organisation.objects.create(pk=1, name="Cap Rural", email="contact@caprural.example", phone="06 66 46 62 76")


def cost(act: Callable[[], Any]) -> int:
    """How many queries an act makes; the transaction of the test adds savepoints, which are not counted."""
    with CaptureQueriesContext(connection) as queries:
        act()
    return len([query for query in queries.captured_queries if "SAVEPOINT" not in query["sql"]])


class TestReading:
    def test_home_with_one_session_or_fifty(self, client: Client) -> None:
        open_session(trainers=(make_trainer(),))
        one = cost(lambda: client.get("/"))
        for number in range(49):
            session = open_session(
                days=tuple(today(30 + number + day) for day in range(1 + number % 3)),
                registration_deadline=None,
                trainers=(make_trainer(),),
            )
            for _ in range(number % 4):
                registered(session)

        assert (cost(lambda: client.get("/")), one <= 6) == (one, True)

    def test_the_session_page_of_the_flyer_at_most_five(self, client: Client) -> None:
        call_command("loaddata", "conduire-une-demarche-de-cooperation-2017", verbosity=0)
        path = TrainingSession.objects.get().get_absolute_url()

        assert cost(lambda: client.get(path)) <= 5

    def test_a_session_page_with_one_registration_or_fifty(self, client: Client) -> None:
        session = open_session(max_participants=30, trainers=(make_trainer(),), fee_required=True)
        registered(session)
        one = cost(lambda: client.get(session.get_absolute_url()))
        for _ in range(49):
            registered(session)
            open_session()

        assert (cost(lambda: client.get(session.get_absolute_url())), one <= 5) == (one, True)

    def test_a_private_page_with_one_registration_or_fifty(self, client: Client) -> None:
        session = open_session(max_participants=2, fee_required=True)
        make_category(campaign=make_campaign(year=today(60).year))
        people = [registered(session) for _ in range(3)]
        before = [cost(lambda page=page: client.get(page)) for page in (p.get_absolute_url() for p in people)]
        for _ in range(47):
            registered(session)

        after = [cost(lambda page=page: client.get(page)) for page in (p.get_absolute_url() for p in people)]

        assert after == before

    def test_the_calendar_feed_with_one_session_or_fifty(self, client: Client) -> None:
        open_session(contact_email="")
        one = cost(lambda: client.get("/sessions.ics"))
        for _ in range(49):
            open_session(contact_email="")

        assert cost(lambda: client.get("/sessions.ics")) == one


class TestRegistering:
    """The form, its sending and the page after it: at most 20 queries in all, one more where a row is locked."""

    @pytest.mark.parametrize("case", ["no fee", "up to date", "awaiting the fee", "waiting"])
    @pytest.mark.parametrize("others", [0, 50])
    def test_a_full_registration(self, client: Client, case: str, others: int) -> None:
        """Its counters being new, which costs most."""
        session = open_session(
            max_participants=1 + others,
            fee_required=case in ("up to date", "awaiting the fee"),
            trainers=(make_trainer(),),
        )
        category = make_category(campaign=make_campaign(year=today(60).year))
        if case == "up to date":
            make_fee(make_member(emails=(PERSON["email"],), domains=("collines.example",)), category=category)
        if case == "waiting":
            registered(session)
        for _ in range(others):
            registered(session)
        Spending.objects.all().delete()
        form = f"{session.get_absolute_url()}inscription/"
        pages: list[Any] = []

        def register() -> None:
            pages.append(client.get(form))
            pages.append(
                client.post(form, {**PERSON, "submission_key": pages[0].context["form"]["submission_key"].value()})
            )
            pages.append(client.get(pages[1].headers["Location"]))

        queries = cost(register)

        assert [page.status_code for page in pages] == [200, 302, 200]
        assert queries <= 20 + connection.features.has_select_for_update
