"""The one gate through which a status changes (R6)."""

from datetime import date

import pytest

from caprural import typography
from sessions_app import registering
from sessions_app.models import Registration
from sessions_app.registering.gate import move
from tests.factories import (
    NOW,
    make_candidate,
    make_registration,
    make_session,
)
from tests.support.traces import folded, log, messages, status_of
from tests.support.visitors import cancel

pytestmark = pytest.mark.django_db

Cause = Registration.Cause


class TestIllegalTransitions:
    """R6: what the table does not allow is refused with a sentence, and changes nothing."""

    def test_cancelled_is_final(self) -> None:
        registration = make_registration(make_session(), first_name="Camille", last_name="Durand")
        cancel(registration)
        before = log(registration), messages()

        with pytest.raises(registering.TransitionRefused) as refused:
            cancel(registration)

        assert folded(str(refused.value)) == (
            f"L’inscription de Camille Durand est « annulée » depuis le {folded(typography.medium_date(NOW))}, "
            "par la personne. Une inscription annulée le reste : inscrivez la personne de nouveau."
        )
        assert (log(registration), messages()) == before

    def test_the_cause_of_a_cancellation_does_not_change(self) -> None:
        registration = make_registration(make_session())
        cancel(registration)

        with pytest.raises(registering.TransitionRefused):
            registering.cancel(registration, cause=Cause.COORDINATOR, now=NOW, by=registering.SYSTEM)

        registration.refresh_from_db()
        assert registration.cancellation_cause == "participant"

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (before, after)
            for before, allowed in Registration.TRANSITIONS.items()
            for after in Registration.Status.values
            if before and after not in allowed
        ],
    )
    def test_every_pair_outside_the_table(self, before: str, after: str) -> None:
        session = make_session(fee_required=True)
        registration = make_candidate(session, status=before, registered_at=NOW, seat_given_at=NOW)
        registration.fee_due_on = date(2017, 4, 5)
        registration.cancellation_cause = "participant" if before == "cancelled" else ""
        registration.save()

        with pytest.raises(registering.TransitionRefused):
            move(registration, Registration.Status(after), now=NOW, by=registering.SYSTEM, why="impossible")

        assert status_of(registration) == before
        assert log(registration) == []
