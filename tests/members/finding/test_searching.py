import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members import fees, finding
from members.models import CoveredPerson, FeeCampaign, FeeCategory, Member, MembershipFee
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member
from tests.support.traces import folded

pytestmark = pytest.mark.django_db


@pytest.fixture
def category() -> FeeCategory:
    return make_category(amount=Decimal("1200.50"))


@pytest.fixture
def campaign(category: FeeCategory) -> FeeCampaign:
    return category.campaign


def found(text: str, campaign: FeeCampaign | None, **options: Any) -> list[tuple[str, str]]:
    """Who is found, and why."""
    return [(one.member.name, folded(one.why)) for one in finding.search(text, campaign=campaign, **options)]


class TestByName:
    @pytest.fixture(autouse=True)
    def _members(self) -> None:
        make_member(name="Communauté de communes du Haut-Plateau", contact_name="Élodie Forêt")
        make_member(name="Commune du Plateau")
        group = make_member(name="Groupement des Sources")
        CoveredPerson.objects.create(member=group, email="z@sources.example", name="Zoé Lefèvre")

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("plateau", ["Commune du Plateau", "Communauté de communes du Haut-Plateau"]),
            ("PLATEAU haut", ["Communauté de communes du Haut-Plateau"]),
            ("communaute du plateau", ["Communauté de communes du Haut-Plateau"]),
            ("cc plateau", ["Communauté de communes du Haut-Plateau"]),
            ("plat com", ["Commune du Plateau", "Communauté de communes du Haut-Plateau"]),
            ("lateau", ["Commune du Plateau", "Communauté de communes du Haut-Plateau"]),
            ("la", []),
            ("du", ["Commune du Plateau", "Communauté de communes du Haut-Plateau"]),
            ("plateau sources", []),
            ("«", []),
            ("  ", []),
        ],
    )
    def test_accents_case_order_and_parts_do_not_matter(
        self, campaign: FeeCampaign, text: str, names: list[str]
    ) -> None:
        assert sorted(found(text, campaign)) == sorted((name, "") for name in names)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("foret", [("Communauté de communes du Haut-Plateau", "contact : Élodie Forêt")]),
            ("elodie plateau", [("Communauté de communes du Haut-Plateau", "contact : Élodie Forêt")]),
            ("lefevre zoe", [("Groupement des Sources", "personne couverte : Zoé Lefèvre")]),
        ],
    )
    def test_of_the_contact_and_of_the_people(
        self, campaign: FeeCampaign, text: str, expected: list[tuple[str, str]]
    ) -> None:
        assert found(text, campaign) == expected

    def test_the_beginning_of_a_word_comes_before_its_end(self, campaign: FeeCampaign) -> None:
        make_member(name="Teauville")

        assert [name for name, _ in found("teau", campaign)] == [
            "Teauville",
            "Communauté de communes du Haut-Plateau",
            "Commune du Plateau",
        ]

    def test_no_more_than_asked_for(self, campaign: FeeCampaign) -> None:
        assert len(found("plateau", campaign, limit=1)) == 1


class TestBySiret:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("73282932000074", "SIRET"),
            ("732 829 320 00074", "SIRET"),
            ("732.829.320-00074", "SIRET"),
            ("732 829 320", "SIREN"),
            ("32000074", "partie du SIRET"),
            ("829320000", "partie du SIRET"),
            ("0007", None),
            ("732829320000741", None),
        ],
    )
    def test_whole_or_in_part(self, campaign: FeeCampaign, text: str, why: str | None) -> None:
        make_member(name="Pays des Collines", siret="73282932000074")
        make_member(name="Sans numéro")

        assert found(text, campaign) == ([("Pays des Collines", why)] if why else [])


class TestByAddress:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("compta@collines.example", [("Pays", "adresse e-mail")]),
            (" COMPTA@Collines.example ", [("Pays", "adresse e-mail")]),
            ("camille@collines", [("Pays", "personne couverte : camille@collines.example")]),
            ("qui@plateau.example", [("Plateau", "domaine : plateau.example")]),
            ("plateau.example", [("Plateau", "domaine : plateau.example")]),
            ("@plateau.example", [("Plateau", "domaine : plateau.example")]),
            ("qui@ailleurs.example", []),
            ("qui@eau.example", []),
        ],
    )
    def test_of_the_member_of_its_people_or_their_domain(
        self, campaign: FeeCampaign, text: str, expected: list[tuple[str, str]]
    ) -> None:
        make_member(name="Pays", email="compta@collines.example", emails=("camille@collines.example",))
        make_member(name="Plateau", domains=("plateau.example",))

        assert found(text, campaign) == expected


class TestByFee:
    """An amount, a reference, an engagement number, the code of the fee, the number of its receipt."""

    def pay(self, member: Member, category: FeeCategory, **proof: str) -> MembershipFee:
        fee = fees.subscribe(member, category, now=NOW)
        fees.settle(fee, proof=fees.Proof(**proof), now=NOW)
        return fee

    @pytest.mark.parametrize("text", ["1200,50", "1 200,50 €", "1200.5"])
    def test_the_amount_of_a_live_fee(self, category: FeeCategory, text: str) -> None:
        make_fee(make_member(name="Pays"), category=category, status="due")
        make_fee(make_member(name="Parti"), category=category, status="cancelled")
        make_fee(make_member(name="Autre"), category=make_category(campaign=category.campaign), status="due")

        assert found(text, category.campaign) == [("Pays", "montant")]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("VIR 2017/03", "référence : VIR 2017/03"),
            ("vir2017", "référence : VIR 2017/03"),
            ("eng-77", "numéro d’engagement : ENG 77"),
            ("77", None),
        ],
    )
    def test_what_was_written_on_the_payment(self, category: FeeCategory, text: str, why: str | None) -> None:
        self.pay(make_member(name="Pays"), category, reference="VIR 2017/03", engagement_number="ENG 77")
        make_fee(make_member(name="Autre"), category=category)

        assert found(text, category.campaign) == ([("Pays", why)] if why else [])

    @pytest.mark.parametrize("text", ["{code}", "{lower}", "cot {pk}", "cot{pk}", "COT-{pk}", "{padded}"])
    def test_the_code_of_the_fee(self, category: FeeCategory, text: str) -> None:
        fee = make_fee(make_member(name="Pays"), category=category, status="due")
        make_fee(make_member(name="Autre"), category=category, status="due")

        asked = text.format(code=fee.code, lower=fee.code.lower(), pk=fee.pk, padded=f"{fee.pk:05d}")

        assert found(asked, category.campaign) == [("Pays", fee.code)]

    def test_the_code_of_a_fee_of_another_campaign(self, category: FeeCategory) -> None:
        fee = make_fee(make_member(name="Pays"), category=category, status="due")

        [one] = finding.search(fee.code, campaign=make_campaign(year=2018))

        assert (one.member.name, one.fee, one.why) == ("Pays", None, f"{fee.code} (Cotisation 2017)")

    @pytest.mark.parametrize(
        "text", ["2017-0001", "reçu 2017-0001", "n° 2017-0001", "Reçu n° 2017-1", "recu 2017 - 0001"]
    )
    def test_the_number_of_a_receipt(self, category: FeeCategory, text: str) -> None:
        self.pay(make_member(name="Pays"), category)
        self.pay(make_member(name="Autre"), category)

        assert found(text, category.campaign) == [("Pays", "reçu n° 2017-0001")]

    def test_the_number_of_a_receipt_that_is_void(self, category: FeeCategory) -> None:
        fees.cancel(self.pay(make_member(name="Pays"), category), now=NOW)

        assert found("2017-0001", category.campaign) == [("Pays", "reçu n° 2017-0001 (annulé)")]


class TestWhatIsFound:
    def test_the_live_fee_of_the_campaign_and_how_many_people(self, category: FeeCategory) -> None:
        member = make_member(name="Pays", emails=("a@pays.example", "b@pays.example"))
        make_fee(member, category=make_category(campaign=make_campaign(year=2018)))
        make_fee(member, category=category, status="cancelled")
        fee = make_fee(member, category=category, status="due")

        [one] = finding.search("pays", campaign=category.campaign)

        assert (one.fee, one.people) == (fee, 2)

    def test_without_campaign(self) -> None:
        make_member(name="Pays")

        assert found("pays", None) == [("Pays", "")]

    @pytest.mark.parametrize(
        "text",
        [
            "'; DROP TABLE",
            "%",
            "_",
            "\\",
            "9" * 200,
            "cot 999999999",
            "9999-999999999",
            "🌻",
            "\x00",
            "@",
            ".",
            "a" * 5000,
        ],
    )
    def test_whatever_is_typed(self, campaign: FeeCampaign, text: str) -> None:
        make_member(name="Pays")

        assert found(text, campaign) == []


class TestThousands:
    """The same queries whatever there is, and an answer before one has noticed."""

    @pytest.fixture
    def thousands(self, category: FeeCategory) -> FeeCampaign:
        members = Member.objects.bulk_create(
            Member(name=f"Commune de Saint-Élan-{n}", contact_name=f"Zoé Forêt {n}", email=f"mairie@c{n}.example")
            for n in range(5000)
        )
        CoveredPerson.objects.bulk_create(
            CoveredPerson(member=member, email=f"agent@c{n}.example", name="Élodie Pré")
            for n, member in enumerate(members)
        )
        MembershipFee.objects.bulk_create(
            MembershipFee(
                member=member,
                campaign=category.campaign,
                category=category,
                amount=100,
                status_changed_at=NOW,
                reference=f"VIR {n}",
            )
            for n, member in enumerate(members)
        )
        return category.campaign

    @pytest.mark.parametrize("text", ["élan forêt 4321", "mairie@c4321.example", "100", "COT-{pk}", "vir 4321"])
    def test_the_same_queries(self, thousands: FeeCampaign, text: str) -> None:
        text = text.format(pk=MembershipFee.objects.order_by("pk").values_list("pk", flat=True)[4321])
        with CaptureQueriesContext(connection) as many:
            before = time.process_time()
            answers = finding.search(text, campaign=thousands)
            elapsed = time.process_time() - before
        kept = [answers[0].member.pk]
        MembershipFee.objects.exclude(member__in=kept).delete()
        Member.objects.exclude(pk__in=kept).delete()
        with CaptureQueriesContext(connection) as few:
            finding.search(text, campaign=thousands)

        assert (len(many), len(many) <= 10) == (len(few), True)
        assert elapsed < 1, "of processor time; a tenth of a second on a machine at rest"
