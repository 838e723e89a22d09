"""Signing in to the admin: wrong passwords make one wait, and only the one who typed them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from caprural import limits, signing_in
from caprural.limits.models import Spending
from caprural.typography import NBSP
from sessions_app import roles
from tests.factories import make_staff
from tests.support.pages import one, text, tree

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
QUARTER = timedelta(minutes=15)


@pytest.fixture(autouse=True)
def _account() -> None:
    make_staff(group=roles.COORDINATION, username="camille")


def sign_in(word: str = "mauvais", *, name: str = "camille", **headers: str) -> Any:
    return Client().post(LOGIN, {"username": name, "password": word}, **headers)


def note(page: Any) -> str:
    return text(one(tree(page), ".//p[@class='errornote']"))


def wait(duration: timedelta) -> None:
    """As if that much time had gone by since every failure."""
    for attempt in AccessAttempt.objects.all():
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=attempt.attempt_time - duration)


class TestLockedOut:
    def test_five_wrong_passwords_lock_and_say_until_when(self) -> None:
        assert [sign_in().status_code for _ in range(5)] == [200, 200, 200, 200, 429]
        until = AccessAttempt.objects.get().attempt_time + QUARTER
        page = sign_in("mot-de-passe")
        assert page.status_code == 429
        then = limits.from_then_on(until, timezone.now()).replace(NBSP, " ")
        assert f"Recommencez {then} : il suffit d’attendre" in text(tree(page))
        assert 0 < int(page.headers["Retry-After"]) <= 900

    def test_trying_meanwhile_changes_nothing_and_waiting_is_enough(self) -> None:
        for _ in range(5):
            sign_in()
        wait(QUARTER - timedelta(minutes=1))
        before = AccessAttempt.objects.get().attempt_time
        assert sign_in().status_code == sign_in("mot-de-passe").status_code == 429
        assert AccessAttempt.objects.get().attempt_time == before
        wait(timedelta(minutes=1))
        assert sign_in("mot-de-passe").status_code == 302

    def test_with_several_browsers_until_the_oldest_failures_are_old_enough(self) -> None:
        for browser, failures in (("one", 3), ("two", 2)):
            for _ in range(failures):
                sign_in(HTTP_USER_AGENT=browser)
        AccessAttempt.objects.filter(user_agent="one").update(attempt_time=timezone.now() - timedelta(minutes=10))
        assert 0 < int(sign_in(HTTP_USER_AGENT="three").headers["Retry-After"]) <= 300

    def test_behind_a_proxy_only_the_address_that_failed_is_locked(self, settings: Settings) -> None:
        settings.PROXY_COUNT = 1
        for forged in range(5):
            last = sign_in(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"198.51.100.{forged}, 203.0.113.9")
        assert last.status_code == 429
        assert [attempt.ip_address for attempt in AccessAttempt.objects.all()] == ["203.0.113.9"]
        other = sign_in("mot-de-passe", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.10")
        assert other.status_code == 302


class TestSpraying:
    """One password tried on every name."""

    def test_the_names_of_one_network_are_counted_together(self) -> None:
        for number in range(signing_in.MOST_PER_NETWORK):
            assert sign_in(name=f"name-{number}").status_code == 200
        page = sign_in("mot-de-passe")
        assert re.fullmatch(
            "Trop d’essais de connexion depuis votre réseau : le mot de passe n’a pas été vérifié. "
            r"Recommencez à partir d[eu] .*\d h.*\.",
            note(page),
        )
        assert sign_in("mot-de-passe", REMOTE_ADDR="203.0.113.10").status_code == 302
        Spending.objects.update(until=timezone.now())
        assert sign_in("mot-de-passe").status_code == 302


def test_a_password_has_at_least_twelve_signs() -> None:
    validate_password("abricot-bl72")
    with pytest.raises(ValidationError, match="12"):
        validate_password("abricot-bl7")
