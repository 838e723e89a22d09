"""What the coordination does about addresses: two people in one mailbox, a mistyped one, a link, a flood (R7, R9)."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from caprural.mailing.models import Message
from sessions_app import registering
from sessions_app.models import Registration
from tests.factories import make_campaign, make_category, make_fee, make_member, make_staff
from tests.support import pages
from tests.support.announced import open_session, registered, today
from tests.support.office import signed_in
from tests.support.office import typed as as_typed
from tests.support.traces import folded, link_for, log, messages, statuses, told
from tests.support.visitors import typed

pytestmark = pytest.mark.django_db

MAIRIE = "mairie@commune.example"


@pytest.fixture
def office() -> Client:
    return signed_in(make_staff(group="Coordination", username="coordination"))


def act(name: str, thing: Any) -> str:
    return reverse(f"admin:{name}", args=[thing.pk])


class TestByHand:
    def test_another_person_of_the_mailbox_knowingly(self, office: Client) -> None:
        """B3: refused with a box to tick, then done."""
        session = open_session()
        registered(session, email=MAIRIE, first_name="Ana", last_name="Petit")
        sent = {**typed(), "email": MAIRIE, "first_name": "Zoé", "last_name": "Blanc", "reason": "téléphone"}

        refused = office.post(act("register_by_hand", session), sent)

        assert "au nom de Ana Petit" in pages.text(pages.tree(refused))
        assert pages.by_id(pages.tree(refused), "id_is_someone_else").get("type") == "checkbox"
        assert session.registrations.count() == 1
        assert office.post(act("register_by_hand", session), {**sent, "is_someone_else": "on"}).status_code == 302
        assert sorted(session.registrations.values_list("name_key", "email")) == [
            ("ana petit", MAIRIE),
            ("zoe blanc", MAIRIE),
        ]

    def test_never_the_same_person_twice(self, office: Client) -> None:
        session = open_session()
        registered(session, email=MAIRIE, first_name="Zoé", last_name="Blanc")
        sent = {**typed(), "email": MAIRIE, "first_name": "ZOE", "last_name": "blanc", "reason": "téléphone"}
        office.post(act("register_by_hand", session), {**sent, "is_someone_else": "on"})
        assert session.registrations.count() == 1

    def test_nor_by_correcting_a_name(self, office: Client) -> None:
        session = open_session()
        registered(session, email=MAIRIE, first_name="Ana", last_name="Petit")
        sent = {**typed(), "email": MAIRIE, "first_name": "Zoé", "last_name": "Blanc", "reason": "téléphone"}
        office.post(act("register_by_hand", session), {**sent, "is_someone_else": "on"})
        other = Registration.objects.latest("pk")
        page = act("sessions_app_registration_change", other)
        shown = {
            field.attrib["name"]: field.get("value", "")
            for field in pages.tree(office.get(page)).iter("input")
            if field.get("name") and field.get("type") == "hidden"
        }

        answer = office.post(page, {**shown, **sent, "first_name": "ANA", "last_name": "Petit"})

        assert answer.status_code == 200
        assert "porte déjà ce nom et cette adresse" in pages.text(pages.tree(answer))
        assert Registration.objects.get(pk=other.pk).first_name == "Zoé"

    def test_both_links_are_found_again(self, office: Client) -> None:
        session = open_session()
        registered(session, email=MAIRIE, first_name="Ana", last_name="Petit")
        sent = {**typed(), "email": MAIRIE, "first_name": "Zoé", "last_name": "Blanc", "reason": "téléphone"}
        office.post(act("register_by_hand", session), {**sent, "is_someone_else": "on"})

        registering.send_links(MAIRIE, now=timezone.now())

        letter = Message.objects.latest("pk").text
        assert letter.startswith("Bonjour,\n")
        for person in Registration.objects.all():
            assert person.full_name in letter
            assert person.token in letter


class TestCorrecting:
    def test_from_the_message_that_could_not_leave_to_the_letter(self, office: Client) -> None:
        """B4: the home leads to the person; what was not delivered reaches the new address, with the new link."""
        session = open_session()
        person = registered(session, email="camile@commune.example")
        Message.objects.update(state=Message.State.FAILED)
        home = pages.links(pages.tree(office.get("/admin/")))
        page = reverse("admin:sessions_app_registration_change", args=[person.pk])
        assert page in home.values()
        assert act("correct_address", person) in pages.links(pages.tree(office.get(page))).values()
        before = pages.rows()
        pages.text(pages.tree(office.get(act("correct_address", person))))
        assert pages.rows() == before

        office.post(act("correct_address", person), {"email": "camille@commune.example"})

        now = Registration.objects.get()
        assert messages() == [("camille@commune.example", "Inscription confirmée")]
        assert link_for("camille@commune.example") == now.get_absolute_url()
        assert now.token != person.token
        assert log(now)[-1][2:] == ("coordination", "adresse e-mail corrigée, nouveau lien envoyé")
        assert Client().get(person.get_absolute_url()).status_code == 404

    def test_a_seat_that_would_lose_its_cover_is_said_before(self, office: Client) -> None:
        """R7b: nobody is sent back to awaiting a fee by a correction without the team having read it."""
        campaign = make_campaign(starts_on=today(), ends_on=today(90))
        make_fee(make_member(emails=("sure@commune.example",)), category=make_category(campaign=campaign))
        person = registered(open_session(fee_required=True), email="sure@commune.example")
        assert person.status == "confirmed"

        page = office.post(act("correct_address", person), {"email": "autre@commune.example"})

        assert "1 place confirmée ne sera plus couverte" in folded(pages.text(pages.tree(page)))
        assert Registration.objects.get().email == "sure@commune.example"

        office.post(act("correct_address", person), {**as_typed(page), "confirm": "1"})

        now = Registration.objects.get()
        assert (now.email, now.status) == ("autre@commune.example", "awaiting_fee")

    def test_a_new_link(self, office: Client) -> None:
        person = registered(open_session())
        before = pages.rows()
        office.get(act("renew_link", person))
        assert pages.rows() == before

        office.post(act("renew_link", person))

        now = Registration.objects.get()
        assert now.token != person.token
        assert told(now)[-1] == "Nouveau lien vers votre page personnelle"
        assert link_for(now.email) == now.get_absolute_url()
        assert log(now)[-1][2:] == ("coordination", "nouveau lien envoyé, l’ancien ne fonctionne plus")

    def test_the_board_says_who_has_not_proved(self, office: Client) -> None:
        session = open_session()
        proved, _ = registered(session), registered(session, phone="06 12 34 56 78")
        registering.confirm_address(proved, now=timezone.now())
        page = pages.text(
            pages.by_id(pages.tree(office.get(act("sessions_app_trainingsession_change", session))), "inscriptions")
        )
        assert page.count("adresse non confirmée") == 1
        assert page.index("06 12 34 56 78") < page.index("adresse non confirmée")


class TestOfBefore:
    def test_who_was_never_asked_is_not_suspected(self, office: Client) -> None:
        session = open_session()
        registered(session)
        Registration.objects.update(predates_confirming=True)

        board = pages.main(office.get(act("sessions_app_trainingsession_change", session)))
        page = pages.tree(office.get(act("discard_registrations", session)))

        assert "non confirmée" not in board + pages.text(page)
        assert [box for box in page.iter("input") if "checked" in box.attrib] == []

    def test_another_address_is_asked_about(self, office: Client) -> None:
        person = registered(open_session())
        Registration.objects.update(predates_confirming=True)

        registering.change_details(person, {"email": "autre@structure.example"}, now=timezone.now())

        assert Registration.objects.get().awaits_confirming


class TestDiscarding:
    def test_in_one_act_seats_to_the_queue_nobody_written_to(self, office: Client) -> None:
        """G5."""
        session = open_session(max_participants=3)
        robots = [registered(session, email=f"robot{n}@collines.example") for n in range(2)]
        proved = registered(session)
        registering.confirm_address(proved, now=timezone.now())
        waiting = [registered(session) for _ in range(3)]
        for person in waiting:
            registering.confirm_address(person, now=timezone.now())
        before, written = pages.rows(), len(messages())
        page = pages.tree(office.get(act("discard_registrations", session)))
        ticked = [box.get("value") for box in page.iter("input") if "checked" in box.attrib]
        assert ticked == [str(robot.pk) for robot in robots]
        previewed = office.post(act("discard_registrations", session), {"people": ticked})
        assert pages.rows() == before
        [print_] = [box.get("value") for box in pages.tree(previewed).iter("input") if box.get("name") == "previewed"]

        office.post(act("discard_registrations", session), {"people": ticked, "previewed": print_, "confirm": "1"})

        assert [status for _, status in statuses(session)] == ["cancelled"] * 2 + ["confirmed"] * 3 + ["waiting"]
        assert {row.cancellation_cause for row in session.registrations.filter(status="cancelled")} == {"discarded"}
        assert log(robots[0])[-1][2:] == ("coordination", "inscription écartée, sans message")
        assert [to for to, _ in messages()[written:]] == [person.email for person in waiting[:2]]
