"""Every address × every role × GET and POST: who gets in, who is told nothing, and that nobody else writes a row.

Complete by construction: the addresses come from the resolver, and one that cannot be filled, or is given to nobody by
the tables below, is a failure.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from caprural.house.models import Heartbeat, Organisation
from caprural.mailing.models import Message
from members.models import MembershipFee, SpreadsheetImport
from sessions_app import roles
from sessions_app.models import Registration, TrainingSession
from tests.factories import (
    make_application,
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_session,
    make_staff,
    make_trainer,
)
from tests.support.office import signed_in

pytestmark = pytest.mark.django_db

# The roles

ANONYMOUS, PARTICIPANT, OTHER_PARTICIPANT = "anonymous", "participant", "other participant"
TRAINER, OTHER_TRAINER, STAFF = "trainer of the session", "other trainer", "staff without group"
COORDINATION, SUPERUSER = "coordination", "superuser"
ROLES = (ANONYMOUS, PARTICIPANT, OTHER_PARTICIPANT, TRAINER, OTHER_TRAINER, STAFF, COORDINATION, SUPERUSER)
EVERYBODY = frozenset(ROLES)
TEAM = frozenset({TRAINER, OTHER_TRAINER, STAFF, COORDINATION, SUPERUSER})
OFFICE = frozenset({COORDINATION, SUPERUSER})
#: Whoever holds the private link: the other participant holds their own, for their own row.
HOLDERS = frozenset({PARTICIPANT, OTHER_PARTICIPANT})

# The tables: who gets in

PUBLIC = frozenset(
    "home archive calendar_feed sitemap session_detail register session_flyer session_calendar find_registration "  # noqa: SIM905
    "logo fee membership_form_blank apply legal_notice privacy accessibility healthz robots admin:login admin:logout "
    "just_registered just_registered_apply application_sent".split()
)
OF_THE_TEAM = frozenset({"admin:index", "admin:jsi18n", "admin:password_change", "admin:password_change_done"})
#: Pages of their own sessions; the lists are open to every trainer, and hold nothing of others.
OF_TRAINERS = frozenset(
    {
        "admin:sessions_app_trainingsession_change",
        "admin:sessions_app_registration_change",
        "admin:attendance_sheet",
        "admin:attendance_sheet_pdf",
    }
)
LISTS_OF_TRAINERS = frozenset(
    {
        "admin:app_list",
        "admin:sessions_app_trainingsession_changelist",
        "admin:sessions_app_registration_changelist",
    }
)
#: There is one organisation, and people are registered from their session: refused whoever asks.
CLOSED = frozenset({"admin:house_organisation_add", "admin:sessions_app_registration_add"})
#: Asked without what they need, these have nothing to answer to whoever may ask.
EMPTY_HANDED = frozenset({"admin:autocomplete", "logo", "just_registered", "just_registered_apply", "application_sent"})
#: « admin/(.*)$ » and the redirections of old addresses.
WITHOUT_NAME = "admin:None"

STOCK = re.compile(r"admin:(?P<model>[a-z_]+_[a-z]+)_(?P<page>changelist|add|change|delete|history|password_change)")
PERMISSION = {"changelist": "view", "history": "view", "change": "view", "add": "add", "delete": "delete"}
SECRETS = ("zoe.premiere@secret.example", "4321", "4 321")


def allowed(name: str) -> frozenset[str]:
    """The roles that get in; the superuser too, except where the product refuses everybody."""
    if name in CLOSED:
        return frozenset()
    if name in PUBLIC:
        return EVERYBODY
    if name in OF_THE_TEAM:
        return TEAM
    if name in OF_TRAINERS:
        return OFFICE | {TRAINER}
    if name in LISTS_OF_TRAINERS:
        return OFFICE | {TRAINER, OTHER_TRAINER}
    if not name.startswith("admin:"):
        return HOLDERS
    if stock := STOCK.fullmatch(name):
        app, _, model = stock["model"].rpartition("_")
        verb = PERMISSION.get(stock["page"], "change")
        is_given = f"{app}.{verb}_{model}" in roles.PERMISSIONS[roles.COORDINATION]
        return OFFICE if is_given else frozenset({SUPERUSER})
    return OFFICE


@dataclass
class Address:
    """One pattern of the resolver."""

    name: str
    model: type[Model] | None
    parameters: list[str]


def addresses(
    resolver: URLResolver, namespace: str = "", model: type[Model] | None = None, above: Sequence[str] = ()
) -> Iterator[Address]:
    """Every address of the site; those of the admin with the model they are about."""
    for pattern in resolver.url_patterns:
        parameters = [*above, *pattern.pattern.regex.groupindex]
        if isinstance(pattern, URLResolver):
            about = re.fullmatch(r"(\w+)/(\w+)/", str(pattern.pattern))
            below = f"{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, below, apps.get_model(*about.groups()) if about else model, parameters)
        else:
            yield Address(f"{namespace}{pattern.name}", model, parameters)


ADDRESSES = [address for address in addresses(get_resolver()) if address.name != WITHOUT_NAME]


class World:
    """Rows of every kind, of two people in two sessions with a trainer each."""

    def __init__(self) -> None:
        today = timezone.localdate()
        campaign = make_campaign(year=today.year, ends_on=date(today.year + 1, 12, 31))
        self.category = make_category(campaign=campaign, label="Structure", amount=4321)
        Organisation.objects.create(pk=1, name="Centre de ressources")
        self.accounts = {
            TRAINER: make_staff(group=roles.TRAINERS),
            OTHER_TRAINER: make_staff(group=roles.TRAINERS),
            STAFF: User.objects.create_user("sans-groupe", is_staff=True),
            COORDINATION: make_staff(group=roles.COORDINATION),
            SUPERUSER: User.objects.create_superuser("tout"),
        }
        self.mine = self.their_own(TRAINER, "zoe.premiere@secret.example", today)
        self.other = self.their_own(OTHER_TRAINER, "yves.second@autre.example", today)

    def their_own(self, trainer: str, email: str, today: date) -> dict[str, Any]:
        """What one person has: a registration, a payer with its fee, letters, an on-line form, files."""
        now = timezone.now()
        session = make_session(
            days=(today + timedelta(40),),
            registration_deadline=today + timedelta(20),
            fee_required=True,
            trainers=(make_trainer(user=self.accounts[trainer]),),
        )
        registration = make_registration(session, email=email, now=now)
        member = make_member(emails=(f"paye.{email}",), email=f"tresor.{email}")
        fee = make_fee(member, category=self.category, now=now)
        application = make_application(category=self.category, email=email, emails=(email,), now=now)
        document = session.documents.create(title="Plan", file=ContentFile(b"%PDF-1.4", name="plan.pdf"))
        rows: dict[type[Model], Model] = {
            model: row
            for row in (session, registration, member, fee, application, self.category, campaign_of(fee))
            for model in (type(row),)
        }
        letter = registration.messages.all().first()
        fee_letter = fee.messages.all().first()
        return {
            "rows": rows,
            "registration": registration,
            "application": application,
            "fee": fee,
            "document": document,
            "letter": letter,
            "fee_letter": fee_letter,
            "receipt": fee.receipts.first(),
        }

    def row(self, model: type[Model], own: dict[str, Any]) -> Model:
        """A row of that model, of that person where it is someone's."""
        if model in own["rows"]:
            return own["rows"][model]
        extra: dict[type[Model], Callable[[], Model | None]] = {
            Message: lambda: own["letter"],
            Group: lambda: Group.objects.get(name=roles.TRAINERS),
            User: lambda: self.accounts[STAFF],
            Organisation: lambda: Organisation.objects.get(),
            Heartbeat: lambda: Heartbeat.objects.get_or_create(worker="w", defaults={"seen_at": timezone.now()})[0],
            SpreadsheetImport: lambda: SpreadsheetImport.objects.first() or a_file(self.accounts[COORDINATION]),
            apps.get_model("sessions_app.Trainer"): lambda: own["rows"][TrainingSession].session_trainers.get().trainer,
            apps.get_model("members.Receipt"): lambda: own["receipt"],
        }
        row = extra[model]() if model in extra else model._default_manager.first()
        assert row is not None, f"no row of {model.__name__} to fill an address with"
        return row

    def token(self, name: str, own: dict[str, Any]) -> str:
        """The private link of one person's row behind that address."""
        if name.startswith("registration_"):
            return own["registration"].token
        if name.startswith("application_"):
            return own["application"].token
        return own["receipt"].token if name.startswith("receipt") else own["fee"].token

    def path(self, address: Address, role: str) -> str:
        """The address filled for a role: everybody aims at the first person, with a link they do not have."""
        own = self.other if role == OTHER_PARTICIPANT else self.mine
        values: dict[str, Any] = {}
        for name in address.parameters:
            values[name] = self.value(address, name, own, is_holder=role in HOLDERS)
        return reverse(address.name, kwargs=values)

    def value(self, address: Address, name: str, own: dict[str, Any], *, is_holder: bool) -> Any:
        """What fills one parameter of an address."""
        if name == "token":
            return self.token(address.name, own) if is_holder else "A" * 32
        if name == "slug":
            return own["rows"][TrainingSession].slug
        if address.name == "registration_document":
            return own["document"].pk
        if name in ("pk", "object_id", "id"):
            assert address.model is not None, f"{address.name}: what row is « {name} »?"
            return self.row(address.model, own).pk
        fixed = {
            "message_pk": lambda: (own["fee_letter"] if "fee" in address.name else own["letter"]).pk,
            "other_pk": lambda: self.other["rows"][apps.get_model("members.Member")].pk,
            "index": lambda: 0,
            "kind": lambda: "members",
            "extension": lambda: "csv",
            "part": lambda: "refusees",
            "handle": lambda: "celui-d-un-autre-navigateur",
            "app_label": lambda: "sessions_app",
            "year": lambda: timezone.localdate().year - 1,
            "annee": lambda: timezone.localdate().year - 1,
        }
        assert name in fixed, f"{address.name}: nothing fills « {name} »; say it here"
        return fixed[name]()


def campaign_of(fee: MembershipFee) -> Model:
    """The campaign a fee belongs to."""
    return fee.campaign


def a_file(user: User) -> SpreadsheetImport:
    """A spreadsheet somebody sent."""
    return SpreadsheetImport.objects.create(
        kind=SpreadsheetImport.Kind.MEMBERS,
        file_name="cotisants.csv",
        content=b"nom\nMairie\n",
        status=SpreadsheetImport.Status.READY,
        created_by=user,
        created_at=timezone.now(),
        asked_at=timezone.now(),
    )


@pytest.fixture
def world(settings: Settings, tmp_path: Path) -> World:
    settings.MEDIA_ROOT = tmp_path
    return World()


@contextmanager
def watched() -> Iterator[list[str]]:
    """The statements that write a row inside the block; not those of signing in and of counting tries."""
    written: list[str] = []

    def watch(execute: Any, sql: str, *arguments: Any) -> Any:
        is_ours = not re.search(r"\b(django_session|axes_\w+|limits_\w+)\b", sql)
        if re.match(r"\s*(INSERT|UPDATE|DELETE)\b", sql, re.IGNORECASE) and is_ours:
            written.append(sql[:90])
        return execute(sql, *arguments)

    with connection.execute_wrapper(watch):
        yield written


def is_refused(response: HttpResponse) -> bool:
    """Turned away: not there, not allowed, or asked to sign in."""
    if response.status_code == 302:
        return "/admin/login/" in response.headers["Location"]
    return response.status_code in (403, 404, 405)


def says_why(name: str, role: str, response: HttpResponse) -> bool:
    """Sent back with a sentence: what holds a row that cannot be deleted is said to whoever reads it."""
    return name.endswith("_delete") and role in OFFICE and response.status_code == 302


def body(response: HttpResponse) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return f"{response.headers.get('Location', '')}\n{content.decode(errors='ignore')}"


def client_of(role: str, world: World) -> Client:
    account = world.accounts.get(role)
    return signed_in(account) if account else Client()


def visit(client: Client, path: str, method: str) -> tuple[HttpResponse, list[str], str]:
    """What one request answers and writes, undone."""
    with transaction.atomic(), watched() as written:
        response = client.get(path) if method == "GET" else client.post(path, {})
        text = body(response)
        transaction.set_rollback(True)
    return response, list(written), text


@pytest.mark.ignore_template_errors  # stock pages of accounts
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("role", ROLES)
def test_every_address(world: World, role: str, method: str) -> None:
    client = client_of(role, world)
    private = world.mine["registration"].token
    wrong: dict[str, str] = {}
    for address in ADDRESSES:
        name = address.name
        path = world.path(address, role)
        response, written, text = visit(client_of(role, world) if name == "admin:logout" else client, path, method)
        may = role in allowed(name)
        if response.status_code >= 500:
            wrong[name] = f"{response.status_code}"
        elif method == "GET" and written and name != "admin:logout":
            wrong[name] = f"GET writes: {written}"
        elif not may and not is_refused(response) and not says_why(name, role, response):
            wrong[name] = f"lets in: {response.status_code}"
        elif not may and written:
            wrong[name] = f"refuses and writes: {written}"
        elif may and method == "GET" and is_refused(response) and name not in REFUSES_GET and role != SUPERUSER:
            wrong[name] = f"refuses whom it should let in: {response.status_code}"
        elif role == OTHER_TRAINER and name in OF_TRAINERS and response.status_code != 404:
            wrong[name] = f"someone else's session is a 404, not {response.status_code}"
        elif role not in (PARTICIPANT, COORDINATION, SUPERUSER) and private in text:
            wrong[name] = "gives a private link away"
        elif role not in (*OFFICE, PARTICIPANT, TRAINER) and SECRETS[0] in text:
            wrong[name] = "tells someone's address"
        elif role in (TRAINER, OTHER_TRAINER) and name not in PUBLIC and any(amount in text for amount in SECRETS[1:]):
            wrong[name] = "tells an amount to a trainer"

    assert wrong == {}


#: Whoever may do it does it by POST, or needs more than its address.
REFUSES_GET = frozenset({"admin:logout", "admin:assign_next_seat", *EMPTY_HANDED})


def test_the_tables_name_addresses_that_exist() -> None:
    named = CLOSED | PUBLIC | OF_THE_TEAM | OF_TRAINERS | LISTS_OF_TRAINERS | REFUSES_GET

    assert sorted(named - {address.name for address in ADDRESSES}) == []


def test_no_stock_door_leads_to_a_private_page(world: World) -> None:
    """« Voir sur le site » asked no permission and led to anybody's private page."""
    kind = ContentType.objects.get_for_model(Registration)
    for role in TEAM:
        response = client_of(role, world).get(f"/admin/r/{kind.pk}/{world.mine['registration'].pk}/")

        assert response.status_code == 404
