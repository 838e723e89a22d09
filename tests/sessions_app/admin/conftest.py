"""Who opens the admin."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.models import Trainer
from tests.factories import make_staff, make_trainer
from tests.office import signed_in


@pytest.fixture
def coordination() -> Client:
    return signed_in(make_staff(group="Coordination", username="coordination"))


@pytest.fixture
def account() -> User:
    """The account of a trainer."""
    return make_staff(group="Formateurs", username="formateur")


@pytest.fixture
def me(account: User) -> Trainer:
    return make_trainer(user=account, name="Dominique Bernier")


@pytest.fixture
def trainer(account: User) -> Client:
    return signed_in(account)
