"""What each message to a payer says, whole, to whom and with what (R15, R23)."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import tinyhtml5

from caprural.house.models import Organisation
from caprural.mailing import documents
from caprural.mailing.models import Message
from members import emails, fees
from members.models import FeeCategory, Member, MembershipFee
from tests.factories import NOW, make_category, make_member, paris
from tests.support.pages import text
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

Ask = Callable[..., MembershipFee]
SITE = "https://inscriptions.caprural.example"
HOSTILE = "{{ 7|add:7 }} {% now 'Y' %} O'Neil <b>« Zoé »</b> & \"Co\""


def last_message() -> Message:
    return Message.objects.order_by("pk").last()


def call_of(fee: MembershipFee) -> str:
    return f"{SITE}/cotisation/appels/{fee.token}/"


def about(fee: MembershipFee) -> str:
    return f"""\
Communauté de communes du Plateau
Cotisation 2017, du 1er janvier 2017 au 31 décembre 2017
Collectivité : 1 250,50 €
Référence à rappeler : {fee.code}
"""


def payment(fee: MembershipFee) -> str:
    return f"""\
Pour régler :
– par chèque à l’ordre de « Association Réseau des Monts », envoyé à Réseau des Monts, 1 place de la Mairie, \
69700 Givors CEDEX, avec la référence {fee.code} au dos
– par virement : IBAN FR76 3000 6000 0112 3456 7890 189, BIC AGRIFRPPXXX, en indiquant la référence {fee.code}
– par mandat administratif, pour un organisme public : l’engagement reçu suffit pour que les personnes couvertes \
soient à jour. Notre SIRET : 732 829 320 00074
  L’appel est déposé sur Chorus Pro.
"""


def call_link(fee: MembershipFee) -> str:
    return f"L’appel de cotisation, à imprimer ou à transmettre :\n{call_of(fee)}\n"


END = """\
Une question ? Alix Accueil, 04 78 00 00 00, contact@monts.example, ou répondez à ce message.

Bien cordialement,
Réseau des Monts
1 place de la Mairie
69700 Givors CEDEX
"""


def assert_says(subject: str, *parts: str) -> None:
    """The last message, whole: from the subject to the signature, in plain text as in HTML."""
    email = last_message()
    assert folded(email.subject) == subject
    assert folded(email.text) == "\n".join(["Bonjour Dominique Durand,\n", *parts, END])
    assert email.to == "compta@plateau.example"
    assert email.reply_to == "contact@monts.example"
    assert email.sender == "Réseau des Monts"
    words = read(email.html)
    for part in parts:
        for line in part.splitlines():
            assert line.strip().removeprefix("– ") in words


def read(html: str) -> str:
    """The words of the HTML part."""
    root = tinyhtml5.parse(html, namespace_html_elements=False)
    for line_break in root.iter("br"):
        line_break.text = " "
    return folded(text(root))


@pytest.fixture
def fee(organisation: Organisation, district: Member, asked: Ask) -> MembershipFee:
    return asked(district)


class TestFeeCall:
    def test_due(self, fee: MembershipFee) -> None:
        emails.fee_call(fee, now=NOW)

        assert_says(
            f"Appel de cotisation {fee.code} : Cotisation 2017, 1 250,50 €",
            "Voici l’appel de votre cotisation annuelle : il est joint à ce message, à garder ou à transmettre au "
            "service qui paie.\n",
            about(fee),
            payment(fee),
            call_link(fee),
        )

    @pytest.mark.parametrize(("number", "said"), [("EJ-42", " n° EJ-42"), ("", "")])
    def test_committed(self, fee: MembershipFee, number: str, said: str) -> None:
        fees.commit(fee, proof=fees.Proof(engagement_number=number), now=NOW)

        emails.fee_call(fee, now=NOW)

        assert_says(
            f"Appel de cotisation {fee.code} : Cotisation 2017, 1 250,50 €",
            f"Nous avons bien reçu votre engagement{said} : les personnes couvertes sont à jour, et le paiement reste "
            "attendu. Voici l’appel de votre cotisation annuelle : il est joint à ce message, à garder ou à "
            "transmettre au service qui paie.\n",
            about(fee),
            payment(fee),
            call_link(fee),
        )

    def test_an_amount_of_nothing(self, fee: MembershipFee, scale: FeeCategory) -> None:
        free = make_category(campaign=scale.campaign, label="Invité", amount=0)
        invited = fees.subscribe(make_member(email="invite@a.example"), free, now=NOW)

        emails.fee_call(invited, now=NOW)

        assert "Vous n’avez rien à régler.\n" in last_message().text
        assert "IBAN" not in last_message().text + last_message().html


class TestReminder:
    @pytest.mark.parametrize(
        ("step", "subject", "beginning"),
        [
            (1, "Rappel", "Sauf"),
            (2, "Nouveau rappel", "Nous vous avons déjà écrit à ce sujet : sauf"),
            (3, "Nouveau rappel", "Nous vous avons déjà écrit à ce sujet : sauf"),
        ],
    )
    def test_each_step(self, fee: MembershipFee, step: int, subject: str, beginning: str) -> None:
        emails.membership_reminder(fee, step=step, now=NOW)

        assert_says(
            f"{subject}, cotisation attendue : Cotisation 2017, 1 250,50 €",
            f"{beginning} erreur de notre part, nous n’avons pas encore reçu votre cotisation annuelle. L’appel de "
            "cotisation est joint à ce message. Si le paiement est en route, ne tenez pas compte de ce rappel ; s’il "
            "vous faut un délai, dites-le-nous en répondant à ce message.\n",
            about(fee),
            payment(fee),
            call_link(fee),
        )
        assert list(Message.objects.values_list("kind", "key")) == [("membership_reminder", str(step))]


class TestReceipt:
    @pytest.mark.parametrize(("method", "said"), [("transfer", ", par virement"), ("", "")])
    def test_paid(self, fee: MembershipFee, method: str, said: str) -> None:
        fees.settle(fee, proof=fees.Proof(method=method), now=NOW)

        assert_says(
            "Cotisation reçue, reçu n° 2017-0001 : Cotisation 2017",
            f"Nous avons bien reçu, le 1er mars 2017{said}, le paiement de votre cotisation annuelle : merci. Les "
            "personnes qu’elle couvre sont à jour du 1er janvier 2017 au 31 décembre 2017. Votre reçu n° 2017-0001 "
            "est joint à ce message.\n",
            about(fee),
            f"Votre reçu, à garder :\n{SITE}/cotisation/recus/{fee.receipts.get().token}/\n",
        )


class TestCancelled:
    @pytest.mark.parametrize(
        ("status", "said"), [("due", ""), ("paid", " Le reçu n° 2017-0001 n’est plus valable."), ("committed", "")]
    )
    def test_with_or_without_receipt(
        self, organisation: Organisation, district: Member, asked: Ask, status: str, said: str
    ) -> None:
        fee = asked(district, status=status)

        fees.cancel(fee, now=paris(2017, 5, 1, 0, 10), is_told=True)

        assert_says(
            "Cotisation annulée : Cotisation 2017",
            "Votre cotisation annuelle a été annulée le 1er mai 2017 : elle n’est plus à régler et ne couvre plus "
            f"personne.{said} Si cela vous étonne, répondez à ce message.\n",
            about(fee).replace("Référence à rappeler", "Référence"),
        )

    def test_another_one_is_expected_instead(self, organisation: Organisation, district: Member, asked: Ask) -> None:
        """A bounced cheque: the payer learns at once how to pay, and under which reference."""
        fee = asked(district, status="paid")

        fees.cancel(fee, now=paris(2017, 5, 1, 0, 10), is_told=True, reopens=True)

        assert_says(
            "Cotisation annulée, une nouvelle est attendue : Cotisation 2017",
            "Votre cotisation annuelle a été annulée le 1er mai 2017, et une nouvelle est attendue à sa place : "
            "l’appel joint à ce message dit comment la régler, et sous quelle référence. Le reçu n° 2017-0001 n’est "
            "plus valable. Si cela vous étonne, répondez à ce message.\n",
            about(fee).replace("Référence à rappeler", "Référence"),
        )
        [call] = documents.made(last_message())
        assert call.filename == f"appel-de-cotisation-{district.fees.live().get().code}.pdf"


def every_message(fee: MembershipFee) -> list[Message]:
    """One of each, about this fee."""
    emails.fee_call(fee, now=NOW)
    emails.membership_reminder(fee, step=1, now=NOW)
    fees.settle(fee, now=NOW)
    fees.cancel(fee, now=NOW, is_told=True)
    return list(Message.objects.order_by("pk"))


class TestGreeting:
    @pytest.mark.parametrize(
        ("fields", "greeting"),
        [
            ({"kind": "structure", "contact_name": "Dominique Durand"}, "Bonjour Dominique Durand,"),
            ({"kind": "structure"}, "Bonjour,"),
            ({"kind": "person", "name": "Dominique Fictif"}, "Bonjour Dominique Fictif,"),
        ],
    )
    def test_by_name_when_it_is_a_person_s(self, asked: Ask, fields: dict[str, Any], greeting: str) -> None:
        written = every_message(asked(make_member(email="a@a.example", **fields)))

        assert len(written) == 4
        for message in written:
            assert message.text.startswith(f"{greeting}\n")
            assert f"<p>{greeting}</p>" in message.html


class TestWhatIsNotKnown:
    def test_an_organisation_that_nobody_has_described(self, asked: Ask) -> None:
        for message in every_message(asked(make_member(email="a@a.example"))):
            for said in (message.text, message.html):
                assert "Une question ? Répondez à ce message." in folded(said)
                for absent in ("None", "IBAN", "chèque", "SIRET", "Chorus"):
                    assert absent not in said
            assert message.text.endswith("Bien cordialement,\nCentre de ressources\n")

    def test_a_payer_without_address_is_written_nothing(self, organisation: Organisation, asked: Ask) -> None:
        """By post: nothing is queued, and nothing is said to have been sent."""
        written = every_message(asked(make_member(email="")))

        assert (written, Message.objects.count()) == ([], 0)


def test_each_leaves_a_message_of_its_fee(fee: MembershipFee) -> None:
    written = every_message(fee)

    assert list(Message.objects.values_list("about_id", "kind", "key", "pk", "state", "written_at")) == [
        (fee.pk, kind, key, message.pk, Message.State.QUEUED, NOW)
        for (kind, key), message in zip(
            (("fee_call", ""), ("membership_reminder", "1"), ("receipt", ""), ("fee_cancelled", "")),
            written,
            strict=True,
        )
    ]


def test_what_was_typed_is_neither_markup_nor_template(organisation: Organisation, asked: Ask) -> None:
    Organisation.objects.update(contact_name=HOSTILE, chorus_pro=HOSTILE, cheque_payee=HOSTILE)

    for message in every_message(asked(make_member(email="a@a.example", name=HOSTILE, contact_name=HOSTILE))):
        assert f"Bonjour {HOSTILE}," in message.text
        assert "<b>" not in message.html
        assert f"Bonjour {HOSTILE}," in unescape(message.html)


def test_html_parts_are_sound(fee: MembershipFee) -> None:
    """A title, French, and nothing fetched from anywhere; dark colours like the others (emails/base.html)."""
    for message in every_message(fee):
        html = message.html
        assert '<html lang="fr">' in html
        assert "prefers-color-scheme: dark" in html
        assert 'class="facts"' in html
        assert "<img" not in html
        assert 'src="' not in html
