import pytest

from tests.factories import make_campaign, make_category, make_fee, make_member
from tests.support.traces import folded

pytestmark = pytest.mark.django_db


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
