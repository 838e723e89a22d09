"""On the page of a fee, its documents and its messages; in the list, the calls to send (R23)."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from caprural.mailing.models import Message
from members import emails, fees
from members.models import FeeCategory, MembershipFee
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member, make_staff, paris
from tests.support import pages
from tests.support.office import choose, notices, send, signed_in, typed
from tests.support.traces import folded, messages

pytestmark = pytest.mark.django_db

FEES = "/admin/members/membershipfee/"


@pytest.fixture
def category() -> FeeCategory:
    return make_category(campaign=make_campaign(), label="Association", amount="80")


def due(category: FeeCategory, name: str, email: str = "", status: str = "due") -> MembershipFee:
    return make_fee(make_member(name=name, email=email), category=category, status=status)


def called() -> list[str]:
    """Whom a call was sent to, in order."""
    sent = Message.objects.filter(kind="fee_call").order_by("pk").values_list("to", flat=True)
    return list(sent)


def confirm(client: Client, page: Any, path: str = FEES) -> Any:
    """The button at the foot of the preview."""
    return client.post(path, {**typed(page), **selected(page), "confirm": "Envoyer"}, follow=True)


def selected(page: Any) -> dict[str, list[str]]:
    fields = pages.tree(page).findall(".//input[@name='_selected_action']")
    return {"_selected_action": [field.get("value", "") for field in fields]}


class TestSendingCalls:
    def test_nothing_leaves_before_it_was_read(self, coordination: Client, category: FeeCategory) -> None:
        fee = due(category, "Pays des Collines", "a@a.example")
        before = pages.rows()

        page = choose(coordination, FEES, "send_calls", fee.pk)

        said = pages.text(pages.by_id(pages.tree(page), "content-main"))
        assert "1 personne recevra un message Pays des Collines a@a.example" in said
        assert folded(f"Appel de cotisation {fee.code} : Cotisation 2017, 80 €") in folded(said)
        assert pages.rows() == before
        assert page.context["submit"] == "Envoyer 1 appel de cotisation"

    def test_those_that_are_owed_and_have_an_address(self, coordination: Client, category: FeeCategory) -> None:
        rows = [
            due(category, "A", "a@a.example"),
            due(category, "B", "b@b.example", "committed"),
            due(category, "C <i>"),
            due(category, "D", "d@d.example", "paid"),
            due(category, "E", "e@e.example", "waived"),
            due(category, "F", "f@f.example", "cancelled"),
        ]

        page = choose(coordination, FEES, "send_calls", *[fee.pk for fee in rows])
        main = pages.by_id(pages.tree(page), "content-main")
        answer = confirm(coordination, page)

        assert "3 cotisations choisies ne sont pas à régler et sont laissées de côté." in pages.text(main)
        assert pages.links(main)["C <i>"] == f"/cotisation/appels/{rows[2].token}/appel.pdf"
        assert called() == ["a@a.example", "b@b.example"]
        assert notices(answer) == [
            "2 appels de cotisation envoyés.",
            "Sans adresse e-mail, à imprimer et à poster : C <i>.",
        ]
        [notice] = pages.tree(answer).findall(".//ul[@class='messagelist']/li[@class='warning']")
        assert pages.links(notice)["C <i>"] == f"/cotisation/appels/{rows[2].token}/appel.pdf"

    def test_nobody_to_write_to(self, coordination: Client, category: FeeCategory) -> None:
        page = choose(coordination, FEES, "send_calls", due(category, "A").pk)

        assert "Personne n’est à prévenir" in pages.text(pages.by_id(pages.tree(page), "content-main"))
        assert pages.tree(page).findall(".//input[@name='confirm']") == []

    def test_confirmed_twice_it_leaves_once(self, coordination: Client, category: FeeCategory) -> None:
        page = choose(coordination, FEES, "send_calls", due(category, "A", "a@a.example").pk)

        answers = [confirm(coordination, page) for _ in range(2)]

        assert called() == ["a@a.example"]
        assert [notices(answer) for answer in answers] == [
            ["1 appel de cotisation envoyé."],
            ["Ces appels sont déjà partis : ils n’ont pas été envoyés une seconde fois."],
        ]

    def test_another_day_it_leaves_again(self, coordination: Client, category: FeeCategory) -> None:
        fee = due(category, "A", "a@a.example")
        for _ in range(2):
            confirm(coordination, choose(coordination, FEES, "send_calls", fee.pk))

        assert called() == ["a@a.example"] * 2

    def test_what_changed_meanwhile_is_read_again(self, coordination: Client, category: FeeCategory) -> None:
        rows = [due(category, name, f"{name}@a.example") for name in "ab"]
        page = choose(coordination, FEES, "send_calls", *[fee.pk for fee in rows])
        fees.settle(rows[1], now=NOW)

        again = confirm(coordination, page)

        assert notices(again) == ["Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez."]
        assert called() == []
        confirm(coordination, again)
        assert called() == ["a@a.example"]

    def test_all_those_of_a_filtered_list(self, coordination: Client, category: FeeCategory) -> None:
        """Beyond the rows of one page: « sélectionner toutes les cotisations »."""
        rows = [due(category, name, f"{name}@a.example") for name in "abc"]
        due(category, "Ailleurs", "z@z.example", "committed")
        path = f"{FEES}?status__exact=due"
        chosen = {"action": "send_calls", "_selected_action": [rows[0].pk], "select_across": "1"}

        confirm(coordination, coordination.post(path, chosen, follow=True), path)

        assert called() == ["a@a.example", "b@a.example", "c@a.example"]

    @pytest.mark.parametrize("sending", ["", "nimporte", "é" * 50])
    def test_a_forged_name_of_the_sending(self, coordination: Client, category: FeeCategory, sending: str) -> None:
        fee = due(category, "A", "a@a.example")
        form = {"action": "send_calls", "_selected_action": [fee.pk], "sending": sending, "confirm": "1"}

        page = coordination.post(FEES, form, follow=True)

        assert page.status_code == 200
        assert called() == []

    def test_its_history_says_so(self, coordination: Client, category: FeeCategory) -> None:
        fee = due(category, "A", "a@a.example")
        confirm(coordination, choose(coordination, FEES, "send_calls", fee.pk))

        assert "Appel de cotisation envoyé." in coordination.get(f"{FEES}{fee.pk}/history/").content.decode()


class TestThePageOfAFee:
    def test_its_documents(self, coordination: Client, category: FeeCategory) -> None:
        fee = due(category, "A", "a@a.example", "paid")
        receipt = fee.receipts.get()

        page = coordination.get(f"{FEES}{fee.pk}/change/")
        field = pages.one(pages.tree(page), ".//div[@class='form-row field-papers']")

        assert pages.text(field).endswith("Appel de cotisation : page, PDFReçu n° 2017-0001 : page, PDF")
        assert [link.get("href") for link in field.iterfind(".//a")] == [
            f"/cotisation/appels/{fee.token}/",
            f"/cotisation/appels/{fee.token}/appel.pdf",
            f"/cotisation/recus/{receipt.token}/",
            f"/cotisation/recus/{receipt.token}/recu.pdf",
        ]
        fees.cancel(fee, now=NOW)
        assert "Reçu n° 2017-0001, annulé" in folded(coordination.get(f"{FEES}{fee.pk}/change/").content.decode())

    def test_a_fee_that_is_being_opened_has_neither(self, coordination: Client) -> None:
        page = coordination.get(f"{FEES}add/")

        assert page.status_code == 200
        assert "messages au cotisant" not in pages.text(pages.tree(page)).lower()

    def test_its_messages(self, coordination: Client, category: FeeCategory) -> None:
        fee = due(category, "A", "a@a.example")
        emails.fee_call(fee, now=paris(2017, 3, 1, 10))
        email = Message.objects.get()
        Message.objects.create(about=fee, kind="membership_reminder", state=Message.State.POSTED, written_at=NOW)
        gone = Message.objects.create(about=fee, kind="fee_call", state=Message.State.FAILED, written_at=NOW)

        group = pages.by_id(pages.tree(coordination.get(f"{FEES}{fee.pk}/change/")), pages.LETTERS)
        rows = [
            [folded(pages.text(cell)) for cell in row if "original" not in cell.get("class", "")]
            for row in group.iterfind(".//tbody/tr")
        ]

        assert gone.pk
        assert rows[0][1:4] == [f"Appel de cotisation {fee.code} : Cotisation 2017, 80 €", "à envoyer", ""]
        assert [row[1:4] for row in rows[1:]] == [
            ["relance", "par courrier", ""],
            ["appel de cotisation", "abandonné", ""],
        ]
        assert f"/admin/mailing/message/{email.pk}/change/" in pages.links(group).values()


class TestSendingAgain:
    @pytest.fixture
    def message(self, category: FeeCategory) -> Message:
        """A call that left for an address that has changed since."""
        fee = due(category, "Pays des Collines", "ancienne@a.example")
        emails.fee_call(fee, now=NOW)
        Message.objects.update(state=Message.State.SENT)
        fee.member.email = "nouvelle@a.example"
        fee.member.save()
        return Message.objects.get()

    def path(self, message: Message) -> str:
        return f"/admin/mailing/message/{message.pk}/renvoyer/"

    def test_to_the_present_address(self, coordination: Client, message: Message) -> None:
        page = coordination.get(f"{FEES}{message.about_id}/change/")
        assert self.path(message) in pages.links(pages.tree(page)).values()

        answer = send(coordination, self.path(message))

        assert notices(answer) == ["Le message est remis dans la file, pour nouvelle@a.example."]
        assert [to for to, _ in messages()] == ["ancienne@a.example", "nouvelle@a.example"]
        assert list(Message.objects.values_list("about_id", "kind")) == [(message.about_id, "fee_call")] * 2

    def test_twice_it_leaves_once(self, coordination: Client, message: Message) -> None:
        send(coordination, self.path(message))

        answer = send(coordination, self.path(message))

        assert notices(answer) == ["Ce message est déjà dans la file : il partira dans un instant."]
        assert len(messages()) == Message.objects.count() == 2

    def test_given_up_it_takes_its_place_again(self, coordination: Client, message: Message) -> None:
        Message.objects.update(state=Message.State.FAILED)

        send(coordination, self.path(message))

        assert [to for to, _ in messages()] == ["nouvelle@a.example"]
        assert Message.objects.count() == 1

    def test_a_reminder_keeps_its_step_for_itself(self, coordination: Client, message: Message) -> None:
        """R24: the copy is not the dated message."""
        emails.membership_reminder(message.about, step=1, now=NOW)
        Message.objects.update(state=Message.State.SENT)

        send(coordination, self.path(Message.objects.get(kind="membership_reminder")))

        keys = Message.objects.filter(kind="membership_reminder").order_by("pk").values_list("key", flat=True)
        assert list(keys) == ["1", ""]

    def test_what_is_not_there(self, coordination: Client, message: Message) -> None:
        Message.objects.update(text="", html="")
        assert coordination.get(self.path(message)).status_code == 404
        Message.objects.all().delete()
        assert coordination.get(self.path(message)).status_code == 404

    def test_reading_sends_nothing(self, coordination: Client, message: Message) -> None:
        before = pages.rows()

        assert coordination.get(self.path(message)).status_code == 200

        assert pages.rows() == before

    def test_trainers_do_not_see_it(self, message: Message) -> None:
        trainer = signed_in(make_staff(group="Formateurs"))

        assert trainer.get(self.path(message)).status_code in (403, 404)
        assert trainer.post(self.path(message)).status_code in (403, 404)
        assert len(messages()) == 1


def test_trainers_send_no_call(category: FeeCategory) -> None:
    fee = due(category, "A", "a@a.example")
    trainer = signed_in(make_staff(group="Formateurs"))

    assert choose(trainer, FEES, "send_calls", fee.pk).status_code == 403
    assert called() == []


class TestIssuingAReceipt:
    """For a payment that was imported: it came without one."""

    @pytest.fixture
    def imported(self, category: FeeCategory) -> MembershipFee:
        fee = due(category, "Pays des Collines", "a@a.example")
        MembershipFee.objects.update(status="paid", paid_on=date(2017, 2, 3))
        return fee

    def test_once(self, coordination: Client, imported: MembershipFee) -> None:
        page = coordination.get(f"{FEES}{imported.pk}/change/")
        path = pages.links(pages.tree(page))["Émettre le reçu"]

        said = [folded(line) for _ in range(2) for line in notices(coordination.post(path, follow=True))]

        receipt = imported.receipts.get()
        assert said == [
            f"Le reçu n° {receipt.label} est émis, envoyé à a@a.example.",
            f"Le reçu n° {receipt.label} est déjà émis.",
        ]
        assert receipt.facts["paid_on"] == "2017-02-03"
        assert list(Message.objects.values_list("kind", "to")) == [("receipt", "a@a.example")]
        page = coordination.get(f"{FEES}{imported.pk}/change/")
        assert "Émettre le reçu" not in pages.links(pages.tree(page))

    def test_reading_the_page_gives_nothing(self, coordination: Client, imported: MembershipFee) -> None:
        before = pages.rows()

        page = coordination.get(f"{FEES}{imported.pk}/recu/")

        assert (page.status_code, pages.rows()) == (200, before)

    def test_not_for_a_fee_that_is_not_paid(self, coordination: Client, category: FeeCategory) -> None:
        fee = due(category, "Pays des Collines", "a@a.example", status="committed")

        said = notices(coordination.post(f"{FEES}{fee.pk}/recu/", follow=True))

        assert [folded(line) for line in said] == [
            f"La cotisation de Pays des Collines pour {fee.campaign} ({fee.code}) est engagée depuis le 1er mars 2017. "
            "Un reçu demande un paiement : enregistrez-le d’abord."
        ]
        assert fee.receipts.count() == 0

    def test_not_for_a_trainer(self, imported: MembershipFee) -> None:
        trainer = signed_in(make_staff(group="Formateurs"))

        assert trainer.post(f"{FEES}{imported.pk}/recu/").status_code == 403
        assert imported.receipts.count() == 0
