"""Who gets the seat: register, cancel, replace, serve the waiting list, settle the fee (R3–R10, R14–R17).

The only writers of a registration's status. Every verb is one transaction that first locks the session: seats are
counted, given and freed by one writer at a time. Messages are queued inside the same transaction (R23).
"""

from sessions_app.registering.entering import change_details, register, register_by_hand, replace, send_links
from sessions_app.registering.fee import (
    attach,
    await_fee_again,
    await_fees_longer,
    confirm_covered,
    extend_fee_due,
    review,
)
from sessions_app.registering.gate import (
    PARTICIPANT,
    SYSTEM,
    Actor,
    NoSeatLeft,
    RegistrationClosed,
    RegistrationRefused,
    TransitionRefused,
    staff,
)
from sessions_app.registering.leaving import cancel, cancel_all, delete, release_unpaid, withdraw
from sessions_app.registering.seats import assign_next_seat, fee_due_on

__all__ = [
    "PARTICIPANT",
    "SYSTEM",
    "Actor",
    "NoSeatLeft",
    "RegistrationClosed",
    "RegistrationRefused",
    "TransitionRefused",
    "assign_next_seat",
    "attach",
    "await_fee_again",
    "await_fees_longer",
    "cancel",
    "cancel_all",
    "change_details",
    "confirm_covered",
    "delete",
    "extend_fee_due",
    "fee_due_on",
    "register",
    "register_by_hand",
    "release_unpaid",
    "replace",
    "review",
    "send_links",
    "staff",
    "withdraw",
]
