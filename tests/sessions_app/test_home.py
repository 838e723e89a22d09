"""The home of the admin: what needs the coordination today, and where each thing is done (R5, R8, R14, R15, R24)."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caprural import typography
from caprural.house.models import Heartbeat
from caprural.mailing.models import Message
from members import emails as members_emails
from members.models import Application
from sessions_app import registering
from sessions_app.models import Registration, Trainer, TrainingSession
from tests.factories import (
    NOW,
    make_application,
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_staff,
    make_trainer,
)
from tests.support.announced import open_session, registered, session_in, today
from tests.support.office import signed_in
from tests.support.pages import by_id, links, text, tree
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

HOME = "/admin/"
SESSIONS = "/admin/sessions_app/trainingsession/"
REGISTRATIONS = "/admin/sessions_app/registration/"


@pytest.fixture(autouse=True)
def _worker() -> None:
    """A worker seen just now."""
    beat(timedelta())


def beat(ago: timedelta, name: str = "serveur") -> None:
    """A worker last seen that long ago."""
    Heartbeat.objects.update_or_create(worker=name, defaults={"seen_at": timezone.now() - ago})


def home(client: Client) -> dict[str, list[str]]:
    """What is said under each heading, line by line."""
    found: dict[str, list[str]] = {}
    heading = ""
    for element in by_id(tree(client.get(HOME)), "a-faire").iter():
        if element.tag == "h3":
            heading = text(element)
        elif element.tag in ("li", "p"):
            found.setdefault(heading, []).append(folded(text(element)))
    return found


def where(client: Client) -> dict[str, str]:
    """Where each line leads."""
    return links(by_id(tree(client.get(HOME)), "a-faire"))


def day(days: int) -> str:
    return folded(typography.medium_date(today(days)))


class TestTheCoordination:
    def test_nothing_to_do(self, coordination: Client) -> None:
        registered(open_session())
        session_in("past", fee_required=True, min_participants=8)
        open_session(status="draft", min_participants=8, registration_deadline=today())

        assert home(coordination) == {"": ["Rien à faire."]}

    def test_the_list_of_everything_stays_below(self, coordination: Client) -> None:
        assert {"Sessions", "Inscriptions", "Cotisants"} <= links(tree(coordination.get(HOME))).keys()

    def test_forms_left_to_check(self, coordination: Client) -> None:
        """The oldest first; what was recorded or checked is not there."""
        category = make_category(campaign=make_campaign(year=today(60).year), label="Association", amount="80.00")
        now = timezone.now()
        forms = [make_application(category=category, name=name, now=now) for name in ("Collines", "Plateau", "Vallée")]
        Application.objects.filter(pk=forms[1].pk).update(checked_at=now)

        assert home(coordination)["Bulletins en ligne à vérifier"] == [
            f"Collines Association, 80 € – reçu le {day(0)}",
            f"Vallée Association, 80 € – reçu le {day(0)}",
        ]
        assert where(coordination)["Vallée"] == f"/admin/members/application/{forms[2].pk}/verifier/"

    def test_a_decision(self, coordination: Client) -> None:
        """R5: closed below the minimum, and nothing decided."""
        session = open_session(title="Coopérer", min_participants=2, registration_deadline=today(10))
        registered(session)
        TrainingSession.objects.update(registration_deadline=today())
        open_session(min_participants=None, registration_deadline=today())
        open_session(min_participants=8, registration_deadline=today(1))
        open_session(min_participants=8, registration_deadline=today(), maintained_at=timezone.now())

        assert home(coordination) == {
            "Décisions à prendre": [f"Coopérer, {day(60)} 1 place tenue pour 2 au moins"],
        }
        assert where(coordination) == {f"Coopérer, {day(60)}": f"{SESSIONS}{session.pk}/change/"}

    def test_a_seat_to_assign(self, coordination: Client) -> None:
        """R8: a seat is free, people wait, and it is no longer automatic."""
        session = open_session(title="Coopérer", max_participants=1)
        people = [registered(session) for _ in range(3)]
        TrainingSession.objects.update(registration_deadline=today())
        cause = Registration.Cause.PARTICIPANT
        registering.cancel(people[0], cause=cause, now=timezone.now(), by=registering.PARTICIPANT)

        assert home(coordination) == {
            "Places à attribuer": [f"Coopérer, {day(60)} une place est libre, 2 personnes attendent"],
        }
        page = coordination.get(where(coordination)[f"Coopérer, {day(60)}"])
        assert "Attribuer la place à la première personne" in page.content.decode()

    def test_fees_soonest_first_and_people_to_attach(self, coordination: Client) -> None:
        """R14, R15: the fees awaited for sessions to come; the people whom no member lists."""
        make_member(emails=("listee@collines.example",))
        later = open_session(title="Plus tard", fee_required=True)
        sooner = open_session(title="Bientôt", fee_required=True, registration_deadline=today(20))
        over = session_in("past", fee_required=True)
        make_registration(over, now=timezone.now() - timedelta(days=20))
        first = registered(later, first_name="Ada", last_name="A", email="listee@collines.example")
        second = registered(sooner, first_name="Bea", last_name="B", organisation="Vallée", email="b@vallee.example")

        assert home(coordination) == {
            "Cotisations à enregistrer": [
                f"Bea B, Vallée au plus tard le {day(20)} – Bientôt, {day(60)}",
                f"Ada A, Pays des Collines au plus tard le {day(50)} – Plus tard, {day(60)}",
            ],
            "Personnes à rattacher à un cotisant": [f"Bea B, Vallée b@vallee.example – Bientôt, {day(60)}"],
        }
        addresses = [link.get("href", "") for link in by_id(tree(coordination.get(HOME)), "a-faire").iter("a")]
        assert addresses == [
            f"{REGISTRATIONS}{second.pk}/cotisation/",
            f"{REGISTRATIONS}{first.pk}/cotisation/",
            f"{REGISTRATIONS}a-rattacher/#inscription-{second.pk}",
        ]
        assert [coordination.get(address).status_code for address in addresses] == [200, 200, 200]

    def test_membership_fees_that_are_due(self, coordination: Client) -> None:
        category = make_category(campaign=make_campaign())
        for status in ("due", "due", "paid", "cancelled"):
            make_fee(make_member(), category=category, status=status)

        assert home(coordination) == {
            "Cotisations attendues": [
                "2 cotisations attendues de cotisants connus",
                "Enregistrer des paiements par nom, SIRET, montant ou référence",
            ]
        }
        address, desk = where(coordination).values()
        assert coordination.get(desk).status_code == 200
        assert len(tree(coordination.get(address)).findall(".//table[@id='result_list']/tbody/tr")) == 2

    def test_letters_to_post_campaign_by_campaign(self, coordination: Client) -> None:
        for name, first, last, count in (("Courte", today(-100), today(9), 1), ("Longue", today(10), today(300), 2)):
            campaign = make_campaign(name=name, starts_on=first, ends_on=last)
            category = make_category(campaign=campaign)
            for number in range(count):
                make_fee(
                    make_member(name=f"{name} {number}"),
                    category=category,
                    status="due",
                    now=timezone.now() - timedelta(days=40),
                )
        make_fee(make_member(email="a@a.example"), category=category, status="due", now=NOW)
        make_fee(make_member(), category=category, status="due", now=timezone.now())

        assert home(coordination)["Relances à faire par courrier"] == [
            "1 lettre à imprimer et à poster Courte",
            "2 lettres à imprimer et à poster Longue",
        ]
        address = where(coordination)["2 lettres à imprimer et à poster"]
        assert coordination.get(address).status_code == 200

    def test_a_message_that_never_left(self, coordination: Client) -> None:
        registration = registered(open_session(title="Coopérer"), email="camille@collines.example")
        Message.objects.update(state=Message.State.FAILED)
        message = Message.objects.get()

        assert home(coordination) == {
            "Messages qui n’ont pas pu partir": [
                f"Inscription confirmée : Coopérer – {day(60)} pour {registration}, camille@collines.example"
            ]
        }
        [address] = where(coordination).values()
        assert address == f"/admin/sessions_app/registration/{registration.pk}/change/"
        again = f"/admin/mailing/message/{message.pk}/renvoyer/"
        assert f'href="{again}"' in coordination.get(address).content.decode()
        coordination.post(again)
        assert home(coordination) == {"": ["Rien à faire."]}

    def test_a_message_to_a_payer_too(self, coordination: Client) -> None:
        fee = make_fee(make_member(email="compta@collines.example"), status="committed")
        members_emails.fee_call(fee, now=timezone.now())
        Message.objects.update(state=Message.State.FAILED)
        message = Message.objects.get()

        assert home(coordination) == {
            "Messages qui n’ont pas pu partir": [
                f"Appel de cotisation {fee.code} : Cotisation 2017, 100 € pour compta@collines.example"
            ]
        }
        [address] = where(coordination).values()
        assert address == f"/admin/mailing/message/{message.pk}/renvoyer/"
        coordination.post(address)
        assert home(coordination) == {"": ["Rien à faire."]}

    @pytest.mark.parametrize(("days", "said"), [(29, True), (31, False)])
    def test_a_message_given_up_long_ago_is_left_alone(self, coordination: Client, days: int, said: bool) -> None:
        registered(open_session())
        Message.objects.update(state=Message.State.FAILED, written_at=timezone.now() - timedelta(days=days))

        assert ("Messages qui n’ont pas pu partir" in home(coordination)) is said

    @pytest.mark.parametrize(("minutes", "said"), [(9, False), (11, True)])
    def test_a_worker_not_seen(self, coordination: Client, minutes: int, said: bool) -> None:
        beat(timedelta(minutes=minutes))

        assert ("Envoi des messages" in home(coordination)) is said

    def test_one_worker_of_two_is_enough(self, coordination: Client) -> None:
        beat(timedelta(days=2))
        beat(timedelta(minutes=1), name="autre")

        assert home(coordination) == {"": ["Rien à faire."]}

    def test_a_worker_never_seen(self, coordination: Client) -> None:
        Heartbeat.objects.all().delete()

        [line] = home(coordination)["Envoi des messages"]
        assert "le programme d’envoi n’a jamais donné signe de vie" in line

    def test_a_long_list_is_cut_and_leads_to_the_rest(self, coordination: Client) -> None:
        session = open_session(fee_required=True, max_participants=12)
        for _ in range(12):
            registered(session)

        said = home(coordination)

        assert [len(lines) for lines in said.values()] == [11, 11]
        assert {lines[-1] for lines in said.values()} == {"Et 2 autres"}
        fees, people = [
            link.get("href", "")
            for link in by_id(tree(coordination.get(HOME)), "a-faire").iter("a")
            if text(link) == "Et 2 autres"
        ]
        assert len(tree(coordination.get(fees)).findall(".//table[@id='result_list']/tbody/tr")) == 12
        assert len(tree(coordination.get(people)).findall(".//section[@class='stranger']")) == 12

    def test_one_query_count_whatever_there_is_to_do(self, coordination: Client) -> None:
        def busy(times: int) -> None:
            for _ in range(times):
                session = open_session(fee_required=True, min_participants=8, trainers=(make_trainer(),))
                for _ in range(times):
                    registered(session)
            TrainingSession.objects.update(registration_deadline=today())
            Message.objects.update(state=Message.State.FAILED)

        busy(1)
        with CaptureQueriesContext(connection) as one:
            coordination.get(HOME)
        busy(4)
        with CaptureQueriesContext(connection) as many:
            said = home(coordination)

        assert len(said["Décisions à prendre"]) == 5
        assert len(many) == len(one)


class TestTrainers:
    """Their own sessions to come, and not a word about fees."""

    def test_their_own_sessions_to_come(self, trainer: Client, me: Trainer) -> None:
        mine = open_session(title="La mienne", trainers=(me,), fee_required=True)
        registered(mine)
        open_session(title="Sans plafond", trainers=(me,), max_participants=None, days=(today(70),))
        open_session(title="Brouillon", trainers=(me,), status="draft")
        session_in("past", title="Passée", trainers=(me,))
        open_session(title="Une autre", fee_required=True, min_participants=8, registration_deadline=today())
        Heartbeat.objects.all().delete()

        assert home(trainer) == {
            "": [f"La mienne, {day(60)} 1 place tenue sur 10", f"Sans plafond, {day(70)} 0 place tenue"]
        }
        assert where(trainer)[f"La mienne, {day(60)}"] == f"{SESSIONS}{mine.pk}/change/"
        assert "cotis" not in trainer.get(HOME).content.decode().lower()

    def test_without_session(self, trainer: Client) -> None:
        open_session(title="Une autre")

        assert home(trainer) == {"": ["Vous n’intervenez dans aucune session à venir."]}


def test_an_account_outside_the_groups_is_told_nothing() -> None:
    registered(open_session(fee_required=True))
    user = User.objects.create_user("intrus", is_staff=True)

    page = signed_in(user).get(HOME)

    assert page.status_code == 200
    assert "a-faire" not in page.content.decode()


def test_the_workers_are_listed_for_the_coordination_alone() -> None:
    page = "/admin/house/heartbeat/"
    coordination = signed_in(make_staff(group="Coordination"))
    response = coordination.get(page)
    assert response.status_code == 200
    assert "serveur" in response.content.decode()
    assert signed_in(make_staff(group="Formateurs")).get(page).status_code == 403
