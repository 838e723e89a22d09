"""What is kept how long (R25): one person in every table, searched for in the whole database afterwards."""

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from caprural import retention
from caprural.mailing.models import Message
from caprural.retention.policy import NOT_PERSONAL
from members.models import Application, Member, MembershipFee, SpreadsheetImport
from sessions_app import registering, roles
from sessions_app.models import LinkRequest, Registration, TrainingSession
from tests.factories import (
    NOW,
    make_application,
    make_campaign,
    make_candidate,
    make_category,
    make_checked_application,
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

EMAIL, NAME, PHONE = "zoe.inoubliable@collines.example", "Inoubliable", "0699887766"
AFTER = paris(2017, 4, 13, 9)
TYPED = {
    "first_name": "Zoé",
    "last_name": NAME,
    "email": EMAIL,
    "phone": PHONE,
    "organisation": f"Structure {NAME}",
    "job_title": f"Poste {NAME}",
    "accessibility_needs": f"Besoin {NAME}",
    "departure_town": f"Commune {NAME}",
    "message": f"Message {NAME}",
}
IDENTITY = {
    f"sessions_app.Registration.{name}" for name in ("last_name", "email", "name_key", "organisation", "job_title")
}
FEE = {f"members.MembershipFee.{name}" for name in ("note", "reference", "engagement_number")}
MAY_HOLD_WORDS = (
    models.CharField,
    models.TextField,
    models.FileField,
    models.JSONField,
    models.BinaryField,
    models.GenericIPAddressField,
)
MARKS = (NAME.lower(), "inoubliable@", PHONE)


def where() -> set[str]:
    """« model.field » for each place of the database, and each uploaded file, where something of that person can be
    read.
    """
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    return {path.name for path in files if any(mark in f"{path}{path.read_bytes()!r}".lower() for mark in MARKS)} | {
        f"{label}.{field}"
        for label, rows in pages.rows().items()
        for row in rows
        for field, value in row.items()
        if any(mark in str(bytes(value) if isinstance(value, memoryview) else value).lower() for mark in MARKS)
    }


@pytest.fixture
def session() -> TrainingSession:
    return make_session(max_participants=1, fee_required=False)


@pytest.fixture
def everywhere(session: TrainingSession) -> Registration:
    """In every table that knows people, as life puts them there. Returns the registration that holds a seat."""
    seated = make_registration(session, **TYPED)
    other = make_session(max_participants=1)
    make_registration(make_session(), **TYPED)  # handed over to a colleague
    leaving = Registration.objects.latest("pk")
    colleague = make_candidate(leaving.session, first_name="Léa", email="lea@collines.example")
    registering.replace(leaving, colleague, now=NOW)
    make_registration(other)
    make_registration(other, **TYPED)  # waits
    member = make_member(
        kind="person",
        name=f"Zoé {NAME}",
        contact_name=NAME,
        email=EMAIL,
        phone=PHONE,
        address=NAME,
        note=NAME,
        emails=(EMAIL,),
    )
    fee = make_fee(member, category=make_category())
    MembershipFee.objects.filter(pk=fee.pk).update(note=NAME, reference=NAME, engagement_number=NAME)
    application = make_application(
        category=fee.category,
        name=f"Zoé {NAME}",
        email=EMAIL,
        contact_name=NAME,
        phone=PHONE,
        address=NAME,
        emails=(EMAIL,),
    )
    Application.objects.filter(pk=application.pk).update(received_at=NOW)
    SpreadsheetImport.objects.create(
        kind="members",
        file_name=f"{NAME}.csv",
        content=NAME.encode(),
        lines=[NAME],
        created_at=NOW,
        asked_at=NOW,
        status="ready",
    )
    LinkRequest.objects.create(email=EMAIL, asked_at=NOW)
    AccessAttempt.objects.create(username=EMAIL, ip_address="192.0.2.7", failures_since_start=1)
    AccessAttempt.objects.update(attempt_time=NOW)
    Session.objects.create(session_key="a" * 32, session_data=NAME, expire_date=NOW)
    LogEntry.objects.create(
        user=make_staff(group=roles.COORDINATION),
        content_type=ContentType.objects.get_for_model(Registration),
        object_id=str(seated.pk),
        object_repr=str(seated),
        action_flag=CHANGE,
        change_message=f"{EMAIL} ajouté",
        action_time=NOW,
    )
    LogEntry.objects.update(action_time=NOW)
    Member.objects.update(created_at=NOW)
    Message.objects.update(written_at=NOW, state=Message.State.SENT)
    return seated


def test_every_field_that_may_hold_a_word_is_in_the_table() -> None:
    unclassified = []
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label
        named = [line.fields for line in retention.lines() if line.model is model]
        known = NOT_PERSONAL.get(label, set()).union(*named)
        words = [field.name for field in model._meta.concrete_fields if isinstance(field, MAY_HOLD_WORDS)]
        unclassified += [f"{label}.{name}" for name in words if not known & {name, "*"}]

    assert unclassified == []


def left_on(now: datetime) -> set[str]:
    retention.purge(now=now)
    return where()


def test_in_the_order_of_the_table(everywhere: Registration) -> None:
    before = where()
    assert "sessions_app.Registration.accessibility_needs" in before

    on_the_day = left_on(paris(2017, 5, 12, 9))
    assert before - on_the_day == {
        "members.SpreadsheetImport.content",
        "members.SpreadsheetImport.lines",
        "sessions.Session.session_data",
        "sessions_app.LinkRequest.email",
    }
    assert on_the_day - left_on(paris(2017, 5, 13, 9)) == {"sessions_app.Registration.accessibility_needs"}
    assert left_on(paris(2018, 4, 14, 9)) == {
        "admin.LogEntry.change_message",
        "admin.LogEntry.object_repr",
        "members.CoveredPerson.email",
        *(f"members.Member.{field}" for field in ("name", "contact_name", "email", "phone", "address", "note")),
        *FEE,
        "members.Receipt.facts",
        *IDENTITY,
    }


def test_nothing_of_it_is_left_at_the_end(everywhere: Registration) -> None:
    assert left_on(paris(2028, 1, 10, 9)) == set()
    assert Registration.objects.filter(pk=everywhere.pk, status="confirmed", profile=everywhere.profile).exists()


@pytest.mark.parametrize(
    ("notice", "years", "is_kept"),
    [
        ("", 6, False),
        ("Session financée par la Région.", 6, False),
        ("Cofinancé par l’Union européenne.", 6, True),
        ("Fonds FEADER", 6, True),
        ("Fonds FEADER", 10, False),
        ("", 5, True),
    ],
)
def test_proofs(session: TrainingSession, notice: str, years: int, is_kept: bool) -> None:
    TrainingSession.objects.update(funders_notice=notice)
    make_registration(session, **TYPED)
    Message.objects.all().delete()

    assert ("sessions_app.Registration.last_name" in left_on(paris(2017 + years, 4, 15, 9))) is is_kept


def test_a_session_whose_date_is_to_come_keeps_what_it_needs(session: TrainingSession) -> None:
    make_registration(session, **TYPED)
    TrainingSession.objects.update(status="postponed")

    assert "sessions_app.Registration.accessibility_needs" in left_on(paris(2017, 7, 1, 9))


def test_dry_run_writes_nothing(everywhere: Registration) -> None:
    before, said = pages.rows(), StringIO()

    call_command("purge_personal_data", "--dry-run", stdout=said)
    call_command("purge_personal_data", "--dry-run", "--person", EMAIL, stdout=said)

    assert pages.rows() == before
    assert "Besoin d’aménagement (inscription)\u00a0: " in said.getvalue()
    assert "Rien n’a été effacé." in said.getvalue()


def test_what_a_person_asks_to_forget(everywhere: Registration) -> None:
    retention.erase(EMAIL.upper(), now=AFTER)

    assert where() == {
        # The proof that they came, and the accounts.
        *IDENTITY,
        "members.Member.name",
        "members.Receipt.facts",
        *FEE,
        "members.SpreadsheetImport.content",
        "members.SpreadsheetImport.lines",
        "members.SpreadsheetImport.file_name",
        "sessions.Session.session_data",
        "axes.AccessAttempt.username",
    }
    assert retention.erase("personne@ailleurs.example", now=AFTER) == []


def test_nobody_of_a_longer_name_or_address_is_forgotten_with_them(session: TrainingSession) -> None:
    registering.withdraw(
        make_registration(session, first_name="Ana", last_name="Li", email="ana.li@collines.example"),
        now=NOW,
        by=registering.PARTICIPANT,
    )
    make_registration(session, first_name="Diana", last_name="Lignac", email="di-ana.li@collines.example")
    Message.objects.update(state=Message.State.SENT)

    retention.erase("ana.li@collines.example", now=NOW)

    assert [email.to for email in Message.objects.exclude(text="")] == ["di-ana.li@collines.example"]


def test_a_place_in_a_list_that_is_forgotten_serves_the_next_one() -> None:
    day = timezone.localdate() + timedelta(days=60)
    session = make_session(days=(day,), registration_deadline=None, fee_required=True)
    category = make_category(campaign=make_campaign(starts_on=day, ends_on=day), max_people=1)
    make_fee(make_member(emails=(EMAIL, "suivante@collines.example")), category=category)
    following = make_registration(session, now=timezone.now(), email="suivante@collines.example")
    assert following.status == "awaiting_fee"

    retention.erase(EMAIL, now=timezone.now())

    following.refresh_from_db()
    assert following.status == "confirmed"


def test_a_form_that_was_checked_is_no_proof() -> None:
    make_checked_application(category=make_category(), email=EMAIL, contact_name=NAME, name="Pays")

    retention.erase(EMAIL, now=AFTER)

    assert {place for place in where() if not place.startswith("mailing")} == set()


@pytest.mark.parametrize("place", ["confirmed", "waiting"])
def test_whoever_is_expected_is_not_forgotten(session: TrainingSession, place: str) -> None:
    if place == "waiting":
        make_registration(session)
    make_registration(session, **TYPED)
    before = pages.rows()

    with pytest.raises(retention.StillExpected) as refusal:
        retention.erase(EMAIL, now=NOW)

    assert str(refusal.value) == (
        f"Cette personne est inscrite à «\u00a0{session.title}\u00a0»\u00a0: annulez d’abord son inscription."
    )
    assert pages.rows() == before


def test_letters_that_are_still_to_leave_leave(session: TrainingSession) -> None:
    make_registration(session, **TYPED)

    retention.purge(now=paris(2037, 1, 1))

    assert Message.objects.get().to == EMAIL


def test_what_left_once_the_person_was_forgotten_is_forgotten_the_next_day(session: TrainingSession) -> None:
    """They are to be cancelled first, which writes to them: that letter may not have left yet."""
    person = make_registration(session, **TYPED)
    registering.cancel(person, cause=Registration.Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)
    retention.erase(EMAIL, now=NOW)
    Message.objects.to_leave().update(state=Message.State.SENT)

    retention.purge(now=NOW + timedelta(days=1))

    assert where() == set()


def test_once_a_day(session: TrainingSession) -> None:
    make_registration(session, **TYPED)
    late = NOW + timedelta(days=400)

    retention.purge_daily(now=late - timedelta(days=300))
    retention.purge_daily(now=late - timedelta(days=300) + timedelta(hours=23))
    Registration.objects.update(accessibility_needs=NAME)
    retention.purge_daily(now=late - timedelta(days=300) + timedelta(hours=23))
    assert "sessions_app.Registration.accessibility_needs" in where()

    retention.purge_daily(now=late)
    assert "sessions_app.Registration.accessibility_needs" not in where()


def test_the_coordination_forgets_somebody(session: TrainingSession) -> None:
    person = make_registration(session, **TYPED)
    registering.cancel(person, cause=Registration.Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)
    Message.objects.update(state=Message.State.SENT)
    office = signed_in(make_staff(group=roles.COORDINATION))
    address = reverse("admin:forget_person", args=[person.pk])
    before = pages.rows()

    shown = office.get(address)
    assert "Besoin d’aménagement (1)" in shown.content.decode()
    assert pages.rows() == before

    office.post(address)
    assert where() == set()


def test_nobody_is_forgotten_who_is_expected(session: TrainingSession) -> None:
    person = make_registration(make_session(days=(today(9),), registration_deadline=None), now=timezone.now(), **TYPED)
    office = signed_in(make_staff(group=roles.COORDINATION))

    page = office.post(reverse("admin:forget_person", args=[person.pk]), follow=True)

    assert "annulez d’abord son inscription" in page.content.decode()
    assert Registration.objects.get(pk=person.pk).email == EMAIL


def plain(text: str) -> str:
    return " ".join(text.split())


def test_the_page_prints_the_table(client: Client) -> None:
    page = client.get(reverse("privacy"))

    pages.assert_sound(page)
    words = plain(pages.main(page))
    for line in retention.lines():
        assert plain(f"{line.what} {capfirst(line.kept)} {line.why}") in words
    assert f"envoyer un bulletin {settings.SESSION_COOKIE_AGE // 3600} heures" in words
