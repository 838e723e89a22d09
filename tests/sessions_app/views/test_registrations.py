"""What participants do from their private page, and without its address: on GET nothing, on POST once (R9-R11)."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caprural.house.models import Organisation
from caprural.mailing import delivery
from caprural.mailing.models import Message
from sessions_app import registering
from sessions_app.models import LinkRequest, Registration, StatusChange, TrainingSession
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_session,
)
from tests.support import pages
from tests.support.announced import STATES, bring, open_session, registered, session_in, today
from tests.support.traces import log, messages, statuses, told
from tests.support.visitors import HOSTILE, REASONS, form_url, heading, private_url, typed, values

pytestmark = pytest.mark.django_db

Status = Registration.Status


COLLEAGUE = {"first_name": "Camille", "last_name": "Durand", "email": "Camille.Durand@Ailleurs.example"}


FIND = "/inscriptions/retrouver/"


def fresh(registration: Registration) -> Registration:
    """As the database has it now."""
    return Registration.objects.get(pk=registration.pk)


def details(registration: Registration, **fields: str) -> dict[str, str]:
    """What the form of the details sends when only these fields were touched."""
    names = ("first_name", "last_name", "email", "phone", "organisation", "job_title", "profile", "departure_town")
    return {**{name: getattr(registration, name) for name in names}, **fields}


def field_errors(response: Any) -> dict[str, str]:
    """The sentence beside each field that is wrong; the summary at the top must say the same."""
    root = pages.tree(response)
    summary = pages.text(pages.one(root, ".//*[@role='alert']"))
    found = {}
    for field in root.iter():
        if field.get("aria-invalid") == "true":
            parts = [part for part in field.attrib["aria-describedby"].split() if part.endswith("_error")]
            found[field.attrib["name"]] = " ".join(pages.text(pages.by_id(root, part)) for part in parts)
    assert [text for text in found.values() if not text or text not in summary] == []
    return found


def typed_values(response: Any) -> dict[str, str]:
    """What the fields of one line hold."""
    form = pages.one(pages.tree(response), ".//main//form")
    return {field.attrib["name"]: field.get("value", "") for field in form.iter("input") if field.get("name")}


class TestGetChangesNothing:
    """R9: mail scanners follow every link of a message, and every link of the page behind it."""

    @pytest.mark.parametrize("state", ["open", "closed", "postponed", "cancelled", "under_way", "past"])
    @pytest.mark.parametrize("method", ["get", "head"])
    def test_every_page_in_every_state(self, client: Client, state: str, method: str) -> None:
        session = open_session(max_participants=2 if state != "open" else 10, fee_required=True)
        gone, holder, waiting = registered(session), registered(session), registered(session)
        registering.withdraw(gone, now=timezone.now(), by=registering.PARTICIPANT)
        late = registered(session)
        bring(session, state)
        before = pages.rows()
        for person in (gone, holder, waiting, late):
            for below in ("", "annuler/", "remplacer/", "coordonnees/", "donnees.json"):
                response = getattr(client, method)(private_url(person, below))
                assert response.status_code == 200
                if method == "get" and not below.endswith("json"):
                    pages.assert_sound(response)
        assert pages.rows() == before

    @pytest.mark.parametrize("query", ["?enregistre", "?first_name=Autre", "?confirm=1"])
    def test_whatever_the_query_says(self, client: Client, query: str) -> None:
        registration = registered(open_session())
        before = pages.rows()
        for below in ("", "annuler/", "remplacer/", "coordonnees/"):
            assert client.get(private_url(registration, below) + query).status_code == 200
        assert pages.rows() == before

    @pytest.mark.parametrize("below", ["annuler/", "remplacer/", "coordonnees/"])
    def test_other_methods(self, client: Client, below: str) -> None:
        address = private_url(registered(open_session()), below)
        for method in (client.put, client.patch, client.delete, client.options):
            assert method(address).status_code == 405

    @pytest.mark.parametrize("below", ["annuler/", "remplacer/", "coordonnees/"])
    def test_not_from_another_site(self, below: str) -> None:
        registration = registered(open_session())
        before = pages.rows()
        client = Client(enforce_csrf_checks=True)
        client.get(private_url(registration, below))
        pages.assert_sound(client.post(private_url(registration, below), COLLEAGUE), status=403)
        assert pages.rows() == before


class TestCancel:
    def test_says_what_is_lost(self, client: Client) -> None:
        registration = registered(open_session(title="Animer"))
        response = client.get(private_url(registration, "annuler/"))
        pages.assert_sound(response)
        assert "sessions_app/registration_cancel.html" in [used.name for used in response.templates]
        assert heading(response) == "Annuler votre inscription ?"
        said = pages.main(response)
        assert "Votre place est rendue aussitôt et revient à quelqu’un d’autre" in said
        assert "L’annulation est possible jusqu’au début de la session." in said
        links = pages.links(pages.one(pages.tree(response), ".//main"))
        assert links["Garder mon inscription"] == private_url(registration)
        assert links["Laissez-lui plutôt votre place"] == private_url(registration, "remplacer/")

    def test_from_the_waiting_list(self, client: Client) -> None:
        registration = registered(session_in("full"))
        said = pages.main(client.get(private_url(registration, "annuler/")))
        assert "perdez votre rang (1)" in said
        assert "plutôt votre place" not in said
        client.post(private_url(registration, "annuler/"))
        assert fresh(registration).status == Status.CANCELLED

    def test_the_seat_goes_to_the_next(self, client: Client) -> None:
        """R8, R10."""
        session = open_session(max_participants=1)
        first, second = registered(session), registered(session)

        response = client.post(private_url(first, "annuler/"))

        assert (response.status_code, response.headers["Location"]) == (302, private_url(first))
        assert statuses(session) == [(first.last_name, "cancelled"), (second.last_name, "confirmed")]
        assert fresh(first).cancellation_cause == Registration.Cause.PARTICIPANT
        assert log(first)[-1] == ("confirmed", "cancelled", "la personne", "par la personne")
        assert told(first) == ["Inscription confirmée", "Inscription annulée"]
        assert told(second)[-1].endswith("inscription confirmée")
        page = client.get(private_url(first))
        assert heading(page) == "Cette inscription est annulée"
        assert "Elle a été annulée à votre demande." in pages.main(page)
        assert "S’inscrire de nouveau" in pages.links(pages.tree(page))

    def test_twice(self, client: Client) -> None:
        registration = registered(open_session())
        client.post(private_url(registration, "annuler/"))
        before = pages.rows()
        response = client.post(private_url(registration, "annuler/"), follow=True)
        assert pages.rows() == before
        assert heading(response) == "Cette inscription est annulée"
        again = client.get(private_url(registration, "annuler/"))
        assert heading(again) == "Cette inscription est déjà annulée"
        assert pages.tree(again).findall(".//main//form") == []

    @pytest.mark.parametrize(
        ("state", "sentence"), [("under_way", "La session a commencé."), ("past", "La session a eu lieu.")]
    )
    def test_too_late(self, client: Client, state: str, sentence: str) -> None:
        registration = registered(open_session())
        bring(registration.session, state)
        before = pages.rows()
        page, answer = (
            client.get(private_url(registration, "annuler/")),
            client.post(private_url(registration, "annuler/")),
        )
        pages.assert_sound(page)
        pages.assert_sound(answer, status=409)
        assert pages.rows() == before
        for response in (page, answer):
            assert heading(response) == "Il n’est plus possible d’annuler en ligne"
            assert sentence in pages.main(response)
            assert "06 66 46 62 76" in pages.main(response)
            assert pages.tree(response).findall(".//main//form") == []

    @pytest.mark.parametrize("state", ["closed", "postponed"])
    def test_still_possible(self, client: Client, state: str) -> None:
        registration = registered(open_session())
        bring(registration.session, state)
        assert client.post(private_url(registration, "annuler/")).status_code == 302
        assert fresh(registration).status == Status.CANCELLED

    def test_someone_who_was_replaced(self, client: Client) -> None:
        registration = registered(open_session())
        client.post(private_url(registration, "remplacer/"), COLLEAGUE)
        before = pages.rows()
        response = client.post(private_url(registration, "annuler/"), follow=True)
        assert heading(response) == "Vous avez laissé votre place à Camille Durand"
        assert pages.rows() == before

    def test_queries(self, client: Client) -> None:
        session = open_session(max_participants=1)
        registration = registered(session)
        registered(session)
        with CaptureQueriesContext(connection) as queries:
            client.get(private_url(registration, "annuler/"))
        assert len(queries) <= 5
        with CaptureQueriesContext(connection) as queries:
            client.post(private_url(registration, "annuler/"))
        assert len(queries) <= 35


class TestReplace:
    def test_says_what_happens(self, client: Client) -> None:
        registration = registered(open_session(fee_required=True))
        response = client.get(private_url(registration, "remplacer/"))
        pages.assert_sound(response)
        assert "sessions_app/registration_replace.html" in [used.name for used in response.templates]
        assert heading(response) == "Laisser votre place à un·e collègue"
        said = pages.main(response)
        for words in ("et la vôtre prend fin", "La cotisation annuelle est vérifiée", "jusqu’au début de la session"):
            assert words in said
        assert {name: value for name, value in typed_values(response).items() if name in COLLEAGUE} == dict.fromkeys(
            COLLEAGUE, ""
        )

    def test_no_word_of_the_fee_when_there_is_none(self, client: Client) -> None:
        """R17."""
        response = client.get(private_url(registered(open_session()), "remplacer/"))
        assert "otisation" not in pages.main(response)

    def test_the_colleague_has_the_seat(self, client: Client) -> None:
        """R10: full sessions and waiting lists change nothing to it."""
        session = open_session(max_participants=1)
        registration, waiting = registered(session), registered(session)

        response = client.post(private_url(registration, "remplacer/"), COLLEAGUE)

        assert (response.status_code, response.headers["Location"]) == (302, private_url(registration))
        colleague = Registration.objects.get(email="camille.durand@ailleurs.example")
        assert statuses(session) == [
            (registration.last_name, "cancelled"),
            (waiting.last_name, "waiting"),
            ("Durand", "confirmed"),
        ]
        assert fresh(registration).replaced_by == colleague
        assert heading(client.get(private_url(registration))) == "Vous avez laissé votre place à Camille Durand"
        assert heading(client.get(private_url(colleague))) == "Vous avez une place"
        assert told(registration)[-1] == "Remplacement enregistré"
        assert told(colleague) == [f"Vous remplacez {registration.full_name}, inscription confirmée"]
        [to_colleague] = Message.objects.filter(to="camille.durand@ailleurs.example")
        assert colleague.token in to_colleague.text
        assert registration.token not in to_colleague.text
        to_former = Message.objects.filter(to=registration.email).latest("pk")
        assert colleague.token not in f"{to_former.text}{to_former.html}"

    def test_the_fee_is_checked_again(self, client: Client) -> None:
        session = open_session(fee_required=True)
        member = make_member(emails=("a@vallee.example",), domains=("ailleurs.example",))
        make_fee(member, category=make_category(campaign=make_campaign(year=today(60).year)))
        covered, other = registered(session, email="a@vallee.example"), registered(session)
        client.post(private_url(covered, "remplacer/"), {**COLLEAGUE, "email": "b@nulle.example"})
        client.post(private_url(other, "remplacer/"), COLLEAGUE)
        assert dict(session.registrations.live().values_list("email", "status")) == {
            "b@nulle.example": Status.AWAITING_FEE,
            "camille.durand@ailleurs.example": Status.CONFIRMED,
        }

    def test_twice(self, client: Client) -> None:
        registration = registered(open_session())
        client.post(private_url(registration, "remplacer/"), COLLEAGUE)
        before = pages.rows()
        response = client.post(private_url(registration, "remplacer/"), COLLEAGUE, follow=True)
        assert pages.rows() == before
        assert heading(response) == "Vous avez laissé votre place à Camille Durand"
        page = client.get(private_url(registration, "remplacer/"))
        pages.assert_sound(page)
        assert "Vous avez déjà laissé votre place à Camille Durand." in pages.main(page)
        assert pages.tree(page).findall(".//main//form") == []

    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("first_name", "", "Ce champ est obligatoire."),
            ("last_name", "a@b.fr", "Saisissez un nom, sans adresse ni signe < > @ ou /."),
            ("email", "camille@", "Saisissez une adresse e-mail complète, par exemple prenom.nom@structure.fr."),
        ],
    )
    def test_wrong(self, client: Client, name: str, value: str, sentence: str) -> None:
        registration = registered(open_session())
        before = pages.rows()
        response = client.post(private_url(registration, "remplacer/"), {**COLLEAGUE, name: value})
        pages.assert_sound(response, status=422)
        assert pages.rows() == before
        assert list(field_errors(response)) == [name]
        assert sentence in field_errors(response)[name]
        kept = typed_values(response)
        assert {field: kept[field] for field in COLLEAGUE} == {**COLLEAGUE, name: value}

    @pytest.mark.parametrize("who", ["deja@la.example", "moi@vallee.example", " DEJA@la.example "])
    def test_an_address_registered_already(self, client: Client, who: str) -> None:
        """Someone else's, or one's own; the sentence does not say which."""
        session = open_session()
        registration = registered(session, email="moi@vallee.example")
        registered(session, email="deja@la.example", first_name="Ursuline")
        before = pages.rows()
        name = {"first_name": "camille", "last_name": registration.last_name} if who.startswith("moi") else {}
        response = client.post(private_url(registration, "remplacer/"), {**COLLEAGUE, **name, "email": who})
        pages.assert_sound(response, status=422)
        assert pages.rows() == before
        assert "Cette adresse ne peut pas prendre votre place" in field_errors(response)["email"]
        assert "Ursuline" not in pages.main(response)

    @pytest.mark.parametrize(
        ("state", "sentence"),
        [
            ("under_way", "La session a commencé"),
            ("past", "La session a eu lieu."),
            ("postponed", "Cette session est reportée"),
            ("cancelled", "Cette session est annulée."),
        ],
    )
    def test_not_possible(self, client: Client, state: str, sentence: str) -> None:
        registration = registered(open_session())
        bring(registration.session, state)
        self.assert_refused(client, registration, sentence)

    def test_not_without_a_seat(self, client: Client) -> None:
        registration = registered(session_in("full"))
        self.assert_refused(client, registration, "Vous êtes en liste d’attente")

    def test_not_after_a_cancellation(self, client: Client) -> None:
        registration = registered(open_session())
        registering.withdraw(registration, now=timezone.now(), by=registering.PARTICIPANT)
        self.assert_refused(client, registration, "Cette inscription est annulée")

    @staticmethod
    def assert_refused(client: Client, registration: Registration, sentence: str) -> None:
        before = pages.rows()
        page = client.get(private_url(registration, "remplacer/"))
        answer = client.post(private_url(registration, "remplacer/"), COLLEAGUE)
        pages.assert_sound(page)
        pages.assert_sound(answer, status=409)
        assert pages.rows() == before
        for response in (page, answer):
            said = pages.text(pages.one(pages.tree(response), ".//*[@role='alert']"))
            assert sentence in said
            assert "06 66 46 62 76" in said
            assert pages.tree(response).findall(".//main//button") == []
        assert pages.tree(page).findall(".//main//form") == []
        assert typed_values(answer)["last_name"] == "Durand", "what was typed stays on screen"

    def test_the_colleague_may_be_replaced_too(self, client: Client) -> None:
        first = registered(open_session())
        client.post(private_url(first, "remplacer/"), COLLEAGUE)
        second = fresh(first).replaced_by
        assert second is not None
        client.post(
            private_url(second, "remplacer/"), {**COLLEAGUE, "first_name": "Dominique", "email": "d@ailleurs.example"}
        )
        assert heading(client.get(private_url(second))) == "Vous avez laissé votre place à Dominique Durand"
        assert first.session.registrations.holding_seat().count() == 1


class TestEdit:
    def test_what_is_known_is_there(self, client: Client) -> None:
        registration = registered(open_session(), phone="06 12 34 56 78", carpool=True, message="Bonjour")
        response = client.get(private_url(registration, "coordonnees/"))
        pages.assert_sound(response)
        assert "sessions_app/registration_edit.html" in [used.name for used in response.templates]
        root = pages.tree(response)
        names = {field.get("name") for field in root.iter() if field.get("name") and field.tag != "meta"}
        assert names == {
            "csrfmiddlewaretoken",
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
        }
        shown = typed_values(response)
        for name in ("first_name", "last_name", "email", "phone", "organisation", "job_title"):
            assert shown[name] == getattr(registration, name)
        assert "checked" in pages.one(root, ".//input[@name='carpool']").attrib
        assert pages.text(pages.one(root, ".//textarea[@name='message']")) == "Bonjour"

    def test_says_beforehand_what_another_address_does(self, client: Client) -> None:
        root = pages.tree(client.get(private_url(registered(open_session()), "coordonnees/")))
        hint = pages.by_id(root, pages.by_id(root, "id_email").attrib["aria-describedby"].split()[0])
        assert "votre lien personnel est envoyé à la nouvelle adresse, et l’ancienne en est prévenue" in pages.text(
            hint
        )

    def test_corrected(self, client: Client) -> None:
        registration = registered(open_session(), carpool=True)
        sent = details(registration, first_name="Anaïs", organisation="Syndicat", phone="0612345678", message="Oui")

        response = client.post(private_url(registration, "coordonnees/"), sent, follow=True)

        pages.assert_sound(response)
        assert response.redirect_chain == [(f"{private_url(registration)}?enregistre", 302)]
        assert "Vos coordonnées sont enregistrées." in pages.main(response)
        now = fresh(registration)
        assert (now.first_name, now.organisation, now.phone, now.message) == ("Anaïs", "Syndicat", "0612345678", "Oui")
        assert now.carpool is False, "an empty box is « no »"
        assert (now.status, now.token, now.registered_at) == (
            registration.status,
            registration.token,
            registration.registered_at,
        )
        assert told(now) == ["Inscription confirmée"], "nothing else is written to the same address"

    def test_twice(self, client: Client) -> None:
        registration = registered(open_session())
        sent = details(registration, first_name="Zoé")
        for _ in range(2):
            before = pages.rows()
            response = client.post(private_url(registration, "coordonnees/"), sent, follow=True)
            assert "Vos coordonnées sont enregistrées." in pages.main(response)
        assert pages.rows() == before

    def test_another_address(self, client: Client) -> None:
        registration = registered(open_session(), email="ancienne@vallee.example")
        sent = details(registration, email=" Nouvelle@Vallee.example ")
        response = client.post(private_url(registration, "coordonnees/"), sent)
        now = fresh(registration)
        assert (now.email, now.token != registration.token) == ("nouvelle@vallee.example", True)
        pages.assert_sound(response)
        assert now.token not in response.content.decode()
        for below in ("", "donnees.json", "coordonnees/"):
            assert client.get(private_url(registration, below)).status_code == 404
        assert "retrouvez votre inscription" in pages.main(client.get(private_url(registration)))
        # What had not left yet goes to the new one: it says all there is to say.
        assert messages() == [
            ("nouvelle@vallee.example", "Inscription confirmée"),
            ("ancienne@vallee.example", "Adresse e-mail modifiée"),
        ]
        new, former = Message.objects.order_by("pk")
        assert now.token in new.text
        assert now.token not in f"{former.text}{former.html}"

    def test_another_address_that_a_fee_covers(self, client: Client) -> None:
        session = open_session(fee_required=True)
        member = make_member(emails=("couverte@vallee.example",))
        make_fee(member, category=make_category(campaign=make_campaign(year=today(60).year)))
        registration = registered(session)
        client.post(private_url(registration, "coordonnees/"), details(registration, email="couverte@vallee.example"))
        assert fresh(registration).status == Status.CONFIRMED

    def test_an_address_registered_already(self, client: Client) -> None:
        session = open_session()
        registration = registered(session)
        registered(session, email="deja@la.example", first_name="Ursuline")
        before = pages.rows()
        sent = details(registration, email="Deja@la.example")
        response = client.post(private_url(registration, "coordonnees/"), sent)
        pages.assert_sound(response, status=422)
        assert pages.rows() == before
        assert "Cette adresse ne peut pas être utilisée pour cette inscription" in field_errors(response)["email"]
        assert "Ursuline" not in pages.main(response)
        assert typed_values(response)["email"] == "Deja@la.example"

    def test_wrong(self, client: Client) -> None:
        registration = registered(open_session())
        before = pages.rows()
        sent = details(registration, first_name="", email="non", phone="douze", job_title="é" * 121)
        response = client.post(private_url(registration, "coordonnees/"), sent)
        pages.assert_sound(response, status=422)
        assert pages.rows() == before
        assert list(field_errors(response)) == ["first_name", "email", "phone", "job_title"]
        shown = typed_values(response)
        assert (shown["email"], shown["phone"], shown["organisation"]) == ("non", "douze", registration.organisation)

    @pytest.mark.parametrize("state", ["closed", "postponed", "under_way", "past"])
    def test_possible_until_the_end_and_after(self, client: Client, state: str) -> None:
        """A name misspelt on a certificate is corrected afterwards."""
        registration = registered(open_session())
        bring(registration.session, state)
        client.post(private_url(registration, "coordonnees/"), details(registration, first_name="Anaïs"))
        assert fresh(registration).first_name == "Anaïs"

    def test_not_after_a_cancellation(self, client: Client) -> None:
        registration = registered(open_session())
        registering.withdraw(registration, now=timezone.now(), by=registering.PARTICIPANT)
        before = pages.rows()
        page = client.get(private_url(registration, "coordonnees/"))
        answer = client.post(private_url(registration, "coordonnees/"), details(registration, first_name="Anaïs"))
        pages.assert_sound(page)
        pages.assert_sound(answer, status=409)
        assert pages.rows() == before
        for response in (page, answer):
            assert "elle ne peut plus être modifiée" in pages.main(response)
            assert pages.tree(response).findall(".//main//button") == []
        assert typed_values(answer)["first_name"] == "Anaïs"

    def test_fields_that_are_not_theirs(self, client: Client) -> None:
        registration, other = registered(session_in("full")), open_session()
        sent = {"status": "confirmed", "token": "t" * 32, "session": other.pk, "id": "1", "fee_due_on": "2099-01-01"}
        client.post(private_url(registration, "coordonnees/"), {**details(registration), **sent})
        now = fresh(registration)
        assert (now.status, now.token, now.session_id) == ("waiting", registration.token, registration.session_id)
        assert now.fee_due_on is None


class TestHostile:
    @pytest.mark.parametrize(
        ("below", "name"),
        [
            *(("remplacer/", name) for name in COLLEAGUE),
            *(("coordonnees/", name) for name in (*COLLEAGUE, "organisation", "job_title", "profile", "message")),
        ],
    )
    def test_each_value_in_each_field(self, client: Client, below: str, name: str) -> None:
        """Refused beside its field, or kept as text; never a crash, and every message can be sent."""
        session = open_session(max_participants=None)
        accepted = 0
        for number, value in enumerate(HOSTILE.values()):
            person = registered(session, email=f"a{number}@vallee.example")
            honest = {**COLLEAGUE, "email": f"c{number}@vallee.example"}
            base = details(person) if below == "coordonnees/" else honest
            response = client.post(private_url(person, below), {**base, name: value})
            if response.status_code == 302:
                accepted += 1
                pages.assert_sound(client.get(private_url(person)))
                assert client.get(private_url(person, "donnees.json")).status_code == 200
            else:
                pages.assert_sound(response, status=422)
        assert accepted < len(HOSTILE)
        delivery.deliver(now=timezone.now())
        assert not Message.objects.exclude(state=Message.State.SENT).exists(), "a message could not be sent"

    @pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
    def test_find(self, client: Client, value: str) -> None:
        response = client.post(FIND, {"email": value})
        pages.assert_sound(response, status=422)
        assert Message.objects.count() == 0

    @pytest.mark.parametrize("below", ["annuler/", "remplacer/", "coordonnees/"])
    @pytest.mark.parametrize("body", [b"\xff\xfe", b"&&==", b'{"email": 1}', b"\x00" * 1000])
    def test_bodies_that_are_no_form(self, client: Client, below: str, body: bytes) -> None:
        registration = registered(open_session())
        for content_type in ("application/x-www-form-urlencoded", "application/json", "text/plain"):
            response = client.generic("POST", private_url(registration, below), body, content_type=content_type)
            assert response.status_code in (302, 422)


class TestSomeoneElse:
    def test_a_token_says_nothing_of_the_others(self, client: Client) -> None:
        session = open_session(max_participants=2)
        mine = registered(session, email="moi@vallee.example")
        other = registered(session, first_name="Ursuline", last_name="Secrète", email="elle@ailleurs.example")
        waiting = registered(session, first_name="Barnabé", last_name="Discret", email="lui@ailleurs.example")
        for below in ("", "annuler/", "remplacer/", "coordonnees/", "donnees.json", "session.ics"):
            page = client.get(private_url(mine, below)).content.decode()
            for person in (other, waiting):
                for secret in (person.first_name, person.last_name, person.email, person.token):
                    assert secret not in page, (below, secret)


class TestFind:
    def answer(self, client: Client, email: str) -> bytes:
        before = pages.rows()
        response = client.post(FIND, {"email": email})
        [asked] = LinkRequest.objects.all()
        assert {**pages.rows(), LinkRequest._meta.label: []} == before, "the work comes after the answer (R11)"
        assert asked.email == email.strip().lower()
        registering.answer_link_requests(now=timezone.now())
        assert not LinkRequest.objects.exists()
        pages.assert_sound(response)
        assert "sessions_app/find_registration.html" in [used.name for used in response.templates]
        return response.content

    def test_asks_for_an_address(self, client: Client) -> None:
        before = pages.rows()
        response = client.get(FIND)
        pages.assert_sound(response)
        assert pages.rows() == before
        assert "no-store" in response.headers["Cache-Control"]
        assert heading(response) == "Retrouver mon inscription"
        field = pages.by_id(pages.tree(response), "id_email")
        assert (field.get("type"), field.get("autocomplete")) == ("email", "email")

    def test_is_in_the_navigation(self, client: Client) -> None:
        links = pages.links(pages.one(pages.tree(client.get("/")), "./body/header"))
        assert links["Retrouver mon inscription"] == FIND

    def test_the_same_answer_to_the_letter(self, client: Client) -> None:
        """R11: unknown, waiting, cancelled, past, known, just sent again."""
        Organisation.objects.create(pk=1, name="Cap Rural", email="bonjour@caprural.example")
        registered(open_session(), email="connue@a.example")
        registered(session_in("full"), email="attente@a.example")
        gone = registered(open_session(), email="annulee@a.example")
        registering.withdraw(gone, now=timezone.now(), by=registering.PARTICIPANT)
        past = registered(open_session(), email="passee@a.example")
        bring(past.session, "past")
        names = ("inconnue", "connue", "connue", "attente", "annulee", "passee")
        answers = {self.answer(client, f"{name}@a.example") for name in names}
        assert len(answers) == 1
        assert b"csrf" not in answers.pop(), "the answer holds no token that would differ"

    def test_what_is_sent(self, client: Client) -> None:
        first = registered(open_session(title="Animer"), email="connue@a.example")
        second = registered(session_in("full", title="Conduire"), email="connue@a.example")
        past = registered(open_session(), email="connue@a.example")
        bring(past.session, "past")
        other = registered(first.session)
        Message.objects.all().delete()

        self.answer(client, " Connue@A.example ")

        [message] = Message.objects.all()
        assert message.to == "connue@a.example"
        assert message.subject == "Liens vers vos pages personnelles (2 inscriptions)"
        for text in (message.text, message.html):
            for person in (first, second):
                assert f"https://inscriptions.caprural.example{private_url(person)}" in text
            for person in (past, other):
                assert person.token not in text

    @pytest.mark.parametrize("name", ["inconnue", "annulee", "passee"])
    def test_nothing_is_sent(self, client: Client, name: str) -> None:
        gone = registered(open_session(), email="annulee@a.example")
        registering.withdraw(gone, now=timezone.now(), by=registering.PARTICIPANT)
        past = registered(open_session(), email="passee@a.example")
        bring(past.session, "past")
        before = pages.rows()
        self.answer(client, f"{name}@a.example")
        assert pages.rows() == before

    def test_not_at_every_click(self, client: Client) -> None:
        registered(open_session(), email="connue@a.example")
        Message.objects.all().delete()
        for _ in range(3):
            self.answer(client, "connue@a.example")
        assert Message.objects.count() == 1

    @pytest.mark.parametrize("email", ["", "connue@", "a@b.example, c@d.example", "é@a.example"])
    def test_not_an_address(self, client: Client, email: str) -> None:
        response = client.post(FIND, {"email": email})
        pages.assert_sound(response, status=422)
        assert list(field_errors(response)) == ["email"]
        assert typed_values(response)["email"] == email

    def test_nothing_at_all(self, client: Client) -> None:
        pages.assert_sound(client.post(FIND), status=422)

    def test_other_methods(self, client: Client) -> None:
        assert client.head(FIND).status_code == 200
        for method in (client.put, client.patch, client.delete, client.options):
            assert method(FIND).status_code == 405

    def test_nothing_is_logged_for_it(self, client: Client) -> None:
        """Asking for one's link is not an event of a registration's life."""
        registered(open_session(), email="connue@a.example")
        self.answer(client, "connue@a.example")
        assert StatusChange.objects.count() == 1
        assert TrainingSession.objects.count() == 1


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
