"""How much visitors may do (R7): scripts are stopped, forty people behind one address never are."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from caprural.limits import LimitReached
from sessions_app import registering
from sessions_app.models import LinkRequest, Registration
from sessions_app.registering import visiting
from tests.factories import NOW, make_candidate, make_session
from tests.support import pages
from tests.support.announced import open_session, registered
from tests.support.traces import messages
from tests.support.visitors import form_url, typed

pytestmark = pytest.mark.django_db

VICTIM = "victime@vallee.example"


class TestTheForm:
    def test_forty_people_behind_one_address(self, client: Client) -> None:
        """Each of whom sends it twice."""
        session = open_session(max_participants=100)
        for number in range(40):
            sent = typed(email=f"agent{number}@office.example")
            assert [client.post(form_url(session), sent).status_code for _ in range(2)] == [302, 302]
        assert session.registrations.count() == 40

    def test_a_script(self, client: Client) -> None:
        session = open_session(max_participants=1000)
        codes = [
            client.post(form_url(session), typed(email=f"x{number}@inventee.example")).status_code
            for number in range(visiting.FORMS_PER_NETWORK + 3)
        ]
        assert codes == [302] * visiting.FORMS_PER_NETWORK + [429] * 3
        assert Registration.objects.count() == visiting.FORMS_PER_NETWORK

    def test_the_form_stays_filled(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(visiting, "FORMS_PER_SESSION", 1)
        session = open_session()
        client.post(form_url(session), typed())
        page = client.post(form_url(session), typed(email="autre@vallee.example", last_name="Martin"))
        pages.assert_sound(page, status=429)
        assert 'value="Martin"' in page.content.decode()
        assert "Recommencez" in pages.main(page)
        assert "M’inscrire" in pages.main(page)


class TestLetters:
    def test_three_a_day_whatever_a_visitor_does(self, client: Client) -> None:
        for session in (open_session(), open_session()):
            client.post(form_url(session), typed(email=VICTIM))
        other = open_session()
        where = client.post(form_url(other), typed(email="autre@vallee.example")).headers["Location"]
        corrected = client.post(where, {"email": VICTIM})
        refused = client.post(form_url(open_session()), typed(email=VICTIM))
        colleague = Registration(first_name="Alex", last_name="Petit", email=VICTIM)
        leaving = registering.register(make_candidate(make_session(), email="part@vallee.example"), now=NOW)
        registering.send_links(VICTIM, now=timezone.now())

        assert (corrected.status_code, refused.status_code) == (302, 429)
        assert leaving is not None
        with pytest.raises(LimitReached):
            registering.replace(leaving, colleague, now=NOW)
        assert len(messages(to=VICTIM)) == visiting.LETTERS_UNPROVED == 3

    def test_more_once_the_address_is_proved(self) -> None:
        first = registering.register(make_candidate(make_session(), email=VICTIM), now=NOW)
        assert first is not None
        registering.confirm_address(first, now=NOW)
        for _ in range(visiting.LETTERS_PROVED - 1):
            registering.register(make_candidate(make_session(), email=VICTIM), now=NOW)
        with pytest.raises(LimitReached):
            registering.register(make_candidate(make_session(), email=VICTIM), now=NOW)
        assert registering.register(make_candidate(make_session(), email=VICTIM), now=NOW + timedelta(days=1))


class TestFinding:
    def test_the_limit_says_nothing_of_what_is_found(self, client: Client) -> None:
        """R11: the same count for an address that is registered, proved or not, and for any other."""
        registering.confirm_address(registered(open_session(), email="connue@a.example"), now=timezone.now())
        find = "/inscriptions/retrouver/"
        for email in ("connue@a.example", "inconnue@a.example"):
            codes = [client.post(find, {"email": email}).status_code for _ in range(visiting.SEARCHES + 1)]
            assert codes == [200] * visiting.SEARCHES + [429]
        assert LinkRequest.objects.count() == 2 * visiting.SEARCHES
