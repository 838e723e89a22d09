"""The public pages of the sessions, in each state, and what the registration form does with what is sent.

The views read the real clock, so sessions are dated from today; deadlines to the second are tests of the model.
"""

import re
from datetime import date, time
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from caprural.house.models import Organisation
from caprural.mailing.models import Message
from members.models import MembershipFee
from sessions_app import registering
from sessions_app.models import Registration, SessionDocument, StatusChange, TrainingSession
from tests import pages
from tests.announced import STATES, open_session, registered, session_in, today
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_session,
    make_staff,
    make_trainer,
)

pytestmark = pytest.mark.django_db

Status = Registration.Status
REASONS = {
    "open": "Il reste 10 places sur 10.",
    "full": "Toutes les places sont prises.",
    "closed": "Les inscriptions sont closes depuis",
    "postponed": "Cette session est reportée",
    "cancelled": "Cette session est annulée.",
    "under_way": "Cette session a commencé : il n’est plus possible de s’inscrire.",
    "past": "Cette session a eu lieu.",
}
LABELS = {
    "open": "Inscriptions ouvertes",
    "full": "Complet – liste d’attente",
    "closed": "Inscriptions closes",
    "postponed": "Reportée",
    "cancelled": "Annulée",
    "under_way": "En cours",
    "past": "Terminée",
}


def form_url(session: TrainingSession) -> str:
    return f"/sessions/{session.slug}/inscription/"


def private_url(registration: Registration) -> str:
    return f"/inscriptions/{registration.token}/"


def typed(**fields: str) -> dict[str, str]:
    """What a person types, every field filled."""
    return {
        "submission_key": str(uuid4()),
        "first_name": "Anaïs",
        "last_name": "d’Oña-Lévêque",
        "email": "Anais.Leveque@Vallee.example",
        "phone": "06 12 34 56 78",
        "organisation": "Syndicat mixte « Vallée & Monts »",
        "job_title": "Chargée de projets",
        "profile": "project_manager",
        "accessibility_needs": "Une place assise\r\nprès de l’écran",
        "carpool": "on",
        "departure_town": "Saint-Étienne",
        "message": "À bientôt 👩‍🌾 !",
        **fields,
    }


def values(response: Any) -> dict[str, str]:
    """What each field of the form holds, as the browser would send it again."""
    form = pages.one(pages.tree(response), ".//main//form")
    found = {}
    for field in form.iter():
        name = field.get("name")
        if name is None:
            continue
        if field.tag == "textarea":
            # A browser sends every line break as two characters.
            found[name] = (field.text or "").replace("\n", "\r\n")
        elif field.tag == "select":
            found[name] = next((option.get("value", "") for option in field if "selected" in option.attrib), "")
        elif field.get("type") == "checkbox":
            found[name] = "on" if "checked" in field.attrib else ""
        else:
            found[name] = field.get("value", "")
    del found["csrfmiddlewaretoken"]
    return found


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

    def test_sitemap_lists_public_pages_only(self, client: Client) -> None:
        open_session(slug="animer")
        make_session(slug="brouillon", status="draft")
        registered(open_session(slug="reunir"))
        response = client.get("/sitemap.xml")
        assert response.headers["Content-Type"] == "application/xml"
        paths = re.findall(r"<loc>https?://testserver(/[^<]*)</loc>", response.content.decode())
        assert sorted(paths) == [
            "/",
            "/accessibilite/",
            "/cotisation/",
            "/donnees-personnelles/",
            "/mentions-legales/",
            "/sessions/animer/",
            "/sessions/reunir/",
        ]


class TestForm:
    def test_the_fee_is_that_of_the_day(self, client: Client) -> None:
        """I1: from a session, the campaign that covers its day."""
        session = open_session(fee_required=True)
        for path in (session.get_absolute_url(), form_url(session)):
            found = pages.links(pages.tree(client.get(path)))
            assert found["cotisation annuelle"] == f"/cotisation/?le={today(60)}", path

    def test_open(self, client: Client) -> None:
        session = open_session(title="Animer")
        before = pages.rows()

        response = client.get(form_url(session))

        pages.assert_sound(response)
        assert pages.rows() == before
        assert "no-store" in response.headers["Cache-Control"]
        assert "sessions_app/register.html" in [used.name for used in response.templates]
        root = pages.tree(response)
        assert pages.text(pages.one(root, ".//h1")) == "Inscription"
        form = pages.one(root, ".//main//form")
        assert form.get("method") == "post"
        assert "action" not in form.attrib
        assert pages.text(pages.one(form, ".//button")) == "M’inscrire"
        assert "Données personnelles" in pages.text(form)

    def test_every_field_has_its_label_and_says_whether_it_is_required(self, client: Client) -> None:
        form = pages.one(pages.tree(client.get(form_url(open_session()))), ".//main//form")
        labels = {label.get("for"): pages.text(label) for label in form.iterfind(".//label")}
        fields = {
            field.get("name"): (labels[field.get("id", "")], "required" in field.attrib)
            for field in form.iter()
            if field.tag in ("input", "select", "textarea") and field.get("type") != "hidden"
        }
        assert list(fields) == [
            "first_name",
            "last_name",
            "email",
            "phone",
            "organisation",
            "job_title",
            "profile",
            "accessibility_needs",
            "carpool",
            "departure_town",
            "message",
        ]
        assert fields["first_name"] == ("Prénom*", True)
        assert fields["organisation"] == ("Structure*", True)
        assert fields["job_title"] == ("Fonction*", True)
        assert {name for name, (_, is_required) in fields.items() if not is_required} == {
            "phone",
            "accessibility_needs",
            "carpool",
            "departure_town",
            "message",
        }

    def test_profiles(self, client: Client) -> None:
        select = pages.one(pages.tree(client.get(form_url(open_session()))), ".//select[@name='profile']")
        assert [pages.text(option) for option in select] == [
            "Choisissez…",
            "agent de développement",
            "technicien",
            "responsable de projet",
            "membre d’un groupement",
            "autre",
        ]

    def test_each_rendering_has_its_own_key(self, client: Client) -> None:
        session = open_session()
        keys = {values(client.get(form_url(session)))["submission_key"] for _ in range(3)}
        assert len(keys) == 3

    def test_full(self, client: Client) -> None:
        response = client.get(form_url(session_in("full")))
        pages.assert_sound(response)
        root = pages.tree(response)
        assert pages.text(pages.one(root, ".//h1")) == "Inscription en liste d’attente"
        assert pages.text(pages.one(root, ".//main//form//button")) == "M’inscrire en liste d’attente"

    @pytest.mark.parametrize("state", [state for state in STATES if state not in ("open", "full")])
    def test_no_longer_possible(self, client: Client, state: str) -> None:
        response = client.get(form_url(session_in(state)))
        pages.assert_sound(response)
        root = pages.tree(response)
        assert root.findall(".//main//form") == []
        said = pages.text(pages.one(root, ".//*[@role='alert']"))
        assert REASONS[state] in said
        assert "06 66 46 62 76" in said

    def test_unknown(self, client: Client) -> None:
        pages.assert_sound(client.get("/sessions/inconnue/inscription/"), status=404)
        pages.assert_sound(client.post("/sessions/inconnue/inscription/", typed()), status=404)

    def test_made_a_draft_again_while_someone_was_typing(self, client: Client) -> None:
        session = make_session(status="draft")
        response = client.post(form_url(session), typed(last_name="Martin"))
        pages.assert_sound(response, status=409)
        assert "Cette session n’est pas encore publiée." in pages.main(response)
        assert 'value="Martin"' in response.content.decode()
        assert Registration.objects.count() == 0

    def test_methods(self, client: Client) -> None:
        session = open_session()
        assert client.head(form_url(session)).status_code == 200
        for method in (client.put, client.patch, client.delete, client.options, client.trace):
            assert method(form_url(session)).status_code == 405


class TestAccepted:
    def test_confirmed(self, client: Client) -> None:
        session = open_session()

        response = client.post(form_url(session), typed())

        registration = Registration.objects.get()
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/inscriptions/votre-inscription/")
        assert "no-store" in response.headers["Cache-Control"]
        assert (registration.session, registration.status) == (session, Status.CONFIRMED)
        assert {name: getattr(registration, name) for name in typed() if name != "submission_key"} == {
            "first_name": "Anaïs",
            "last_name": "d’Oña-Lévêque",
            "email": "anais.leveque@vallee.example",
            "phone": "06 12 34 56 78",
            "organisation": "Syndicat mixte « Vallée & Monts »",
            "job_title": "Chargée de projets",
            "profile": "project_manager",
            "accessibility_needs": "Une place assise\r\nprès de l’écran",
            "carpool": True,
            "departure_town": "Saint-Étienne",
            "message": "À bientôt 👩‍🌾 !",
        }
        assert [email.to for email in Message.objects.all()] == ["anais.leveque@vallee.example"]

    def test_only_what_is_required(self, client: Client) -> None:
        optional = ("phone", "accessibility_needs", "carpool", "departure_town", "message", "submission_key")
        client.post(form_url(open_session()), {name: value for name, value in typed().items() if name not in optional})
        assert Registration.objects.get().carpool is False

    def test_up_to_date_by_address_and_by_domain(self, client: Client) -> None:
        """R7, R14."""
        session = open_session(fee_required=True)
        year = today(60).year
        campaign = make_campaign(year=year)
        for member in (make_member(emails=("a@un.example",)), make_member(domains=("deux.example",))):
            make_fee(member, category=make_category(campaign=campaign), status=MembershipFee.Status.PAID)
        for email in ("A@un.example", "b@DEUX.example", "c@trois.example"):
            client.post(form_url(session), typed(email=email))
        assert list(Registration.objects.order_by("pk").values_list("email", "status")) == [
            ("a@un.example", Status.CONFIRMED),
            ("b@deux.example", Status.CONFIRMED),
            ("c@trois.example", Status.AWAITING_FEE),
        ]

    def test_waiting(self, client: Client) -> None:
        session = session_in("full")
        for email in ("onze@a.example", "douze@a.example"):
            response = client.post(form_url(session), typed(email=email), follow=True)
        assert "Vous êtes en liste d’attente, au rang 2" in pages.main(response)

    def test_the_same_form_sent_twice_is_one_registration(self, client: Client) -> None:
        session = open_session()
        sent = typed()
        first, second = (client.post(form_url(session), sent) for _ in range(2))
        assert first.headers["Location"] == second.headers["Location"]
        assert Registration.objects.count() == Message.objects.count() == 1

    def test_the_same_form_is_known_though_the_address_was_corrected(self, client: Client) -> None:
        """B2: browser Back, twice, then send."""
        session = open_session()
        sent = typed()
        location = client.post(form_url(session), sent).headers["Location"]
        client.post(location, {"email": "corrigee@vallee.example"})
        assert client.post(form_url(session), sent).headers["Location"] == location
        assert [row.email for row in Registration.objects.all()] == ["corrigee@vallee.example"]

    @pytest.mark.parametrize("spaces", ["", " "])
    def test_the_same_key_with_other_contents_is_another_form(self, client: Client, spaces: str) -> None:
        """B2: Back, another person typed over the first, same hidden key."""
        session = open_session()
        sent = typed()
        first = client.post(form_url(session), sent)
        same = client.post(form_url(session), {**sent, "first_name": f"{spaces}{sent['first_name']}{spaces}"})
        assert same.headers["Location"] == first.headers["Location"]

        other = client.post(form_url(session), {**sent, "first_name": "Paul", "email": "paul@vallee.example"})

        assert other.headers["Location"] != first.headers["Location"]
        assert [row.first_name for row in Registration.objects.order_by("pk")] == [sent["first_name"], "Paul"]

    def test_another_person_at_the_same_address(self, client: Client) -> None:
        """B2, B3: never the page of whoever is there already; what to do is on the screen and in the letter."""
        session = open_session()
        sent = typed()
        client.post(form_url(session), sent)
        [there] = Registration.objects.all()

        response = client.post(form_url(session), {**sent, "first_name": "Paul"})

        pages.assert_sound(response)
        said = pages.main(response)
        assert said.startswith("Cette adresse est déjà inscrite")
        assert "Vous inscrivez une autre personne" in said
        assert "06 66 46 62 76" in said
        assert there.full_name not in said
        assert there.token not in response.content.decode()
        assert Registration.objects.count() == 1
        letter = Message.objects.latest("pk")
        assert "Vous vouliez inscrire une autre personne" in letter.text
        assert there.token in letter.text

    def test_the_form_for_that_other_person_has_what_they_share(self, client: Client) -> None:
        """R7: no name, and no address either, of which the form makes one registration only."""
        session = open_session()
        sent = typed(phone="04 78 00 00 00")
        client.post(form_url(session), sent)
        asked = {
            field.get("name"): field.get("value", "")
            for field in pages.tree(
                client.post(form_url(session), {**sent, "first_name": "Paul", "organisation": "Val"})
            ).findall(".//main//input")
        }

        page = client.post(form_url(session), {**asked, "pour_un_autre": ""})

        assert page.status_code == 200
        shown = {name: page.context["form"][name].value() for name in ("organisation", "phone", "email", "last_name")}
        assert shown == {"organisation": "Val", "phone": "04 78 00 00 00", "email": None, "last_name": None}
        assert "Cette adresse est déjà inscrite" not in pages.main(page)
        assert Registration.objects.count() == 1

    def test_again_after_a_cancellation(self, client: Client) -> None:
        session = open_session()
        client.post(form_url(session), typed())
        first = Registration.objects.get()
        registering.cancel(first, cause=Registration.Cause.PARTICIPANT, now=timezone.now(), by=registering.PARTICIPANT)
        response = client.post(form_url(session), typed(), follow=True)
        assert Registration.objects.count() == 2
        assert "Vous avez une place" in pages.main(response)


class TestInvalid:
    WRONG = {
        "first_name": "Anaïs\tB",
        "last_name": "<script>alert(1)</script>",
        "email": "anais@",
        "phone": "douze",
        "organisation": "",
        "job_title": "x" * 121,
        "profile": "pirate",
        "accessibility_needs": "x" * 1001,
        "departure_town": "Saint\u202eÉtienne",
        "message": "x" * 2001,
    }

    def test_everything_wrong_at_once(self, client: Client) -> None:
        session = open_session()
        sent = typed(**self.WRONG)
        before = pages.rows()

        response = client.post(form_url(session), sent)

        pages.assert_sound(response, status=422)
        assert pages.rows() == before
        root = pages.tree(response)
        assert pages.text(pages.one(root, ".//title")).startswith("À corriger – ")
        summary = pages.one(root, ".//main//*[@role='alert']")
        assert pages.text(pages.one(summary, ".//h2")) == "Il reste 10 points à corriger"
        assert list(pages.links(summary).values()) == [f"#id_{name}" for name in self.WRONG]
        for name in self.WRONG:
            field = pages.by_id(root, f"id_{name}")
            assert field.get("aria-invalid") == "true"
            beside = " ".join(pages.text(pages.by_id(root, part)) for part in field.attrib["aria-describedby"].split())
            [line] = [item for item in summary.iterfind(".//li") if item.find(f".//a[@href='#id_{name}']") is not None]
            message = pages.text(line).partition(" : ")[2]
            assert message
            assert message in beside
        kept = values(response)
        # A list has no place for what it did not offer; everything else is still there.
        assert {name: value for name, value in sent.items() if kept[name] != value} == {"profile": "pirate"}

    def test_the_summary_comes_first(self, client: Client) -> None:
        main = pages.one(pages.tree(client.post(form_url(open_session()), typed(email=""))), ".//main")
        order = [element for element in main.iter() if element.tag == "form" or element.get("role") == "alert"]
        assert [element.tag == "form" for element in order] == [False, True]

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("first_name", "", "Ce champ est obligatoire."),
            ("last_name", "a@b.fr", "Saisissez un nom, sans adresse ni signe < > @ ou /."),
            (
                "email",
                "a@b.fr, c@d.fr",
                "Il y a ici plusieurs adresses, « a@b.fr » et « c@d.fr » : gardez-en une seule.",
            ),
            (
                "email",
                "hélène@struct1.example",
                "Cette adresse porte « é » et « è » avant l’arobase, où aucun accent n’est possible : "
                "est-ce « helene@struct1.example » ?",
            ),
            ("email", "alix @a.example", "Cette adresse contient un espace : est-ce « alix@a.example » ?"),
            (
                "organisation",
                "Gratuit: https://evil.example",
                "N’écrivez pas ici d’adresse de site : retirez « https://evil.example ».",
            ),
            ("job_title", "www.evil.example", "N’écrivez pas ici d’adresse de site : retirez « www.evil.example »."),
            ("phone", "12", "Saisissez un numéro de téléphone en chiffres, par exemple 06 12 34 56 78."),
            ("organisation", "Pays\nBcc: tous@example.org", "Écrivez ce texte sur une seule ligne."),
            ("message", "a\u200bb", "Votre saisie contient un caractère invisible : effacez-la et retapez-la."),
        ],
    )
    def test_one_thing_wrong(self, client: Client, name: str, value: str, message: str) -> None:
        response = client.post(form_url(open_session()), typed(**{name: value}))
        assert response.status_code == 422
        summary = pages.one(pages.tree(response), ".//main//*[@role='alert']")
        assert pages.text(pages.one(summary, ".//h2")) == "Il reste 1 point à corriger"
        assert message in pages.text(summary)

    def test_nothing_at_all(self, client: Client) -> None:
        pages.assert_sound(client.post(form_url(open_session())), status=422)

    def test_the_key_survives_a_correction(self, client: Client) -> None:
        sent = typed(email="non")
        assert values(client.post(form_url(open_session()), sent))["submission_key"] == sent["submission_key"]


class TestRefused:
    @pytest.mark.parametrize("state", [state for state in STATES if state not in ("open", "full")])
    def test_keeps_what_was_typed_and_says_why(self, client: Client, state: str) -> None:
        """R4: open when the page was read, no longer when the form is sent."""
        session = session_in(state)
        sent = typed()
        before = pages.rows()

        response = client.post(form_url(session), sent)

        pages.assert_sound(response, status=409)
        assert pages.rows() == before
        assert values(response) == sent
        root = pages.tree(response)
        said = pages.text(pages.one(root, ".//*[@role='alert']"))
        assert "Votre inscription n’a pas été enregistrée" in said
        assert REASONS[state] in said
        assert "06 66 46 62 76" in said
        assert root.findall(".//main//button") == []


class TestDuplicate:
    @pytest.mark.parametrize("email", ["deja@la.example", " DEJA@LA.example "])
    def test_reveals_nothing_and_writes_to_the_person(self, client: Client, email: str) -> None:
        """R7."""
        session = open_session()
        first = registered(session, email="deja@la.example", first_name="Ursuline", organisation="Maison Verte")
        Message.objects.all().delete()
        kept = list(Registration.objects.values("pk", "status", "first_name", "token"))

        response = client.post(form_url(session), typed(email=email))

        pages.assert_sound(response)
        assert "sessions_app/link_sent.html" in [used.name for used in response.templates]
        page = response.content.decode()
        for secret in (first.token, "Ursuline", "Maison Verte", first.last_name, "confirmée"):
            assert secret not in page
        assert list(Registration.objects.values("pk", "status", "first_name", "token")) == kept
        assert StatusChange.objects.count() == 1
        [message] = Message.objects.all()
        assert message.to == "deja@la.example"
        assert first.token in message.text

    def test_the_answer_is_the_same_whatever_the_status(self, client: Client) -> None:
        session = open_session(max_participants=1)
        registered(session, email="confirmee@la.example")
        registered(session, email="attente@la.example")
        answers = {
            re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", page.content.decode().replace(who, ""))
            for who in ("confirmee", "attente")
            for page in [client.post(form_url(session), typed(email=f"{who}@la.example"))]
        }
        assert len(answers) == 1

    def test_the_link_is_not_sent_at_every_click(self, client: Client) -> None:
        session = open_session()
        registered(session, email="deja@la.example")
        for _ in range(3):
            client.post(form_url(session), typed(email="deja@la.example"))
        assert Message.objects.filter(to="deja@la.example").count() == 2

    def test_another_session_is_another_registration(self, client: Client) -> None:
        registered(open_session(), email="deja@la.example")
        assert client.post(form_url(open_session()), typed(email="deja@la.example")).status_code == 302


class TestPrivatePage:
    def test_confirmed(self, client: Client) -> None:
        session = open_session(title="Animer")
        registration = registered(session)
        before = pages.rows()

        response = client.get(private_url(registration))

        pages.assert_sound(response)
        assert pages.rows() == before
        assert "no-store" in response.headers["Cache-Control"]
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert set(response.cookies) == {"csrftoken"}, "for the button that proves the address"
        root = pages.tree(response)
        assert pages.one(root, ".//meta[@name='robots']").get("content") == "noindex"
        assert pages.text(pages.one(root, ".//h1")) == "Vous avez une place"
        said = pages.main(response)
        for words in (registration.full_name, registration.email, "Pays des Collines", "Animer", "06 66 46 62 76"):
            assert words in said
        assert pages.links(root)["Ajouter à mon agenda"] == f"{private_url(registration)}session.ics"

    def test_awaiting_fee(self, client: Client) -> None:
        """R15: amount, bulletin, means of payment and date."""
        Organisation.objects.create(pk=1, name="Cap Rural", cheque_payee="Cap Rural Association", iban="FR761234")
        session = open_session(fee_required=True)
        make_category(campaign=make_campaign(year=today(60).year), label="Commune", amount="123.50")
        registration = registered(session)

        response = client.get(private_url(registration))

        pages.assert_sound(response)
        root = pages.tree(response)
        assert pages.text(pages.one(root, ".//h1")).startswith("Une place vous est retenue jusqu’au ")
        said = pages.main(response)
        for words in ("Commune", "123,50 €", "Cap Rural Association", "FR76 1234", "Mandat administratif"):
            assert words in said
        assert pages.links(root)["Télécharger mon bulletin (PDF)"] == f"{private_url(registration)}bulletin.pdf"

    def test_awaiting_fee_before_the_scale_is_published(self, client: Client) -> None:
        response = client.get(private_url(registered(open_session(fee_required=True))))
        pages.assert_sound(response)
        assert "Le barème de l’année n’est pas encore publié" in pages.main(response)

    def test_waiting(self, client: Client) -> None:
        session = session_in("full", fee_required=True)
        ranks = [registered(session) for _ in range(2)]
        response = client.get(private_url(ranks[1]))
        pages.assert_sound(response)
        root = pages.tree(response)
        assert pages.text(pages.one(root, ".//h1")) == "Vous êtes en liste d’attente, au rang 2"
        assert "Vous n’avez rien à régler" in pages.main(response)
        assert "Ajouter à mon agenda" not in pages.links(root)

    @pytest.mark.parametrize(
        ("cause", "sentence"),
        [
            ("participant", "Elle a été annulée à votre demande."),
            ("coordinator", "Elle a été annulée par la coordination."),
            ("fee_unpaid", "La cotisation n’est pas arrivée à temps"),
            ("session_cancelled", "La session a été annulée."),
            ("replaced", "Une autre personne participe à votre place."),
        ],
    )
    def test_cancelled(self, client: Client, cause: str, sentence: str) -> None:
        registration = registered(open_session())
        registering.cancel(
            registration, cause=Registration.Cause(cause), now=timezone.now(), by=registering.PARTICIPANT
        )
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert pages.text(pages.one(pages.tree(response), ".//h1")) == "Cette inscription est annulée"
        assert sentence in pages.main(response)

    @pytest.mark.parametrize("status", ["postponed", "cancelled"])
    def test_the_session_no_longer_holds(self, client: Client, status: str) -> None:
        registration = registered(open_session())
        TrainingSession.objects.update(status=status)
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert REASONS[status] in pages.main(response)
        assert "Ajouter à mon agenda" not in pages.links(pages.tree(response))

    @pytest.mark.parametrize("token", ["a" * 32, "a" * 21, "a" * 44, "é" * 32, "a" * 31 + "/", "a" * 31 + "%0A"])
    def test_unknown_token(self, client: Client, token: str) -> None:
        registered(open_session())
        for below in ("", "session.ics", "bulletin.pdf", "documents/1/"):
            pages.assert_sound(client.get(f"/inscriptions/{token}/{below}"), status=404)

    def test_nobody_else_s_token(self, client: Client) -> None:
        registration = registered(open_session())
        assert (
            client.get(private_url(registration).swapcase().replace("INSCRIPTIONS", "inscriptions")).status_code == 404
        )

    def test_methods(self, client: Client) -> None:
        url = private_url(registered(open_session()))
        assert (client.head(url).status_code, client.head(url).content) == (200, b"")
        assert client.post(url).status_code == 405


class TestPrivateDocuments:
    def test_calendar(self, client: Client) -> None:
        registration = registered(open_session(slug="animer"))
        response = client.get(f"{private_url(registration)}session.ics")
        assert response.headers["Content-Type"] == "text/calendar; method=PUBLISH; charset=utf-8"
        assert response.headers["Content-Disposition"] == 'attachment; filename="animer.ics"'
        assert "no-store" in response.headers["Cache-Control"]

    def test_membership_form(self, client: Client) -> None:
        year = today(60).year
        make_category(campaign=make_campaign(year=year))
        registration = registered(open_session(fee_required=True))
        before = pages.rows()
        response = client.get(f"{private_url(registration)}bulletin.pdf")
        assert response.headers["Content-Type"] == "application/pdf"
        assert response.headers["Content-Disposition"] == f'inline; filename="bulletin-de-cotisation-{year}.pdf"'
        assert "no-store" in response.headers["Cache-Control"]
        assert response.content.startswith(b"%PDF-")
        assert pages.rows() == before

    def test_no_membership_form_without_fee(self, client: Client) -> None:
        """R17."""
        pages.assert_sound(client.get(f"{private_url(registered(open_session()))}bulletin.pdf"), status=404)

    def test_nothing_without_a_seat(self, client: Client) -> None:
        session = session_in("full")
        document = SessionDocument.objects.create(session=session, title="Plan", file="plan.pdf")
        waiting = registered(session)
        for below in ("session.ics", f"documents/{document.pk}/"):
            pages.assert_sound(client.get(private_url(waiting) + below), status=404)

    def test_documents_of_the_session_only(self, client: Client, settings: Any, tmp_path: Any) -> None:
        settings.MEDIA_ROOT = tmp_path
        session, other = open_session(), open_session()
        ours, theirs = (
            SessionDocument.objects.create(session=s, title="Plan", file=ContentFile(b"plan", name="plan d’accès.txt"))
            for s in (session, other)
        )
        registration = registered(session)
        response = client.get(f"{private_url(registration)}documents/{ours.pk}/")
        assert b"".join(response.streaming_content) == b"plan"
        assert response.headers["Content-Disposition"].startswith("attachment; ")
        pages.assert_sound(client.get(f"{private_url(registration)}documents/{theirs.pk}/"), status=404)

    def test_a_document_whose_file_is_missing(self, client: Client, caplog: pytest.LogCaptureFixture) -> None:
        session = open_session()
        gone = SessionDocument.objects.create(session=session, title="Plan", file="nowhere/plan.pdf")
        registration = registered(session)
        pages.assert_sound(client.get(f"{private_url(registration)}documents/{gone.pk}/"), status=404)
        assert f"The file of document {gone.pk} is missing: nowhere/plan.pdf" in caplog.text


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
