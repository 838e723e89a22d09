"""Lines of a file of fees (R13, R16)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from caprural.mailing.models import Message
from members import fees
from members.models import FeeCampaign, FeeCategory, Member, MembershipFee, Receipt
from sessions_app.models import Registration
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member, make_registration, paris
from tests.members.importing.looked_at import brought_in, outcomes, planned, reasons, said, values
from tests.support.announced import open_session
from tests.support.traces import folded, status_of, told

pytestmark = pytest.mark.django_db

HEADER = "Structure;Année;Catégorie;Montant;État;Moyen;Référence;Engagement;Payée le;Note"
FIELDS = ("amount", "status", "method", "reference", "engagement_number", "paid_on", "note")
#: After the campaign's beginning, and every day of payment that the files say.
LATER = paris(2017, 6, 1, 10)


@pytest.fixture(autouse=True)
def category() -> FeeCategory:
    """The scale of 2017, and a member."""
    make_member(name="Collines")
    campaign = make_campaign()
    make_category(campaign=campaign, label="Groupement d’été", amount=Decimal("40.00"))
    return make_category(campaign=campaign, label="Association", amount=Decimal("80.00"))


def member() -> Member:
    """The member of the tests."""
    return Member.objects.get(name="Collines")


def the_fee() -> MembershipFee:
    """The only fee there is."""
    return MembershipFee.objects.get()


class TestOpened:
    def test_due_with_the_amount_of_its_category(self) -> None:
        plan = brought_in("fees", HEADER, "collines;2017;ASSOCIATION;;;;;;;")

        assert said(plan) == [
            (
                2,
                "created",
                "Collines – Cotisation 2017",
                ["Catégorie : « Association »", "Montant : « 80 € »", "État : « attendue »"],
            )
        ]
        assert values(the_fee(), *FIELDS) == (Decimal("80.00"), "due", "", "", "", None, "")

    def test_with_everything(self, category: FeeCategory) -> None:
        brought_in(
            "fees", HEADER, "Collines;Cotisation 2017;association;100,50 €;oui;CHQ;n° 12;;3/4/17;Ancien", now=LATER
        )

        assert values(the_fee(), *FIELDS) == (
            *(Decimal("100.50"), "paid", "cheque", "n° 12", "", date(2017, 4, 3), "Ancien"),
        )
        assert (the_fee().category, the_fee().campaign) == (category, category.campaign)
        assert the_fee().status_changed_at == LATER

    @pytest.mark.parametrize(
        ("cell", "status"),
        [
            *(("", "due"), ("Attendue", "due"), ("non", "due"), ("À régler", "due")),
            *(("engagement recu", "committed"), ("Engagée", "committed")),
            *(("Payée", "paid"), ("REGLEE", "paid"), ("oui", "paid"), ("Acquittée", "paid")),
            *(("exonéré", "waived"), ("Annulée", "cancelled")),
        ],
    )
    def test_the_words_of_a_status(self, cell: str, status: str) -> None:
        day = "03/04/2017" if status == "paid" else ""

        brought_in("fees", HEADER, f"Collines;2017;Association;;{cell};;;;{day};", now=LATER)

        assert the_fee().status == status

    def test_a_paid_one_has_no_receipt_and_nobody_is_written_to(self) -> None:
        Member.objects.update(email="collines@x.example")

        brought_in("fees", HEADER, "Collines;2017;Association;;payée;;;;03/04/2017;", now=LATER)

        assert (Receipt.objects.count(), Message.objects.count()) == (0, 0)

    def test_one_cancelled_and_another_paid(self) -> None:
        """The cheque bounced, and another came: a file may tell the whole story."""
        lines = (
            "Collines;2017;Association;;annulée;chèque;;;;",
            "Collines;2017;Association;;payée;virement;;;03/04/2017;",
        )

        brought_in("fees", HEADER, *lines, now=LATER)

        assert list(MembershipFee.objects.order_by("status").values_list("status", "method")) == [
            ("cancelled", "cheque"),
            ("paid", "transfer"),
        ]

    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            ("2017;;;;;;;;", ["Catégorie : la case est vide : donnez la catégorie du barème."]),
            (
                "2017;Mairie;;;;;;;",
                [
                    "Catégorie : « Mairie » n’est pas au barème de « Cotisation 2017 » : "
                    "écrivez « Groupement d’été » ou « Association »."
                ],
            ),
            (";Association;;;;;;;", ["Année : la case est vide : donnez le nom de la campagne, ou son année."]),
            (
                "2018;Association;;;;;;;",
                ["Année : aucune campagne ne répond à « 2018 » : créez-la, ou corrigez son nom."],
            ),
            (
                "2017;Association;;attendue;;;;03/04/2017;",
                [
                    "Payée le : une cotisation « attendue » n’a pas de jour de paiement : "
                    "videz cette case, ou corrigez l’état."
                ],
            ),
            (
                "2017;Association;x;payée;or;;;;",
                [
                    "Montant : « x » n’est pas un montant : écrivez par exemple « 1200,50 ».",
                    "Moyen : « or » n’est pas connu : écrivez « chèque », « virement » ou « mandat administratif ».",
                    "Payée le : la case est vide : une cotisation « payée » demande le jour du paiement.",
                ],
            ),
            (
                "2017;Association;;payée;;;;02/06/2017;",
                ["Payée le : « 02/06/2017 » n’est pas encore venu : corrigez la date."],
            ),
        ],
    )
    def test_refused(self, cells: str, expected: list[str]) -> None:
        assert reasons(planned("fees", HEADER, f"Collines;{cells}", now=LATER)) == expected

    def test_a_year_that_two_campaigns_cover(self) -> None:
        FeeCampaign.objects.create(name="Été 2017", starts_on=date(2017, 7, 1), ends_on=date(2018, 6, 30))

        assert reasons(planned("fees", HEADER, "Collines;2017;Association;;;;;;;")) == [
            "Année : « 2017 » désigne « Cotisation 2017 » et « Été 2017 » : écrivez le nom de la campagne."
        ]


class TestMoved:
    """R13: by the table of `members.fees`; the amount is frozen once the fee is no longer due."""

    @pytest.mark.parametrize("before", fees.TRANSITIONS)
    @pytest.mark.parametrize("after", fees.TRANSITIONS)
    def test_by_the_table_of_transitions(self, category: FeeCategory, before: str, after: str) -> None:
        fee = make_fee(member(), category=category, status=before)
        day = "03/04/2017" if after == "paid" and before != "paid" else ""
        label = MembershipFee.Status(after).label
        plan = planned("fees", f"Identifiant;{HEADER}", f"{fee.code};Collines;2017;;;{label};;;;{day};", now=LATER)

        if after in fees.TRANSITIONS[before]:
            plan.reader.write()
            assert values(fee, "status", "status_changed_at") == (after, LATER)
        elif after == before:
            assert outcomes(plan) == ["unchanged"]
        else:
            assert reasons(plan)[0] == f"État : {folded(fees.refusal(fee))} Videz cette case pour la laisser ainsi."
            assert " depuis le " in reasons(plan)[0]

    def test_a_due_fee_changes_its_category_and_its_amount(self, category: FeeCategory) -> None:
        fee = make_fee(member(), category=category, status="due")

        plan = brought_in("fees", HEADER, "Collines;2017;Groupement d'ete;;;;;;;Réduit")

        assert said(plan)[0][3] == [
            "Catégorie : « Association » → « Groupement d’été »",
            "Note : rien → « Réduit »",
            "Montant : « 80 € » → « 40 € »",
        ]
        assert values(fee, "category", "amount") == (FeeCategory.objects.get(amount=40), Decimal("40.00"))

    def test_an_accepted_one_does_not(self, category: FeeCategory) -> None:
        make_fee(member(), category=category, status="waived")

        assert reasons(planned("fees", HEADER, "Collines;2017;Groupement d’été;40;;;;;;")) == [
            "Catégorie : cette cotisation est « exonérée » : son montant est figé (Association et 80 €). "
            "Videz cette case, ou annulez d’abord la cotisation."
        ]

    def test_the_day_of_a_payment_does_not_change(self, category: FeeCategory) -> None:
        make_fee(member(), category=category, status="paid")

        assert reasons(planned("fees", HEADER, "Collines;2017;Association;;;;;;03/04/2017;", now=LATER)) == [
            "Payée le : cette cotisation est « payée » : le jour de son paiement ne change plus."
        ]

    def test_its_notes_do(self, category: FeeCategory) -> None:
        fee = make_fee(member(), category=category, status="paid")

        brought_in("fees", HEADER, "Collines;2017;Association;80;payée;virement;V12;E3;;Vu")

        assert values(fee, "method", "reference", "engagement_number", "note") == ("transfer", "V12", "E3", "Vu")

    def test_cancelled_its_receipt_is_void(self, category: FeeCategory) -> None:
        fee = make_fee(member(), category=category, status="paid")

        brought_in("fees", HEADER, "Collines;2017;Association;;annulée;;;;;", now=LATER)

        assert (fee.receipts.get().voided_at, status_of(fee)) == (LATER, "cancelled")

    def test_a_number_that_is_another_fee(self, category: FeeCategory) -> None:
        fee = make_fee(make_member(name="Vallée"), category=category)
        header = f"Identifiant;{HEADER}"

        assert reasons(planned("fees", header, f"{fee.pk};Collines;2017;Association;;;;;;;")) == [
            f"Identifiant : {fee.pk} est celui de « Vallée – Cotisation 2017 » : corrigez l’un des deux."
        ]
        assert reasons(planned("fees", header, "9999;Collines;2017;Association;;;;;;;")) == [
            "Identifiant : aucune cotisation n’a l’identifiant 9999 : videz cette case."
        ]

    def test_lines_that_repeat_and_that_contradict(self) -> None:
        plan = planned(
            "fees",
            HEADER,
            "Collines;2017;Association;80;;;;;;",
            "COLLINES;Cotisation 2017;association;80,00 €;;;;;;",
            "Collines;2017;Association;90;;;;;;",
        )

        assert [(line[1], line[3]) for line in said(plan)[1:]] == [
            ("ignored", ["Répète la ligne 2 : ignorée."]),
            ("refused", ["Dit autre chose que la ligne 2, Montant : gardez une seule de ces lignes."]),
        ]


class TestWhoeverItCovers:
    """R16: confirmed or sent back, and told, once for the whole file."""

    def setup_people(self) -> tuple[list[Registration], str]:
        session = open_session(fee_required=True)
        year = session.first_date.year  # type: ignore[union-attr]
        make_category(campaign=make_campaign(year=year), label="Association")
        people = []
        for name in ("zoe", "ana"):
            make_member(name=name, emails=(f"{name}@x.example",))
            people.append(make_registration(session, email=f"{name}@x.example"))
        return people, str(year)

    def test_confirmed_then_sent_back(self) -> None:
        people, year = self.setup_people()
        assert [status_of(person) for person in people] == ["awaiting_fee"] * 2

        lines = [f"{name};{year};Association;;exonérée;;;;;" for name in ("zoe", "ana")]
        said = planned("fees", HEADER, *lines).notes
        brought_in("fees", HEADER, *lines)

        assert folded(said[-1]) == "2 inscriptions seront confirmées : les personnes en seront prévenues."
        assert [status_of(person) for person in people] == ["confirmed"] * 2
        assert [told(person)[1:] for person in people] == [["Cotisation à jour, inscription confirmée"]] * 2

        line = f"zoe;{year};Association;;annulée;;;;;"
        said = planned("fees", HEADER, line).notes
        brought_in("fees", HEADER, line, now=NOW)

        assert folded(said[-1]) == (
            "1 place confirmée attendra de nouveau une cotisation : la personne en sera prévenue."
        )
        assert [status_of(person) for person in people] == ["awaiting_fee", "confirmed"]
        assert [len(told(person)) for person in people] == [3, 2]


def test_as_many_queries_to_read_and_to_write_for_one_line_and_for_fifty(category: FeeCategory) -> None:
    for n in range(50):
        make_member(name=f"Cotisant {n}")
    counts = []
    for lines in (1, 50):
        with CaptureQueriesContext(connection) as reading:
            plan = planned("fees", HEADER, *(f"Cotisant {n};2017;Association;;exonérée;;;;;" for n in range(lines)))
        with CaptureQueriesContext(connection) as writing:
            plan.reader.write()
        counts.append((len(reading), len(writing)))
        MembershipFee.objects.all().delete()

    assert counts[0] == counts[1]
    assert counts[0][0] == 10
