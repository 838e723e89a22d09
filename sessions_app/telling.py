"""What each person was last told of when and where, and what differs since: what is announced is that difference (R19).

Every letter that shows a session remembers what it showed, and says what changed since the one before. A change undone
in the meantime is none. The exact address given for the first time is what was promised, unless the joining
instructions have left without it.
"""

from collections.abc import Iterable
from datetime import date, time
from typing import Any

from caprural import typography
from sessions_app.models import Registration, TrainingSession

TO_COME = "à venir"
UNKNOWN = "à préciser"


def note(people: Iterable[Registration], session: TrainingSession, *, is_joining: bool = False) -> None:
    """Remember that these people are being told what stands; `is_joining`: by the joining instructions."""
    alike: dict[str, list[Registration]] = {}
    for registration in people:
        told = facts(registration.told, session, has_seat=registration.holds_seat, is_joining=is_joining)
        if told != registration.told:
            registration.told = told
            alike.setdefault(repr(told), []).append(registration)
    for group in alike.values():
        Registration.objects.filter(pk__in=[one.pk for one in group]).update(told=group[0].told)


def changes(registration: Registration, session: TrainingSession) -> list[str]:
    """What differs from what this person was told: « Lieu : Givors (69) → Lyon (69) ».

    Nothing when nobody knows what that was. No query.
    """
    told = registration.told
    if told is None:
        return []
    now = facts(told, session, has_seat=registration.holds_seat)
    found = _changes_of_days(told, now)
    if told["place"] != now["place"]:
        found.append(_moved("Lieu", told["place"] or UNKNOWN, now["place"] or UNKNOWN))
    before, after = told["exact_address"], now["exact_address"] or ""
    if registration.holds_seat and before is not None and before != after:
        found.append(_moved("Adresse exacte", _one_line(before), _one_line(after) or UNKNOWN))
    return found


def facts(
    told: dict[str, Any] | None, session: TrainingSession, *, has_seat: bool, is_joining: bool = False
) -> dict[str, Any]:
    """What a letter of this instant shows, after what was told. The exact address is None while it is only promised."""
    address = (session.exact_address or None) if has_seat else None
    was_joined = told is not None and told["exact_address"] == ""
    return {
        "days": [
            {
                "uid": day.uid,
                "date": day.date.isoformat(),
                "starts_at": day.starts_at.isoformat(),
                "ends_at": day.ends_at.isoformat() if day.ends_at else "",
                "place": day.place,
            }
            for day in session.announced_days
        ],
        "place": session.place,
        "exact_address": "" if address is None and (is_joining or was_joined) else address,
    }


def _moved(label: str, before: str, after: str) -> str:
    return f"{label}\u00a0: {before} → {after}" if before else f"{label}\u00a0: {after}"


def _changes_of_days(told: dict[str, Any], now: dict[str, Any]) -> list[str]:
    before, after = ({day["uid"]: day for day in facts["days"]} for facts in (told, now))
    if not (before and after):
        return [] if before == after else [_moved("Date", _dates(before.values()), _dates(after.values()))]
    gone = [day for uid, day in before.items() if uid not in after]
    new = [day for uid, day in after.items() if uid not in before]
    # A day taken away and another put instead is a day that moved.
    pairs = [*((before[uid], day) for uid, day in after.items() if uid in before), *zip(gone, new, strict=False)]
    found = []
    for old, day in pairs:
        which = f" du {_date(day)}" if len(after) > 1 else ""
        if old["date"] != day["date"]:
            found.append(_moved("Date", _date(old), _date(day)))
        if _hours(old) != _hours(day):
            found.append(_moved(f"Horaires{which}", _hours(old), _hours(day)))
        if old["place"] != day["place"]:
            places = (old["place"] or told["place"] or UNKNOWN, day["place"] or now["place"] or UNKNOWN)
            found.append(_moved(f"Lieu{which}", *places))
    found += [f"Journée supprimée\u00a0: {_date(day)}" for day in gone[len(new) :]]
    return found + [f"Journée ajoutée\u00a0: {_date(day)}, {_hours(day)}" for day in new[len(gone) :]]


def _dates(days: Any) -> str:
    return typography.join_and(f"{_date(day)}, {_hours(day)}" for day in days) or TO_COME


def _date(day: dict[str, str]) -> str:
    return typography.long_date(date.fromisoformat(day["date"]))


def _hours(day: dict[str, str]) -> str:
    starts_at, ends_at = day["starts_at"], day["ends_at"]
    return typography.hours(time.fromisoformat(starts_at), time.fromisoformat(ends_at) if ends_at else None)


def _one_line(address: str) -> str:
    return ", ".join(line.strip() for line in address.splitlines() if line.strip())
