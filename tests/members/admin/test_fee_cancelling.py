"""« Annuler une cotisation » (R16): what follows is read before it is done."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from caprural import typography
from members import fees
from members.models import FeeCategory, MembershipFee
from sessions_app.models import Registration, TrainingSession
from tests.factories import make_campaign, make_category, make_fee, make_member, make_registration, make_staff
from tests.support.announced import open_session, session_in, today
from tests.support.office import complaints, notices, send, signed_in, typed
from tests.support.pages import by_id, links, one, rows, text, tree
from tests.support.traces import folded, log, messages, status_of, told

pytestmark = pytest.mark.django_db

FEES = "/admin/members/membershipfee/"


@pytest.fixture
def category() -> FeeCategory:
    """The scale of the year in which a session to come takes place."""
    return make_category(campaign=make_campaign(year=today(60).year), label="Association", amount=Decimal("80.00"))


@pytest.fixture
def fee(category: FeeCategory) -> MembershipFee:
    """Paid by a member with an address."""
    member = make_member(name="Pays des Collines", email="pays@collines.example", emails=("camille@collines.example",))
    return make_fee(member, category=category, now=timezone.now())


@pytest.fixture
def session() -> TrainingSession:
    return open_session(title="Coopérer", fee_required=True)


@pytest.fixture
def person(fee: MembershipFee, session: TrainingSession) -> Registration:
    """Confirmed thanks to that fee."""
    return make_registration(
        session, now=timezone.now(), first_name="Camille", last_name="Durand", email="camille@collines.example"
    )


def address(fee: MembershipFee) -> str:
    return f"{FEES}{fee.pk}/annuler/"


def facts(page: Any) -> list[str]:
    """What the page says will happen."""
    section = one(tree(page), ".//section[@aria-labelledby='consequences-titre']")
    return [folded(text(item)) for item in section.iter("li")]


def confirm(client: Client, fee: MembershipFee, **changes: Any) -> Any:
    """Read the page, choose, read again, confirm."""
    page = client.post(address(fee), {**typed(client.get(address(fee))), **changes})
    return client.post(address(fee), {**typed(page), "confirm": "1"}, follow=True)


class TestWhatIsSaidBefore:
    def test_of_a_paid_fee(
        self, coordination: Client, fee: MembershipFee, person: Registration, session: TrainingSession
    ) -> None:
        page = coordination.get(address(fee))

        day, due = (folded(typography.medium_date(value)) for value in (today(60), today(50)))
        named = f"Camille Durand, « Coopérer », {day} : en attente de cotisation jusqu’au {due}"
        assert facts(page) == [
            f"Pays des Collines, {fee.campaign} : 80 €, payée le {folded(typography.medium_date(today()))}. "
            "L’annulation est définitive.",
            f"Le reçu n° {today().year}-0001 sera annulé, son numéro ne servira plus.",
            "Les inscriptions aux sessions passées ou commencées ne changent pas.",
            "Une nouvelle cotisation attendue sera ouverte : Association, 80 €.",
        ]
        assert [box in typed(page) for box in ("is_told", "reopens")] == [True, True]
        told = one(tree(page), ".//section[@class='preview']")
        assert [folded(text(item)) for item in told.iter("li")] == [
            "Pays des Collines pays@collines.example",
            "camille@collines.example",
            named,
        ]
        assert "Annuler la cotisation et prévenir 2 personnes" in page.content.decode()

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("due", ["Elle n’était pas encore acceptée : aucune inscription n’en dépend."]),
            (
                "waived",
                [
                    "Aucune inscription à venir ne dépend d’elle.",
                    "Les inscriptions aux sessions passées ou commencées ne changent pas.",
                ],
            ),
        ],
    )
    def test_of_another(self, coordination: Client, category: FeeCategory, status: str, expected: list[str]) -> None:
        fee = make_fee(make_member(name="Pays"), category=category, status=status, now=timezone.now())
        page = coordination.get(address(fee))

        assert facts(page)[1:] == [
            *expected,
            "Le cotisant n’a pas d’adresse e-mail : prévenez-le par téléphone ou par courrier.",
        ]
        assert [box in typed(page) for box in ("is_told", "reopens")] == [False, False]

    def test_reading_and_previewing_change_nothing(
        self, coordination: Client, fee: MembershipFee, person: Registration
    ) -> None:
        before = rows()

        page = coordination.get(address(fee))
        coordination.post(address(fee), {**typed(page), "reason": "chèque rejeté"})

        assert rows() == before


class TestCancelling:
    def test_the_reason_typed_beside_what_was_read_is_not_part_of_it(
        self, coordination: Client, fee: MembershipFee
    ) -> None:
        page = coordination.get(address(fee))

        coordination.post(address(fee), {**typed(page), "reason": "chèque rejeté", "confirm": "1"})

        fee.refresh_from_db()
        assert fee.status == "cancelled"

    def test_a_bounced_cheque(
        self, coordination: Client, fee: MembershipFee, person: Registration, session: TrainingSession
    ) -> None:
        page = confirm(coordination, fee, reason="chèque rejeté")

        day, due = (folded(typography.medium_date(value)) for value in (today(60), today(50)))
        assert [folded(said) for said in notices(page)] == [
            "La cotisation de Pays des Collines est annulée.",
            f"Camille Durand, « Coopérer », {day} : en attente de cotisation jusqu’au {due}.",
        ]
        fee.refresh_from_db()
        now = folded(typography.medium_date(today()))
        assert (fee.status, folded(fee.note)) == ("cancelled", f"Annulée le {now} : chèque rejeté")
        assert fee.receipts.get().voided_at is not None
        assert list(fee.member.fees.live().values_list("category", "amount", "status")) == [
            (fee.category_id, Decimal("80.00"), "due")
        ]
        assert [line[:2] for line in log(person)] == [("", "confirmed"), ("confirmed", "awaiting_fee")]
        assert messages()[-2:] == [
            ("pays@collines.example", "Cotisation annulée, une nouvelle est attendue"),
            ("camille@collines.example", told(person)[-1]),
        ]
        history = coordination.get(f"{FEES}{fee.pk}/history/").content.decode()
        assert "État : annulée (chèque rejeté)." in folded(history)

    def test_a_mistake_about_which_nobody_is_told(self, coordination: Client, fee: MembershipFee) -> None:
        before = messages()
        page = coordination.post(address(fee), {"reason": ""})

        coordination.post(address(fee), {**typed(page), "confirm": "1"})

        assert (status_of(fee), fee.member.fees.live().count(), messages()) == ("cancelled", 0, before)

    def test_sessions_that_are_over_keep_their_people(
        self, coordination: Client, category: FeeCategory, fee: MembershipFee
    ) -> None:
        past = session_in("past", fee_required=True)
        make_fee(
            make_member(emails=("ici@collines.example",)),
            category=category
            if category.campaign.starts_on <= today(-2)
            else make_category(campaign=make_campaign(year=today(-2).year)),
        )
        person = make_registration(past, now=timezone.now() - timedelta(days=9), email="ici@collines.example")
        mine = MembershipFee.objects.get(member__people__email="ici@collines.example")
        before = status_of(person)

        confirm(coordination, mine)

        assert (before, status_of(person), status_of(mine)) == ("confirmed", "confirmed", "cancelled")

    def test_the_note_that_was_there_is_kept(self, coordination: Client, fee: MembershipFee) -> None:
        MembershipFee.objects.update(note="Relancée")

        confirm(coordination, fee, reason="erreur")

        fee.refresh_from_db()
        assert fee.note.splitlines()[0] == "Relancée"

    def test_what_changed_since_it_was_read_is_shown_again(
        self, coordination: Client, fee: MembershipFee, session: TrainingSession
    ) -> None:
        page = coordination.get(address(fee))
        make_registration(session, now=timezone.now(), email="camille@collines.example")

        answer = coordination.post(address(fee), {**typed(page), "confirm": "1"})

        assert notices(answer) == ["Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez."]
        assert (status_of(fee), len(facts(answer))) == ("paid", 4)

    def test_another_choice_than_the_one_read(self, coordination: Client, fee: MembershipFee) -> None:
        page = coordination.get(address(fee))
        forms = {name: value for name, value in typed(page).items() if name != "reopens"}

        coordination.post(address(fee), {**forms, "confirm": "1"})

        assert status_of(fee) == "paid"

    def test_twice(self, coordination: Client, fee: MembershipFee) -> None:
        page = coordination.get(address(fee))
        answers = [coordination.post(address(fee), {**typed(page), "confirm": "1"}, follow=True) for _ in range(2)]

        [said] = notices(answers[1])
        since = f"est annulée depuis le {folded(typography.medium_date(today()))}, par "
        assert folded(said).startswith("La cotisation de Pays des Collines pour ")
        assert since in folded(said)
        assert list(fee.member.fees.order_by("pk").values_list("status", flat=True)) == ["cancelled", "due"]

    def test_a_reason_that_makes_no_sense(self, coordination: Client, fee: MembershipFee) -> None:
        page = send(coordination, address(fee), reason="a\nb", confirm="1", previewed="x")

        assert complaints(page) == ["Écrivez ce texte sur une seule ligne."]
        assert status_of(fee) == "paid"


class TestTheWayThere:
    def test_from_the_page_of_a_live_fee(self, coordination: Client, fee: MembershipFee) -> None:
        page = f"{FEES}{fee.pk}/change/"
        assert links(tree(coordination.get(page)))["Annuler la cotisation"] == address(fee)

        fees.cancel(fee, now=timezone.now())

        assert "Annuler la cotisation" not in links(tree(coordination.get(page)))

    def test_an_unknown_fee(self, coordination: Client) -> None:
        assert [coordination.get(f"{FEES}{pk}/annuler/").status_code for pk in ("999", "9" * 30)] == [404] * 2

    def test_a_trainer(self, fee: MembershipFee) -> None:
        trainer = signed_in(make_staff(group="Formateurs"))

        answers = [trainer.get(address(fee)), trainer.post(address(fee), {"confirm": "1"})]

        assert [answer.status_code for answer in answers] == [403, 403]
        assert status_of(fee) == "paid"


def test_what_may_be_corrected_on_the_page_of_a_fee(coordination: Client, fee: MembershipFee) -> None:
    """R13: not its status, its amount nor its day, which acts write."""
    forged = {"status": "due", "amount": "1", "paid_on": "2001-01-01", "category": "1"}
    before = MembershipFee.objects.values("status", "amount", "paid_on", "category", "status_changed_at").get()

    send(
        coordination,
        f"{FEES}{fee.pk}/change/",
        method="transfer",
        reference="VIR 17",
        engagement_number="E 77",
        note="À suivre",
        **forged,
    )

    assert MembershipFee.objects.values(*before).get() == before
    assert MembershipFee.objects.values_list("method", "reference", "engagement_number", "note").get() == (
        "transfer",
        "VIR 17",
        "E 77",
        "À suivre",
    )
    assert by_id(tree(coordination.get(f"{FEES}{fee.pk}/change/")), "id_note") is not None
