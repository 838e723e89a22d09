"""What follows from the environment."""

import json
import os
import subprocess
import sys

import pytest

HSTS = ("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD")


@pytest.mark.parametrize(
    ("environment", "hsts"),
    [
        ({"SITE_URL": "http://127.0.0.1"}, [0, False, False]),
        ({"SITE_URL": "https://site.example"}, [31_536_000, False, False]),
        ({"SITE_URL": "https://site.example", "HSTS_PRELOAD": "true"}, [31_536_000, False, True]),
        ({"SITE_URL": "https://site.example", "HSTS_INCLUDE_SUBDOMAINS": "true"}, [31_536_000, True, False]),
    ],
)
def test_hsts_promises_nothing_about_the_rest_of_the_domain_unless_asked(
    environment: dict[str, str], hsts: list[int | bool]
) -> None:
    code = (
        f"import json; from caprural import settings; print(json.dumps([getattr(settings, name) for name in {HSTS}]))"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], env=os.environ | environment)
    assert json.loads(printed) == hsts
