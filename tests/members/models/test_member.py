"""What is true of a member, of its people and of its domains (R14)."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from members.models import CoveredPerson, EmailDomain, Member
from tests.factories import make_member

pytestmark = pytest.mark.django_db


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
