"""A session run from the admin in a real browser: home, board, decision, writing (R5, R22)."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from caprural.house.models import Heartbeat
from caprural.mailing.models import Message
from sessions_app.models import Registration, Trainer, TrainingSession
from tests.browser.conftest import Open
from tests.factories import make_staff, make_trainer
from tests.support.announced import open_session, registered, today
from tests.support.office import signed_in
from tests.support.traces import messages, statuses

ADMIN = "/admin/sessions_app/trainingsession"


@pytest.fixture
def coordinator() -> User:
    Heartbeat.objects.create(worker="serveur", seen_at=timezone.now())
    return make_staff(group="Coordination", username="coordination")


@pytest.fixture
def session() -> TrainingSession:
    """Closed below its minimum, its fees not paid yet; what was written has left."""
    session = open_session(title="Animer un réseau", fee_required=True, max_participants=3)
    for name in ("Zola", "Étienne", "Martin", "Sand"):
        registered(session, last_name=name, phone="06 12 34 56 78")
    TrainingSession.objects.update(registration_deadline=today(), max_participants=10, min_participants=8)
    Message.objects.update(state=Message.State.SENT)
    return session


@pytest.fixture(scope="module")
def accessible() -> Callable[[Page], None]:
    """Fails with what axe-core finds, but for the empty heading that stock Django gives to the lines it adds.

    axe fetches again the style sheets that others import, at an address it makes up: not here.
    """
    axe = Axe()
    options = {"resultTypes": ["violations"], "preload": False, "rules": {"empty-table-header": {"enabled": False}}}

    def check(page: Page) -> None:
        violations = axe.run(page, options=options).response["violations"]
        found = [f"{v['id']}: {', '.join(str(node['target']) for node in v['nodes'])}" for v in violations]
        assert found == [], page.url

    return check


@pytest.fixture(params=[1280, 360], ids=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> int:
    """Of the window."""
    return int(request.param)


@pytest.fixture
def enter(visit: Open) -> Callable[..., Page]:
    """Open a page of the admin as this account."""

    def enter(user: User, path: str, *, width: int = 1280) -> Page:
        page = visit("/robots.txt", width=width)
        cookie = signed_in(user).cookies["sessionid"]
        page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": page.url}])
        page.goto(path)
        return page

    return enter


def test_from_the_home_to_the_decision(
    enter: Callable[..., Page], coordinator: User, session: TrainingSession, accessible: Callable[[Page], None]
) -> None:
    """Five clicks and a date, and everybody knows."""
    page = enter(coordinator, "/admin/")
    accessible(page)
    page.get_by_role("link", name="Animer un réseau").first.click()
    expect(page.get_by_role("heading", name="Une décision est attendue")).to_be_visible()
    page.get_by_role("link", name="Reporter").click()
    page.get_by_label("Nouveau premier jour").fill(today(90).isoformat())
    page.get_by_role("button", name="Prévisualiser").click()
    expect(page.get_by_role("heading", name="4 personnes recevront un message")).to_be_visible()
    accessible(page)
    before = len(messages())
    page.get_by_role("button", name="Reporter la session et prévenir 4 personnes").click()
    expect(page.get_by_text("La session est reportée. 4 personnes reçoivent un message.")).to_be_visible()
    assert session.days.get().date == today(90)
    # The one who waited is told twice: the session moves, and the seat that was free is theirs.
    assert len(messages()) == before + 5


def test_writing_to_those_who_lack_something(
    enter: Callable[..., Page], coordinator: User, session: TrainingSession, accessible: Callable[[Page], None]
) -> None:
    page = enter(coordinator, f"{ADMIN}/{session.pk}/change/")
    page.get_by_role("link", name="Il manque la cotisation (3)").click()
    expect(page.locator("#inscriptions tbody tr:not(.group)")).to_have_count(3)
    page.get_by_role("link", name="Écrire aux personnes à qui il manque la cotisation").click()
    page.get_by_label("Objet").fill("Votre cotisation pour {session}")
    page.get_by_label("Texte").fill("Bonjour {prénom} {nom},\n\nOù en êtes-vous ?\n\nDominique")
    page.get_by_role("button", name="Prévisualiser").click()
    page.locator("summary", has_text="Camille Zola").click()
    expect(page.get_by_text("Bonjour Camille Zola,")).to_be_visible()
    accessible(page)
    page.get_by_label("Texte").fill("Bonjour {prénom} {nom},\n\nOù en est votre structure ?\n\nDominique")
    page.get_by_role("button", name="Prévisualiser à nouveau").click()
    page.get_by_role("button", name="Envoyer à 3 personnes").dblclick()
    expect(page.locator(".messagelist")).to_contain_text("C’est envoyé. 3 personnes reçoivent un message.")
    sent = Message.objects.filter(kind="written").order_by("pk")
    assert [message.about.last_name for message in sent] == ["Étienne", "Martin", "Zola"]
    assert all("Où en est votre structure ?" in message.text for message in sent)


def test_every_page_of_the_coordination(
    enter: Callable[..., Page],
    coordinator: User,
    session: TrainingSession,
    accessible: Callable[[Page], None],
    width: int,
) -> None:
    """Nothing for axe-core to say, nothing that scrolls sideways."""
    long = "Intercommunalités-et-anticonstitutionnellement-" * 3
    person = registered(open_session(), first_name=long[:80], organisation=long, email=f"{'a' * 60}@collines.example")
    Registration.objects.filter(last_name="Zola").update(session=person.session)
    message = Registration.objects.get(last_name="Sand").messages.get()
    Message.objects.filter(pk=message.pk).update(state=Message.State.FAILED)
    page = enter(coordinator, "/admin/", width=width)
    for path in (
        "/admin/",
        f"{ADMIN}/{session.pk}/change/",
        f"{ADMIN}/{session.pk}/change/?manque=cotisation",
        f"{ADMIN}/{person.session_id}/change/",
        f"{ADMIN}/{session.pk}/maintenir/",
        f"{ADMIN}/{session.pk}/reporter/",
        f"{ADMIN}/{session.pk}/annuler/",
        f"{ADMIN}/{session.pk}/ecrire/",
        f"/admin/mailing/message/{message.pk}/renvoyer/",
        f"/admin/sessions_app/registration/{message.about_id}/change/",
        f"/admin/sessions_app/registration/{message.about_id}/prolonger/",
    ):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"


def test_a_trainer_at_home(
    enter: Callable[..., Page], accessible: Callable[[Page], None], width: int, session: TrainingSession
) -> None:
    account = make_staff(group="Formateurs", username="formateur")
    me: Trainer = make_trainer(user=account)
    mine = open_session(title="La mienne", trainers=(me,), fee_required=True)
    registered(mine)
    page = enter(account, "/admin/", width=width)
    accessible(page)
    page.get_by_role("link", name="La mienne").click()
    expect(page.get_by_text("sous réserve")).to_be_visible()
    expect(page.get_by_role("link", name="Annuler la session")).to_have_count(0)
    accessible(page)
    assert statuses(mine)[0][1] == "awaiting_fee"
