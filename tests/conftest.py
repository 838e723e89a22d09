"""What every test runs with. `make test` gives the settings their environment: pytest-django reads them before us."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client
from pytest_django import Settings

from caprural import pdf
from sessions_app.models import Trainer
from tests.factories import make_staff, make_trainer
from tests.support.office import signed_in


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What reads no database is run once, with SQLite."""
    if connection.vendor == "postgresql":
        here = [item for item in items if item.get_closest_marker("django_db") or "db" in item.fixturenames]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(here)])
        items[:] = here


@pytest.fixture(autouse=True, scope="session")
def _empty_tables_quickly() -> None:
    """Where tests commit, the tables are emptied after each: PostgreSQL takes a second to truncate them all."""

    def delete(self: BaseDatabaseOperations, _style: object, tables: list[str], **_options: bool) -> list[str]:
        return [f"DELETE FROM {self.quote_name(table)};" for table in tables]  # noqa: S608 (names of our tables)

    if connection.vendor == "postgresql":
        type(connection.ops).sql_flush = delete


@pytest.fixture(autouse=True)
def _test_settings(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SITE_URL = "https://inscriptions.caprural.example"
    pdf._public_documents._printed.clear()


@pytest.fixture
def coordinator(db: None) -> User:
    """Somebody of the coordination."""
    return make_staff(group="Coordination", username="coordination")


@pytest.fixture
def coordination(coordinator: User) -> Client:
    """Her browser."""
    return signed_in(coordinator)


@pytest.fixture
def account(db: None) -> User:
    """The account of a trainer."""
    return make_staff(group="Formateurs", username="formateur")


@pytest.fixture
def me(account: User) -> Trainer:
    """The trainer whose account it is."""
    return make_trainer(user=account, name="Dominique Bernier")


@pytest.fixture
def trainer(account: User) -> Client:
    """Their browser."""
    return signed_in(account)
