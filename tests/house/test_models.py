"""The organisation: the issuer of every document."""

import pytest
from django.db import IntegrityError, transaction

from caprural.house.models import Organisation

pytestmark = pytest.mark.django_db


class TestOrganisation:
    """The issuer of every document: one row, always there."""

    def test_unsaved_while_nobody_has_described_it(self) -> None:
        assert (Organisation.current().pk, str(Organisation.current()), Organisation.objects.count()) == (
            1,
            "Centre de ressources",
            0,
        )

    def test_the_row_once_described(self) -> None:
        Organisation.objects.create(pk=1, name="Centre de ressources")

        assert str(Organisation.current()) == "Centre de ressources"

    def test_the_database_refuses_a_second_one(self) -> None:
        Organisation.objects.create(pk=1, name="Centre de ressources")

        with pytest.raises(IntegrityError, match="one_organisation"), transaction.atomic():
            Organisation.objects.bulk_create([Organisation(pk=2, name="Autre")])

    def test_saving_one_is_always_saving_that_one(self) -> None:
        Organisation(name="Centre de ressources").save()
        Organisation(name="Cap Rural").save()

        assert list(Organisation.objects.values_list("pk", "name")) == [(1, "Cap Rural")]


class TestTown:
    """Where documents are made out."""

    @pytest.mark.parametrize(
        ("address", "town"),
        [
            ("1 place de la Mairie\n69700 Givors", "Givors"),
            ("1 place de la Mairie\r\n  63000  Clermont-Ferrand \r\n", "Clermont-Ferrand"),
            ("BP 12\n69700 Givors CEDEX 03\nFrance", "Givors"),
            ("12345 rue des Lilas\n69700 Givors", "Givors"),
            ("1 place de la Mairie, 69700 Givors", ""),
            ("", ""),
        ],
    )
    def test_is_read_in_the_address(self, address: str, town: str) -> None:
        assert Organisation(address=address).town == town
