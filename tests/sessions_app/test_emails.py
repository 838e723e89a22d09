"""What each message says, whole, to whom and with what (R9, R15–R17, R23)."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from io import BytesIO

import pypdf
import pytest
from post_office.models import Email
from pytest_django import Settings

from caprural import emails as mail_queue
from members import fees
from members.models import FeeCategory, Organisation
from sessions_app import emails, registering
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
)
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db

Cause = Registration.Cause
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
        iban="FR76 3000 6000 0112 3456 7890 189",
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


def last_message() -> Email:
    return Email.objects.order_by("pk").last()


def link_of(registration: Registration) -> str:
    return f"https://inscriptions.caprural.example/inscriptions/{registration.token}/"


def plain(text: str) -> str:
    """Without the no-break spaces, which another test looks after (tests/test_french.py)."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


SESSION = """\
Conduire une démarche de coopération
entre acteurs ou entre territoires
Date : mercredi 12 avril 2017, de 9 h 30 à 17 h 30
Lieu : à proximité de Givors (69)
"""

END = """\
Votre page personnelle, à garder pour vous :
{link}

Une question ? Dominique Bernier, 06 66 46 62 76, contact@caprural.example, ou répondez à ce message.

Bien cordialement,
Cap Rural
12 rue de l’Exemple
69000 Lyon
https://www.caprural.example/
"""

READY = """\
Vous n’avez rien d’autre à faire pour le moment. Le fichier joint à ce message ajoute la session à votre agenda. \
L’adresse exacte vous sera communiquée avant la session.

Un empêchement ? Dites-le-nous dès que possible : votre place servira à une autre personne.
"""

FEE = """\
Ce que nous attendons de vous, au plus tard le mercredi 5 avril 2017 : le bulletin de cotisation joint à ce message, \
complété, et le règlement de la cotisation annuelle. Passé cette date, la place sera proposée à une autre personne.

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


def assert_says(email: Email, registration: Registration, subject: str, *parts: str) -> None:
    """The subject and the whole text, from the greeting to the signature."""
    text = "\n".join([f"Bonjour {registration.full_name},\n", *parts, END.format(link=link_of(registration))])
    assert plain(email.subject) == f"{subject} : Conduire une démarche de coopération – 12 avril 2017"
    assert plain(email.message) == text
    assert email.to == [registration.email]
    assert email.headers["Reply-To"] == "contact@caprural.example"


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
            "Vous n’avez rien d’autre à faire pour le moment. Le fichier joint à ce message ajoute la session à "
            "votre agenda.\n\nAdresse exacte :\nSalle des fêtes\n3 place du Marché\n\nUn empêchement ? Dites-le-nous "
            "dès que possible : votre place servira à une autre personne.\n",
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
            "attendre ? Dites-le-nous en répondant à ce message.\n",
        )

    def test_no_word_of_confirmation_nor_address_nor_file(self) -> None:
        session = make_seed_session(max_participants=1, exact_address="3 place du Marché")
        make_registration(session)
        make_registration(session)

        email = last_message()
        for text in (email.subject, email.message, email.html_message):
            assert not re.search("confirm|place du Marché", text, re.IGNORECASE)
        assert mail_queue.attachments_of(email) == []


class TestFee:
    def test_fee_accepted(self) -> None:
        registration = make_registration(make_seed_session())

        make_fee(make_member(emails=(registration.email,)))

        assert_says(
            last_message(),
            registration,
            "Cotisation à jour, inscription confirmée",
            "La cotisation annuelle est en règle : votre inscription à « Conduire une démarche de coopération » est "
            "confirmée.\n",
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
            "La cotisation qui couvrait votre inscription à « Conduire une démarche de coopération » a été annulée : "
            "votre place reste retenue jusqu’au mercredi 5 avril 2017 inclus, le temps de recevoir une nouvelle "
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

        assert_says(last_message(), registration, subject, f"{situation}\n", SESSION, f"{expected}\n")


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
            "Vous n’êtes pas à l’origine de cette demande ? Ne tenez pas compte de ce message : rien n’a changé.\n",
        )


class TestAttachments:
    def test_confirmation_arrives_with_its_calendar(self, sink: SmtpSink) -> None:
        registration = register_up_to_date(make_seed_session())

        mail_queue.deliver(now=NOW)

        [message] = sink.received
        assert message["To"] == registration.email
        assert plain(message["Subject"]).strip() == (
            "Inscription confirmée : Conduire une démarche de coopération – 12 avril 2017"
        )
        assert message["Reply-To"] == "contact@caprural.example"
        assert message["Auto-Submitted"] == "auto-generated"
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert text.replace("\r\n", "\n") == last_message().message
        assert html.replace("\r\n", "\n").strip() == last_message().html_message.strip()
        [calendar] = message.iter_attachments()
        assert (calendar.get_filename(), calendar.get_content_type()) == ("cooperation.ics", "text/calendar")
        assert "BEGIN:VEVENT" in calendar.get_content()

    def test_membership_form_arrives_filled(self, sink: SmtpSink) -> None:
        make_scale()
        make_registration(make_seed_session(), organisation="Pays des Collines", last_name="Durand")

        mail_queue.deliver(now=NOW)

        [form] = sink.received[0].iter_attachments()
        assert (form.get_filename(), form.get_content_type()) == ("bulletin-de-cotisation-2017.pdf", "application/pdf")
        text = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(form.get_content())).pages)
        assert "Pays des Collines" in text
        assert "Durand" in text

    @pytest.mark.parametrize("document", [emails.CALENDAR, emails.MEMBERSHIP_FORM])
    def test_registration_erased_before_its_message_left(self, document: str, sink: SmtpSink) -> None:
        registration = make_registration(make_seed_session())
        email = last_message()
        email.context = {"attachments": [[document, str(registration.pk)]]}
        email.save()
        registering.delete([registration], now=NOW)

        assert mail_queue.deliver(now=NOW) == 1
        assert list(sink.received[0].iter_attachments()) == []


def every_message(session: TrainingSession) -> list[Email]:
    """Each message in each of its forms, about one registration of that session."""
    registration = register_up_to_date(session, first_name=HOSTILE[:80], last_name="L’Été")
    registration.fee_due_on = date(2017, 4, 5)
    Email.objects.all().delete()
    for from_waiting_list in (False, True):
        emails.confirmed(registration, session, from_waiting_list=from_waiting_list)
        emails.awaiting_fee(registration, session, from_waiting_list=from_waiting_list)
    emails.fee_accepted(registration, session)
    emails.fee_lost(registration, session)
    for cause in Cause:
        registration.cancellation_cause = cause
        emails.cancelled(registration, session)
    for status in (Registration.Status.CONFIRMED, Registration.Status.AWAITING_FEE):
        registration.status = status
        emails.link_again(registration, session)
    registration.status = Registration.Status.WAITING
    emails.link_again(registration, session)
    emails.waiting(registration, session)
    return list(Email.objects.order_by("pk"))


def lines_of_text(text: str) -> list[str]:
    return [line.removeprefix("– ") for line in text.splitlines() if line]


def lines_of_html(html: str) -> list[str]:
    """What a person reads between the heading and the end, a line per paragraph, item or line break; not the button."""
    body = html.partition("</h1>")[2].partition("</body>")[0]
    body = re.sub(r'<a class="button".*?</a>', "", body)
    blocks = re.split(r"</(?:p|li|div|ul)>|<br>", body)
    lines = (" ".join(unescape(re.sub(r"<[^>]+>", "", block)).split(" ")).split("\n") for block in blocks)
    return [line for line in (" ".join(part.strip(" ") for part in parts).strip(" ") for parts in lines) if line]


EXACT_ADDRESS = "Salle « L’Étable »\n3 place du Marché & <Halles>"
SITUATIONS: dict[str, Callable[[], TrainingSession]] = {
    "as usual": make_seed_session,
    "several days": lambda: make_seed_session(
        days=(date(2017, 4, 12), date(2017, 4, 13), date(2017, 5, 2)), exact_address=EXACT_ADDRESS
    ),
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
            assert lines_of_html(email.html_message) == lines_of_text(email.message)

    def test_html_is_french_and_fetches_nothing(self, situation: str) -> None:
        make_scale()

        for email in every_message(SITUATIONS[situation]()):
            html = email.html_message
            assert '<html lang="fr">' in html
            assert not re.search(r"<(?:img|link|script|iframe|object|form)\b|\bsrc=|url\(|@import", html)
            token = Registration.objects.get().token
            assert set(re.findall(r'href="([^"]*)"', html)) <= {
                f"https://inscriptions.caprural.example/inscriptions/{token}/",
                "https://www.caprural.example/",
                "mailto:contact@caprural.example",
                "tel:+33666466276",
            }

    def test_typed_text_is_text(self, situation: str) -> None:
        """Never rendered as a template, literal in text and in the one-line subject, escaped in HTML."""
        make_scale()

        for email in every_message(SITUATIONS[situation]()):
            assert HOSTILE in email.message
            assert "<b>" not in email.html_message
            assert len(email.subject.splitlines()) == 1
            assert (HOSTILE in email.subject) == (situation == "hostile")


class TestMissingData:
    def test_nothing_about_fees_for_a_session_that_asks_for_none(self) -> None:
        """R17."""
        session = make_seed_session(fee_required=False, max_participants=1)
        first = make_registration(session)
        second = make_registration(session)
        registering.register(make_candidate(session, email=first.email), now=NOW)
        registering.register(make_candidate(session, email=second.email), now=NOW)
        registering.cancel(first, cause=Cause.PARTICIPANT, now=NOW, by=registering.PARTICIPANT)

        messages = list(Email.objects.order_by("pk"))
        assert [plain(email.subject).partition(" : ")[0] for email in messages] == [
            "Inscription confirmée",
            "Liste d’attente (rang 1)",
            "Lien vers votre page personnelle",
            "Lien vers votre page personnelle",
            "Inscription annulée",
            "Une place s’est libérée, inscription confirmée",
        ]
        for email in messages:
            for text in (email.subject, email.message, email.html_message):
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
        ) in plain(last_message().message)

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

        assert f"\n\n{sentence}\n\n" in plain(last_message().message)

    def test_nobody_described_the_organisation_yet(self) -> None:
        Organisation.objects.all().delete()
        session = make_session(days=(), title="Atelier", place="", contact_phone="", contact_email="")
        registration = make_registration(session)

        email = last_message()
        assert plain(email.subject) == "Inscription confirmée : Atelier"
        assert plain(email.message) == (
            f"Bonjour {registration.full_name},\n\n"
            "Votre inscription à « Atelier » est confirmée.\n\n"
            "Atelier\n"
            "Date : à venir\n\n"
            "Vous n’avez rien d’autre à faire pour le moment. L’adresse exacte vous sera communiquée avant la "
            "session.\n\n"
            "Un empêchement ? Dites-le-nous dès que possible : votre place servira à une autre personne.\n\n"
            f"Votre page personnelle, à garder pour vous :\n{link_of(registration)}\n\n"
            "Une question ? Répondez à ce message.\n\n"
            "Bien cordialement,\n"
            "Cap Rural\n"
        )
        assert "Reply-To" not in email.headers
        assert mail_queue.attachments_of(email) == []

    def test_end_unknown(self) -> None:
        make_registration(make_session(ends_at=None))

        assert "\nDate : mercredi 12 avril 2017, à partir de 9 h 30\n" in plain(last_message().message)

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
        ) in plain(email.message)
