"""The membership form from the private page of a registration: nothing typed twice (R14–R16)."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from caprural import agenda
from caprural.mailing.models import Message
from members import applying, fees
from members.models import Application, CoveredPerson, FeeCategory, Member
from sessions_app import registering
from sessions_app.models import Registration, TrainingSession
from tests.factories import (
    make_application,
    make_campaign,
    make_category,
    make_checked_application,
    make_fee,
    make_member,
    make_staff,
)
from tests.support import pages
from tests.support.announced import open_session, registered, today
from tests.support.traces import folded, messages, status_of, told
from tests.support.visitors import shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def category() -> FeeCategory:
    """The scale of the year of the session; another campaign has its own."""
    other = make_campaign(name="Cotisation d’une autre année", starts_on=today(-9), ends_on=today(9))
    make_category(campaign=other, label="Catégorie d’une autre année")
    campaign = make_campaign(name="Cotisation de la session", starts_on=today(50), ends_on=today(70))
    return make_category(campaign=campaign, label="Association", amount="80.00")


@pytest.fixture
def session() -> TrainingSession:
    return open_session(fee_required=True)


@pytest.fixture
def person(category: FeeCategory, session: TrainingSession) -> Registration:
    return registered(
        session,
        first_name="Camille",
        last_name="Durand",
        email="camille@collines.example",
        phone="04 78 00 00 00",
        organisation="Pays des Collines",
    )


def form_of(registration: Registration) -> str:
    return f"{registration.get_absolute_url()}adherer/"


def send(client: Client, registration: Registration, **changes: Any) -> Any:
    """The form as it comes, a means of payment chosen."""
    path = form_of(registration)
    typed = {**shown(client.get(path)), "method": "transfer", **changes}
    return client.post(path, {name: value for name, value in typed.items() if value is not None})


def page_of(client: Client, registration: Registration) -> str:
    page = client.get(registration.get_absolute_url())
    pages.assert_sound(page)
    return folded(pages.main(page))


class TestForm:
    def test_nothing_is_typed_twice(self, client: Client, person: Registration, category: FeeCategory) -> None:
        before = pages.rows()

        page = client.get(form_of(person))

        pages.assert_sound(page)
        assert pages.rows() == before
        assert page.headers["Referrer-Policy"] == "same-origin"
        typed = shown(page)
        del typed["submission_key"]
        assert {name: value for name, value in typed.items() if value and "FORMS" not in name} == {
            "category": str(category.pk),
            "name": "Pays des Collines",
            "contact_name": "Camille Durand",
            "email": "camille@collines.example",
            "phone": "04 78 00 00 00",
            "personnes-0-name": "Camille Durand",
            "personnes-0-email": "camille@collines.example",
        }
        assert "Catégorie d’une autre année" not in pages.main(page)

    def test_a_means_of_payment_is_enough(self, client: Client, person: Registration, category: FeeCategory) -> None:
        answer = send(client, person)

        assert (answer.status_code, answer.headers["Location"]) == (302, person.get_absolute_url())
        application = Application.objects.get()
        assert (application.category, application.fee, application.name) == (category, None, "Pays des Collines")
        assert list(application.people.values_list("email", "name")) == [("camille@collines.example", "Camille Durand")]
        assert messages(to=person)[1:] == [("camille@collines.example", "Bulletin reçu, 80 € à régler")]

    def test_sent_twice(self, client: Client, person: Registration) -> None:
        typed = {**shown(client.get(form_of(person))), "method": "cheque"}

        answers = [client.post(form_of(person), typed) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [302, 302]
        assert (Application.objects.count(), Member.objects.count()) == (1, 0)

    def test_its_address_stays_among_the_people(self, client: Client, person: Registration) -> None:
        page = send(client, person, **{"personnes-0-email": "autre@collines.example"})

        pages.assert_sound(page, status=422)
        assert "Gardez camille@collines.example parmi les personnes couvertes" in pages.main(page)
        assert shown(page)["personnes-0-email"] == "autre@collines.example"
        assert not Application.objects.exists()

    def test_an_accountant_is_written_to(self, client: Client, person: Registration) -> None:
        send(client, person, contact_name="Alex Compta", email="compta@collines.example")

        application = Application.objects.get()
        assert (application.email, application.contact_name) == ("compta@collines.example", "Alex Compta")
        assert list(application.people.values_list("email", flat=True)) == ["camille@collines.example"]
        # The form's link travels by its own letter: anybody's address may be typed there.
        page = client.get(person.get_absolute_url())
        assert "Le message envoyé à compta@collines.example contient le lien du bulletin." in folded(pages.main(page))
        assert application.token not in page.content.decode()

    def test_more_lines(self, client: Client, person: Registration) -> None:
        page = send(client, person, plus="", **{"personnes-1-email": "b@x.example"})

        pages.assert_sound(page)
        assert shown(page)["personnes-0-email"] == "camille@collines.example"
        assert shown(page)["personnes-1-email"] == "b@x.example"
        assert not Application.objects.exists()

    def test_a_category_of_another_campaign(self, client: Client, person: Registration) -> None:
        other = FeeCategory.objects.get(label="Catégorie d’une autre année")

        assert send(client, person, category=other.pk).status_code == 422

    @pytest.mark.parametrize("why", ["confirmed", "waiting", "cancelled", "no scale", "postponed", "free"])
    def test_nothing_is_awaited(self, client: Client, person: Registration, category: FeeCategory, why: str) -> None:
        typed = {**shown(client.get(form_of(person))), "method": "cheque"}
        match why:
            case "confirmed":
                make_fee(make_member(emails=(person.email,)), category=category)
            case "waiting":
                TrainingSession.objects.update(max_participants=1)
                person = registered(person.session)
            case "cancelled":
                cause = Registration.Cause.PARTICIPANT
                registering.cancel(person, cause=cause, now=timezone.now(), by=registering.PARTICIPANT)
            case "no scale":
                category.delete()
            case "postponed":
                TrainingSession.objects.update(status="postponed")
            case "free":
                TrainingSession.objects.update(fee_required=False)
                registering.review(person.session, now=timezone.now())
        before = pages.rows()

        page = client.get(form_of(person))
        assert (page.status_code, page.headers["Location"]) == (302, person.get_absolute_url())
        page = client.post(form_of(person), typed)
        pages.assert_sound(page, status=409)
        assert "Cette inscription n’attend pas de cotisation à régler en ligne." in pages.main(page)
        assert shown(page)["name"] == "Pays des Collines"
        assert pages.rows() == before

    def test_an_unknown_link(self, client: Client) -> None:
        assert client.get(f"/inscriptions/{'x' * 32}/adherer/").status_code == 404

    def test_too_many(self, client: Client, person: Registration, category: FeeCategory) -> None:
        # The registration's own letter is the first.
        for _ in range(applying.LETTERS_A_DAY - 1):
            make_application(email=person.email, category=category, now=timezone.now())

        page = send(client, person)

        pages.assert_sound(page, status=429)
        assert shown(page)["name"] == "Pays des Collines"
        assert Application.objects.count() == applying.LETTERS_A_DAY - 1


class TestPrivatePage:
    def test_offers_the_form_and_the_paper(self, client: Client, person: Registration) -> None:
        found = pages.links(pages.one(pages.tree(client.get(person.get_absolute_url())), ".//main"))

        assert found["Remplir le bulletin en ligne"] == form_of(person)
        assert found["Télécharger mon bulletin (PDF)"] == f"{person.get_absolute_url()}bulletin.pdf"

    def test_without_a_scale_only_the_paper(self, client: Client, person: Registration, category: FeeCategory) -> None:
        category.delete()

        assert "Remplir le bulletin en ligne" not in page_of(client, person)

    def test_once_sent_it_says_what_is_expected(self, client: Client, person: Registration) -> None:
        send(client, person)
        application = Application.objects.get()

        words = page_of(client, person)

        assert f"règlement de 80 € attendu, référence {application.own_code}, au plus tard le" in words
        assert "À nous faire parvenir" not in words
        answer = folded(words.partition("Votre adresse")[0])
        assert "Bulletin de cotisation envoyé le" in answer, "the first thing read"
        assert f"Il reste à régler 80 €, référence {application.own_code}, ou" in answer
        found = pages.links(pages.one(pages.tree(client.get(person.get_absolute_url())), ".//main"))
        assert found["Voir mon bulletin"] == application.get_absolute_url()
        assert found["Remplir un autre bulletin"] == form_of(person)

    def test_a_colleague_s_form_is_said_and_not_opened(
        self, client: Client, person: Registration, category: FeeCategory
    ) -> None:
        """Anybody may register with this address: what a colleague typed is not theirs to read."""
        application = make_checked_application(
            category=category, name="Secret", email="chef@collines.example", emails=(person.email,)
        )

        page = client.get(person.get_absolute_url())

        words = folded(pages.main(page))
        assert f"référence {application.code}" in words
        assert "Une autre personne l’a rempli pour vous" in words
        for secret in ("Secret", "chef@collines.example", application.token):
            assert secret not in page.content.decode()

    def test_a_form_nobody_has_checked_says_nothing_here(
        self, client: Client, person: Registration, category: FeeCategory
    ) -> None:
        """Anybody may name anybody: the person is asked as before, and by no letter less."""
        make_application(category=category, emails=(person.email,))

        assert "À nous faire parvenir" in page_of(client, person)

    def test_nor_one_filled_with_the_very_address(
        self, client: Client, person: Registration, category: FeeCategory
    ) -> None:
        application = make_application(category=category, email=person.email, emails=(person.email,))

        assert application.token not in client.get(person.get_absolute_url()).content.decode()

    def test_a_structure_that_has_paid_already(
        self, client: Client, person: Registration, category: FeeCategory
    ) -> None:
        """R14: the coordination checks before anybody is confirmed."""
        make_fee(make_member(siret="73282932000074"), category=category)
        send(client, person, siret="73282932000074")

        words = page_of(client, person)

        assert status_of(person) == "awaiting_fee"
        assert "Lisez d’abord le message envoyé à camille@collines.example" in words
        assert "déjà cotisé" not in words

    @pytest.mark.parametrize("why", ["cancelled", "another campaign", "another person"])
    def test_a_form_that_no_longer_answers(
        self, client: Client, person: Registration, category: FeeCategory, why: str
    ) -> None:
        others = {
            "another campaign": FeeCategory.objects.get(label="Catégorie d’une autre année"),
        }
        email = "autre@collines.example" if why == "another person" else person.email
        application = make_checked_application(category=others.get(why, category), emails=(email,))
        if why == "cancelled":
            fees.cancel(application.fee, now=timezone.now())

        assert "À nous faire parvenir" in page_of(client, person)


class TestTheRestOfTheStory:
    def test_the_fee_is_recorded(self, client: Client, person: Registration) -> None:
        """R16: the member is made of the form once checked, and lists the person."""
        send(client, person)
        application, user = Application.objects.get(), make_staff(group="Coordination")
        fee = applying.check(
            application, member=None, people=list(application.people.all()), user=user, now=timezone.now()
        )

        fees.settle(fee, now=timezone.now())

        assert status_of(person) == "confirmed"
        assert told(person)[-1] == "Cotisation à jour, inscription confirmée"

    def test_the_coordination_checks_the_form_of_a_member_up_to_date(
        self, client: Client, person: Registration, category: FeeCategory
    ) -> None:
        member = make_member(siret="73282932000074")
        make_fee(member, category=category)
        send(client, person, siret="73282932000074")
        application = Application.objects.get()

        user = make_staff(group="Coordination")
        people = list(application.people.all())
        applying.check(application, member=member, people=people, user=user, now=timezone.now())

        assert status_of(person) == "confirmed"
        assert CoveredPerson.objects.get().member == member


class TestMessages:
    def test_they_offer_the_form(self, person: Registration) -> None:
        """Also written in the test of each message (test_emails)."""
        [message] = Message.objects.all()
        address = f"https://inscriptions.caprural.example{form_of(person)}"
        assert address in message.text
        assert f'href="{address}"' in message.html

    def test_the_reminder_of_someone_who_sent_it(self, client: Client, person: Registration) -> None:
        """What is asked is what is missing: the payment, with its reference."""
        send(client, person)
        application = Application.objects.get()
        assert person.fee_due_on is not None

        agenda.run(now=timezone.now() + (person.fee_due_on - today()))

        message = Message.objects.filter(subject__startswith="Rappel").get()
        for text in (folded(message.text), folded(message.html)):
            assert application.own_code in text
            assert "Le bulletin de cotisation a bien été envoyé le" in text
            assert "/adherer/" not in text
