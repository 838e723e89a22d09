from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from members.models import CoveredPerson, EmailDomain, FeeCampaign, FeeCategory, Member, MembershipFee
from tests.factories import NOW, make_campaign, make_category, make_fee, make_member
from tests.traces import folded

pytestmark = pytest.mark.django_db


class TestCampaign:
    """R12: a campaign covers a period, by default a calendar year."""

    @pytest.mark.parametrize(
        ("on", "expected"),
        [
            (date(2016, 12, 31), None),
            (date(2017, 1, 1), 2017),
            (date(2017, 12, 31), 2017),
            (date(2018, 1, 1), 2018),
            (date(2019, 1, 1), None),
            (None, None),
        ],
    )
    def test_which_one_covers_a_day(self, on: date | None, expected: int | None) -> None:
        campaigns = {year: make_campaign(year=year) for year in (2017, 2018)}

        assert FeeCampaign.objects.of(on) == (campaigns[expected] if expected else None)

    @pytest.mark.parametrize(
        ("starts_on", "ends_on", "is_allowed"),
        [
            (date(2016, 1, 1), date(2016, 12, 31), True),
            (date(2018, 1, 1), date(2018, 12, 31), True),
            (date(2016, 1, 1), date(2017, 1, 1), False),
            (date(2017, 12, 31), date(2018, 12, 31), False),
            (date(2017, 5, 1), date(2017, 5, 31), False),
            (date(2016, 1, 1), date(2018, 12, 31), False),
        ],
    )
    def test_two_never_cover_the_same_day(self, starts_on: date, ends_on: date, is_allowed: bool) -> None:
        make_campaign(year=2017)
        campaign = FeeCampaign(name="Autre", starts_on=starts_on, ends_on=ends_on)

        try:
            campaign.full_clean()
        except ValidationError as refused:
            said = [folded(message) for message in refused.messages]
        else:
            said = []

        overlap = "Cette période chevauche celle de la campagne « Cotisation 2017 » : modifiez les dates."
        assert said == ([] if is_allowed else [overlap])

    def test_an_existing_campaign_does_not_overlap_itself(self) -> None:
        make_campaign(year=2017).full_clean()

    def test_the_sentence_for_dates_the_wrong_way_round(self) -> None:
        campaign = FeeCampaign(name="Envers", starts_on=date(2017, 2, 1), ends_on=date(2017, 1, 31))

        with pytest.raises(ValidationError) as refused:
            campaign.full_clean()

        assert refused.value.messages == ["Le dernier jour couvert doit suivre le premier."]

    def test_the_database_refuses_dates_the_wrong_way_round(self) -> None:
        with pytest.raises(IntegrityError, match="campaign_starts_before_it_ends"), transaction.atomic():
            make_campaign(starts_on=date(2017, 2, 1), ends_on=date(2017, 1, 31))

    def test_the_database_refuses_a_name_twice(self) -> None:
        make_campaign(year=2017)

        with pytest.raises(IntegrityError), transaction.atomic():
            make_campaign(year=2018, name="Cotisation 2017")


class TestCategory:
    """R12: a label, an amount and a scope; amounts are data."""

    @pytest.mark.parametrize(
        ("fields", "limit", "label"),
        [
            ({"scope": "structure"}, None, "une structure et toutes ses personnes"),
            ({"scope": "structure", "max_people": 1}, 1, "une structure, jusqu’à 1 personne"),
            ({"scope": "structure", "max_people": 3}, 3, "une structure, jusqu’à 3 personnes"),
            ({"scope": "person"}, 1, "une personne"),
        ],
    )
    def test_whom_it_covers(self, fields: dict[str, Any], limit: int | None, label: str) -> None:
        category = FeeCategory(**fields)

        assert (category.people_limit, folded(category.scope_label)) == (limit, label)

    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"amount": Decimal("-0.01")}, "category_amount_not_negative"),
            ({"scope": "person", "max_people": 1}, "category_limit_for_structures_only"),
            ({"scope": "structure", "max_people": 0}, "category_limit_for_structures_only"),
        ],
    )
    def test_the_database_refuses(self, fields: dict[str, Any], constraint: str) -> None:
        category = make_category()

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            FeeCategory.objects.filter(pk=category.pk).update(**fields)

    def test_the_database_refuses_a_label_twice_in_a_campaign(self) -> None:
        category = make_category(label="Association")
        make_category(campaign=make_campaign(year=2018), label="Association")

        with pytest.raises(IntegrityError), transaction.atomic():
            make_category(campaign=category.campaign, label="Association")

        assert FeeCategory.objects.count() == 2


class TestMember:
    def test_who_lists_an_address(self) -> None:
        """R14: by the address itself or by its domain, case and spaces ignored."""
        by_address = make_member(emails=("camille@collines.example",))
        by_domain = make_member(domains=("collines.example",))
        make_member(emails=("alex@collines.example",), domains=("sous.collines.example",))

        assert list(Member.objects.listing(" Camille@Collines.EXAMPLE").order_by("pk")) == [by_address, by_domain]
        assert list(Member.objects.listing("camille@autre.collines.example")) == []

    def test_the_database_refuses_two_members_with_one_siret(self) -> None:
        make_member(siret="73282932000074")

        with pytest.raises(IntegrityError), transaction.atomic():
            make_member(siret="73282932000074")

    def test_but_many_have_none(self) -> None:
        for _ in range(2):
            make_member(siret="")

        assert Member.objects.count() == 2

    @pytest.mark.parametrize("siret", ["73282932000075", "7328293200007", "ABCDEFGHIJKLMN"])
    def test_a_siret_is_checked(self, siret: str) -> None:
        with pytest.raises(ValidationError) as refused:
            Member(name="Commune", siret=siret).full_clean()

        assert list(refused.value.message_dict) == ["siret"]

    def test_a_siret_is_typed_by_groups_and_stored_in_one_piece(self) -> None:
        member = Member(name="Commune", siret="732 829 320 00074")

        member.full_clean()

        assert member.siret == "73282932000074"

    def test_a_good_siret_passes(self) -> None:
        Member(name="Commune", siret="73282932000074").full_clean()


class TestCoveredPeopleAndDomains:
    """R14: addresses and domains are compared without case or spaces, so they are stored that way."""

    def test_stored_in_one_form(self) -> None:
        member = make_member()
        person = CoveredPerson(member=member, email="Camille@Collines.EXAMPLE")
        domain = EmailDomain(member=member, domain="collines.example")

        person.full_clean()
        domain.full_clean()

        assert [str(person), str(domain)] == ["camille@collines.example", "collines.example"]

    @pytest.mark.parametrize(
        "domain",
        ["gmail.com", "orange.fr", "wanadoo.fr", "laposte.net", "hotmail.fr", "yahoo.co.uk", "free.fr", "outlook.com"],
    )
    def test_a_public_mailbox_is_nobodys_domain(self, domain: str) -> None:
        with pytest.raises(ValidationError) as refused:
            EmailDomain(member=make_member(), domain=domain).full_clean()

        assert list(refused.value.message_dict) == ["domain"]

    def test_the_database_refuses_an_address_twice_for_one_member(self) -> None:
        member = make_member(emails=("camille@collines.example",))

        with pytest.raises(IntegrityError), transaction.atomic():
            CoveredPerson.objects.create(member=member, email="camille@collines.example")

    def test_the_database_refuses_a_domain_twice_for_one_member(self) -> None:
        member = make_member(domains=("collines.example",))

        with pytest.raises(IntegrityError), transaction.atomic():
            EmailDomain.objects.create(member=member, domain="collines.example")

    def test_two_members_may_list_the_same_person(self) -> None:
        for _ in range(2):
            make_member(emails=("camille@collines.example",), domains=("collines.example",))

        assert (CoveredPerson.objects.count(), EmailDomain.objects.count()) == (2, 2)


class TestFee:
    """R13: one fee per member and campaign, except cancelled ones."""

    def test_the_database_refuses_a_second_live_fee(self) -> None:
        fee = make_fee(make_member(), status="due")

        with pytest.raises(IntegrityError), transaction.atomic():
            self.duplicate(fee, status="due")

    def test_but_cancelled_ones_are_as_many_as_there_were(self) -> None:
        fee = make_fee(make_member(), status="paid")

        for _ in range(2):
            self.duplicate(fee, status="cancelled")

        assert MembershipFee.objects.count() == 3

    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"amount": Decimal("-0.01")}, "fee_amount_not_negative"),
            ({"status": "unknown"}, "fee_status_is_known"),
        ],
    )
    def test_the_database_refuses(self, fields: dict[str, Any], constraint: str) -> None:
        fee = make_fee(make_member())

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            MembershipFee.objects.filter(pk=fee.pk).update(**fields)

    def test_a_member_or_a_category_with_fees_is_not_deleted(self) -> None:
        fee = make_fee(make_member())

        for row in (fee.member, fee.category, fee.campaign):
            with pytest.raises(IntegrityError), transaction.atomic():
                row.delete()

        assert MembershipFee.objects.get() == fee

    @pytest.mark.parametrize(
        ("status", "expected"),
        [("due", False), ("committed", True), ("paid", True), ("waived", True), ("cancelled", False)],
    )
    def test_accepted(self, status: str, expected: bool) -> None:
        fee = make_fee(make_member(), status=status)

        assert (fee.is_accepted, MembershipFee.objects.accepted().exists()) == (expected, expected)

    def duplicate(self, fee: MembershipFee, *, status: str) -> MembershipFee:
        """The same fee once more, written straight to the database."""
        return MembershipFee.objects.create(
            member=fee.member,
            campaign=fee.campaign,
            category=fee.category,
            amount=fee.amount,
            status=status,
            status_changed_at=NOW,
        )


class TestSaid:
    def test_nouns(self) -> None:
        campaign = make_campaign(year=2017)
        category = make_category(campaign=campaign, label="Association")
        member = make_member(name="Pays des Collines")

        assert [str(campaign), str(category), str(member), folded(str(make_fee(member, category=category)))] == [
            "Cotisation 2017",
            "Association (Cotisation 2017)",
            "Pays des Collines",
            "Pays des Collines – Cotisation 2017",
        ]
