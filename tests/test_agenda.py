"""What is done at its date, and what will be (R24): sessions and fees in one agenda."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from caprural import agenda
from sessions_app import roles
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_session,
    make_staff,
    paris,
)
from tests.support import pages
from tests.support.announced import today
from tests.support.office import signed_in

pytestmark = pytest.mark.django_db

JANUARY = paris(2017, 1, 10, 9)


def test_day_by_day_what_will_be_done() -> None:
    session = make_session(title="Coopérer", fee_required=True, registration_deadline=None)
    for email in ("lea@collines.example", "zoe@ailleurs.example"):
        make_registration(session, email=email, now=paris(2017, 3, 29, 9))
    category = make_category(campaign=make_campaign(reminders=1, reminder_days=90))
    make_fee(make_member(emails=("paul@structure.example",)), category=category, now=JANUARY)
    make_registration(session, email="paul@structure.example", now=JANUARY)
    make_fee(make_member(email="a@x.example"), category=category, status="due", now=JANUARY)
    before = pages.rows()

    planned = [*agenda.coming(now=paris(2017, 3, 30, 10), days=20)]

    about = "Coopérer, 12\u00a0avril 2017"
    assert planned == [
        agenda.Planned(date(2017, 3, 31), "rappel de la cotisation", about, 2),
        agenda.Planned(date(2017, 4, 4), "place rendue, faute de cotisation", about, 2),
        agenda.Planned(date(2017, 4, 5), "convocation", about, 1),
        agenda.Planned(date(2017, 4, 10), "relance d’une cotisation", "Cotisation 2017", 1),
    ]
    assert pages.rows() == before


def test_what_is_late_is_done_today() -> None:
    make_registration(make_session(registration_deadline=None), now=JANUARY)

    [late] = agenda.coming(now=paris(2017, 4, 11, 22), days=3)

    assert (late.day, late.what) == (date(2017, 4, 11), "convocation")


def test_everything_that_is_due_is_done_once() -> None:
    for day in (12, 13):
        make_registration(make_session(days=(date(2017, 4, day),), registration_deadline=None), now=JANUARY)
    now = paris(2017, 4, 8, 9)

    assert [agenda.run(now=now), agenda.run(now=now)] == [2, 0]


def test_the_page_and_the_command() -> None:
    session = make_session(title="Coopérer", days=(today(10),), registration_deadline=None)
    make_registration(session, now=timezone.now() - timedelta(days=20))
    office = signed_in(make_staff(group=roles.COORDINATION))
    said = StringIO()

    page = office.get(reverse("admin:coming"))
    call_command("agenda", "--days", "8", stdout=said)

    assert f"Coopérer, {session.date_label}\u00a0: convocation" in page.content.decode()
    assert f"convocation (1), Coopérer, {session.date_label}\n" in said.getvalue()
    assert reverse("admin:coming") in office.get(reverse("admin:index")).content.decode()


def test_nobody_else_reads_it() -> None:
    assert signed_in(make_staff(group=roles.TRAINERS)).get(reverse("admin:coming")).status_code == 403
