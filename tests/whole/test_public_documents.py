"""The PDFs anybody may ask for: printed once while they say the same, and never a stale one."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
import weasyprint
from django.test import Client

from caprural import pdf
from caprural.house.models import Organisation
from members.models import FeeCampaign, FeeCategory
from sessions_app.models import SessionDay, Trainer, TrainingSession
from tests.factories import make_campaign, make_category, make_trainer
from tests.support.announced import open_session, registered, today
from tests.support.printed import Printed

pytestmark = pytest.mark.django_db

FORM = "/cotisation/bulletin.pdf"


@pytest.fixture
def printings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What WeasyPrint prints during the test."""
    printed: list[str] = []
    write = weasyprint.HTML.write_pdf

    def counted(html: Any, *args: Any, **kwargs: Any) -> bytes:
        printed.append("a document")
        content: bytes = write(html, *args, **kwargs)
        return content

    monkeypatch.setattr(weasyprint.HTML, "write_pdf", counted)
    return printed


@pytest.fixture
def flyer() -> str:
    """A session whose flyer shows all it can."""
    Organisation.objects.create(pk=1, name="Pays & Paysages", phone="0478000000")
    make_category(campaign=make_campaign(year=today().year), label="Commune")
    session = open_session(
        slug="animer", title="Animer", trainers=(make_trainer(name="Zoé Étienne"),), fee_required=True
    )
    return f"{session.get_absolute_url()}fiche.pdf"


def test_asked_for_again_nothing_is_printed_nor_sent(client: Client, printings: list[str], flyer: str) -> None:
    for path in (flyer, FORM):
        printings.clear()
        first, second = client.get(path), client.get(path)
        again = client.get(path, HTTP_IF_NONE_MATCH=first.headers["ETag"])
        assert printings == ["a document"]
        assert first.content == second.content
        assert (again.status_code, again.content) == (304, b"")
        assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "public, no-cache"


def test_seats_change_nothing_to_the_flyer(client: Client, printings: list[str], flyer: str) -> None:
    client.get(flyer)
    registered(TrainingSession.objects.get())
    assert client.get(flyer).status_code == 200
    assert printings == ["a document"]


def test_two_processes_call_one_version_by_one_name(client: Client, printings: list[str], flyer: str) -> None:
    first = client.get(flyer).headers["ETag"]
    pdf._public_documents._printed.clear()
    assert client.get(flyer).headers["ETag"] == first
    assert len(printings) == 2


def test_what_is_kept_is_bounded(
    client: Client, printings: list[str], flyer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(client.get(flyer).content)
    monkeypatch.setattr(pdf._PublicDocuments, "MOST_BYTES", size * 2 + size // 2)
    for number in range(3):
        Organisation.objects.update(name=f"Centre {number}")
        client.get(flyer)
    assert len(pdf._public_documents._printed) == 2


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (lambda: TrainingSession.objects.update(title="Coopérer"), "Coopérer"),
        (lambda: TrainingSession.objects.update(rationale="Comprendre les étapes"), "Comprendre les étapes"),
        (lambda: TrainingSession.objects.update(place="Vogüé"), "Vogüé"),
        (lambda: TrainingSession.objects.update(min_participants=3, max_participants=7), "3 à 7 participants"),
        (lambda: TrainingSession.objects.update(status="cancelled"), "Session annulée"),
        (lambda: TrainingSession.objects.update(contact_name="Alix Bernard"), "Alix Bernard"),
        (lambda: SessionDay.objects.update(starts_at=time(10, 10)), "10 h 10"),
        (lambda: Trainer.objects.update(name="Camille Durand"), "Camille Durand"),
        (lambda: Organisation.objects.update(name="Terres Hautes"), "Terres Hautes"),
    ],
)
def test_a_flyer_is_never_stale(client: Client, flyer: str, change: Callable[[], Any], shown: str) -> None:
    before = client.get(flyer)
    assert shown not in Printed(before.content).text
    change()
    after = client.get(flyer, HTTP_IF_NONE_MATCH=before.headers["ETag"])
    assert shown in Printed(after.content).text


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (lambda: FeeCategory.objects.update(amount=1234), "1 234 €"),
        (lambda: FeeCategory.objects.update(label="Association"), "Association"),
        (lambda: FeeCategory.objects.all().delete(), "pas encore"),
        (lambda: FeeCampaign.objects.update(name="Cotisation nouvelle"), "Cotisation nouvelle"),
        (lambda: Organisation.objects.update(iban="FR7630006000011234567890189"), "FR76 3000 6000"),
    ],
)
def test_a_blank_form_is_never_stale(client: Client, flyer: str, change: Callable[[], Any], shown: str) -> None:
    before = client.get(FORM)
    assert shown not in Printed(before.content).text
    change()
    after = client.get(FORM, HTTP_IF_NONE_MATCH=before.headers["ETag"])
    assert shown in Printed(after.content).text
