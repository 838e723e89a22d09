"""What each message says, whole, to whom and with what (R9, R15–R17, R23)."""

import re
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from io import BytesIO

import pypdf
import pytest
from icalendar import Calendar
from pytest_django import Settings

from caprural import agenda
from caprural.house.models import Organisation
from caprural.mailing import delivery, documents
from caprural.mailing.models import Message
from members import fees
from members.models import FeeCategory
from sessions_app import deciding, emails, registering, roles
from sessions_app.models import Registration, TrainingSession
from tests.factories import (
    NOW,
    make_campaign,
    make_candidate,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_session,
    make_staff,
    paris,
)
from tests.support.letters import lines_of_html, lines_of_text
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db

Cause = Registration.Cause


SEATED = (Registration.Status.CONFIRMED, Registration.Status.AWAITING_FEE)


DAYS = (date(2017, 4, 12), date(2017, 4, 13), date(2017, 5, 2))


PUBLISH = "text/calendar; method=PUBLISH; charset=utf-8"


CANCEL = "text/calendar; method=CANCEL; charset=utf-8"


HOSTILE = "{{ 7|add:7 }} {% now 'Y' %} O'Neil <b>« Zoé »</b> & \"Co\""


@pytest.fixture(autouse=True)
def organisation() -> Organisation:
    Organisation.objects.all().delete()
    return Organisation.objects.create(
        pk=1,
        name="Cap Rural",
        address="12 rue de l’Exemple\r\n69000 Lyon",
        website="https://www.caprural.example/",
        siret="73282932000074",
        cheque_payee="Association Cap Rural",
        iban="FR7630006000011234567890189",
        bic="AGRIFRPP",
    )


@pytest.fixture
def sink(settings: Settings) -> Iterator[SmtpSink]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    with SmtpSink() as sink:
        settings.EMAIL_PORT = sink.port
        yield sink


def make_seed_session(**fields: object) -> TrainingSession:
    return make_session(
        **{
            "title": "Conduire une démarche de coopération",
            "subtitle": "entre acteurs ou entre territoires",
            "slug": "cooperation",
            "fee_required": True,
            **fields,
        }
    )


def make_scale() -> None:
    campaign = make_campaign(year=2017)
    make_category(campaign=campaign, label="Structure", amount=Decimal("1200"), description="Montant fictif")
    make_category(
        campaign=campaign, label="Personne", amount=Decimal("30.5"), scope=FeeCategory.Scope.PERSON, position=1
    )


def register_up_to_date(session: TrainingSession, **fields: object) -> Registration:
    """Someone whose fee is paid, when the session asks for it."""
    candidate = make_candidate(session, **fields)
    if session.fee_required:
        make_fee(make_member(emails=(candidate.email,)))
    registration = registering.register(candidate, now=NOW)
    assert registration is not None
    return registration


def last_message() -> Message:
    return Message.objects.order_by("pk").last()


def link_of(registration: Registration) -> str:
    return f"https://inscriptions.caprural.example/inscriptions/{registration.token}/"


def plain(text: str) -> str:
    """Without the no-break spaces, which another test looks after (tests/whole/test_french.py)."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


SESSION = """\
Conduire une démarche de coopération
entre acteurs ou entre territoires
Date : mercredi 12 avril 2017, de 9 h 30 à 17 h 30
Lieu : à proximité de Givors (69)
"""


#: Nothing more is expected of the person: the same words as on the page that follows the form.
CONFIRM = (
    "\n\nLe bouton « C’est bien mon adresse », sur votre page personnelle, nous dit que nos messages vous parviennent "
    "; votre inscription est valable sans cela."
)


END = """\
Votre page personnelle, dont le lien n’est envoyé qu’à vous, par e-mail :
{link}

Une question ? Dominique Bernier, 06 66 46 62 76, contact@caprural.example, ou répondez à ce message.

Bien cordialement,
Cap Rural
12 rue de l’Exemple
69000 Lyon
https://www.caprural.example/
"""


ADDRESS_TO_COME = "L’adresse exacte vous sera communiquée avant la session.\n"


UNABLE = """\
Un empêchement ? Sur votre page personnelle, faites-vous remplacer par un ou une collègue, ou annulez votre \
inscription dès que possible : la place servira à une autre personne.
"""


READY = f"""\
Vous n’avez rien d’autre à faire pour le moment. Le fichier joint à ce message ajoute la session à votre agenda.

{ADDRESS_TO_COME}
{UNABLE}"""


MISSING = """\
Il nous manque encore la cotisation annuelle, attendue au plus tard le {due}. Le bulletin déjà rempli à votre nom et \
les moyens de règlement sont sur votre page personnelle. Passé cette date, la place sera proposée à une autre personne.
"""


KEPT_RANK = """\
Vous gardez votre rang sur la liste d’attente : vous êtes au rang 1. Nous vous écrirons aussitôt si une place vous \
revient.

Vous ne souhaitez plus attendre ? Annulez votre inscription sur votre page personnelle.
"""


LEAVES_CALENDAR = "Le fichier joint à ce message retire la session de votre agenda, si elle y figurait."


FEE = """\
Ce que nous attendons de vous, au plus tard le mercredi 5 avril 2017 : le bulletin de cotisation et le règlement \
de la cotisation annuelle. Passé cette date, la place sera proposée à une autre personne.

Le bulletin se remplit en ligne, avec ce que nous savons déjà de vous :
{link}adherer/
Vous préférez le papier ? Complétez celui qui est joint à ce message et renvoyez-le.

Barème (Cotisation 2017) :
– Structure (une structure et toutes ses personnes) : 1 200 €. Montant fictif
– Personne (une personne) : 30,50 €

Pour régler :
– par chèque à l’ordre de « Association Cap Rural », envoyé à Cap Rural, 12 rue de l’Exemple, 69000 Lyon
– par virement : IBAN FR76 3000 6000 0112 3456 7890 189, BIC AGRIFRPP, en indiquant le nom de votre structure
– par mandat administratif, pour un organisme public : inscrivez sur le bulletin votre SIRET, le code service et \
le numéro d’engagement ; l’engagement reçu suffit à garder la place. Notre SIRET : 732 829 320 00074

Votre structure a déjà cotisé ? Répondez à ce message en indiquant son nom : nous rattacherons votre inscription, \
sans autre démarche.
"""


def cut_title(situation: str) -> str:
    """The subject for the session of the flyer: its title loses words when it is longer than 90 signs."""
    words = ["Conduire", "une", "démarche", "de", "coopération"]
    subject = f"{situation} : {' '.join(words)} – 12 avril 2017"
    while len(subject) > 90 and len(" ".join(words)) > 20:
        words.pop()
        subject = f"{situation} : {' '.join(words)}… – 12 avril 2017"
    return subject


def assert_says(email: Message, registration: Registration, subject: str, *parts: str) -> None:
    """The subject and the whole text, from the greeting to the signature."""
    assert_is(email, registration, cut_title(subject), *parts)


def assert_is(email: Message, registration: Registration, subject: str, *parts: str, end: str = "") -> None:
    """The same, when the subject does not end with the session and its date, or there is no private link at the end."""
    now = Registration.objects.get(pk=registration.pk)
    may_confirm = now.can_be_cancelled and now.address_confirmed_at is None
    end = end or END.format(link=f"{link_of(registration)}{CONFIRM if may_confirm else ''}")
    said = [part.replace("{link}", link_of(registration)) for part in parts]
    assert plain(email.subject) == subject
    assert plain(email.text) == "\n".join([f"Bonjour {registration.full_name},\n", *said, end])
    assert email.to == registration.email
    assert email.reply_to == "contact@caprural.example"


class TestSeatGiven:
    def test_confirmed(self) -> None:
        registration = register_up_to_date(make_seed_session())

        assert_says(
            last_message(),
            registration,
            "Inscription confirmée",
            "Votre inscription à « Conduire une démarche de coopération » est confirmée.\n",
            SESSION,
            READY,
        )

    def test_awaiting_fee(self) -> None:
        make_scale()
        registration = make_registration(make_seed_session())

        assert_says(
            last_message(),
            registration,
            "Place retenue, cotisation attendue au plus tard le 5 avril 2017",
            "Votre place pour « Conduire une démarche de coopération » est retenue jusqu’au mercredi 5 avril 2017 "
            "inclus, le temps de recevoir la cotisation annuelle.\n",
            SESSION,
            FEE,
        )

    def test_confirmed_from_the_waiting_list(self) -> None:
        session = make_seed_session(max_participants=1)
        first = register_up_to_date(session)
        second = register_up_to_date(session)

        registering.cancel(first, cause=Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)

        assert_says(
            last_message(),
            second,
            "Une place s’est libérée, inscription confirmée",
            "Une place s’est libérée : votre inscription à « Conduire une démarche de coopération » est confirmée.\n",
            SESSION,
            READY,
        )

    def test_awaiting_fee_from_the_waiting_list(self) -> None:
        make_scale()
        session = make_seed_session(max_participants=1)
        first = make_registration(session)
        second = make_registration(session)

        registering.cancel(first, cause=Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)

        assert_says(
            last_message(),
            second,
            "Une place s’est libérée, cotisation attendue au plus tard le 5 avril 2017",
            "Une place s’est libérée pour « Conduire une démarche de coopération » : elle est retenue pour vous "
            "jusqu’au mercredi 5 avril 2017 inclus, le temps de recevoir la cotisation annuelle.\n",
            SESSION,
            FEE,
        )

    def test_exact_address_when_it_is_known(self) -> None:
        registration = register_up_to_date(make_seed_session(exact_address="Salle des fêtes\r\n3 place du Marché"))

        assert_says(
            last_message(),
            registration,
            "Inscription confirmée",
            "Votre inscription à « Conduire une démarche de coopération » est confirmée.\n",
            SESSION,
            READY.replace(ADDRESS_TO_COME, "Adresse exacte :\nSalle des fêtes\n3 place du Marché\n"),
        )


class TestWaiting:
    def test_rank_and_what_happens_next(self) -> None:
        session = make_seed_session(max_participants=1)
        for _ in range(2):
            make_registration(session)
        registration = make_registration(session)

        assert_says(
            last_message(),
            registration,
            "Liste d’attente (rang 2)",
            "Vous êtes en liste d’attente, au rang 2, pour « Conduire une démarche de coopération » : il n’y a pas de "
            "place libre pour le moment.\n",
            SESSION,
            "Une place qui se libère revient à la première personne de la liste, dans l’ordre d’arrivée. Si c’est "
            "vous, nous vous écrirons aussitôt ; vous n’avez rien à faire d’ici là.\n\nVous ne souhaitez plus "
            "attendre ? Annulez votre inscription sur votre page personnelle.\n",
        )

    def test_whatever_is_written_to_them_no_word_of_confirmation_nor_address_nor_file(self) -> None:
        session = make_seed_session(max_participants=1, exact_address="3 place du Marché")
        make_registration(session)
        registration = make_registration(session)
        Message.objects.all().delete()

        emails.waiting(registration, session, rank=1)
        every_message_at_that_status(registration, session)
        deciding.postpone(session, first_on=date(2017, 5, 10), now=NOW)
        deciding.postpone(session, first_on=None, now=NOW)
        deciding.cancel(session, user=make_staff(group=roles.COORDINATION), now=NOW)

        written = [email for email in messages() if email.about == registration]
        assert len(written) == 12
        for email in written:
            for text in (email.subject, email.text, email.html):
                assert not re.search("confirm|place du Marché", text, re.IGNORECASE)
            assert documents.made(email) == []


class TestFee:
    def test_what_a_public_body_must_know_and_whom_to_call(self) -> None:
        Organisation.objects.update(
            chorus_pro="Déposé sur\nChorus Pro", contact_name="Alix Accueil", phone="0478000000"
        )
        make_registration(make_seed_session(contact_phone="", contact_email=""))

        email = last_message()

        assert "Notre SIRET : 732 829 320 00074\n  Déposé sur\n  Chorus Pro\n" in plain(email.text)
        assert "732 829 320 00074<br>\nDéposé sur<br>\nChorus Pro</li>" in plain(email.html)
        for text in (email.text, email.html):
            assert "Une question ? Cap Rural (Alix Accueil), " in plain(text)

    def test_fee_accepted(self) -> None:
        registration = make_registration(make_seed_session())

        make_fee(make_member(emails=(registration.email,)))

        assert_says(
            last_message(),
            registration,
            "Cotisation à jour, inscription confirmée",
            "La cotisation annuelle est en règle pour le 12 avril 2017 : votre inscription à « Conduire une démarche "
            "de coopération » est confirmée.\n",
            SESSION,
            READY,
        )

    def test_fee_lost(self) -> None:
        make_scale()
        session = make_seed_session()
        candidate = make_candidate(session)
        fee = make_fee(make_member(emails=(candidate.email,)), category=FeeCategory.objects.first())
        registration = registering.register(candidate, now=NOW)
        assert registration is not None

        fees.cancel(fee, now=NOW + timedelta(days=1))

        assert_says(
            last_message(),
            registration,
            "Place retenue, cotisation de nouveau attendue au plus tard le 5 avril 2017",
            "Aucune cotisation annuelle à jour ne couvre plus votre inscription à "
            "« Conduire une démarche de coopération » "
            "à la date de la session : "
            "votre place reste retenue jusqu’au mercredi 5 avril 2017 inclus, le temps de recevoir la "
            "cotisation.\n",
            SESSION,
            FEE,
        )


class TestCancelled:
    @pytest.mark.parametrize(
        ("cause", "subject", "situation", "expected"),
        [
            (
                Cause.PARTICIPANT,
                "Inscription annulée",
                "Votre inscription à « Conduire une démarche de coopération » est annulée, comme vous l’avez demandé.",
                "Merci de nous avoir prévenus. Vous n’avez rien d’autre à faire.",
            ),
            (
                Cause.COORDINATOR,
                "Inscription annulée",
                "Votre inscription à « Conduire une démarche de coopération » a été annulée par Cap Rural.",
                "Vous pensez à une erreur ? Répondez à ce message.",
            ),
            (
                Cause.FEE_UNPAID,
                "Inscription annulée",
                "Votre inscription à « Conduire une démarche de coopération » est annulée : la cotisation annuelle ne "
                "nous est pas parvenue à temps et la place a été libérée.",
                "Votre règlement est en route, ou votre structure a déjà cotisé ? Répondez à ce message au plus vite : "
                "nous verrons ensemble ce qui est possible.",
            ),
            (
                Cause.SESSION_CANCELLED,
                "Session annulée",
                "La session « Conduire une démarche de coopération » est annulée, et votre inscription avec elle. "
                "Nous le regrettons.",
                "Vous n’avez rien à faire.",
            ),
            (
                Cause.REPLACED,
                "Inscription annulée",
                "Votre inscription à « Conduire une démarche de coopération » est passée à la personne qui vous "
                "remplace.",
                "Cette personne reçoit son propre lien ; vous n’avez rien d’autre à faire.",
            ),
        ],
    )
    def test_says_why(self, cause: Cause, subject: str, situation: str, expected: str) -> None:
        registration = make_registration(make_seed_session())

        registering.cancel(registration, cause=cause, now=NOW, by=registering.SYSTEM)

        assert_says(
            last_message(), registration, subject, f"{situation}\n", SESSION, f"{expected}\n\n{LEAVES_CALENDAR}\n"
        )

    def test_who_only_waited_has_nothing_in_their_calendar(self) -> None:
        session = make_seed_session(max_participants=1)
        make_registration(session)
        waiting = make_registration(session)

        registering.cancel(waiting, cause=Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)

        assert_says(
            last_message(),
            waiting,
            "Inscription annulée",
            "Votre inscription à « Conduire une démarche de coopération » est annulée, comme vous l’avez demandé.\n",
            SESSION,
            "Merci de nous avoir prévenus. Vous n’avez rien d’autre à faire.\n",
        )
        assert documents.made(last_message()) == []


class TestLinkAgain:
    @pytest.mark.parametrize(
        ("status", "situation"),
        [
            (
                Registration.Status.CONFIRMED,
                "Votre inscription à « Conduire une démarche de coopération » est déjà confirmée : voici de nouveau "
                "le lien de votre page personnelle.",
            ),
            (
                Registration.Status.AWAITING_FEE,
                "Une place est déjà retenue à votre adresse pour « Conduire une démarche de coopération », jusqu’au "
                "mercredi 5 avril 2017 inclus, le temps de recevoir la cotisation annuelle : voici de nouveau le lien "
                "de votre page personnelle.",
            ),
            (
                Registration.Status.WAITING,
                "Votre adresse figure déjà sur la liste d’attente, au rang 1, pour « Conduire une démarche de "
                "coopération » : voici de nouveau le lien de votre page personnelle.",
            ),
        ],
    )
    def test_says_where_the_registration_stands(self, status: Registration.Status, situation: str) -> None:
        session = make_seed_session(max_participants=1)
        if status == Registration.Status.WAITING:
            make_registration(session)
        make = register_up_to_date if status == Registration.Status.CONFIRMED else make_registration
        registration = make(session)
        assert registration.status == status

        assert registering.register(make_candidate(session, email=registration.email), now=NOW) is None

        assert_says(
            last_message(),
            registration,
            "Lien vers votre page personnelle",
            f"{situation}\n",
            SESSION,
            "Vous vouliez inscrire une autre personne ? Donnez son adresse à elle ; si vous partagez celle-ci, "
            "répondez à ce message : nous l’inscrivons pour vous.\n",
            "Vous n’êtes pas à l’origine de cette demande ? Ne tenez pas compte de ce message : rien n’a changé.\n",
        )


def messages() -> list[Message]:
    return list(Message.objects.order_by("pk"))


def mimetypes(email: Message) -> list[str]:
    return [file.mimetype for file in documents.made(email)]


def seated(session: TrainingSession) -> tuple[Registration, Registration]:
    """Someone confirmed and someone whose fee is awaited, on two seats; nothing in the queue."""
    confirmed, awaiting = register_up_to_date(session), make_registration(session)
    assert [confirmed.status, awaiting.status] == ["confirmed", "awaiting_fee"]
    Message.objects.all().delete()
    return confirmed, awaiting


def one_of_each(**fields: object) -> tuple[TrainingSession, Registration, Registration, Registration]:
    """A full session of two seats: someone confirmed, someone whose fee is awaited, someone waiting."""
    session = make_seed_session(max_participants=2, **fields)
    confirmed, awaiting = seated(session)
    waiting = make_registration(session)
    Message.objects.all().delete()
    return session, confirmed, awaiting, waiting


class TestReplacement:
    def replace(self, registration: Registration, **fields: object) -> Registration:
        colleague = make_candidate(registration.session, first_name="Zoé", last_name="Étienne", **fields)
        Message.objects.all().delete()
        return registering.replace(registration, colleague, now=NOW)

    def test_confirmed(self) -> None:
        registration = register_up_to_date(make_seed_session(), first_name="Léa", last_name="Blanc")
        make_fee(make_member(emails=("zoe@structure.example",)))

        colleague = self.replace(registration, email="zoe@structure.example")

        to_former, to_colleague = messages()
        assert_says(
            to_former,
            registration,
            "Remplacement enregistré",
            "Votre place à « Conduire une démarche de coopération » est passée à Zoé Étienne, comme vous l’avez "
            "demandé.\n",
            SESSION,
            "Cette personne reçoit son propre lien et tout ce qui concerne la session ; vous n’avez rien d’autre à "
            f"faire. {LEAVES_CALENDAR}\n",
        )
        assert_says(
            to_colleague,
            colleague,
            "Vous remplacez Léa Blanc, inscription confirmée",
            "Léa Blanc vous laisse sa place pour « Conduire une démarche de coopération » : votre inscription est "
            "confirmée.\n",
            SESSION,
            READY,
            self.NOTICE,
        )
        assert mimetypes(to_colleague) == [PUBLISH]

    def test_awaiting_fee(self) -> None:
        make_scale()
        registration = make_registration(make_seed_session(), first_name="Léa", last_name="Blanc")

        colleague = self.replace(registration)

        assert_says(
            last_message(),
            colleague,
            "Vous remplacez Léa Blanc, cotisation attendue au plus tard le 5 avril 2017",
            "Léa Blanc vous laisse sa place pour « Conduire une démarche de coopération » : elle est retenue pour "
            "vous jusqu’au mercredi 5 avril 2017 inclus, le temps de recevoir la cotisation annuelle.\n",
            SESSION,
            FEE,
            UNABLE,
            self.NOTICE,
        )
        assert mimetypes(last_message()) == ["application/pdf"]

    def test_the_other_person_was_erased(self) -> None:
        colleague = self.replace(register_up_to_date(make_seed_session()))
        registration = Registration.objects.get(replaced_by=colleague)
        registering.delete([colleague], now=NOW)
        registration.refresh_from_db()

        emails.replaced(registration, registration.session)

        assert (
            "Votre place à « Conduire une démarche de coopération » est passée à la personne qui vous remplace, comme "
            "vous l’avez demandé.\n"
        ) in plain(last_message().text)

    def test_whoever_was_replaced_was_erased(self) -> None:
        session = make_seed_session(fee_required=False)
        colleague = make_registration(session)

        emails.replacing(colleague, session)

        assert_says(
            last_message(),
            colleague,
            "Une place vous est laissée, inscription confirmée",
            "Une autre personne vous laisse sa place pour « Conduire une démarche de coopération » : votre inscription "
            "est confirmée.\n",
            SESSION,
            READY,
            self.NOTICE,
        )

    NOTICE = (
        "Votre nom et votre adresse nous ont été donnés par la personne que vous remplacez : vérifiez-les et "
        "complétez-les sur votre page personnelle. Ce que nous faisons de vos données : "
        "https://inscriptions.caprural.example/donnees-personnelles/\n"
    )


class TestFeeDue:
    def test_reminder(self) -> None:
        make_scale()
        registration = make_registration(make_seed_session())

        agenda.run(now=paris(2017, 4, 2, 8))

        assert_says(
            last_message(),
            registration,
            "Rappel, cotisation attendue au plus tard le 5 avril 2017",
            "Votre place pour « Conduire une démarche de coopération » est retenue jusqu’au mercredi 5 avril 2017 "
            "inclus, et nous n’avons pas encore reçu la cotisation annuelle.\n",
            SESSION,
            FEE,
            "Votre règlement est parti, ou il vous faut un délai ? Dites-le-nous en répondant à ce message.\n",
            UNABLE,
        )
        assert mimetypes(last_message()) == ["application/pdf"]

    def test_extended(self) -> None:
        make_scale()
        registration = make_registration(make_seed_session())
        user = make_staff(group=roles.COORDINATION)

        registering.extend_fee_due(registration, until=date(2017, 4, 9), user=user, now=NOW)

        assert_says(
            last_message(),
            registration,
            "Nouveau délai, cotisation attendue au plus tard le 9 avril 2017",
            "Votre place pour « Conduire une démarche de coopération » est désormais retenue jusqu’au dimanche 9 avril "
            "2017 inclus, le temps de recevoir la cotisation annuelle.\n",
            SESSION,
            FEE.replace("mercredi 5 avril", "dimanche 9 avril"),
        )
        assert mimetypes(last_message()) == ["application/pdf"]


class TestLinks:
    ASKED = (
        "Vous avez demandé à retrouver votre inscription. Voici ce qui est en cours à votre adresse ; chaque lien est "
        "à garder pour vous.\n"
    )
    NOT_ME = "Vous n’êtes pas à l’origine de cette demande ? Ne tenez pas compte de ce message : rien n’a changé.\n"
    CLOSING = END.partition("{link}\n\n")[2]

    def test_one(self) -> None:
        registration = register_up_to_date(make_seed_session())

        registering.send_links(registration.email, now=NOW)

        assert_is(
            last_message(),
            registration,
            "Lien vers votre page personnelle : Conduire une démarche de coopération – 12 avril 2017",
            self.ASKED,
            f"Conduire une démarche de coopération – 12 avril 2017\nInscription confirmée\n{link_of(registration)}\n",
            self.NOT_ME,
            end=self.CLOSING,
        )

    def test_several_each_as_it_stands(self) -> None:
        address = "lea@structure.example"
        full = make_seed_session(title="Atelier", fee_required=False, max_participants=1)
        make_registration(full)
        waiting = make_registration(full, email=address, first_name="Léa", last_name="Blanc")
        name = {"email": address, "first_name": "Léa", "last_name": "Blanc"}
        awaiting = make_registration(make_seed_session(slug="cycle", title="Cycle", days=DAYS), **name)
        postponed = make_seed_session(slug="plus-tard", title="Plus tard", fee_required=False)
        kept = make_registration(postponed, **name)
        deciding.postpone(postponed, first_on=None, now=NOW)

        registering.send_links(address, now=NOW)

        assert_is(
            last_message(),
            waiting,
            "Liens vers vos pages personnelles (3 inscriptions)",
            self.ASKED,
            f"Atelier – 12 avril 2017\nListe d’attente, rang 1\n{link_of(waiting)}\n",
            "Cycle – 12 avril 2017 (3 jours)\n"
            "Place retenue jusqu’au mercredi 5 avril 2017 inclus, cotisation annuelle attendue\n"
            f"{link_of(awaiting)}\n",
            f"Plus tard\nInscription confirmée\n{link_of(kept)}\n",
            self.NOT_ME,
            end=self.CLOSING,
        )


class TestAddressChanged:
    SORRY = "Vous n’êtes pas à l’origine de ce changement ? Répondez à ce message au plus vite.\n"

    def test_the_former_address_gets_no_link(self) -> None:
        registration = register_up_to_date(make_seed_session(), email="ancienne@structure.example")

        registering.change_details(registration, {"email": "nouvelle@structure.example"}, now=NOW, is_behind_link=True)

        email = Message.objects.get(kind="address_changed")
        registration.email = "ancienne@structure.example"
        assert_is(
            email,
            registration,
            "Adresse e-mail modifiée : Conduire une démarche de coopération – 12 avril 2017",
            "Une autre adresse e-mail a été indiquée pour votre inscription à « Conduire une démarche de coopération » "
            ": nous n’écrirons plus à celle-ci.\n",
            SESSION,
            self.SORRY,
            end=TestLinks.CLOSING,
        )
        for text in (email.subject, email.text, email.html):
            assert registration.token not in text
            assert "nouvelle@" not in text
        assert documents.made(email) == []

    def test_the_new_one_gets_it(self) -> None:
        registration = register_up_to_date(make_seed_session())

        emails.new_address(registration, registration.session)

        assert_says(
            last_message(),
            registration,
            "Nouvelle adresse e-mail enregistrée",
            "L’adresse e-mail de votre inscription à « Conduire une démarche de coopération » est modifiée : nous vous "
            "écrirons désormais à celle-ci.\n",
            SESSION,
            self.SORRY,
        )


class TestMaintained:
    def test_confirmed_then_awaiting_fee(self) -> None:
        session = make_seed_session()
        confirmed, awaiting = seated(session)

        deciding.maintain(session, now=NOW)

        situation = "La session « Conduire une démarche de coopération » est maintenue : elle aura bien lieu.\n"
        to_confirmed, to_awaiting = messages()
        assert_says(
            to_confirmed,
            confirmed,
            "Session maintenue",
            situation,
            SESSION,
            "Votre inscription est confirmée, et vous n’avez rien d’autre à faire pour le moment.\n",
            ADDRESS_TO_COME,
            UNABLE,
        )
        assert_says(
            to_awaiting,
            awaiting,
            "Session maintenue",
            situation,
            SESSION,
            MISSING.format(due="mercredi 5 avril 2017"),
            ADDRESS_TO_COME,
            UNABLE,
        )


SINCE = "Ce qui a changé depuis notre dernier message :\n– "


class TestPostponed:
    def test_to_a_new_date(self) -> None:
        session, *people = one_of_each(exact_address="3 place du Marché")

        deciding.postpone(session, first_on=date(2017, 5, 10), now=NOW)

        subject = "Session reportée au 10 mai 2017 : Conduire une démarche de coopération"
        moved = SESSION.replace("12 avril", "10 mai")
        since = f"{SINCE}Date : mercredi 12 avril 2017 → mercredi 10 mai 2017\n"
        situation = (
            "La session « Conduire une démarche de coopération » est reportée : elle commencera le mercredi 10 mai "
            "2017.\n"
        )
        holding = (
            "Le fichier joint à ce message met votre agenda à jour.\n",
            "Adresse exacte :\n3 place du Marché\n",
            "La nouvelle date ne vous convient pas ? Sur votre page personnelle, faites-vous remplacer par un ou une "
            "collègue, ou annulez votre inscription dès que possible : la place servira à une autre personne.\n",
        )
        expected = (
            ("Votre inscription reste confirmée à la nouvelle date.\n", *holding),
            (
                "Votre place reste retenue à la nouvelle date.\n",
                MISSING.format(due="mercredi 3 mai 2017"),
                *holding,
            ),
            (KEPT_RANK,),
        )
        for email, registration, parts in zip(messages(), people, expected, strict=True):
            assert_is(email, registration, subject, situation, moved, since, *parts)
        assert [mimetypes(email) for email in messages()] == [[PUBLISH], [PUBLISH], []]

    def test_to_a_date_to_come(self) -> None:
        session, *people = one_of_each(exact_address="3 place du Marché")

        deciding.postpone(session, first_on=None, now=NOW)

        subject = "Session reportée, date à venir : Conduire une démarche de coopération"
        situation = (
            "La session « Conduire une démarche de coopération » est reportée. La nouvelle date n’est pas encore fixée "
            "; nous vous l’écrirons dès qu’elle le sera.\n"
        )
        session_to_come = SESSION.replace("mercredi 12 avril 2017, de 9 h 30 à 17 h 30", "à venir")
        since = f"{SINCE}Date : mercredi 12 avril 2017, de 9 h 30 à 17 h 30 → à venir\n"
        unable = (
            "Un empêchement ? Annulez votre inscription sur votre page personnelle : la place servira à une autre "
            "personne.\n"
        )
        leaves = "Le fichier joint à ce message retire l’ancienne date de votre agenda, si elle y figurait.\n"
        expected = (
            ("Votre inscription reste confirmée ; vous n’avez rien à faire pour le moment.\n", leaves, unable),
            (
                "Votre place reste retenue. La cotisation annuelle ne sera attendue qu’une fois la nouvelle date "
                "fixée.\n",
                leaves,
                unable,
            ),
            (KEPT_RANK,),
        )
        for email, registration, parts in zip(messages(), people, expected, strict=True):
            assert_is(email, registration, subject, situation, session_to_come, since, *parts)
        assert [mimetypes(email) for email in messages()] == [[CANCEL], [CANCEL], []]


class TestSessionCancelled:
    SITUATION = (
        "La session « Conduire une démarche de coopération » est annulée, et votre inscription avec elle. Nous le "
        "regrettons.\n"
    )
    NEXT = "Les prochaines sessions sont annoncées sur notre site : https://inscriptions.caprural.example/\n"

    def test_each_person(self) -> None:
        session, *people = one_of_each()

        deciding.cancel(session, user=make_staff(group=roles.COORDINATION), now=NOW)

        holding = (
            f"Vous n’avez rien à faire. {LEAVES_CALENDAR}\n",
            "La cotisation annuelle n’est plus attendue pour cette session. Si elle a été réglée, elle reste valable "
            "pour les autres sessions de la période qu’elle couvre.\n",
        )
        expected = (holding, holding, ("Vous n’avez rien à faire.\n",))
        for email, registration, parts in zip(messages(), people, expected, strict=True):
            assert_says(email, registration, "Session annulée", self.SITUATION, SESSION, *parts, self.NEXT)
        assert [mimetypes(email) for email in messages()] == [[CANCEL], [CANCEL], []]


class TestSessionChanged:
    def test_each_person(self) -> None:
        session, *people = one_of_each()
        session.days.update(starts_at=time(9))
        TrainingSession.objects.update(
            place="Ambert (63)", exact_address="3 place du Marché", changed_at=NOW, calendar_sequence=1
        )

        agenda.run(now=NOW + timedelta(minutes=15))

        situation = (
            "La date, les horaires ou le lieu de la session « Conduire une démarche de coopération » ont changé. Voici "
            "ce qui vaut désormais.\n"
        )
        changed = SESSION.replace("9 h 30 à", "9 h à").replace("à proximité de Givors (69)", "Ambert (63)")
        since = (
            f"{SINCE}Horaires : de 9 h 30 à 17 h 30 → de 9 h à 17 h 30\n"
            "– Lieu : à proximité de Givors (69) → Ambert (63)\n"
        )
        where = (
            "Adresse exacte :\n3 place du Marché\n",
            "Le fichier joint à ce message met votre agenda à jour.\n",
        )
        unsuited = (
            "Ce changement ne vous convient pas ? Sur votre page personnelle, faites-vous remplacer par un ou une "
            "collègue, ou annulez votre inscription dès que possible : la place servira à une autre personne.\n"
        )
        expected = (
            (*where, "Votre inscription reste confirmée ; vous n’avez rien d’autre à faire.\n", unsuited),
            (*where, "Votre place reste retenue.\n", MISSING.format(due="mercredi 5 avril 2017"), unsuited),
            (KEPT_RANK,),
        )
        for email, registration, parts in zip(messages(), people, expected, strict=True):
            assert_says(email, registration, "Date, horaires ou lieu modifiés", situation, changed, since, *parts)
        assert [mimetypes(email) for email in messages()] == [[PUBLISH], [PUBLISH], []]


class TestJoiningInstructions:
    NOON = paris(2017, 4, 5, 12)
    CALENDAR = "Le fichier joint à ce message ajoute la session à votre agenda, ou l’y met à jour.\n"
    SITUATION = (
        "Nous vous attendons pour « Conduire une démarche de coopération » : votre inscription est confirmée. Voici de "
        "quoi venir.\n"
    )

    def test_everything_is_known(self) -> None:
        session = make_seed_session(exact_address="Salle des fêtes\r\n3 place du Marché\r\nParking derrière")
        session.documents.create(title="Plan d’accès", file="documents/plan.pdf")
        session.documents.create(title="Programme", file="documents/programme.pdf")
        driver = register_up_to_date(session, carpool=True, departure_town="Ambert")
        register_up_to_date(
            session, first_name="Zoé", email="zoe@structure.example", carpool=True, departure_town="Vienne"
        )
        register_up_to_date(session, first_name="Ali", email="ali@structure.example", carpool=True)
        alone = register_up_to_date(session, departure_town="Givors")
        Message.objects.all().delete()

        agenda.run(now=self.NOON)

        where = (
            "Adresse exacte :\nSalle des fêtes\n3 place du Marché\nParking derrière\n",
            "À lire ou à imprimer avant de venir, sur votre page personnelle :\n– Plan d’accès\n– Programme\n",
        )
        to_driver, _, _, to_alone = messages()
        assert_says(
            to_driver,
            driver,
            "Convocation",
            self.SITUATION,
            SESSION,
            *where,
            "Covoiturage, ces personnes sont partantes aussi :\n– Ali : ali@structure.example\n"
            "– Zoé, depuis Vienne : zoe@structure.example\n",
            self.CALENDAR,
            UNABLE,
        )
        assert_says(to_alone, alone, "Convocation", self.SITUATION, SESSION, *where, self.CALENDAR, UNABLE)
        assert mimetypes(to_alone) == [PUBLISH]

    def test_the_fee_is_still_missing(self) -> None:
        session = make_seed_session()
        _, awaiting = seated(session)

        agenda.run(now=self.NOON)

        email = awaiting.messages.get(kind=emails.JOINING_INSTRUCTIONS)
        assert email is not None
        assert_says(
            email,
            awaiting,
            "Convocation",
            "Voici de quoi venir à « Conduire une démarche de coopération ». Votre place est retenue jusqu’au mercredi "
            "5 avril 2017 inclus, le temps de recevoir la cotisation annuelle.\n",
            SESSION,
            MISSING.format(due="mercredi 5 avril 2017"),
            ADDRESS_TO_COME,
            self.CALENDAR,
            UNABLE,
        )


class TestWritten:
    TEXT = "Bonjour Léa,\r\n\r\nPensez à vos bottes :\r\n- il a plu ;\r\n- il pleuvra.\r\n\r\n\r\nDominique"

    def test_own_words_with_the_session_and_the_link(self) -> None:
        registration = register_up_to_date(make_seed_session())

        emails.written([(registration, "Bottes !", self.TEXT)], registration.session)

        email = last_message()
        assert email.subject == "Bottes !"
        assert email.text.startswith(
            "Bonjour Léa,\n\nPensez à vos bottes :\n- il a plu ;\n- il pleuvra.\n\nDominique\n\n"
        )
        assert plain(email.text).partition("Dominique\n\n")[2] == (
            f"{SESSION}\n"
            f"Votre page personnelle, dont le lien n’est envoyé qu’à vous, par e-mail :\n{link_of(registration)}"
            f"{CONFIRM}\n\nCap Rural\n12 rue de l’Exemple\n69000 Lyon\nhttps://www.caprural.example/\n"
        )
        assert "<p>Pensez à vos bottes :<br>\n- il a plu ;<br>\n- il pleuvra.</p>" in email.html

    def test_a_link_can_be_followed_and_html_cannot(self) -> None:
        registration = register_up_to_date(make_seed_session())

        emails.written([(registration, "<b>", "<b> https://www.caprural.example/a?b=1&c=2")], registration.session)

        html = last_message().html
        assert '<p>&lt;b&gt; <a href="https://www.caprural.example/a?b=1&amp;c=2" rel="noopener noreferrer">' in html
        assert "<b>" not in html
        assert last_message().subject == "<b>"


class TestDecisionNeeded:
    AFTER_DEADLINE = paris(2017, 4, 5, 8)

    def test_whole_text_to_each_coordinator(self) -> None:
        session = make_seed_session(min_participants=8)
        for username in ("alix", "dominique"):
            make_staff(group=roles.COORDINATION, email=f"{username}@caprural.example")
        make_staff(group=roles.TRAINERS, email="formateur@caprural.example")
        seated(session)

        agenda.run(now=self.AFTER_DEADLINE)

        found = [email for email in messages() if email.kind == emails.DECISION_NEEDED]
        assert [email.to for email in found] == ["alix@caprural.example", "dominique@caprural.example"]
        for email in found:
            assert plain(email.subject) == cut_title("Décision à prendre, 2 inscrits sur 8 au moins")
            assert plain(email.text) == (
                "Bonjour,\n\n"
                "Les inscriptions à « Conduire une démarche de coopération » sont closes depuis le mardi 4 avril 2017, "
                "23 h 59. Personnes inscrites : 2, dont 1 en attente de cotisation. Minimum prévu : 8.\n\n"
                f"{SESSION}\n"
                "Il vous revient de décider : maintenir la session, la reporter ou l’annuler. Chaque décision est "
                "annoncée à toutes les personnes concernées ; vous voyez à qui avant qu’elle parte. D’ici là, les "
                "convocations ne partent pas.\n\n"
                "La session, dans l’administration :\n"
                f"https://inscriptions.caprural.example/admin/sessions_app/trainingsession/{session.pk}/change/\n\n"
                "Cap Rural\n12 rue de l’Exemple\n69000 Lyon\nhttps://www.caprural.example/\n"
            )
            assert email.reply_to == "contact@caprural.example"

    def test_two_accounts_with_one_mailbox_are_written_to_once(self) -> None:
        session = make_seed_session(min_participants=2, fee_required=False)
        for email in ("equipe@caprural.example", "alix@caprural.example", "Equipe@caprural.example"):
            make_staff(group=roles.COORDINATION, email=email)

        agenda.run(now=self.AFTER_DEADLINE)

        found = [email.to for email in messages() if email.about == session]
        assert found == ["equipe@caprural.example", "alix@caprural.example"]

    @pytest.mark.parametrize(("people", "count"), [(0, "0 inscrit sur 2"), (1, "1 inscrit sur 2")])
    def test_to_the_organisation_when_the_coordination_has_no_address(self, people: int, count: str) -> None:
        Organisation.objects.update(email="accueil@caprural.example")
        session = make_seed_session(min_participants=2, fee_required=False)
        for _ in range(people):
            make_registration(session)

        agenda.run(now=self.AFTER_DEADLINE)

        assert last_message().to == "accueil@caprural.example"
        assert plain(last_message().subject).startswith(f"Décision à prendre, {count} au moins : ")
        assert "cotisation" not in last_message().text


class TestAttachments:
    def test_confirmation_arrives_with_its_calendar(self, sink: SmtpSink) -> None:
        registration = register_up_to_date(make_seed_session())

        delivery.deliver(now=NOW)

        [message] = sink.received
        assert message["To"] == registration.email
        assert plain(message["Subject"]).strip() == (
            "Inscription confirmée : Conduire une démarche de coopération – 12 avril 2017"
        )
        assert message["Reply-To"] == "contact@caprural.example"
        assert message["Auto-Submitted"] == "auto-generated"
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert text.replace("\r\n", "\n") == last_message().text
        assert html.replace("\r\n", "\n").strip() == last_message().html.strip()
        [calendar] = message.iter_attachments()
        assert (calendar.get_filename(), calendar.get_content_type()) == ("cooperation.ics", "text/calendar")
        assert (calendar.get_param("method"), calendar.get_content_charset()) == ("PUBLISH", "utf-8")
        assert [event["STATUS"] for event in Calendar.from_ical(calendar.get_content()).events] == ["CONFIRMED"]

    def test_cancellation_arrives_with_a_file_that_empties_the_calendar(self, sink: SmtpSink) -> None:
        registration = make_registration(make_seed_session(fee_required=False, days=DAYS))
        Message.objects.all().delete()
        registering.cancel(registration, cause=Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)

        delivery.deliver(now=NOW)

        [message] = sink.received
        [calendar] = message.iter_attachments()
        assert (calendar.get_filename(), calendar.get_content_type()) == ("cooperation.ics", "text/calendar")
        assert (calendar.get_param("method"), calendar.get_content_charset()) == ("CANCEL", "utf-8")
        parsed = Calendar.from_ical(calendar.get_content())
        assert parsed["METHOD"] == "CANCEL"
        assert [event["STATUS"] for event in parsed.events] == ["CANCELLED"] * 3

    def test_membership_form_arrives_filled(self, sink: SmtpSink) -> None:
        make_scale()
        make_registration(make_seed_session(), organisation="Pays des Collines", last_name="Durand")

        delivery.deliver(now=NOW)

        [form] = sink.received[0].iter_attachments()
        assert (form.get_filename(), form.get_content_type()) == ("bulletin-de-cotisation-2017.pdf", "application/pdf")
        text = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(form.get_content())).pages)
        assert "Pays des Collines" in text
        assert "Durand" in text

    @pytest.mark.parametrize("document", [emails.CALENDAR, emails.CALENDAR_CANCELLED, emails.MEMBERSHIP_FORM])
    def test_registration_erased_before_its_message_left(self, document: str, sink: SmtpSink) -> None:
        registration = make_registration(make_seed_session())
        email = last_message()
        email.documents = [[document, str(registration.pk)]]
        email.save()
        registration.delete()

        assert delivery.deliver(now=NOW) == 1
        assert list(sink.received[0].iter_attachments()) == []


def every_message(session: TrainingSession) -> list[Message]:
    """Each message in each of its forms, about one registration of that session."""
    registration = register_up_to_date(session, first_name=HOSTILE[:80], last_name="L’Été", carpool=True)
    colleague = register_up_to_date(
        session, first_name=HOSTILE[:80], last_name="Zoé", carpool=True, departure_town=HOSTILE[:80]
    )
    registration.fee_due_on = colleague.fee_due_on = date(2017, 4, 5)
    session = TrainingSession.objects.with_seats_and_days().get(pk=session.pk)
    session.min_participants = 8
    session.documents.create(title=HOSTILE, file="documents/programme.pdf")
    make_staff(group=roles.COORDINATION, email="coordination@caprural.example")
    Message.objects.all().delete()

    for from_waiting_list in (False, True):
        emails.confirmed([registration], session, from_waiting_list=from_waiting_list)
        emails.awaiting_fee([registration], session, from_waiting_list=from_waiting_list)
    emails.fee_accepted([registration], session)
    emails.fee_lost([registration], session)
    emails.covers_lost(session, [registration])
    emails.fee_reminder(registration, session)
    emails.fee_extended(registration, session)
    for cause in Cause:
        registration.cancellation_cause = cause
        emails.cancelled(registration, session)
    emails.decision_needed(session)
    emails.replaced(registration, session)
    registration.replaced_by = colleague
    emails.replaced(registration, session)
    for colleague.status in SEATED:
        emails.replacing(colleague, session)
    for registration.status in (*SEATED, Registration.Status.WAITING):
        every_message_at_that_status(registration, session)
    emails.waiting(registration, session, rank=1)
    for status in (TrainingSession.Status.POSTPONED, TrainingSession.Status.CANCELLED):
        session.status = status
        for registration.status in (*SEATED, Registration.Status.WAITING):
            emails.session_postponed([registration], session)
            emails.links([registration, colleague])
            emails.link_again([registration], session)
    return messages()


def every_message_at_that_status(registration: Registration, session: TrainingSession) -> None:
    emails.link_again([registration], session)
    emails.links([registration])
    emails.address_changed(registration, session, former="ancienne@structure.example")
    emails.new_address(registration, session)
    emails.session_postponed([registration], session)
    emails.session_cancelled([registration], session)
    emails.session_changed(registration, session)
    emails.written([(registration, "Bottes", f"{HOSTILE}\n\nDeux\nlignes")], session)
    if registration.holds_seat:
        emails.session_maintained([registration], session)
        for carpool in ([], list(session.registrations.exclude(pk=registration.pk))):
            emails.joining_instructions(registration, session, carpool=carpool)


EXACT_ADDRESS = "Salle « L’Étable »\n3 place du Marché & <Halles>"


SITUATIONS: dict[str, Callable[[], TrainingSession]] = {
    "as usual": make_seed_session,
    "several days": lambda: make_seed_session(days=DAYS, exact_address=EXACT_ADDRESS),
    "nothing known": lambda: make_seed_session(
        days=(), subtitle="", place="", contact_name="", contact_phone="", contact_email=""
    ),
    "free of fee": lambda: make_seed_session(fee_required=False, ends_at=None),
    "hostile": lambda: make_seed_session(title=HOSTILE, subtitle=HOSTILE, place=HOSTILE, contact_name=HOSTILE),
}


@pytest.mark.parametrize("situation", SITUATIONS)
class TestEveryMessage:
    def test_html_says_the_same_as_the_text(self, situation: str) -> None:
        make_scale()

        for email in every_message(SITUATIONS[situation]()):
            assert lines_of_html(email.html) == lines_of_text(email.text)

    def test_html_is_french_and_fetches_nothing(self, situation: str) -> None:
        make_scale()

        session = SITUATIONS[situation]()
        for email in every_message(session):
            html = email.html
            assert '<html lang="fr">' in html
            assert not re.search(r"<(?:img|link|script|iframe|object|form)\b|\bsrc=|url\(|@import", html)
            people = Registration.objects.all()
            assert set(re.findall(r'href="([^"]*)"', html)) <= {
                *(link_of(registration) for registration in people),
                *(f"{link_of(registration)}adherer/" for registration in people),
                *(f"mailto:{registration.email}" for registration in people),
                "https://inscriptions.caprural.example/",
                "https://inscriptions.caprural.example/donnees-personnelles/",
                f"https://inscriptions.caprural.example/admin/sessions_app/trainingsession/{session.pk}/change/",
                "https://www.caprural.example/",
                "mailto:contact@caprural.example",
                "tel:+33666466276",
            }

    def test_typed_text_is_text(self, situation: str) -> None:
        """Never rendered as a template, literal in text and in the one-line subject, escaped in HTML."""
        make_scale()

        for email in every_message(SITUATIONS[situation]()):
            if email.to != "coordination@caprural.example" or situation == "hostile":
                assert HOSTILE in email.text
            assert "<b>" not in email.html
            assert len(email.subject.splitlines()) == 1
            is_named = situation == "hostile" and not email.subject.startswith(("Bottes", "Liens vers vos"))
            # A long title is cut before its last words.
            assert (HOSTILE[:12] in email.subject) == (is_named or email.subject.startswith("Vous remplacez"))

    def test_says_it_is_automatic_and_whom_to_answer(self, situation: str) -> None:
        make_scale()
        Organisation.objects.update(email="accueil@caprural.example")

        for email in every_message(SITUATIONS[situation]()):
            contact = "accueil" if situation == "nothing known" else "contact"
            assert email.reply_to == f"{contact}@caprural.example"

    def test_every_attachment_opens(self, situation: str) -> None:
        make_scale()
        # Messages with the same documents of the same registration have the same files.
        with_distinct_files = {str(email.documents): email for email in every_message(SITUATIONS[situation]())}

        opened = [file for email in with_distinct_files.values() for file in documents.made(email)]

        assert {file.mimetype.partition(";")[0] for file in opened} == (
            {"application/pdf"} if situation == "nothing known" else {"application/pdf", "text/calendar"}
        )
        for file in opened:
            if file.mimetype == "application/pdf":
                assert len(pypdf.PdfReader(BytesIO(file.content)).pages) == 1
            else:
                assert Calendar.from_ical(file.content).errors == []


class TestMissingData:
    def test_nothing_about_fees_for_a_session_that_asks_for_none(self) -> None:
        """R17."""
        session = make_seed_session(fee_required=False, max_participants=1, min_participants=1)
        confirmed = make_registration(session)
        waiting = make_registration(session)
        for registration in (confirmed, waiting):
            every_message_at_that_status(registration, session)
        colleague = registering.replace(confirmed, make_candidate(session), now=NOW)
        registering.cancel(colleague, cause=Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)
        for cause in set(Cause) - {Cause.FEE_UNPAID}:
            colleague.cancellation_cause = cause
            emails.cancelled(colleague, session)
        make_staff(group=roles.COORDINATION, email="coordination@caprural.example")
        emails.decision_needed(TrainingSession.objects.with_seats().get())

        assert set(Message.objects.values_list("kind", flat=True)) == {
            name
            for name, function in vars(emails).items()
            if getattr(function, "__module__", "") == emails.__name__ and not name.startswith("_")
        } - {"coordinators", "fee_dropped", "follow", "standing", "take_back", "to_people"} - {
            "awaiting_fee",
            "fee_accepted",
            "fee_lost",
            "covers_lost",
            "fee_extended",
            "fee_reminder",
        }
        for email in messages():
            for text in (email.subject, email.text, email.html):
                assert not re.search("cotis|barème|bulletin|€", text, re.IGNORECASE)

    def test_no_scale_nor_bank_account(self, organisation: Organisation) -> None:
        Organisation.objects.update(iban="", bic="", siret="", address="")
        make_registration(make_seed_session())

        assert (
            "Le barème vous sera communiqué par Cap Rural.\n\n"
            "Pour régler :\n"
            "– par chèque à l’ordre de « Association Cap Rural »\n"
            "– par mandat administratif, pour un organisme public : inscrivez sur le bulletin votre SIRET, le code "
            "service et le numéro d’engagement ; l’engagement reçu suffit à garder la place\n\n"
        ) in plain(last_message().text)

    @pytest.mark.parametrize(
        ("contact", "sentence"),
        [
            (
                {"contact_name": "", "contact_email": ""},
                "Une question ? 06 66 46 62 76, ou répondez à ce message.",
            ),
            (
                {"contact_name": "", "contact_email": "", "contact_phone": ""},
                "Une question ? Cap Rural, 04 70 00 00 00, accueil@caprural.example, ou répondez à ce message.",
            ),
        ],
    )
    def test_contact(self, contact: dict[str, str], sentence: str) -> None:
        Organisation.objects.update(phone="04.70.00.00.00", email="accueil@caprural.example")
        register_up_to_date(make_seed_session(**contact))

        assert f"\n\n{sentence}\n\n" in plain(last_message().text)

    def test_nobody_described_the_organisation_yet(self) -> None:
        Organisation.objects.all().delete()
        session = make_session(days=(), title="Atelier", place="", contact_phone="", contact_email="")
        registration = make_registration(session)

        email = last_message()
        assert plain(email.subject) == "Inscription confirmée : Atelier"
        assert plain(email.text) == (
            f"Bonjour {registration.full_name},\n\n"
            "Votre inscription à « Atelier » est confirmée.\n\n"
            "Atelier\n"
            "Date : à venir\n\n"
            f"Vous n’avez rien d’autre à faire pour le moment.\n\n{ADDRESS_TO_COME}\n{UNABLE}\n"
            f"Votre page personnelle, dont le lien n’est envoyé qu’à vous, par e-mail :\n{link_of(registration)}"
            f"{CONFIRM}\n\n"
            "Une question ? Répondez à ce message.\n\n"
            "Bien cordialement,\n"
            "Centre de ressources\n"
        )
        assert email.reply_to == ""
        assert documents.made(email) == []

    def test_end_unknown(self) -> None:
        make_registration(make_session(ends_at=None))

        assert "\nDate : mercredi 12 avril 2017, à partir de 9 h 30\n" in plain(last_message().text)

    def test_several_days_each_with_its_place(self) -> None:
        session = make_session(title="Cycle", days=(date(2017, 4, 12), date(2017, 5, 1)))
        session.days.filter(date=date(2017, 5, 1)).update(place="Ambert (63)")
        make_registration(session)

        email = last_message()
        assert plain(email.subject) == "Inscription confirmée : Cycle – 12 avril 2017 (2 jours)"
        assert (
            "\nJour 1 : mercredi 12 avril 2017, de 9 h 30 à 17 h 30\n"
            "Jour 2 : lundi 1er mai 2017, de 9 h 30 à 17 h 30, Ambert (63)\n"
            "Lieu : à proximité de Givors (69)\n"
        ) in plain(email.text)
