"""« Enregistrer des paiements » (R13, R16): find payers, tick them, record, and read what was done."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caprural import typography
from members import fees
from members.models import Application, FeeCampaign, FeeCategory, Member, MembershipFee, Receipt
from tests.factories import (
    make_application,
    make_campaign,
    make_category,
    make_checked_application,
    make_fee,
    make_member,
    make_registration,
    make_staff,
)
from tests.support.announced import open_session, today
from tests.support.office import choose, complaints, notices, signed_in, typed
from tests.support.pages import by_id, links, main, one, rows, text, tree
from tests.support.traces import folded, messages, status_of, told

pytestmark = pytest.mark.django_db

FEES = "/admin/members/membershipfee/"
DESK = f"{FEES}enregistrer/"


@pytest.fixture
def campaign() -> FeeCampaign:
    """The campaign of today."""
    return make_campaign(year=today().year)


@pytest.fixture
def category(campaign: FeeCampaign) -> FeeCategory:
    return make_category(campaign=campaign, label="Association", amount=Decimal("80.00"))


@pytest.fixture
def three(category: FeeCategory) -> list[MembershipFee]:
    """Three fees to come, 330 € in all; the last payer has no address."""
    large = make_category(campaign=category.campaign, label="Collectivité", amount=Decimal("170.00"))
    return [
        make_fee(make_member(name="Pays des Collines", email="pays@collines.example"), category=category, status="due"),
        make_fee(make_member(name="CC du Plateau", email="cc@plateau.example"), category=large, status="due"),
        make_fee(make_member(name="Les Sources"), category=category, status="due"),
    ]


def pks(fees: list[MembershipFee]) -> list[int]:
    return [fee.member_id for fee in fees]


def record(client: Client, members: list[int], **changes: Any) -> Any:
    """Open the screen with these payers ticked, fill it, press the button."""
    page = client.get(DESK, {"cotisant": members})
    return client.post(DESK, {**typed(page), "cotisant": members, **changes}, follow=True)


def payers(page: Any) -> list[list[str]]:
    """The lines of the tables, the box left out: « ✓ » or « – » says whether it is ticked."""
    lines = []
    for line in tree(page).findall(".//table[@class='payers']/tbody/tr"):
        box = line.find(".//input[@type='checkbox']")
        sign = "" if box is None else "✓" if "checked" in box.attrib else "–"
        for select in line.iter("select"):
            select.clear()
        lines.append([sign, *(text(cell) for cell in list(line)[1:])])
    return lines


def button(page: Any) -> str:
    """What the button that records says."""
    return folded(text(one(tree(page), ".//button[@formmethod='post']")))


class TestSearching:
    def test_nothing_asked_nothing_shown(self, coordination: Client, three: list[MembershipFee]) -> None:
        page = coordination.get(DESK)

        assert (payers(page), "Ce qui est arrivé" in main(page)) == ([], False)

    def test_what_is_said_of_each_payer(self, coordination: Client, category: FeeCategory) -> None:
        member = make_member(
            name="Pays des Collines", siret="73282932000074", emails=("a@collines.example", "b@collines.example")
        )
        fee = make_fee(member, category=category, status="due")
        MembershipFee.objects.update(reference="CHQ 12", engagement_number="E7")
        make_member(name="Collines sans cotisation")

        assert payers(coordination.get(DESK, {"q": "colline"})) == [
            ["–", "Collines sans cotisation", "", "", "", "pas de cotisation", "", "0"],
            [
                "–",
                "Pays des Collines",
                "732 829 320 00074",
                "Association",
                "80 €",
                "attendue",
                f"{fee.code} CHQ 12 engagement E7",
                "2",
            ],
        ]

    @pytest.mark.parametrize(
        ("status", "box"), [("due", "–"), ("committed", "–"), ("paid", ""), ("waived", ""), ("cancelled", "–")]
    )
    def test_what_moves_no_more_is_not_ticked(
        self, coordination: Client, category: FeeCategory, status: str, box: str
    ) -> None:
        make_fee(make_member(name="Pays"), category=category, status=status)

        assert [line[0] for line in payers(coordination.get(DESK, {"q": "pays"}))] == [box]

    def test_what_is_ticked_and_typed_stays_while_one_searches_again(
        self, coordination: Client, three: list[MembershipFee]
    ) -> None:
        make_member(name="Pays sans cotisation")
        first = coordination.get(DESK, {"q": "pays"})
        ticked = {**typed(first), "cotisant": three[0].member_id, "reference": "VIR <17>", "status": "committed"}

        page = coordination.get(DESK, {**ticked, "q": "sources"})

        assert [line[:2] for line in payers(page)] == [["✓", "Pays des Collines"], ["–", "Les Sources"]]
        assert (typed(page)["reference"], typed(page)["status"]) == ("VIR <17>", ["committed"])
        assert button(page) == "Enregistrer 1 cotisation (80 €)"

    @pytest.mark.parametrize("typed_in", [{"siret": "73282932000074"}, {"email": "pays@collines.example"}])
    def test_a_form_to_check_is_pointed_at(
        self, coordination: Client, three: list[MembershipFee], typed_in: dict[str, str]
    ) -> None:
        """What it says is covered only once it is checked."""
        member = three[0].member
        Member.objects.filter(pk=member.pk).update(**typed_in)
        form = make_application(category=three[0].category, name="Autre nom", **typed_in)
        badge = f"bulletin en ligne {form.own_code} à vérifier d’abord"

        assert [badge in line[1] for line in payers(coordination.get(DESK, {"q": "pays"}))] == [True]
        Application.objects.update(checked_at=timezone.now())
        assert [badge in line[1] for line in payers(coordination.get(DESK, {"q": "pays"}))] == [False]

    def test_the_payment_of_a_form_nobody_has_checked(self, coordination: Client, category: FeeCategory) -> None:
        """Found by its reference, its SIRET, its address, its amount or its name; checked first."""
        form = make_application(category=category, name="Asso Une", siret="73282932000074", email="a@x.example")
        make_application(category=make_category(campaign=category.campaign, amount=Decimal(77)), name="Autre")

        for asked in (form.own_code, f"bul {form.pk}", "732 829 320 00074", "A@x.example", "80", "asso une"):
            found = links(by_id(tree(coordination.get(DESK, {"q": asked})), "content-main"))
            assert [url for url in found.values() if url.endswith("/verifier/")] == [
                f"/admin/members/application/{form.pk}/verifier/"
            ], asked

    def test_the_reference_of_a_form_that_was_checked(self, coordination: Client, category: FeeCategory) -> None:
        """The payer quotes what the first letter said."""
        form = make_checked_application(category=category, name="Asso Une")

        assert [line[1] for line in payers(coordination.get(DESK, {"q": form.own_code}))] == [f"Asso Une {form.code}"]

    def test_what_it_would_cover(self, coordination: Client, category: FeeCategory) -> None:
        member = make_member(name="Pays", emails=("a@x.example",), domains=("pays.example",))
        make_fee(member, category=category, status="due")

        [line] = payers(coordination.get(DESK, {"q": "pays"}))

        assert line[-1] == "1 @pays.example"

    def test_never_more_people_than_the_rule_takes(self, coordination: Client, category: FeeCategory) -> None:
        """H6: of two people listed, a fee for one covers the first."""
        limited = make_category(campaign=category.campaign, max_people=1)
        member = make_member(name="Pays", emails=("a@x.example", "b@x.example"), domains=("pays.example",))
        make_fee(member, category=limited, status="due")

        [line] = payers(coordination.get(DESK, {"q": "pays"}))

        assert line[-1] == "1 sur 2"

    def test_two_of_one_name_are_told_apart(self, coordination: Client, category: FeeCategory) -> None:
        make_member(name="Foyer rural", address="1 rue\n69700 Givors")
        make_member(name="FOYER RURAL", address="2 rue\r\n42000 Saint-Étienne")

        assert [line[1] for line in payers(coordination.get(DESK, {"q": "foyer"}))] == [
            "Foyer rural (Givors)",
            "FOYER RURAL (Saint-Étienne)",
        ]

    def test_the_reference_of_another_year_shows_that_year(self, coordination: Client, category: FeeCategory) -> None:
        """What was searched is what is offered, and what else is owed is said."""
        last = make_category(campaign=make_campaign(year=today().year - 1), amount=Decimal(70))
        member = make_member(name="Pays")
        old = make_fee(member, category=last, status="due")
        new = make_fee(member, category=category, status="due")

        page = coordination.get(DESK, {"q": old.code, "campagne": category.campaign_id})

        assert typed(page)["campagne"] == [str(last.campaign_id)]
        [line] = payers(page)
        assert (line[1], line[4]) == (
            f"Pays {old.code} doit aussi {category.campaign}, 80 €, {new.code}",
            "70 €",
        )
        assert f"{old.code} est la cotisation de Pays pour {last.campaign} : c’est cette campagne" in main(page)

    def test_with_others_ticked_the_campaign_stays(self, coordination: Client, three: list[MembershipFee]) -> None:
        last = make_category(campaign=make_campaign(year=today().year - 1), amount=Decimal(70))
        old = make_fee(make_member(name="Pays"), category=last, status="due")
        campaign = three[0].campaign_id

        page = coordination.get(DESK, {"q": old.code, "campagne": campaign, "cotisant": three[1].member_id})

        assert typed(page)["campagne"] == [str(campaign)]
        found = links(by_id(tree(page), "content-main"))
        assert found["Enregistrer celle-là"] == f"{DESK}?campagne={last.campaign_id}&cotisant={old.member_id}"

    def test_nobody(self, coordination: Client, category: FeeCategory) -> None:
        assert "Aucun cotisant. Essayez un seul mot" in main(coordination.get(DESK, {"q": "néant"}))

    def test_more_than_a_page_of_them(self, coordination: Client, category: FeeCategory) -> None:
        for number in range(52):
            make_member(name=f"Pays {number}")

        page = coordination.get(DESK, {"q": "pays"})

        assert len(payers(page)) == 50
        assert "Seuls les 50 premiers sont montrés : précisez votre recherche." in main(page)

    def test_campaigns_that_are_not_over_or_that_someone_still_owes(
        self, coordination: Client, campaign: FeeCampaign
    ) -> None:
        year = today().year
        make_campaign(year=year + 1)
        make_campaign(year=year - 1)
        make_fee(make_member(), category=make_category(campaign=make_campaign(year=year - 2)), status="due")
        make_fee(make_member(), category=make_category(campaign=make_campaign(year=year - 3)), status="paid")

        options = list(by_id(tree(coordination.get(DESK)), "id_campagne"))

        assert [(text(option), "selected" in option.attrib) for option in options] == [
            (f"Cotisation {year + 1}", False),
            (f"Cotisation {year}", True),
            (f"Cotisation {year - 2}", False),
        ]

    def test_without_campaign(self, coordination: Client) -> None:
        page = coordination.get(DESK)

        assert "Aucune campagne n’est ouverte" in main(page)
        assert links(tree(page))["créez la campagne"] == "/admin/members/feecampaign/add/"

    def test_the_same_queries_for_one_payer_or_fifty(self, coordination: Client, three: list[MembershipFee]) -> None:
        asked = {"q": "pays", "cotisant": three[1].member_id}
        with CaptureQueriesContext(connection) as one_payer:
            coordination.get(DESK, asked)
        for number in range(49):
            make_fee(make_member(name=f"Pays {number}"), category=three[0].category, status="due")

        with CaptureQueriesContext(connection) as fifty:
            page = coordination.get(DESK, asked)

        assert (len(payers(page)), len(fifty)) == (51, len(one_payer))


class TestRecording:
    def test_one_transfer_for_three_fees(self, coordination: Client, three: list[MembershipFee]) -> None:
        page = record(
            coordination, pks(three), method="transfer", reference="VIR 17", paid_on=str(today(-2)), received="330,00 €"
        )

        assert [folded(said) for said in notices(page)] == [
            f"3 cotisations enregistrées pour Cotisation {today().year}, 330 €."
        ]
        assert list(
            MembershipFee.objects.order_by("pk").values_list("status", "method", "reference", "paid_on", "amount")
        ) == [
            ("paid", "transfer", "VIR 17", today(-2), Decimal("80.00")),
            ("paid", "transfer", "VIR 17", today(-2), Decimal("170.00")),
            ("paid", "transfer", "VIR 17", today(-2), Decimal("80.00")),
        ]

    def test_what_was_done_is_read_payer_by_payer(self, coordination: Client, three: list[MembershipFee]) -> None:
        page = record(coordination, pks(three))

        day, year = folded(typography.medium_date(today())), today().year
        assert [[folded(cell) for cell in line[2:]] for line in table_of(page)] == [
            ["Collectivité", "170 €", f"payée le {day}", f"n° {year}-0002 (PDF)", "envoyé à cc@plateau.example"],
            [
                "Association",
                "80 €",
                f"payée le {day}",
                f"n° {year}-0003 (PDF)",
                f"pas d’adresse e-mail : à imprimer : reçu n° {year}-0003",
            ],
            ["Association", "80 €", f"payée le {day}", f"n° {year}-0001 (PDF)", "envoyé à pays@collines.example"],
        ]
        receipt = Receipt.objects.get(number=3)
        assert f"/cotisation/recus/{receipt.token}/recu.pdf" in links(tree(page)).values()
        assert sorted(messages()) == [
            ("cc@plateau.example", f"Cotisation reçue, reçu n° {year}-0002"),
            ("pays@collines.example", f"Cotisation reçue, reçu n° {year}-0001"),
        ]

    def test_the_people_covered_are_confirmed_and_named(self, coordination: Client, category: FeeCategory) -> None:
        """R16."""
        session = open_session(title="Coopérer", fee_required=True)
        category = make_category(campaign=_campaign_of(session.first_date.year, category))
        fee = make_fee(make_member(name="Pays", emails=("camille@collines.example",)), category=category, status="due")
        person = make_registration(session, first_name="Camille", last_name="Durand", email="camille@collines.example")
        stranger = make_registration(session, email="alex@collines.example")

        page = record(coordination, [fee.member_id], campagne=category.campaign_id, annonce="")

        day = folded(typography.medium_date(today(60)))
        assert [folded(said) for said in notices(page)] == [
            f"1 cotisation enregistrée pour {category.campaign}, 100 €.",
            f"Camille Durand, « Coopérer », {day} : inscription confirmée.",
        ]
        assert [status_of(person), status_of(stranger)] == ["confirmed", "awaiting_fee"]
        assert told(person)[1:] == ["Cotisation à jour, inscription confirmée"]

    @pytest.mark.parametrize(("status", "label"), [("committed", "engagement reçu"), ("waived", "exonérée")])
    def test_without_payment_there_is_no_receipt(
        self, coordination: Client, three: list[MembershipFee], status: str, label: str
    ) -> None:
        page = record(coordination, pks(three[:1]), status=status, engagement_number="E 77", paid_on="")

        fee = MembershipFee.objects.get(pk=three[0].pk)
        assert (fee.status, fee.engagement_number, fee.paid_on, Receipt.objects.count()) == (status, "E 77", None, 0)
        year = today().year
        period = f"Cotisation {year}, du 1er janvier {year} au 31 décembre {year}"
        assert [[folded(cell) for cell in line] for line in table_of(page)] == [
            ["Pays des Collines", period, "Association", "80 €", label, "pas de reçu", "–"]
        ]

    def test_a_committed_fee_is_then_paid(self, coordination: Client, three: list[MembershipFee]) -> None:
        fees.commit(three[0], proof=fees.Proof(engagement_number="E 77"), now=timezone.now())

        record(coordination, pks(three[:1]), reference="VIR 17")

        fee = MembershipFee.objects.get(pk=three[0].pk)
        assert (fee.status, fee.engagement_number, fee.reference) == ("paid", "E 77", "VIR 17")

    def test_a_payer_without_fee_opens_one(self, coordination: Client, category: FeeCategory) -> None:
        member = make_member(name="Pays")

        page = record(coordination, [member.pk], **{f"categorie-{member.pk}": category.pk, "annonce": ""})

        assert [folded(said) for said in notices(page)] == [f"1 cotisation enregistrée pour {category.campaign}, 80 €."]
        assert list(member.fees.values_list("category", "campaign", "amount", "status")) == [
            (category.pk, category.campaign_id, Decimal("80.00"), "paid")
        ]

    def test_every_change_is_in_the_history(self, coordination: Client, three: list[MembershipFee]) -> None:
        fee = three[0]
        record(coordination, [fee.member_id], status="committed", engagement_number="E 77")
        record(coordination, [fee.member_id], status="paid", method="transfer", reference="VIR 17")

        history = folded(coordination.get(f"{FEES}{fee.pk}/history/").content.decode())
        first = history.index("État : engagement reçu (E 77).")
        assert first < history.index("État : payée (virement, VIR 17, E 77).")

    def test_a_second_time_by_mistake(self, coordination: Client, three: list[MembershipFee]) -> None:
        page = coordination.get(DESK, {"cotisant": pks(three)})
        form = {**typed(page), "cotisant": pks(three), "method": "transfer", "reference": "VIR 17"}

        answers = [coordination.post(DESK, form) for _ in range(2)]

        assert answers[0].headers["Location"] == answers[1].headers["Location"]
        assert notices(coordination.get(answers[1].headers["Location"])) == [
            f"3 cotisations enregistrées pour Cotisation {today().year}, 330 €.",
            "C’était déjà enregistré : rien n’a changé.",
        ]
        assert (Receipt.objects.count(), len(messages())) == (3, 2)

    def test_reading_the_page_records_nothing(self, coordination: Client, three: list[MembershipFee]) -> None:
        before = rows()

        coordination.get(DESK, {"cotisant": pks(three), "q": "pays", "status": "paid", "paid_on": str(today())})

        assert rows() == before


class TestRefusals:
    """Nothing is recorded, the reason is a sentence, and all that was typed is still there."""

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            (
                {"received": "300"},
                "Le total des cotisations cochées est de 330 €, vous avez indiqué 300 €.",
            ),
            ({"received": "trois cents"}, "Saisissez un montant en euros, par exemple 1 200,50."),
            ({"paid_on": ""}, "Indiquez le jour du paiement."),
            ({"paid_on": "demain"}, "Écrivez une date, par exemple 12/04/2027."),
            (
                {"paid_on": str(today(1))},
                "Ce jour n’est pas encore venu : indiquez celui où le paiement est arrivé.",
            ),
            ({"paid_on": "2010-03-01"}, "Ce jour est trop ancien pour la campagne « {campaign} » : vérifiez l’année."),
            ({"status": "due"}, "Sélectionnez un choix valide. due n’en fait pas partie."),
            ({"method": "or"}, "Sélectionnez un choix valide. or n’en fait pas partie."),
            ({"reference": "VIR\n17"}, "Écrivez ce texte sur une seule ligne."),
            ({"cotisant": []}, "Cochez au moins un cotisant."),
            ({"cotisant": ["abc", "-1", "9" * 30]}, "Cochez au moins un cotisant."),
            (
                {"annonce": "2:160.00"},
                "La sélection a changé : 3 cotisations, 330 € en tout. Relisez, puis enregistrez.",
            ),
        ],
    )
    def test_what_is_wrong_is_said(
        self, coordination: Client, three: list[MembershipFee], changes: dict[str, Any], sentence: str
    ) -> None:
        page = record(coordination, pks(three), **{"reference": "VIR 17", "q": "sources", **changes})

        assert [folded(said) for said in complaints(page)] == [sentence.format(campaign=three[0].campaign)]
        assert [status_of(fee) for fee in three] == ["due"] * 3
        assert typed(page)["q"] == "sources"
        assert typed(page)["reference"] == changes.get("reference", "VIR 17")

    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            (
                "paid",
                "La cotisation de CC du Plateau pour {campaign} ({code}) est payée depuis le {day}, reçu n° {label}.",
            ),
            ("waived", "La cotisation de CC du Plateau pour {campaign} ({code}) est exonérée depuis le {day}."),
            ("cancelled", "Choisissez la catégorie de la cotisation à ouvrir pour CC du Plateau."),
        ],
    )
    def test_all_or_nothing_when_one_has_moved_meanwhile(
        self, coordination: Client, three: list[MembershipFee], status: str, sentence: str
    ) -> None:
        page = coordination.get(DESK, {"cotisant": pks(three)})
        {"paid": fees.settle, "waived": fees.waive, "cancelled": fees.cancel}[status](three[1], now=timezone.now())

        answer = coordination.post(DESK, {**typed(page), "cotisant": pks(three), "reference": "VIR 17"})

        facts = {
            "campaign": three[1].campaign,
            "code": three[1].code,
            "day": folded(typography.medium_date(today())),
            "label": f"{today().year}-0001",
        }
        [said] = complaints(answer)
        assert folded(said).startswith(sentence.format(**facts))
        assert [status_of(fee) for fee in three] == ["due", status, "due"]
        assert [line[0] for line in payers(answer)] == ["✓"] * 3
        assert typed(answer)["reference"] == "VIR 17"

    def test_no_category_for_a_payer_without_fee(self, coordination: Client, category: FeeCategory) -> None:
        member = make_member(name="Pays")
        other = make_category(campaign=make_campaign(year=2001))

        for chosen in ("", str(other.pk), "abc"):
            page = record(coordination, [member.pk], **{f"categorie-{member.pk}": chosen})

            assert complaints(page) == ["Choisissez la catégorie de la cotisation à ouvrir pour Pays."]
        assert not MembershipFee.objects.exists()

    def test_a_row_ticked_after_the_button_was_read(self, coordination: Client, three: list[MembershipFee]) -> None:
        """The button said one fee, two are ticked: it is asked again, with the new total."""
        page = coordination.get(DESK, {"cotisant": three[0].member_id, "q": "sources"})

        answer = coordination.post(DESK, {**typed(page), "cotisant": [three[0].member_id, three[2].member_id]})

        assert [folded(said) for said in complaints(answer)] == [
            "La sélection a changé : 2 cotisations, 160 € en tout. Relisez, puis enregistrez."
        ]
        assert button(answer) == "Enregistrer 2 cotisations (160 €)"

    def test_more_than_can_be_read_at_once(self, coordination: Client, category: FeeCategory) -> None:
        many = [make_fee(make_member(), category=category, status="due") for _ in range(101)]

        page = record(coordination, pks(many))

        assert [folded(said) for said in complaints(page)] == [
            "Enregistrez au plus 100 cotisations à la fois : seules les premières sont cochées."
        ]
        assert not MembershipFee.objects.exclude(status="due").exists()

    def test_ticked_and_recorded_at_once(self, coordination: Client, three: list[MembershipFee]) -> None:
        """Nothing was ticked when the page was read: its button announced no number."""
        page = coordination.get(DESK, {"q": "sources"})
        assert button(page) == "Enregistrer les cotisations cochées"

        coordination.post(DESK, {**typed(page), "cotisant": three[2].member_id})

        assert status_of(three[2]) == "paid"

    @pytest.mark.parametrize(
        "query",
        [
            "campagne=abc",
            "campagne=" + "9" * 30,
            "campagne=999",
            "cotisant=abc&cotisant=999&cotisant=" + "9" * 30,
            "q=%00",
            "q=" + "%F0%9F%8C%BB" * 300,
            "status=nimporte&paid_on=abc&received=%3Cb%3E",
            "annonce=x",
        ],
    )
    def test_a_forged_address(self, coordination: Client, three: list[MembershipFee], query: str) -> None:
        assert coordination.get(f"{DESK}?{query}").status_code == 200
        assert coordination.post(f"{DESK}?{query}", {}).status_code == 200
        assert coordination.get(f"{FEES}enregistrees/?cotisation=abc&cotisation={'9' * 30}").status_code == 200
        assert [status_of(fee) for fee in three] == ["due"] * 3


class TestFromTheList:
    """The action of the list leads to the screen, with its rows ticked."""

    def test_rows_of_one_campaign(self, coordination: Client, three: list[MembershipFee]) -> None:
        page = choose(coordination, FEES, "record", three[0].pk, three[2].pk)

        assert [line[:2] for line in payers(page)] == [["✓", "Pays des Collines"], ["✓", "Les Sources"]]
        assert button(page) == "Enregistrer 2 cotisations (160 €)"

    def test_rows_of_a_campaign_that_is_over(self, coordination: Client, three: list[MembershipFee]) -> None:
        old = make_fee(make_member(name="Ancien"), category=make_category(campaign=make_campaign(year=2001)))

        page = choose(coordination, FEES, "record", old.pk)

        assert [line[1] for line in payers(page)] == ["Ancien"]

    def test_rows_of_two_campaigns(self, coordination: Client, three: list[MembershipFee]) -> None:
        old = make_fee(make_member(), category=make_category(campaign=make_campaign(year=2001)))

        page = choose(coordination, FEES, "record", three[0].pk, old.pk)

        assert notices(page) == ["Cochez au plus 100 cotisations, toutes de la même campagne."]

    def test_the_list_and_the_page_of_a_fee_lead_there(self, coordination: Client, three: list[MembershipFee]) -> None:
        fee = three[0]
        asked = f"{DESK}?campagne={fee.campaign_id}&cotisant={fee.member_id}"
        page = f"{FEES}{fee.pk}/change/"

        assert links(tree(coordination.get(FEES)))["Enregistrer des paiements"] == DESK
        assert links(tree(coordination.get(page)))["Enregistrer le paiement"] == asked
        record(coordination, [fee.member_id])
        found = links(tree(coordination.get(page)))
        receipt = Receipt.objects.get()
        assert "Enregistrer le paiement" not in found
        assert found[f"Reçu n° {receipt.label} (PDF)"] == f"/cotisation/recus/{receipt.token}/recu.pdf"


class TestWhoMay:
    def test_a_trainer_sees_and_does_nothing(self, three: list[MembershipFee]) -> None:
        trainer = signed_in(make_staff(group="Formateurs"))
        form = {"cotisant": pks(three), "status": "paid", "paid_on": str(today())}
        done = f"{FEES}enregistrees/?cotisation={three[0].pk}"

        answers = [trainer.get(DESK), trainer.post(DESK, form), trainer.get(done), trainer.post(FEES, {})]

        assert [answer.status_code for answer in answers] == [403] * 4
        assert [status_of(fee) for fee in three] == ["due"] * 3


def table_of(page: Any) -> list[list[str]]:
    """What the page that follows says, payer by payer."""
    lines = tree(page).findall(".//table[@class='payers done']/tbody/tr")
    return [[text(cell) for cell in line] for line in lines]


def _campaign_of(year: int, category: FeeCategory) -> FeeCampaign:
    """The campaign of that year, which may be the one there is."""
    campaign: FeeCampaign = category.campaign
    return campaign if campaign.starts_on.year == year else make_campaign(year=year)
