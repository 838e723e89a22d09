"""What holds on every public page: not a word of a fee where none is asked (R17), no needless cookie (R26)."""

import pytest
from django.test import Client

from caprural.mailing.models import Message
from tests.factories import (
    make_staff,
)
from tests.support import pages
from tests.support.announced import open_session, registered
from tests.support.visitors import form_url, private_url, typed

pytestmark = pytest.mark.django_db


class TestWithoutFee:
    """R17: for a session that does not ask for the fee, nothing about fees appears."""

    def test_no_word_of_it(self, client: Client) -> None:
        session = open_session(fee_required=False, max_participants=1)
        holder, waiting = registered(session), registered(session)
        for path in (f"/sessions/{session.slug}/", form_url(session), private_url(holder), private_url(waiting)):
            assert "cotis" not in pages.main(client.get(path)).lower()
        assert "cotis" not in pages.main(client.post(form_url(session), typed(email="x"))).lower()
        for email in Message.objects.all():
            assert "cotis" not in f"{email.subject}{email.text}{email.html}".lower()

    def test_the_same_pages_do_speak_of_it_otherwise(self, client: Client) -> None:
        session = open_session(fee_required=True)
        holder = registered(session)
        for path in (f"/sessions/{session.slug}/", form_url(session), private_url(holder)):
            assert "cotisation" in pages.main(client.get(path))


class TestCookies:
    """R26: no cookie but CSRF's, and the session's for the team and whoever sent a membership form."""

    def test_visitor(self, client: Client) -> None:
        session = open_session(fee_required=True)
        for path in ("/", f"/sessions/{session.slug}/", "/cotisation/", "/mentions-legales/", "/nulle-part/"):
            client.get(path)
            assert client.cookies == {}
        client.get(form_url(session))
        assert set(client.cookies) == {"csrftoken"}
        client.post(form_url(session), typed(), follow=True)
        assert set(client.cookies) == {"csrftoken"}

    def test_team(self, client: Client) -> None:
        user = make_staff(group="Coordination")
        client.post("/admin/login/", {"username": user.username, "password": "mot-de-passe"})
        session = open_session()
        client.post(f"/admin/sessions_app/trainingsession/{session.pk}/attribuer/")  # answers with a message
        assert set(client.cookies) == {"csrftoken", "sessionid"}
        assert "Personne n’attend" in pages.text(pages.tree(client.get("/admin/")))

    @pytest.mark.parametrize("below", ["", "login/", "logout/", "members/membershipfee/enregistrer/"])
    def test_a_stranger_who_sends_to_the_team_fills_no_session(self, below: str) -> None:
        stranger = Client(enforce_csrf_checks=True)
        stranger.post(f"/admin/{below}", {"reference": "VIR 17"})
        assert set(stranger.cookies) <= {"csrftoken"}
