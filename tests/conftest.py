"""Settings of the test run, before Django reads them."""

import os

# Only for what settings derive from it: static files by name, without collectstatic. pytest-django turns DEBUG off.
os.environ["DEBUG"] = "true"
os.environ["SECRET_KEY"] = "tests-only"

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _test_settings(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SITE_URL = "https://inscriptions.caprural.example"
