"""Who gets the seat: register, cancel, replace, serve the waiting list, settle the fee (R3–R10, R14–R17).

The only writers of a registration's status. Every verb is one transaction that first locks the session: seats are
counted, given and freed by one writer at a time. Messages are queued inside the same transaction (R23).
"""

from sessions_app.registering.entering import (
    answer_link_requests,
    change_details,
    confirm_address,
    register,
    register_by_hand,
    renew_link,
    replace,
    send_links,
)
from sessions_app.registering.fee import await_fees_longer, extend_fee_due
from sessions_app.registering.gate import (
    PARTICIPANT,
    SYSTEM,
    AddressTaken,
    NoSeatLeft,
    RegistrationClosed,
    RegistrationRefused,
    TransitionRefused,
    staff,
)
from sessions_app.registering.judging import (
    judge_cover,
    judge_session,
    not_covered,
    review,
    session_would_lose,
    would_change,
    would_lose_with,
)
from sessions_app.registering.leaving import cancel, cancel_all, delete, discard, release_unpaid, withdraw
from sessions_app.registering.seats import assign_next_seat, fee_due_on, next_served
