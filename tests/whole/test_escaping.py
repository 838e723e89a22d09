"""What people type is escaped once, wherever it is shown: « L'Isle & Cie » never reads « L&#x27;Isle &amp; Cie »."""

import html
import re

import pytest
from django.db import models
from django.template.loader import render_to_string
from django.test import Client

from caprural.mailing.models import Message
from sessions_app.documents import attendance_sheet, flyer
from sessions_app.models import TrainingSession
from tests.factories import make_registration, make_session, make_trainer, paris
from tests.support.printed import Printed

pytestmark = pytest.mark.django_db

TYPED = "L'Isle & <Cie> (69)"
TWICE = re.compile(r"&amp;(?:#x27|#39|amp|lt|gt|quot);")
NOT_PROSE = {"slug", "status"}


@pytest.fixture
def session() -> TrainingSession:
    """A session whose every text holds what HTML escapes."""
    session = make_session(trainers=(make_trainer(name=TYPED, organisation=TYPED, role=TYPED),), days=())
    session.days.create(date="2096-04-12", starts_at="09:30", place=TYPED)
    session.days.create(date="2096-04-13", starts_at="09:30")
    texts = [
        field.name
        for field in TrainingSession._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField) and field.editable and not field.choices
    ]
    values = {name: TYPED for name in texts if name not in NOT_PROSE and "email" not in name and "phone" not in name}
    TrainingSession.objects.update(**values, registration_deadline="2096-04-05")
    return TrainingSession.objects.for_display().get()


@pytest.mark.parametrize("several_days", [False, True])
def test_once_on_every_page_document_and_letter(session: TrainingSession, client: Client, several_days: bool) -> None:
    if not several_days:
        session.days.get(date="2096-04-13").delete()
    registration = make_registration(session, first_name="D'Été", last_name="O'Neil & Fils", organisation=TYPED)
    session = TrainingSession.objects.for_display().get()
    pages = {
        path: client.get(path).content.decode() for path in ("/", *paths(session), registration.get_absolute_url())
    }
    now = paris(2096, 4, 1)
    pages["sheet"] = render_to_string("pdf/attendance_sheet.html", attendance_sheet.context(session, now=now))
    for letter in Message.objects.all():
        pages[letter.subject] = letter.html
        assert html.unescape(letter.text) == letter.text, "a text is not HTML"

    assert {name: found for name, page in pages.items() if (found := TWICE.findall(page))} == {}
    assert all("Isle &amp; &lt;Cie&gt;" in pages[name] for name in ("sheet", "/"))
    assert "– L'Isle & <Cie> (69)" in Printed(flyer.pdf(session)).text


def paths(session: TrainingSession) -> list[str]:
    """The public pages of a session."""
    return [session.get_absolute_url(), f"{session.get_absolute_url()}inscription/"]
