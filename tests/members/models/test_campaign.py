"""What is true of a campaign and of its scale (R12)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from members.models import FeeCampaign, FeeCategory
from tests.factories import make_campaign, make_category
from tests.support.traces import folded

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
