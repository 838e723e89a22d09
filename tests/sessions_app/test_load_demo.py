import re
from datetime import date
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from members import figures, opening
from members.models import FeeCampaign, FeeCategory, Member
from sessions_app.management.commands.load_demo import next_edition
from sessions_app.models import Trainer, TrainingSession
from tests.factories import make_trainer
from tests.support.announced import registered, today
from tests.support.office import table
from tests.support.pages import rows
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

SEED = "conduire-une-demarche-de-cooperation-2017"


@pytest.fixture(autouse=True)
def _demonstration(settings: Settings) -> None:
    settings.DEBUG = True


def load_demo(*options: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("load_demo", *options, stdout=out)
    return out.getvalue()


def announced() -> TrainingSession:
    """The edition to come."""
    return TrainingSession.objects.with_seats_and_days().exclude(slug=SEED).get()


class TestNextEdition:
    """SPEC §5: the next 12 April at least 30 days ahead."""

    @pytest.mark.parametrize(
        ("today", "expected"),
        [
            (date(2017, 1, 1), date(2017, 4, 12)),
            (date(2017, 3, 13), date(2017, 4, 12)),
            (date(2017, 3, 14), date(2018, 4, 12)),
            (date(2017, 4, 12), date(2018, 4, 12)),
            (date(2017, 12, 31), date(2018, 4, 12)),
            (date(2024, 2, 29), date(2024, 4, 12)),
        ],
    )
    def test_seen_from(self, today: date, expected: date) -> None:
        assert next_edition(today) == expected


class TestFirstRun:
    def test_the_accounts_are_printed_and_open_the_admin(self) -> None:
        printed = load_demo()

        found = re.fullmatch(r"formateur : (\S{16})\ncoordination : (\S{16})\n", printed)
        assert found, printed
        for username, password in (("formateur", found[1]), ("coordination", found[2])):
            browser = Client()
            browser.post("/admin/login/", {"username": username, "password": password})
            sessions = table(browser.get("/admin/sessions_app/trainingsession/"))
            assert [row[0] for row in sessions] == ["Conduire une démarche de coopération"] * 2

    def test_the_session_of_the_flyer_and_the_one_to_come(self) -> None:
        load_demo()

        seed = TrainingSession.objects.get(slug=SEED)
        session = announced()
        first_on = next_edition(today())
        assert (session.title, session.subtitle, session.programme) == (seed.title, seed.subtitle, seed.programme)
        assert (session.slug, session.status) == (
            f"conduire-une-demarche-de-cooperation-{first_on.year}",
            "published",
        )
        assert (session.first_date, session.registration_deadline) == (first_on, date(first_on.year, 4, 5))
        assert (session.min_participants, session.max_participants, session.fee_required) == (8, 10, True)

    def test_its_members_show_the_three_cases(self) -> None:
        """Up to date by address, by domain, and not."""
        load_demo()

        emails = ("camille.demo@collines.example", "qui@cc-plateau.example", "dominique.fictif@vallee.example")
        people = [registered(announced(), email=email) for email in emails]

        assert [person.status for person in people] == ["confirmed", "confirmed", "awaiting_fee"]

    def test_last_year_s_campaign_has_figures_and_members_to_ask_again(self) -> None:
        load_demo()

        year = today().year
        last = figures.of(FeeCampaign.objects.get(name=f"Cotisation {year - 1}"))
        plot = figures.plot(last)
        assert plot is not None
        assert len([bar for bar in plot.bars if bar.segments]) >= 6
        assert {status for _, _, status in last.cells} == {"due", "committed", "paid", "waived", "cancelled"}
        this_year = opening.renewals(FeeCampaign.objects.get(name=f"Cotisation {year}"))
        assert len([renewal for renewal in this_year if renewal.category]) == last.total.total.count - 1
        assert all("ficti" in renewal.member.name.lower() for renewal in this_year)

    def test_amounts_say_that_they_are_fictitious(self) -> None:
        load_demo()

        categories = FeeCategory.objects.all()
        assert {category.description for category in categories} == {"Montant fictif, pour la démonstration."}
        assert {category.campaign.starts_on.year for category in categories} >= {next_edition(today()).year}

    def test_refused_without_debug(self, settings: Settings) -> None:
        settings.DEBUG = False
        before = rows()

        with pytest.raises(CommandError, match="refusée sans DEBUG=true"):
            load_demo()

        assert rows() == before


class TestRunAgain:
    """SPEC §5: started again, it keeps the data and says how to get new passwords."""

    def test_nothing_changes(self) -> None:
        load_demo()
        registered(announced())
        before = rows()

        printed = load_demo()

        assert rows() == before
        assert folded(printed) == (
            "Comptes gardés, avec leurs mots de passe : formateur, coordination. "
            "Pour en avoir de nouveaux : make passwords\n"
        )

    def test_new_passwords_when_asked_for(self) -> None:
        load_demo()
        before = dict(User.objects.values_list("username", "password"))

        printed = load_demo("--new-passwords")

        after = dict(User.objects.values_list("username", "password"))
        assert [line.split(" : ")[0] for line in printed.splitlines()] == ["formateur", "coordination"]
        for line in printed.splitlines():
            username, password = line.split(" : ")
            assert after[username] != before[username]
            assert User.objects.get(username=username).check_password(password)

    def test_what_the_coordinator_changed_stays(self) -> None:
        load_demo()
        TrainingSession.objects.filter(slug=SEED).update(title="Autre titre")
        Member.objects.filter(name="Dominique Fictif").update(note="Relancé")
        before = rows()

        load_demo()

        assert rows() == before

    def test_a_trainer_who_has_another_account_or_none_stays_so(self) -> None:
        load_demo()
        Trainer.objects.update(user=None)
        make_trainer(user=User.objects.get(username="formateur"))
        before = rows()

        load_demo()

        assert rows() == before

    def test_a_campaign_of_that_year_under_another_name_is_enough(self) -> None:
        year = next_edition(today()).year
        FeeCampaign.objects.create(name=f"Barème {year}", starts_on=date(year, 1, 1), ends_on=date(year, 12, 31))

        load_demo()

        day = date(year, 4, 12)
        assert [campaign.name for campaign in FeeCampaign.objects.overlapping(day, day)] == [f"Barème {year}"]
