"""Who pays."""

import pytest

from members.models import Member
from tests.factories import (
    make_fee,
    make_member,
)


@pytest.fixture
def member() -> Member:
    """A member that lists two addresses and declares a domain, its fee still due."""
    member = make_member(
        name="Pays des Collines",
        emails=("camille@collines.example", "alex@collines.example"),
        domains=("pays-des-collines.example",),
    )
    make_fee(member, status="due")
    return member
