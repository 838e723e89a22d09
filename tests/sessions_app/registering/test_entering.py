"""Someone comes in, alone or by hand, is replaced, corrects what they typed, finds their link again (R7, R9–R11)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from caprural.mailing.models import Message
from members.models import CoveredPerson
from sessions_app import deciding, registering
from sessions_app.models import Registration, StatusChange, TrainingSession
from sessions_app.roles import COORDINATION
from tests.factories import (
    NOW,
    make_candidate,
    make_fee,
    make_member,
    make_registration,
    make_session,
    make_staff,
    paris,
)
from tests.support.together import at_once
from tests.support.traces import folded, log, messages, status_of, statuses, told
from tests.support.visitors import cancel

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


FIVE_MINUTES = timedelta(minutes=5)


START = paris(2017, 4, 12, 9, 30)


AFTER_DEADLINE = paris(2017, 4, 7, 10)


SEAT_NEEDED = "Seule une personne qui a une place peut se faire remplacer."


ADDRESS_TAKEN = "Cette adresse ne peut pas prendre votre place : vérifiez-la, ou écrivez à la personne de contact."


ADDRESS_IN_USE = "Cette adresse ne peut pas être utilisée pour cette inscription : vérifiez-la."


Cause = Registration.Cause


DURING = paris(2017, 4, 12, 11)


AFTERWARDS = paris(2017, 4, 14, 10)


def colleague_of(session: TrainingSession, **fields: Any) -> Registration:
    """What someone types of the colleague who takes their seat: a name and an address."""
    return Registration(
        session=session,
        **{"first_name": "Alex", "last_name": "Petit", "email": "alex@structure.example", **fields},
    )


class TestReplacing:
    """R10: the seat stays held, the colleague gets their own link, the fee is checked again for them."""

    def test_the_seat_changes_hands_and_both_are_told(self) -> None:
        session = make_session()
        leaving = make_registration(session, last_name="Durand", first_name="Camille", organisation="Pays des Collines")
        later = NOW + timedelta(days=1)

        arriving = registering.replace(leaving, colleague_of(session, email=" Alex@Structure.example"), now=later)

        leaving.refresh_from_db()
        arriving.refresh_from_db()
        assert statuses(session) == [("Durand", "cancelled"), ("Petit", "confirmed")]
        assert (leaving.cancellation_cause, leaving.replaced_by) == ("replaced", arriving)
        assert (arriving.email, arriving.organisation, arriving.registered_at, arriving.seat_given_at) == (
            "alex@structure.example",
            "Pays des Collines",
            later,
            later,
        )
        assert arriving.token != leaving.token
        assert messages()[1:] == [
            (leaving.email, "Remplacement enregistré"),
            ("alex@structure.example", "Vous remplacez Camille Durand, inscription confirmée"),
        ]
        assert log(leaving)[1:] == [("confirmed", "cancelled", "la personne", "remplacée par Alex Petit")]
        assert log(arriving) == [("", "confirmed", "la personne", "remplace Camille Durand")]

    def test_another_organisation_is_kept(self) -> None:
        session = make_session()
        leaving = make_registration(session)

        arriving = registering.replace(leaving, colleague_of(session, organisation="Ailleurs"), now=NOW)

        assert arriving.organisation == "Ailleurs"

    @pytest.mark.parametrize("now", [NOW, AFTER_DEADLINE, START - timedelta(hours=1), START - SECOND])
    def test_the_seat_is_kept_though_people_wait(self, now: datetime) -> None:
        """Until the start, to the second: nobody passes before the others, since no seat was freed."""
        session = make_session(max_participants=1)
        leaving = make_registration(session, last_name="A")
        waiting = make_registration(session, last_name="B")

        registering.replace(leaving, colleague_of(session, last_name="C"), now=now)

        assert statuses(session) == [("A", "cancelled"), ("B", "waiting"), ("C", "confirmed")]
        assert (told(waiting), waiting.rank()) == (["Liste d’attente (rang 1)"], 1)

    def test_the_fee_is_asked_of_the_colleague(self) -> None:
        session = make_session(fee_required=True)
        make_fee(make_member(emails=("camille@collines.example",)))
        leaving = make_registration(session, email="camille@collines.example", first_name="Camille", last_name="Durand")
        assert leaving.status == "confirmed"

        arriving = registering.replace(leaving, colleague_of(session), now=AFTER_DEADLINE)

        assert (arriving.status, arriving.fee_due_on) == ("awaiting_fee", date(2017, 4, 11))
        assert told(arriving) == [
            "Vous remplacez Camille Durand, cotisation attendue au plus tard le 11 avril 2017",
        ]

    def test_the_colleague_may_be_up_to_date_already(self) -> None:
        session = make_session(fee_required=True)
        leaving = make_registration(session, first_name="Camille", last_name="Durand")
        make_fee(make_member(emails=("alex@structure.example",)))

        arriving = registering.replace(leaving, colleague_of(session), now=NOW)

        leaving.refresh_from_db()
        assert (arriving.status, arriving.fee_due_on, leaving.fee_due_on) == ("confirmed", None, None)
        assert told(arriving) == ["Vous remplacez Camille Durand, inscription confirmée"]

    def test_the_colleague_may_be_replaced_in_turn(self) -> None:
        session = make_session()
        first = make_registration(session)
        second = registering.replace(first, colleague_of(session), now=NOW)

        third = registering.replace(second, colleague_of(session, email="lou@structure.example"), now=NOW)

        assert [status_of(row) for row in (first, second, third)] == ["cancelled", "cancelled", "confirmed"]
        second.refresh_from_db()
        assert (second.replaced_by, third.replaces) == (third, second)

    def test_by_someone_who_had_given_up(self) -> None:
        session = make_session()
        leaving, gone = make_registration(session), make_registration(session)
        registering.withdraw(gone, now=NOW, by=registering.PARTICIPANT)

        arriving = registering.replace(leaving, colleague_of(session, email=gone.email), now=NOW)

        assert [status_of(gone), arriving.status] == ["cancelled", "confirmed"]

    def test_who_waits_has_no_seat_to_hand_over(self) -> None:
        session = make_session(max_participants=1)
        waiting = [make_registration(session) for _ in range(2)][1]

        self.is_refused(waiting, colleague_of(session), NOW, SEAT_NEEDED)

    def test_who_gave_up_neither(self) -> None:
        session = make_session()
        gone = make_registration(session)
        registering.withdraw(gone, now=NOW, by=registering.PARTICIPANT)

        self.is_refused(gone, colleague_of(session), NOW, SEAT_NEEDED)

    def test_once(self) -> None:
        session = make_session()
        leaving = make_registration(session)
        registering.replace(leaving, colleague_of(session), now=NOW)

        self.is_refused(leaving, colleague_of(session, email="lou@structure.example"), NOW, SEAT_NEEDED)

    @pytest.mark.parametrize("status", ["confirmed", "awaiting_fee", "waiting"])
    def test_not_by_someone_registered_already(self, status: str) -> None:
        """Nor by oneself; the sentence does not say that the address is registered."""
        session = make_session(max_participants=2, fee_required=True)
        make_fee(make_member(emails=("confirmed@structure.example",)))
        names = {"leaving": 0, "confirmed": 1} if status != "awaiting_fee" else {"leaving": 0, "awaiting_fee": 1}
        people = {name: make_registration(session, email=f"{name}@structure.example") for name in names}
        people["waiting"] = make_registration(session, email="waiting@structure.example")
        assert status_of(people[status]) == status

        self.is_refused(
            people["leaving"], colleague_of(session, email=f" {status.upper()}@structure.example"), NOW, ADDRESS_TAKEN
        )
        oneself = {"first_name": "CAMILLE", "last_name": people["leaving"].last_name}
        self.is_refused(
            people["leaving"], colleague_of(session, email="leaving@structure.example", **oneself), NOW, ADDRESS_TAKEN
        )

    def test_by_a_colleague_who_reads_the_same_mailbox(self) -> None:
        session = make_session()
        leaving = make_registration(session, email="mairie@structure.example")

        colleague = registering.replace(leaving, colleague_of(session, email=leaving.email), now=NOW)

        assert [(row.email, row.status) for row in session.registrations.all()] == [
            ("mairie@structure.example", "cancelled"),
            ("mairie@structure.example", "confirmed"),
        ]
        assert colleague.token != leaving.token

    @pytest.mark.parametrize(
        ("status", "now", "reason"),
        [
            ("published", START, "Cette session a commencé : il n’est plus possible de s’inscrire."),
            ("published", START + timedelta(days=2), "Cette session a eu lieu."),
            ("cancelled", NOW, "Cette session est annulée."),
            (
                "postponed",
                NOW,
                "Cette session est reportée : les inscriptions reprendront à une date à venir.",
            ),
            ("draft", NOW, "Cette session n’est pas encore publiée."),
        ],
    )
    def test_not_in_a_session_that_is_not_to_come(self, status: str, now: datetime, reason: str) -> None:
        session = make_session()
        leaving = make_registration(session)
        TrainingSession.objects.filter(pk=session.pk).update(status=status)

        self.is_refused(leaving, colleague_of(session), now, reason)

    def is_refused(self, leaving: Registration, colleague: Registration, now: datetime, reason: str) -> None:
        """With that sentence, and nothing has changed."""
        before = list(Registration.objects.values()), messages(), log(leaving)

        with pytest.raises(registering.RegistrationRefused) as refused:
            registering.replace(leaving, colleague, now=now)

        assert folded(str(refused.value)) == reason
        assert (list(Registration.objects.values()), messages(), log(leaving)) == before

    @pytest.mark.django_db(transaction=True)
    def test_two_colleagues_at_once_and_one_of_them_has_the_seat(self) -> None:
        session = make_session(max_participants=1)
        leaving = make_registration(session)

        outcomes = at_once(
            *(
                lambda number=number: registering.replace(
                    leaving, colleague_of(session, email=f"alex.{number}@structure.example"), now=NOW
                )
                for number in range(3)
            )
        )

        refused = [folded(str(outcome)) for outcome in outcomes if isinstance(outcome, Exception)]
        assert refused == [SEAT_NEEDED] * 2
        assert [status for _, status in statuses(session)] == ["cancelled", "confirmed"]
        assert len(messages()) == 3


class TestChangingDetails:
    """R9: what was typed is corrected; another address receives the link, the former one is told."""

    def test_everything_but_the_address(self) -> None:
        registration = make_registration(make_session(), email="camille@structure.example")
        details = {
            "first_name": "Camillo",
            "last_name": "Durant",
            "email": " CAMILLE@structure.example",
            "phone": "06 12 34 56 78",
            "organisation": "Pays des Vallons",
            "job_title": "Technicien",
            "profile": "technician",
            "accessibility_needs": "Boucle magnétique",
            "carpool": True,
            "departure_town": "Givors",
            "message": "Bonjour",
        }

        returned = registering.change_details(registration, details, now=NOW)

        current = Registration.objects.filter(pk=registration.pk).values(*details).get()
        assert current == {**details, "email": "camille@structure.example"}
        assert returned.first_name == "Camillo"
        assert messages() == [("camille@structure.example", "Inscription confirmée")]
        assert len(log(registration)) == 1

    def test_another_address_receives_the_link_and_the_former_one_is_told(self) -> None:
        registration = make_registration(make_session(), email="camille@structure.example")

        Message.objects.update(state=Message.State.SENT)

        registering.change_details(
            registration, {"email": "Camille.Durand@structure.example "}, now=NOW, is_behind_link=True
        )

        assert messages()[1:] == [
            ("camille@structure.example", "Adresse e-mail modifiée"),
            ("camille.durand@structure.example", "Nouvelle adresse e-mail enregistrée"),
        ]
        token = Registration.objects.get().token
        assert token != registration.token
        former, new = Message.objects.order_by("pk")[1:]
        assert [token in text for text in (former.text, former.html)] == [False, False]
        assert [token in text for text in (new.text, new.html)] == [True, True]
        assert not any(registration.token in text for sent in (former, new) for text in (sent.text, sent.html))

    @pytest.mark.parametrize("status", [Message.State.QUEUED, Message.State.FAILED])
    def test_what_never_reached_a_mistyped_address_follows(self, status: int) -> None:
        """With the new link; and a stranger who may read the former mailbox is not written to."""
        registration = make_registration(make_session(), email="camile@structure.example")
        Message.objects.update(state=status)

        registering.change_details(registration, {"email": "camille@structure.example"}, now=NOW)

        assert messages() == [("camille@structure.example", "Inscription confirmée")]
        letter, current = Message.objects.get(), Registration.objects.get()
        assert letter.state == Message.State.QUEUED
        assert current.token in letter.text
        assert current.token in letter.html
        assert registration.token not in f"{letter.text}{letter.html}"

    @pytest.mark.parametrize("is_proved", [False, True])
    @pytest.mark.parametrize("has_left", [False, True])
    @pytest.mark.parametrize(
        ("former", "new"),
        [
            ("couverte@collines.example", "autre@ailleurs.example"),
            ("autre@ailleurs.example", "couverte@collines.example"),
            ("autre@ailleurs.example", "encore@ailleurs.example"),
        ],
    )
    def test_one_letter_to_the_new_address_and_no_dead_link_to_the_former(
        self, former: str, new: str, has_left: bool, is_proved: bool
    ) -> None:
        session = make_session(fee_required=True)
        make_fee(make_member(emails=("couverte@collines.example",)))
        registration = make_registration(session, email=former)
        registering.register(make_candidate(session, email=former), now=NOW + timedelta(hours=1))  # the link again
        if has_left:
            Message.objects.update(state=Message.State.SENT)

        registering.change_details(registration, {"email": new}, now=NOW, is_behind_link=is_proved)
        registering.change_details(Registration.objects.get(), {"email": f"x{new}"}, now=NOW)
        registering.change_details(Registration.objects.get(), {"email": new}, now=NOW)

        [letter] = Message.objects.filter(state=Message.State.QUEUED).exclude(
            subject__startswith="Adresse e-mail modifiée"
        )
        assert letter.to == new
        assert f"/inscriptions/{Registration.objects.get().token}/" in letter.text
        assert list(Message.objects.given_up(since=NOW)) == []

    def test_what_a_mistyped_address_swallowed_is_written_again(self) -> None:
        registration = make_registration(make_session(), email="camile@structure.example")
        Message.objects.update(state=Message.State.SENT)

        registering.change_details(registration, {"email": "camille@structure.example"}, now=NOW)

        assert messages()[1:] == [("camille@structure.example", "Inscription confirmée")]

    def test_a_new_address_is_not_proved(self) -> None:
        registration = make_registration(make_session())
        registering.confirm_address(registration, now=NOW)
        assert Registration.objects.get().address_confirmed_at == NOW

        with pytest.raises(registering.RegistrationRefused):  # from the browser that registered
            registering.change_details(registration, {"email": "autre@structure.example"}, now=NOW)
        registering.change_details(registration, {"email": "autre@structure.example"}, now=NOW, is_behind_link=True)

        assert Registration.objects.get().address_confirmed_at is None
        registering.confirm_address(registration, now=NOW)  # behind the former link
        assert Registration.objects.get().address_confirmed_at is None

    def test_not_the_name_of_the_other_person_of_the_mailbox(self) -> None:
        session = make_session()
        first = make_registration(session, email="mairie@structure.example", first_name="Zoé", last_name="Petit")
        other = make_candidate(session, email="mairie@structure.example", first_name="Alex", last_name="Petit")
        registering.register_by_hand(
            other, reason="téléphone", user=make_staff(group=COORDINATION), now=NOW, knowingly=True
        )

        with pytest.raises(registering.RegistrationRefused):
            registering.change_details(other, {"first_name": "ZOE", "last_name": "Petit"}, now=NOW)
        registering.change_details(other, {"first_name": "Léa"}, now=NOW)

        assert [row.name_key for row in session.registrations.order_by("pk")] == [first.name_key, "lea petit"]

    @pytest.mark.parametrize("now", [NOW, AFTER_DEADLINE])
    def test_a_covered_address_confirms_the_seat(self, now: datetime) -> None:
        session = make_session(fee_required=True)
        registration = make_registration(session, email="camille@boite-perso.example")
        make_fee(make_member(emails=("camille@collines.example",)))

        registering.change_details(registration, {"email": "camille@collines.example"}, now=now, is_behind_link=True)

        registration.refresh_from_db()
        assert (registration.status, registration.fee_due_on) == ("confirmed", None)
        assert log(registration)[2:] == [
            ("awaiting_fee", "confirmed", "règle automatique", "nouvelle adresse couverte par une cotisation")
        ]
        assert messages()[1:] == [
            ("camille@boite-perso.example", "Adresse e-mail modifiée"),
            ("camille@collines.example", "Cotisation à jour, inscription confirmée"),
        ]

    def test_an_address_that_is_not_covered_leaves_the_date(self) -> None:
        registration = make_registration(make_session(fee_required=True))

        registering.change_details(registration, {"email": "autre@structure.example"}, now=AFTER_DEADLINE)

        registration.refresh_from_db()
        assert (registration.status, registration.fee_due_on) == ("awaiting_fee", date(2017, 4, 5))

    def test_who_waits_goes_on_waiting_though_covered(self) -> None:
        session = make_session(fee_required=True, max_participants=1)
        waiting = [make_registration(session) for _ in range(3)][1]
        make_fee(make_member(emails=("camille@collines.example",)))

        registering.change_details(waiting, {"email": "camille@collines.example"}, now=NOW)

        assert (status_of(waiting), waiting.rank()) == ("waiting", 1)

    def test_not_the_address_of_someone_else_in_the_session(self) -> None:
        session = make_session()
        registration, other = make_registration(session), make_registration(session)
        before = Registration.objects.filter(pk=registration.pk).values().get(), messages()

        with pytest.raises(registering.RegistrationRefused) as refused:
            registering.change_details(
                registration, {"first_name": "Alex", "email": f" {other.email.upper()}"}, now=NOW
            )

        assert folded(str(refused.value)) == ADDRESS_IN_USE
        assert (Registration.objects.filter(pk=registration.pk).values().get(), messages()) == before

    def test_the_address_of_someone_who_gave_up_or_of_another_session_is_free(self) -> None:
        session = make_session()
        registration, gone = make_registration(session), make_registration(session)
        registering.withdraw(gone, now=NOW, by=registering.PARTICIPANT)
        make_registration(make_session(), email="ailleurs@structure.example")

        for email in (gone.email, "ailleurs@structure.example"):
            assert registering.change_details(registration, {"email": email}, now=NOW).email == email

    def test_not_once_cancelled(self) -> None:
        registration = make_registration(make_session(), first_name="Camille")
        registering.withdraw(registration, now=NOW, by=registering.PARTICIPANT)

        with pytest.raises(registering.RegistrationRefused) as refused:
            registering.change_details(registration, {"first_name": "Alex"}, now=NOW)

        assert folded(str(refused.value)) == "Cette inscription est annulée : elle ne peut plus être modifiée."
        registration.refresh_from_db()
        assert registration.first_name == "Camille"

    def test_what_happened_since_the_page_was_read_is_kept(self) -> None:
        """The row is read again under the lock: the seat given in between is not lost."""
        session = make_session(max_participants=1)
        first, waiting = make_registration(session), make_registration(session)
        registering.withdraw(first, now=NOW, by=registering.PARTICIPANT)
        assert waiting.status == "waiting"

        registering.change_details(waiting, {"first_name": "Alex"}, now=NOW)

        assert statuses(session)[1] == (waiting.last_name, "confirmed")

    @pytest.mark.django_db(transaction=True)
    def test_two_people_take_the_same_address_at_once(self) -> None:
        session = make_session()
        people = [make_registration(session) for _ in range(2)]

        outcomes = at_once(
            *(
                lambda person=person: registering.change_details(person, {"email": "le@meme.example"}, now=NOW)
                for person in people
            )
        )

        refused = [folded(str(outcome)) for outcome in outcomes if isinstance(outcome, Exception)]
        assert refused == [ADDRESS_IN_USE]
        assert session.registrations.filter(email="le@meme.example").count() == 1


class TestFindingTheLinks:
    """R11: one message with the links of what is live and to come at that address; nothing else, nothing for others."""

    ADDRESS = "camille@structure.example"

    def links(self, sent: Message) -> list[str]:
        """The private links that a message carries, as tokens, in order."""
        tokens = Registration.objects.values_list("token", flat=True)
        found = [token for token in tokens if f"/inscriptions/{token}/" in sent.text]
        assert all(f"/inscriptions/{token}/" in sent.html for token in found)
        return sorted(found, key=sent.text.index)

    def test_every_link_in_one_message(self) -> None:
        make_fee(make_member(emails=("autre@structure.example",)))
        sessions = {
            "confirmed": make_session(),
            "awaiting_fee": make_session(fee_required=True),
            "waiting": make_session(max_participants=1),
        }
        make_registration(sessions["waiting"])
        people = {name: make_registration(session, email=self.ADDRESS) for name, session in sessions.items()}
        assert [person.status for person in people.values()] == list(people)
        make_registration(sessions["confirmed"])
        before = len(messages())

        registering.send_links(" CAMILLE@structure.example", now=NOW)

        assert messages()[before:] == [(self.ADDRESS, "Liens vers vos pages personnelles (3 inscriptions)")]
        assert self.links(Message.objects.latest("pk")) == [person.token for person in people.values()]

    def test_one_alone(self) -> None:
        registration = make_registration(make_session(), email=self.ADDRESS)

        registering.send_links(self.ADDRESS, now=NOW)

        assert told(registration)[1:] == ["Lien vers votre page personnelle"]
        assert self.links(Message.objects.latest("pk")) == [registration.token]

    def test_only_what_is_live_and_to_come(self) -> None:
        now = paris(2017, 4, 12, 11)
        sessions = {
            "under way": make_session(),
            "past": make_session(days=(date(2017, 4, 11),)),
            "given up": make_session(days=(date(2017, 5, 3),)),
            "session cancelled": make_session(days=(date(2017, 5, 4),)),
            "postponed": make_session(days=(date(2017, 4, 5),)),
            "to come": make_session(days=(date(2017, 5, 5),)),
        }
        people = {name: make_registration(session, email=self.ADDRESS) for name, session in sessions.items()}
        registering.withdraw(people["given up"], now=NOW, by=registering.PARTICIPANT)
        TrainingSession.objects.filter(pk=sessions["session cancelled"].pk).update(status="cancelled")
        deciding.postpone(sessions["postponed"], first_on=None, now=NOW)

        registering.send_links(self.ADDRESS, now=now)

        assert self.links(Message.objects.latest("pk")) == [
            people[name].token for name in ("under way", "postponed", "to come")
        ]

    @pytest.mark.parametrize("email", ["inconnue@structure.example", "camille@structure.example.org", ""])
    def test_nothing_for_an_address_nobody_registered(self, email: str) -> None:
        make_registration(make_session(), email=self.ADDRESS)
        CoveredPerson.objects.create(member=make_member(), email="inconnue@structure.example")

        registering.send_links(email, now=NOW)

        assert messages() == [(self.ADDRESS, "Inscription confirmée")]

    def test_nothing_when_all_of_it_is_over(self) -> None:
        registration = make_registration(make_session(), email=self.ADDRESS)

        registering.send_links(self.ADDRESS, now=paris(2017, 4, 12, 17, 30))

        assert told(registration) == ["Inscription confirmée"]

    def test_not_twice_within_five_minutes(self) -> None:
        registration = make_registration(make_session(), email=self.ADDRESS)

        for moment in (NOW, NOW + SECOND, NOW + FIVE_MINUTES - SECOND, NOW + FIVE_MINUTES):
            registering.send_links(self.ADDRESS, now=moment)

        assert told(registration)[1:] == ["Lien vers votre page personnelle"] * 2

    def test_nor_just_after_the_form_has_sent_it(self) -> None:
        """R7: the same link, asked for in another way."""
        session = make_session()
        registration = make_registration(session, email=self.ADDRESS)
        registering.register(make_candidate(session, email=self.ADDRESS), now=NOW)

        registering.send_links(self.ADDRESS, now=NOW + SECOND)
        registering.register(make_candidate(session, email=self.ADDRESS), now=NOW + SECOND)

        assert told(registration)[1:] == ["Lien vers votre page personnelle"]

    def test_a_registration_made_since_is_worth_a_message(self) -> None:
        first = make_registration(make_session(), email=self.ADDRESS)
        registering.send_links(self.ADDRESS, now=NOW)
        second = make_registration(make_session(), email=self.ADDRESS)

        registering.send_links(self.ADDRESS, now=NOW + SECOND)
        registering.send_links(self.ADDRESS, now=NOW + 2 * SECOND)

        assert told(first)[3:] == ["Liens vers vos pages personnelles (2 inscriptions)"]
        assert self.links(Message.objects.latest("pk")) == [first.token, second.token]

    def test_no_status_changes(self) -> None:
        registration = make_registration(make_session(fee_required=True), email=self.ADDRESS)

        registering.send_links(self.ADDRESS, now=paris(2017, 4, 7))

        assert (status_of(registration), len(log(registration))) == ("awaiting_fee", 1)

    @pytest.mark.django_db(transaction=True)
    def test_asked_three_times_at_once_it_is_sent_once(self) -> None:
        for _ in range(2):
            make_registration(make_session(), email=self.ADDRESS)

        at_once(*[lambda: registering.send_links(self.ADDRESS, now=NOW)] * 3)

        assert messages()[2:] == [(self.ADDRESS, "Liens vers vos pages personnelles (2 inscriptions)")]


class TestAnOpenSession:
    """R7: a free seat and nobody waiting."""

    def test_without_fee_the_seat_is_confirmed(self) -> None:
        """R17."""
        session = make_session(max_participants=2)

        registration = registering.register(make_candidate(session, last_name="Durand"), now=NOW)

        assert registration is not None
        assert statuses(session) == [("Durand", "confirmed")]
        assert (registration.registered_at, registration.seat_given_at, registration.fee_due_on) == (NOW, NOW, None)
        assert log(registration) == [("", "confirmed", "la personne", "inscription en ligne")]
        assert told(registration) == ["Inscription confirmée"]

    def test_with_the_fee_up_to_date_the_seat_is_confirmed(self) -> None:
        session = make_session(fee_required=True)
        make_fee(make_member(emails=("camille@collines.example",)))

        registration = make_registration(session, email="camille@collines.example")

        assert registration.status == "confirmed"
        assert registration.fee_due_on is None
        assert told(registration) == ["Inscription confirmée"]

    def test_otherwise_the_seat_is_held_until_a_date(self) -> None:
        """R15."""
        session = make_session(fee_required=True)

        registration = make_registration(session)

        assert (registration.status, registration.fee_due_on, registration.seat_given_at) == (
            "awaiting_fee",
            date(2017, 4, 5),
            NOW,
        )
        assert log(registration) == [("", "awaiting_fee", "la personne", "inscription en ligne")]
        assert told(registration) == ["Place retenue, cotisation attendue au plus tard le 5 avril 2017"]

    def test_what_was_typed_is_kept(self) -> None:
        session = make_session()
        typed = {
            "first_name": "Camille",
            "last_name": "Durand",
            "email": "camille@structure.example",
            "phone": "06 12 34 56 78",
            "organisation": "Pays des Collines",
            "job_title": "Chargée de mission",
            "profile": "technician",
            "accessibility_needs": "Boucle magnétique",
            "carpool": True,
            "departure_town": "Givors",
            "message": "Bonjour",
        }

        registration = make_registration(session, **typed)

        assert Registration.objects.filter(pk=registration.pk).values(*typed).get() == typed


class TestAFullSession:
    """R7: no free seat, or people already waiting: the end of the waiting list, with the rank shown."""

    def test_ranks_in_order_of_arrival(self) -> None:
        session = make_session(max_participants=2)

        people = [make_registration(session, last_name=name) for name in "ABCDE"]

        assert statuses(session) == [
            ("A", "confirmed"),
            ("B", "confirmed"),
            ("C", "waiting"),
            ("D", "waiting"),
            ("E", "waiting"),
        ]
        assert [told(person) for person in people] == [
            ["Inscription confirmée"],
            ["Inscription confirmée"],
            ["Liste d’attente (rang 1)"],
            ["Liste d’attente (rang 2)"],
            ["Liste d’attente (rang 3)"],
        ]
        assert log(people[2]) == [("", "waiting", "la personne", "inscription en ligne")]

    def test_a_seat_awaiting_its_fee_is_taken(self) -> None:
        """R3."""
        session = make_session(max_participants=1, fee_required=True)

        people = [make_registration(session) for _ in range(2)]

        assert [person.status for person in people] == ["awaiting_fee", "waiting"]

    def test_someone_waiting_owes_nothing_yet(self) -> None:
        session = make_session(max_participants=1, fee_required=True)
        make_registration(session)

        waiting = make_registration(session)

        assert (waiting.seat_given_at, waiting.fee_due_on) == (None, None)

    def test_being_up_to_date_does_not_pass_before_the_others(self) -> None:
        session = make_session(max_participants=1, fee_required=True)
        make_fee(make_member(emails=("camille@collines.example",)))
        make_registration(session)

        assert make_registration(session, email="camille@collines.example").status == "waiting"

    def test_nobody_passes_before_those_who_wait_though_a_seat_is_free(self) -> None:
        session = make_session(max_participants=1)
        make_registration(session)
        first = make_registration(session)
        TrainingSession.objects.filter(pk=session.pk).update(max_participants=2)

        newcomer = make_registration(session)

        assert [first.rank(), newcomer.rank()] == [1, 2]

    def test_without_maximum_nobody_waits(self) -> None:
        session = make_session(max_participants=None)

        assert [make_registration(session).status for _ in range(12)] == ["confirmed"] * 12


class TestTheSameAddress:
    """R7: no second registration; the private link is sent again, the screen reveals nothing."""

    @pytest.mark.parametrize(
        "typed", ["camille@structure.example", "CAMILLE@Structure.Example", "  camille@structure.example\t"]
    )
    def test_case_and_spaces_do_not_count(self, typed: str) -> None:
        session = make_session()
        first = make_registration(session, email="camille@structure.example", first_name="Camille")

        again = registering.register(make_candidate(session, email=typed, first_name="Autre"), now=NOW)

        assert again is None
        assert [row.first_name for row in session.registrations.all()] == ["Camille"]
        assert messages() == [
            ("camille@structure.example", "Inscription confirmée"),
            ("camille@structure.example", "Lien vers votre page personnelle"),
        ]
        assert len(log(first)) == 1

    def test_it_is_stored_without_case_nor_spaces(self) -> None:
        registration = make_registration(make_session(), email=" Camille.DURAND@Structure.Example ")

        assert (registration.email, told(registration)) == (
            "camille.durand@structure.example",
            ["Inscription confirmée"],
        )

    def test_the_link_is_not_sent_twice_within_five_minutes(self) -> None:
        session = make_session()
        first = make_registration(session)
        five_minutes = timedelta(minutes=5)

        for moment in (NOW, NOW, NOW + five_minutes - SECOND, NOW + five_minutes, NOW + five_minutes):
            registering.register(make_candidate(session, email=first.email), now=moment)

        assert told(first) == [
            "Inscription confirmée",
            "Lien vers votre page personnelle",
            "Lien vers votre page personnelle",
        ]

    @pytest.mark.parametrize("seats", [1, 2])
    def test_whether_the_session_is_full_or_not(self, seats: int) -> None:
        session = make_session(max_participants=seats)
        first = make_registration(session)

        assert registering.register(make_candidate(session, email=first.email), now=NOW) is None

    def test_someone_waiting_keeps_their_rank(self) -> None:
        session = make_session(max_participants=1)
        _, waiting, _ = [make_registration(session) for _ in range(3)]

        registering.register(make_candidate(session, email=waiting.email), now=NOW)

        assert waiting.rank() == 1
        assert told(waiting) == ["Liste d’attente (rang 1)", "Lien vers votre page personnelle"]

    def test_once_closed_the_refusal_is_the_same_for_everybody(self) -> None:
        session = make_session()
        first = make_registration(session)

        with pytest.raises(registering.RegistrationClosed):
            registering.register(make_candidate(session, email=first.email), now=AFTER_DEADLINE)

        assert told(first) == ["Inscription confirmée"]

    def test_another_session_is_another_registration(self) -> None:
        first = make_registration(make_session(), email="camille@structure.example")
        second = make_registration(make_session(), email="camille@structure.example")

        assert told(first) == ["Inscription confirmée"] * 2
        assert first.token != second.token

    def test_one_may_register_again_after_cancelling(self) -> None:
        """R6: the cancelled one stays what it is."""
        session = make_session()
        first = make_registration(session)
        cancel(first)

        again = make_registration(session, email=first.email)

        assert [status_of(first), again.status] == ["cancelled", "confirmed"]
        assert first.token != again.token


class TestTheSameFormSentTwice:
    """R7: a double click is one registration, and leads to its page."""

    def test_the_same_registration_is_returned(self) -> None:
        session = make_session()
        key = uuid4()
        first = make_registration(session, email="camille@structure.example", submission_key=key)

        candidate = make_candidate(session, email="Camille@structure.example ", submission_key=key)
        again = registering.register(candidate, now=NOW)

        assert again == first
        assert messages() == [("camille@structure.example", "Inscription confirmée")]

    def test_also_when_the_session_closed_in_between(self) -> None:
        session = make_session()
        key = uuid4()
        first = make_registration(session, submission_key=key)

        candidate = make_candidate(session, email=first.email, submission_key=key)

        assert registering.register(candidate, now=AFTER_DEADLINE) == first

    def test_another_address_is_another_person(self) -> None:
        session = make_session()
        key = uuid4()

        people = [make_registration(session, submission_key=key) for _ in range(2)]

        assert [person.status for person in people] == ["confirmed", "confirmed"]

    def test_no_key_is_not_a_key(self) -> None:
        session = make_session()
        first = make_registration(session, submission_key=None)

        assert registering.register(make_candidate(session, email=first.email, submission_key=None), now=NOW) is None


class TestRefusals:
    """R4, R7: refused with the reason, and nothing is written."""

    @pytest.mark.parametrize(
        ("fields", "now", "code", "reason"),
        [
            ({"status": "draft"}, NOW, "not_published", "Cette session n’est pas encore publiée."),
            ({"status": "cancelled"}, NOW, "cancelled", "Cette session est annulée."),
            (
                {"status": "postponed"},
                NOW,
                "postponed",
                "Cette session est reportée : les inscriptions reprendront à une date à venir.",
            ),
            (
                {},
                paris(2017, 4, 5),
                "closed",
                "Les inscriptions sont closes depuis le mardi 4 avril, 23 h 59.",
            ),
            ({}, DURING, "under_way", "Cette session a commencé : il n’est plus possible de s’inscrire."),
            ({}, AFTERWARDS, "past", "Cette session a eu lieu."),
        ],
    )
    def test_by_state(self, fields: dict[str, Any], now: datetime, code: str, reason: str) -> None:
        session = make_session(**fields)

        with pytest.raises(registering.RegistrationClosed) as refused:
            registering.register(make_candidate(session), now=now)

        assert (refused.value.state.code, folded(str(refused.value))) == (code, reason)
        assert statuses(session) == []
        assert StatusChange.objects.count() == 0
        assert messages() == []

    def test_the_flyer_s_session_takes_people_until_the_last_second(self) -> None:
        """R4: « inscription en ligne avant le 5 avril 2017 »."""
        call_command("loaddata", "conduire-une-demarche-de-cooperation-2017", verbosity=0)
        seed = TrainingSession.objects.get()

        last = make_registration(seed, last_name="À temps", now=paris(2017, 4, 4, 23, 59, 59))
        with pytest.raises(registering.RegistrationClosed):
            registering.register(make_candidate(seed), now=paris(2017, 4, 5, 0, 0, 0))

        assert statuses(seed) == [("À temps", "awaiting_fee")]
        assert last.fee_due_on == date(2017, 4, 9)

    @pytest.mark.parametrize(
        ("deadline", "closes_at"),
        [
            (date(2017, 3, 26), datetime(2017, 3, 25, 23, 0, tzinfo=UTC)),
            (date(2017, 3, 27), datetime(2017, 3, 26, 22, 0, tzinfo=UTC)),
        ],
    )
    def test_across_the_change_of_hour_of_26_march_2017(self, deadline: date, closes_at: datetime) -> None:
        session = make_session(registration_deadline=deadline)

        make_registration(session, last_name="À temps", now=closes_at - SECOND)
        with pytest.raises(registering.RegistrationClosed):
            registering.register(make_candidate(session), now=closes_at)

        assert statuses(session) == [("À temps", "confirmed")]


class TestByHand:
    """R4: the coordinator registers someone, also after the deadline, never beyond the seats."""

    def register(
        self, session: TrainingSession, coordinator: User, *, now: datetime = AFTER_DEADLINE, **fields: Any
    ) -> Registration:
        """By telephone, after the deadline."""
        return registering.register_by_hand(
            make_candidate(session, **fields), reason="inscription par téléphone", user=coordinator, now=now
        )

    def test_the_reason_and_the_account_are_recorded(self, coordinator: User) -> None:
        session = make_session()

        registration = self.register(session, coordinator)

        assert log(registration) == [("", "confirmed", "coordination", "inscription par téléphone")]
        assert [line.user for line in registration.status_changes.all()] == [coordinator]
        assert told(registration) == ["Inscription confirmée"]

    def test_the_fee_rule_is_the_same(self, coordinator: User) -> None:
        session = make_session(fee_required=True)

        registration = self.register(session, coordinator, email=" Camille@Structure.Example")

        assert (registration.email, registration.status, registration.fee_due_on) == (
            "camille@structure.example",
            "awaiting_fee",
            date(2017, 4, 11),
        )
        assert told(registration) == ["Place retenue, cotisation attendue au plus tard le 11 avril 2017"]

    @pytest.mark.parametrize("now", [NOW, AFTER_DEADLINE])
    def test_never_beyond_the_seats(self, coordinator: User, now: datetime) -> None:
        session = make_session(max_participants=1)
        make_registration(session)

        registration = self.register(session, coordinator, now=now)

        assert registration.status == "waiting"
        assert log(registration) == [("", "waiting", "coordination", "inscription par téléphone")]
        assert told(registration) == ["Liste d’attente (rang 1)"]

    def test_not_past_the_queue_before_the_start(self, coordinator: User) -> None:
        """R8: a seat freed after the deadline is for the first person waiting."""
        session = make_session(max_participants=1)
        seated, first = [make_registration(session) for _ in range(2)]
        cancel(seated, now=AFTER_DEADLINE)

        registration = self.register(session, coordinator)

        assert [status_of(first), registration.status, registration.rank()] == ["waiting", "waiting", 2]

    @pytest.mark.parametrize("now", [DURING, AFTERWARDS])
    def test_once_begun_whoever_came_is_written_down_without_a_message(self, coordinator: User, now: datetime) -> None:
        session = make_session(max_participants=1)
        seated, _first = [make_registration(session) for _ in range(2)]
        cancel(seated, now=AFTER_DEADLINE)

        registration = self.register(session, coordinator, now=now)

        assert registration.status == "confirmed"
        assert told(registration) == []

    @pytest.mark.parametrize("now", [DURING, AFTERWARDS])
    def test_once_begun_there_is_no_point_in_waiting(self, coordinator: User, now: datetime) -> None:
        session = make_session(max_participants=1)
        make_registration(session, last_name="A")

        with pytest.raises(registering.NoSeatLeft, match="Toutes les places sont prises et la session a commencé"):
            self.register(session, coordinator, now=now)

        assert statuses(session) == [("A", "confirmed")]

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            ("draft", "Cette session n’est pas encore publiée."),
            ("postponed", "Cette session est reportée : les inscriptions reprendront à une date à venir."),
            ("cancelled", "Cette session est annulée."),
        ],
    )
    def test_a_session_that_is_not_announced_takes_nobody(self, coordinator: User, status: str, reason: str) -> None:
        session = make_session(status=status)

        with pytest.raises(registering.RegistrationRefused) as refused:
            self.register(session, coordinator)

        assert folded(str(refused.value)) == reason
        assert statuses(session) == []

    def test_the_same_form_sent_twice_is_one_registration(self, coordinator: User) -> None:
        """R7."""
        session = make_session()
        key = uuid4()
        first = self.register(session, coordinator, email="camille@structure.example", submission_key=key)

        again = self.register(session, coordinator, email="camille@structure.example", submission_key=key)

        assert again == first
        assert told(first) == ["Inscription confirmée"]

    def test_an_address_already_registered_is_said(self, coordinator: User) -> None:
        session = make_session()
        first = make_registration(session)

        with pytest.raises(registering.RegistrationRefused, match="Cette adresse e-mail est déjà inscrite"):
            self.register(session, coordinator, email=first.email.upper())

        assert told(first) == ["Inscription confirmée"]
