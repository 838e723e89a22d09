"""What every test runs with. `make test` gives the settings their environment: pytest-django reads them before us."""

import pytest
from pytest_django import Settings

from caprural import pdf


@pytest.fixture(autouse=True)
def _test_settings(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SITE_URL = "https://inscriptions.caprural.example"
    pdf._public_documents._printed.clear()
