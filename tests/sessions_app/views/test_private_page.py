"""The private page in every state, its documents, and the person’s own data (R9)."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caprural import agenda
from caprural.house.models import Organisation
from caprural.mailing.models import Message
from caprural.typography import long_date
from members import fees
from members.models import Application
from sessions_app import deciding, registering
from sessions_app.models import Registration, SessionDocument, TrainingSession
from tests.factories import (
    make_campaign,
    make_candidate,
    make_category,
    make_fee,
    make_member,
    make_staff,
)
from tests.support import pages
from tests.support.announced import STATES, bring, open_session, registered, session_in, today
from tests.support.traces import folded
from tests.support.visitors import REASONS, heading, private_url

pytestmark = pytest.mark.django_db

Cause = Registration.Cause


def steps(response: Any) -> list[tuple[str, str]]:
    """Each step with its state, as someone who does not see it hears it."""
    found = []
    for item in pages.tree(response).iterfind(".//ol[@class='steps']/li"):
        found.append((pages.text(item), item.attrib["class"].removeprefix("step-")))
    return found


def choices(response: Any, registration: Registration) -> list[str]:
    """Where the page leads below the private link, in order."""
    prefix = private_url(registration)
    hrefs = [link.get("href", "") for link in pages.one(pages.tree(response), ".//main").iterfind(".//a")]
    return [href.removeprefix(prefix) for href in hrefs if href.startswith(prefix)]


def cancelled(registration: Registration, cause: Cause) -> None:
    registering.cancel(registration, cause=cause, now=timezone.now(), by=registering.PARTICIPANT)


def replaced(registration: Registration, **fields: Any) -> Registration:
    """The colleague who has taken the seat over."""
    colleague = Registration(
        **{"first_name": "Camille", "last_name": "Durand", "email": "camille@ailleurs.example", **fields}
    )
    return registering.replace(registration, colleague, now=timezone.now())


class TestEveryState:
    """What the person reads first, and what they can still do, for each state of the session (R2, R9, R10)."""

    @pytest.mark.parametrize(
        ("state", "title", "below"),
        [
            ("open", "Vous avez une place", ["coordonnees/", "session.ics", "remplacer/", "annuler/", "donnees.json"]),
            ("full", "Vous avez une place", ["coordonnees/", "session.ics", "remplacer/", "annuler/", "donnees.json"]),
            (
                "closed",
                "Vous avez une place",
                ["coordonnees/", "session.ics", "remplacer/", "annuler/", "donnees.json"],
            ),
            (
                "postponed",
                "Vous gardez votre place",
                ["coordonnees/", "annuler/", "donnees.json"],
            ),
            ("cancelled", "La session n’aura pas lieu", ["coordonnees/", "donnees.json"]),
            ("under_way", "La session a commencé", ["coordonnees/", "donnees.json"]),
            ("past", "La session a eu lieu", ["coordonnees/", "donnees.json"]),
        ],
    )
    def test_with_a_seat(self, client: Client, state: str, title: str, below: list[str]) -> None:
        registration = registered(open_session(max_participants=1 if state == "full" else 10))
        bring(registration.session, state)
        before = pages.rows()

        response = client.get(private_url(registration))

        pages.assert_sound(response)
        assert pages.rows() == before
        assert heading(response) == title
        assert choices(response, registration) == below

    @pytest.mark.parametrize(
        ("state", "title", "below"),
        [
            ("full", "Vous êtes en liste d’attente, au rang 1", ["coordonnees/", "annuler/", "donnees.json"]),
            ("closed", "Vous êtes en liste d’attente, au rang 1", ["coordonnees/", "annuler/", "donnees.json"]),
            (
                "postponed",
                "Vous restez en liste d’attente, au rang 1",
                ["coordonnees/", "annuler/", "donnees.json"],
            ),
            ("under_way", "Vous n’avez pas eu de place", ["coordonnees/", "donnees.json"]),
            ("past", "La session a eu lieu", ["coordonnees/", "donnees.json"]),
        ],
    )
    def test_waiting(self, client: Client, state: str, title: str, below: list[str]) -> None:
        session = open_session(max_participants=1)
        registered(session)
        registration = registered(session)
        bring(session, state)
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert heading(response) == title
        assert choices(response, registration) == below

    def test_awaiting_the_fee(self, client: Client) -> None:
        registration = registered(open_session(fee_required=True))
        response = client.get(private_url(registration))
        assert heading(response).startswith("Une place vous est retenue jusqu’au ")
        assert choices(response, registration) == [
            "bulletin.pdf",
            "coordonnees/",
            "session.ics",
            "remplacer/",
            "annuler/",
            "donnees.json",
        ]

    @pytest.mark.parametrize("state", ["postponed", "cancelled", "under_way", "past"])
    def test_no_fee_is_asked_for_a_date_that_does_not_hold_or_has_come(self, client: Client, state: str) -> None:
        registration = registered(open_session(fee_required=True))
        bring(registration.session, state)
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert "Votre cotisation" not in pages.main(response)

    def test_a_draft_again(self, client: Client) -> None:
        registration = registered(open_session(title="Animer"))
        TrainingSession.objects.update(status="draft")
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert heading(response) == "La session n’est pas affichée en ce moment"
        assert "Animer" not in pages.links(pages.tree(response))

    def test_every_state_is_tried(self) -> None:
        marks = TestEveryState.test_with_a_seat.pytestmark  # type: ignore[attr-defined]
        assert [case[0] for case in marks[0].args[1]] == list(STATES)


class TestSteps:
    def test_confirmed_with_the_fee(self, client: Client) -> None:
        session = open_session(fee_required=True)
        make_fee(
            make_member(emails=("a@vallee.example",)),
            category=make_category(campaign=make_campaign(year=today(60).year)),
        )
        response = client.get(private_url(registered(session, email="a@vallee.example")))
        said = steps(response)
        assert [text.partition(" (")[0] for text, _ in said] == [
            "Inscription enregistrée",
            "Place",
            "Cotisation annuelle",
            "Inscription confirmée",
            next(text for text, _ in said if text.startswith("Convocation")),
        ]
        assert [state for _, state in said] == ["done", "done", "done", "done", "none"]

    def test_awaiting_the_fee(self, client: Client) -> None:
        said = steps(client.get(private_url(registered(open_session(fee_required=True)))))
        assert [state for _, state in said] == ["done", "done", "todo", "none", "none"]
        assert said[2][0].startswith("Cotisation annuelle (à faire) Attendue au plus tard le ")

    def test_waiting(self, client: Client) -> None:
        said = steps(client.get(private_url(registered(session_in("full", fee_required=True)))))
        assert said[1:] == [
            ("Place (à faire) Liste d’attente", "todo"),
            ("Cotisation annuelle Rien à régler tant que vous attendez une place", "none"),
            ("Inscription confirmée", "none"),
        ]

    def test_postponed(self, client: Client, admin_user: Any) -> None:
        """Nothing is due until there is a date again."""
        registration = registered(open_session(fee_required=True))
        deciding.postpone(registration.session, first_on=None, now=timezone.now())
        said = steps(client.get(private_url(registration)))
        assert said[2:] == [
            ("Cotisation annuelle Rien à régler tant que la nouvelle date n’est pas connue", "none"),
            ("Inscription confirmée", "none"),
            ("Convocation À recevoir par e-mail quand la date sera connue", "none"),
        ]

    def test_joining_instructions(self, client: Client) -> None:
        """R19: to be sent on that day, then very soon, then sent."""
        session = open_session(joining_on=today(45))
        registration = registered(session)
        assert steps(client.get(private_url(registration)))[-1] == (
            f"Convocation À recevoir par e-mail le {long_date(today(45))}".replace("\u00a0", " "),
            "none",
        )
        TrainingSession.objects.update(joining_on=today(-1))
        assert steps(client.get(private_url(registration)))[-1] == (
            "Convocation À recevoir par e-mail très prochainement",
            "none",
        )
        agenda.run(now=timezone.now())
        text, state = steps(client.get(private_url(registration)))[-1]
        assert (text.partition(" le ")[0], state) == ("Convocation (fait) Envoyée par e-mail", "done")

    def test_a_colleague_has_details_to_complete(self, client: Client) -> None:
        colleague = replaced(registered(open_session()))
        response = client.get(private_url(colleague))
        assert ("Vos coordonnées (à faire) Il manque votre fonction et votre profil : compléter", "todo") in steps(
            response
        )
        assert pages.links(pages.tree(response))["compléter"] == private_url(colleague, "coordonnees/")
        assert "il ne vous reste rien à faire" not in pages.main(response)

    @pytest.mark.parametrize("state", ["past", "cancelled"])
    def test_none_once_it_is_over(self, client: Client, state: str) -> None:
        registration = registered(open_session())
        bring(registration.session, state)
        assert steps(client.get(private_url(registration))) == []


class TestCancelled:
    @pytest.mark.parametrize(
        ("cause", "sentence"),
        [
            ("participant", "Elle a été annulée à votre demande."),
            ("coordinator", "Elle a été annulée par la coordination."),
            ("fee_unpaid", "La cotisation n’est pas arrivée à temps"),
            ("session_cancelled", "La session a été annulée."),
            ("replaced", "Une autre personne participe à votre place."),
            ("discarded", ""),
        ],
    )
    def test_says_why_and_how_to_register_again(self, client: Client, cause: str, sentence: str) -> None:
        registration = registered(open_session())
        cancelled(registration, Cause(cause))
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert heading(response) == "Cette inscription est annulée"
        assert sentence in pages.main(response)
        links = pages.links(pages.tree(response))
        assert links["S’inscrire de nouveau"] == f"/sessions/{registration.session.slug}/inscription/"
        assert choices(response, registration) == ["donnees.json"]
        assert steps(response) == []

    def test_no_longer_possible(self, client: Client) -> None:
        registration = registered(open_session())
        cancelled(registration, Cause.PARTICIPANT)
        TrainingSession.objects.update(registration_deadline=today())
        response = client.get(private_url(registration))
        assert "S’inscrire de nouveau" not in pages.links(pages.tree(response))
        assert "Les inscriptions sont closes depuis" in pages.main(response)

    def test_with_the_session(self, client: Client) -> None:
        registration = registered(open_session())
        deciding.cancel(registration.session, user=make_staff(group="Coordination"), now=timezone.now())
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert "La session a été annulée." in pages.main(response)
        assert "S’inscrire de nouveau" not in pages.links(pages.tree(response))


class TestReplaced:
    def test_the_old_link_says_by_whom_and_leads_nowhere(self, client: Client) -> None:
        """R10."""
        registration = registered(open_session())
        colleague = replaced(registration)
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert heading(response) == "Vous avez laissé votre place à Camille Durand"
        page = response.content.decode()
        assert colleague.token not in page
        assert colleague.email not in page

    def test_the_new_one_says_from_whom(self, client: Client) -> None:
        registration = registered(open_session(), first_name="Ursule", last_name="Fabre")
        colleague = replaced(registration)
        response = client.get(private_url(colleague))
        pages.assert_sound(response)
        assert heading(response) == "Vous avez une place"
        assert "Ursule Fabre vous a laissé sa place." in pages.main(response)
        page = response.content.decode()
        assert registration.token not in page
        assert registration.email not in page

    def test_the_colleague_s_data_are_erased(self, client: Client) -> None:
        registration = registered(open_session())
        registering.delete([replaced(registration)], now=timezone.now())
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert "Une autre personne participe à votre place." in pages.main(response)


class TestTheSession:
    def test_exact_address_for_seats_only(self, client: Client) -> None:
        """R1."""
        session = open_session(max_participants=2)
        holder, gone, waiting = registered(session), registered(session), registered(session)
        cancelled(waiting, Cause.PARTICIPANT)
        waiting = registered(session)
        replaced(gone)
        assert "Adresse exacte Elle sera indiquée ici" in pages.main(client.get(private_url(holder)))
        TrainingSession.objects.update(exact_address="12 rue Secrète\n69700 Givors")
        assert "12 rue Secrète 69700 Givors" in pages.main(client.get(private_url(holder)))
        for person in (gone, waiting):
            page = pages.main(client.get(private_url(person)))
            assert "Secrète" not in page
            assert "dresse exacte" not in page

    @pytest.mark.parametrize("status", ["postponed", "cancelled"])
    def test_no_address_for_a_date_that_does_not_hold(self, client: Client, status: str) -> None:
        registration = registered(open_session(exact_address="12 rue Secrète"))
        TrainingSession.objects.update(status=status)
        assert "Secrète" not in pages.main(client.get(private_url(registration)))

    def test_maintained(self, client: Client) -> None:
        registration = registered(open_session())
        said = "La session est maintenue : elle aura bien lieu."
        assert said not in pages.main(client.get(private_url(registration)))
        deciding.maintain(registration.session, now=timezone.now())
        assert said in pages.main(client.get(private_url(registration)))

    def test_changed_since_the_last_message(self, client: Client) -> None:
        session = open_session(exact_address="12 rue des Lices")
        before = registered(session)
        TrainingSession.objects.update(place="Lyon (69)", exact_address="Mairie")
        after = registered(session)
        said = folded(pages.main(client.get(private_url(before))))
        assert "Ce qui a changé depuis notre dernier message :" in said
        assert "Lieu : à proximité de Givors (69) → Lyon (69) Adresse exacte : 12 rue des Lices → Mairie" in said
        assert "Ce qui a changé" not in pages.main(client.get(private_url(after)))

    def test_moved(self, client: Client) -> None:
        registration = registered(open_session())
        deciding.postpone(registration.session, first_on=date(2096, 4, 12), now=timezone.now())
        said = pages.main(client.get(private_url(registration)))
        assert "jeudi 12 avril 2096" in said
        assert "Vous avez une place" in said


class TestPrivate:
    @pytest.mark.parametrize("below", ["", "annuler/", "remplacer/", "coordonnees/", "donnees.json", "session.ics"])
    def test_kept_nowhere_indexed_nowhere(self, client: Client, below: str) -> None:
        response = client.get(private_url(registered(open_session()), below))
        assert response.status_code == 200
        assert "no-store" in response.headers["Cache-Control"]
        assert response.headers["X-Robots-Tag"] == "noindex"
        # Pages with a form: « no-referrer » would make browsers send « Origin: null », which is refused.
        has_form = below.endswith("/") or not below
        assert response.headers["Referrer-Policy"] == ("same-origin" if has_form else "no-referrer")

    @pytest.mark.parametrize(
        "below",
        [
            *("", "annuler/", "remplacer/", "coordonnees/", "donnees.json"),
            *("session.ics", "bulletin.pdf", "documents/1/"),
        ],
    )
    @pytest.mark.parametrize("token", ["a" * 32, "a" * 21, "a" * 44, "é" * 32, "a" * 31 + "/", "a" * 31 + "%0A"])
    def test_unknown_token(self, client: Client, token: str, below: str) -> None:
        registered(open_session())
        address = f"/inscriptions/{token}/{below}"
        before = pages.rows()
        pages.assert_sound(client.get(address), status=404)
        if below in ("annuler/", "remplacer/", "coordonnees/"):
            pages.assert_sound(client.post(address, {"email": "a@b.example"}), status=404)
        assert pages.rows() == before

    def test_few_queries_whatever_the_session_holds(self, client: Client) -> None:
        """The page of someone who awaits the fee is the heaviest."""
        make_category(campaign=make_campaign(year=today(60).year))
        session = open_session(fee_required=True)
        registration = registered(session)
        SessionDocument.objects.create(session=session, title="Plan", file="plan.pdf")
        counts = set()
        for _ in range(2):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get(private_url(registration))
            counts.add(len(queries))
            for _ in range(9):
                registered(session)
                SessionDocument.objects.create(session=session, title="Plan", file="plan.pdf")
        assert len(counts) == 1
        assert counts.pop() <= 9


class TestOwnData:
    def test_everything_held_and_nothing_else(self, client: Client) -> None:
        session = open_session(
            title="Animer", slug="animer", reference="C17", days=(date(2096, 4, 12),), exact_address="12 rue des Lices"
        )
        registration = registered(
            session,
            email="anais@vallee.example",
            phone="06 12 34 56 78",
            accessibility_needs="Une place assise",
            carpool=True,
            departure_town="Givors",
            message="À bientôt",
        )
        before = pages.rows()

        response = client.get(private_url(registration, "donnees.json"))

        assert pages.rows() == before
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Content-Disposition"] == 'attachment; filename="mes-donnees-animer.json"'
        assert "À bientôt" in response.content.decode(), "accents are readable in the file"
        data = json.loads(response.content)
        assert list(data) == [
            "fichier établi le",
            "session",
            "coordonnées",
            "inscription",
            "journal de l’inscription",
            "messages reçus",
            "bulletins de cotisation remplis depuis cette page",
        ]
        assert data["session"] == {
            "titre": "Animer",
            "référence": "C17",
            "publication": "publiée",
            "journées": [{"date": "2096-04-12", "début": "09:30", "fin": "17:30"}],
            "lieu": "à proximité de Givors (69)",
            "adresse exacte": "12 rue des Lices",
        }
        assert data["coordonnées"] == {
            "prénom": "Camille",
            "nom": registration.last_name,
            "adresse e-mail": "anais@vallee.example",
            "téléphone": "06 12 34 56 78",
            "structure": "Pays des Collines",
            "fonction": "Chargée de mission",
            "profil": "agent de développement",
            "besoin d’aménagement": "Une place assise",
            "covoiturage": True,
            "commune de départ": "Givors",
            "message": "À bientôt",
        }
        registered_at = timezone.localtime(registration.registered_at).isoformat(timespec="seconds")
        assert data["inscription"] == {
            "état": "confirmée",
            "cause de l’annulation": None,
            "inscription enregistrée le": registered_at,
            "place donnée le": registered_at,
            "rang en liste d’attente": None,
            "cotisation attendue au plus tard le": None,
            "adresse e-mail connue d’un cotisant": False,
            "adresse e-mail confirmée le": None,
            "lien envoyé de nouveau le": None,
        }
        assert data["journal de l’inscription"] == [
            {"date": registered_at, "état précédent": None, "nouvel état": "confirmée", "par": "vous"}
        ]
        [message] = registration.messages.all()
        assert data["messages reçus"] == [
            {
                "date": timezone.localtime(message.written_at).isoformat(timespec="seconds"),
                "objet": message.subject,
            }
        ]
        written_at = datetime.fromisoformat(data["fichier établi le"])
        assert timedelta(0) <= timezone.now() - written_at < timedelta(minutes=1)
        assert written_at.utcoffset() in (timedelta(hours=1), timedelta(hours=2))

    def test_neither_notes_nor_accounts_nor_other_people(self, client: Client) -> None:
        session = open_session(fee_required=True, exact_address="12 rue Secrète")
        user = make_staff(group="Coordination", username="jeanne.compte")
        by_hand = make_candidate(session, email="anais@vallee.example")
        registering.register_by_hand(by_hand, reason="note interne", user=user, now=timezone.now())
        member = make_member(name="Commune du Cotisant")
        make_fee(member, category=make_category(campaign=make_campaign(year=today(60).year)))
        fees.cover(member, by_hand.email, name=by_hand.full_name, now=timezone.now())
        by_hand.refresh_from_db()
        assert by_hand.status == "confirmed"
        colleague = replaced(by_hand)
        user.delete()

        for person, other in ((by_hand, colleague), (colleague, by_hand)):
            content = client.get(private_url(person, "donnees.json")).content.decode()
            for secret in ("note interne", "jeanne.compte", "Commune du Cotisant", other.email, other.token):
                assert secret not in content
        data = json.loads(client.get(private_url(by_hand, "donnees.json")).content)
        assert [line["par"] for line in data["journal de l’inscription"]] == ["l’équipe", "règle automatique", "vous"]
        assert data["inscription"]["cause de l’annulation"] == "remplacée"
        assert data["inscription"]["adresse e-mail connue d’un cotisant"] is True
        assert data["session"]["adresse exacte"] is None

    def test_waiting(self, client: Client) -> None:
        session = session_in("full", exact_address="12 rue Secrète")
        registered(session)
        response = client.get(private_url(registered(session), "donnees.json"))
        assert json.loads(response.content)["inscription"]["rang en liste d’attente"] == 2
        assert "Secrète" not in response.content.decode()

    def test_the_membership_forms_filled_from_this_page(self, client: Client) -> None:
        """Not those that somebody else filled with the same address: anybody may register with it."""
        registration = registered(open_session())
        fee = make_fee(make_member(name="Commune connue"), status="due")
        for name, filled_from in (("Pays des Collines", registration.link_source), ("Pays secret", "")):
            Application.objects.create(
                fee=fee,
                category=fee.category,
                amount=fee.amount,
                kind="structure",
                name=name,
                contact_name="Camille Durand",
                email=registration.email,
                method="transfer",
                submission_key=uuid4(),
                filled_from=filled_from,
                received_at=timezone.now(),
            ).people.create(email="collegue@structure.example", name="Collègue Secret")

        content = client.get(private_url(registration, "donnees.json")).content.decode()

        [form] = json.loads(content)["bulletins de cotisation remplis depuis cette page"]
        assert (form["cotisant"], form["montant"], form["moyen de paiement"]) == (
            "Pays des Collines",
            "100.00",
            "virement",
        )
        for secret in ("Commune connue", "Pays secret", "collegue@", "Collègue"):
            assert secret not in content

    def test_a_message_whose_text_is_gone(self, client: Client) -> None:
        registration = registered(open_session())
        Message.objects.update(subject="", text="")
        [message] = json.loads(client.get(private_url(registration, "donnees.json")).content)["messages reçus"]
        assert message["objet"] is None

    def test_methods(self, client: Client) -> None:
        address = private_url(registered(open_session()), "donnees.json")
        assert client.head(address).status_code == 200
        assert client.post(address).status_code == 405


class TestPrivatePage:
    def test_confirmed(self, client: Client) -> None:
        session = open_session(title="Animer")
        registration = registered(session)
        before = pages.rows()

        response = client.get(private_url(registration))

        pages.assert_sound(response)
        assert pages.rows() == before
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

    @pytest.mark.parametrize("status", ["postponed", "cancelled"])
    def test_the_session_no_longer_holds(self, client: Client, status: str) -> None:
        registration = registered(open_session())
        TrainingSession.objects.update(status=status)
        response = client.get(private_url(registration))
        pages.assert_sound(response)
        assert REASONS[status] in pages.main(response)
        assert "Ajouter à mon agenda" not in pages.links(pages.tree(response))

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
