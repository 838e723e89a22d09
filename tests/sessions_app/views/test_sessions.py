"""The public pages of the sessions, in each state, and their files.

The views read the real clock, so sessions are dated from today; deadlines to the second are tests of the model.
"""

from datetime import date, time

import pytest
from django.test import Client

from tests.factories import (
    make_session,
    make_trainer,
)
from tests.support import pages
from tests.support.announced import STATES, open_session, registered, session_in, today
from tests.support.visitors import REASONS, form_url

pytestmark = pytest.mark.django_db

LABELS = {
    "open": "Inscriptions ouvertes",
    "full": "Complet – liste d’attente",
    "closed": "Inscriptions closes",
    "postponed": "Reportée",
    "cancelled": "Annulée",
    "under_way": "En cours",
    "past": "Terminée",
}


class TestHome:
    def test_sessions_to_come_then_past_ones(self, client: Client) -> None:
        for title, days in {"Loin": 90, "Bientôt": 10, "Hier": -1, "Jadis": -100}.items():
            make_session(title=title, days=(today(days),), registration_deadline=None)
        make_session(title="Brouillon", status="draft", days=(today(5),), registration_deadline=None)
        make_session(title="Sans date", days=(), registration_deadline=None)
        before = pages.rows()

        response = client.get("/")

        pages.assert_sound(response)
        assert pages.rows() == before
        root = pages.tree(response)
        coming, past = root.findall(".//main//ul[@class]")
        assert [pages.text(title) for title in coming.iterfind(".//h2")] == ["Bientôt", "Loin", "Sans date"]
        assert [pages.text(title) for title in past.iterfind(".//h3")] == ["Hier", "Jadis"]
        assert "sessions_app/home.html" in [used.name for used in response.templates]

    def test_an_announced_session_with_its_date_place_seats_and_state(self, client: Client) -> None:
        session = open_session(title="Animer <ensemble>", days=(date(2096, 4, 12),), max_participants=3)
        registered(session)
        response = client.get("/")
        said = pages.main(response)
        for words in ("jeudi", "12 avril 2096", "Inscriptions ouvertes", "2 places libres sur 3", "Givors (69)"):
            assert words in said
        assert pages.links(pages.tree(response))["Animer <ensemble>"] == f"/sessions/{session.slug}/"

    @pytest.mark.parametrize("state", STATES)
    def test_each_state_has_its_label(self, client: Client, state: str) -> None:
        session_in(state)
        assert LABELS[state] in pages.main(client.get("/"))

    def test_a_cancelled_session_of_yesterday_is_past(self, client: Client) -> None:
        session_in("cancelled", days=(today(-1),))
        assert "Sessions passées" in pages.main(client.get("/"))

    def test_nothing_announced(self, client: Client) -> None:
        response = client.get("/")
        pages.assert_sound(response)
        assert "Aucune session n’est annoncée pour le moment." in pages.main(response)

    def test_methods(self, client: Client) -> None:
        assert (client.head("/").status_code, client.head("/").content) == (200, b"")
        assert client.post("/").status_code == 405


class TestSessionPage:
    @pytest.mark.parametrize("state", STATES)
    def test_says_its_state_and_reason(self, client: Client, state: str) -> None:
        session = session_in(state)
        before = pages.rows()

        response = client.get(f"/sessions/{session.slug}/")

        pages.assert_sound(response)
        assert pages.rows() == before
        root = pages.tree(response)
        essentials = pages.text(pages.one(root, ".//section[@aria-label='L’essentiel']"))
        assert LABELS[state] in essentials
        assert REASONS[state] in essentials
        buttons = {
            "open": {"S’inscrire": form_url(session)},
            "full": {"S’inscrire en liste d’attente": form_url(session)},
        }
        main = pages.one(root, ".//main")
        assert {
            pages.text(link): link.get("href") for link in main.iterfind(".//a") if "btn" in link.get("class", "")
        } == buttons.get(state, {})
        assert ("06 66 46 62 76" in essentials) == (state not in buttons)

    @pytest.mark.parametrize("state", STATES)
    def test_calendar_only_for_a_date_that_holds(self, client: Client, state: str) -> None:
        session = session_in(state)
        links = pages.links(pages.tree(client.get(f"/sessions/{session.slug}/"))).values()
        assert (f"/sessions/{session.slug}/session.ics" in links) == (state not in ("past", "cancelled", "postponed"))
        assert f"/sessions/{session.slug}/fiche.pdf" in links

    def test_unknown(self, client: Client) -> None:
        pages.assert_sound(client.get("/sessions/inconnue/"), status=404)

    def test_draft_says_that_it_is_one_and_whom_to_call(self, client: Client) -> None:
        """R2: not published, and nothing of what it says."""
        session = make_session(status="draft", title="Titre secret", rationale="Texte secret")
        for page in (session.get_absolute_url(), form_url(session)):
            response = client.get(page)
            pages.assert_sound(response, status=404)
            said = pages.main(response)
            assert "Cette session n’est pas encore publiée." in said
            assert "contact@caprural.example" in said
            assert "secret" not in response.content.decode()

    def test_deadline_is_said_both_ways(self, client: Client) -> None:
        """R4."""
        session = make_session()
        said = pages.main(client.get(f"/sessions/{session.slug}/"))
        assert "avant le 5 avril 2017 (jusqu’au mardi 4 avril, 23 h 59)" in said

    def test_several_days_and_an_unknown_end(self, client: Client) -> None:
        session = make_session(days=(date(2097, 5, 2), date(2097, 5, 3)), ends_at=None, starts_at=time(9))
        said = pages.main(client.get(f"/sessions/{session.slug}/"))
        assert "2 jours : jeudi 2 mai 2097 à partir de 9 h" in said
        assert "vendredi 3 mai 2097 à partir de 9 h" in said

    def test_exact_address_is_not_public(self, client: Client) -> None:
        """R1."""
        session = open_session(exact_address="12 rue Secrète")
        for path in ("", "inscription/", "session.ics"):
            assert "Secr" not in client.get(f"/sessions/{session.slug}/{path}").content.decode()

    def test_text_is_never_markup(self, client: Client) -> None:
        session = open_session(
            title="<b>Titre</b>",
            place='"><script>alert(1)</script>',
            rationale="<script>alert(2)</script> **gras** [lien](javascript:alert(3))",
            funders_notice="<img src=x onerror=alert(4)>",
            trainers=(make_trainer(name="<i>Nom</i>"),),
        )
        response = client.get(f"/sessions/{session.slug}/")
        pages.assert_sound(response)
        root = pages.tree(response)
        assert pages.text(pages.one(root, ".//h1")) == "<b>Titre</b>"
        assert pages.text(pages.one(root, ".//main//strong[.='gras']")) == "gras"
        for tag in ("script", "img", "i", "b"):
            assert root.findall(f".//{tag}") == []

    def test_without_contact_place_nor_seats(self, client: Client) -> None:
        session = open_session(
            place="", contact_name="", contact_phone="", contact_email="", max_participants=None, days=()
        )
        response = client.get(f"/sessions/{session.slug}/")
        pages.assert_sound(response)
        said = pages.main(response)
        assert "Date à venir" in said
        assert "Contact" not in said
        assert "None" not in said

    def test_methods(self, client: Client) -> None:
        path = f"/sessions/{open_session().slug}/"
        assert client.head(path).status_code == 200
        assert client.post(path).status_code == 405


class TestSessionDocuments:
    def test_calendar(self, client: Client) -> None:
        response = client.get(f"/sessions/{open_session(slug='animer').slug}/session.ics")
        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert response.headers["Content-Disposition"] == 'attachment; filename="animer.ics"'
        assert response.content.startswith(b"BEGIN:VCALENDAR\r\n")

    def test_flyer(self, client: Client) -> None:
        response = client.get(f"/sessions/{open_session(slug='animer').slug}/fiche.pdf")
        assert response.headers["Content-Type"] == "application/pdf"
        assert response.headers["Content-Disposition"] == 'inline; filename="fiche-animer.pdf"'
        assert response.content.startswith(b"%PDF-")

    @pytest.mark.parametrize("document", ["session.ics", "fiche.pdf"])
    def test_draft_has_none(self, client: Client, document: str) -> None:
        make_session(slug="brouillon", status="draft")
        pages.assert_sound(client.get(f"/sessions/brouillon/{document}"), status=404)
        assert client.post(f"/sessions/brouillon/{document}").status_code == 405


class TestForRobots:
    def test_feed_of_all_published_sessions(self, client: Client) -> None:
        for title, status in {"Animer": "published", "Annuler": "cancelled", "Ébaucher": "draft"}.items():
            open_session(title=title, status=status, exact_address="12 rue Secrète")
        before = pages.rows()
        response = client.get("/sessions.ics")
        assert pages.rows() == before
        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
        calendar = response.content.decode()
        summaries = [line for line in calendar.splitlines() if line.startswith("SUMMARY")]
        assert summaries == ["SUMMARY:Animer", "SUMMARY:Annulée : Annuler"]
        assert "Secr" not in calendar
        assert client.post("/sessions.ics").status_code == 405

    def test_feed_without_session(self, client: Client) -> None:
        assert client.get("/sessions.ics").content.startswith(b"BEGIN:VCALENDAR")
