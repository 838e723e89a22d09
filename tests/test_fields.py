"""Columns of our own: an address and its domain are one thing however they are typed (R7, R14)."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from members.models import CoveredPerson, EmailDomain, Member
from sessions_app.models import Registration
from tests.factories import make_member, make_registration
from tests.support.announced import open_session

READABLE, CODED = "collectivité-exemple.example", "xn--collectivit-exemple-lzb.example"

pytestmark = pytest.mark.django_db


class TestEmailField:
    def test_stored_and_looked_for_in_one_form(self) -> None:
        member = Member.objects.create(name="Collines", email=f" Contact@{CODED.upper()} ")

        member.refresh_from_db()
        assert member.email == f"contact@{READABLE}"
        assert Member.objects.get(email=f"CONTACT\u200b@{CODED}") == member

    @pytest.mark.parametrize(("declared", "typed"), [(READABLE, CODED), (CODED, READABLE)])
    def test_a_domain_covers_both_ways_of_writing_it(self, declared: str, typed: str) -> None:
        member = make_member(name="Collines")
        domain = EmailDomain(member=member, domain=declared)
        domain.full_clean()
        domain.save()

        assert list(Member.objects.listing(f"alix@{typed}")) == [member]


def as_before(table: str, pk: int, email: str) -> None:
    """The row as it was stored when the column did not put it right."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET email = %s WHERE id = %s", [email, pk])  # noqa: S608 (our own names)


class TestRowsOfBefore:
    """What was stored under the other form is found again."""

    def test_members(self) -> None:
        one, other = make_member(name="Un", email="x@y.example"), make_member(name="Deux")
        EmailDomain.objects.bulk_create(
            EmailDomain(member=member, domain=domain)
            for member, domain in ((one, CODED), (one, READABLE), (other, CODED))
        )
        kept = CoveredPerson.objects.create(member=one, email=f"alix@{READABLE}")
        twin = CoveredPerson.objects.create(member=one, email="twin@y.example")
        as_before("members_member", one.pk, f"Un@{CODED}")
        as_before("members_coveredperson", twin.pk, f"alix@{CODED}")

        import_module("members.migrations.0006_names_and_addresses").normalise(apps, None)

        assert list(EmailDomain.objects.order_by("pk").values_list("member__name", "domain")) == [
            ("Un", READABLE),
            ("Deux", READABLE),
        ]
        assert list(Member.objects.order_by("pk").values_list("email", flat=True)) == [f"un@{READABLE}", ""]
        assert list(CoveredPerson.objects.values_list("pk", "email")) == [(kept.pk, f"alix@{READABLE}")]

    def test_registrations(self) -> None:
        session = open_session()
        alix, twin, noe = (make_registration(session, email=f"{name}@x.example") for name in ("alix", "twin", "noe"))
        as_before("sessions_app_registration", alix.pk, f"alix@{READABLE}")
        as_before("sessions_app_registration", twin.pk, f"alix@{CODED}")
        as_before("sessions_app_registration", noe.pk, f"noe@{CODED}")

        import_module("sessions_app.migrations.0006_names_and_addresses").normalise(apps, None)

        assert list(Registration.objects.order_by("pk").values_list("email", flat=True)) == [
            f"alix@{READABLE}",
            f"alix@{CODED}",
            f"noe@{READABLE}",
        ]
