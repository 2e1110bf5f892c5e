"""Turns of single values that more than one object needs: dates, coordinates, lengths, ids, numbers."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final

from routing.bridge.context import moment
from routing.bridge.shape import Field, Place, Shape, Turn, Value, each, nested, same

_FRACTION: Final = re.compile(r"(T\d\d:\d\d:\d\d)\.\d+")
_SIX: Final = Decimal("0.000001")
MAX_ID: Final = 36
"""Ids of OCPI 2.2.1 and 2.3.0 are CiString(36); a 2.1.1 location or EVSE may have 39."""


def seconds(value: Any, place: Place) -> Any:
    """A DateTime without a fraction of a second, which 2.1.1 does not know."""
    if not isinstance(value, str):
        return value
    whole = _FRACTION.sub(r"\1", value)
    place.approximated(value, whole)
    return whole


def cut(length: int) -> Turn:
    """A text of at most this many characters."""

    def turn(value: Any, place: Place) -> Any:
        if not isinstance(value, str) or len(value) <= length:
            return value
        place.approximated(value, value[:length])
        return value[:length]

    return turn


def short_id(value: Any, place: Place) -> Any:
    """An id, refused where it is longer than the other version allows."""
    if isinstance(value, str) and len(value) > MAX_ID:
        raise place.refuse(f"is longer than {MAX_ID} characters")
    return value


def dropped(why: str) -> Field:
    """A row for a field that the other version has not, with a reason that an admin should see."""

    def turn(value: Any, place: Place) -> None:
        place.dropped(value, why)

    return Field("", turn)


def number(value: Any, place: Place) -> int | Decimal:
    """The value, if it is a JSON number. Raises Untranslatable."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise place.refuse("is not a number")
    return value


def check_case(object_name: str, object_id: Any, place: Place) -> None:
    """Refuse a 2.1.1 id that differs only by case from one already known: in later versions they are the same."""
    if place.path or not isinstance(object_id, str):
        return
    found = place.context.known(object_name, object_id)
    other = (found or {}).get("uid" if object_name == "Token" else "id")
    if isinstance(other, str) and other != object_id and other.casefold() == object_id.casefold():
        raise place.refuse("has an id that differs from another one only by case")


def check_twins(rows: Any, name: str, place: Place) -> None:
    """Refuse a 2.1.1 list in which two ids differ only by case: in later versions they are the same."""
    seen: dict[str, str] = {}
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        id = row.get(name) if isinstance(row, dict) else None
        if isinstance(id, str) and seen.setdefault(id.casefold(), id) != id:
            raise place.into(index).into(name).refuse("differs from another one only by case")


def stamped(out: Value, place: Place) -> None:
    """Give a PATCH the `last_updated` that is mandatory from 2.2 on: when the hub received it."""
    if place.is_partial and "last_updated" not in out:
        out["last_updated"] = place.context.stamp
        place.into("last_updated").defaulted(place.context.stamp)


def owned(out: Value, place: Place) -> None:
    """Give a whole object the owner's country code and party id, which 2.1.1 has only in the path."""
    if not place.is_partial:
        rest = dict(out)
        out.clear()
        owner = place.context.owner
        out |= {"country_code": owner.country_code, "party_id": owner.party_id}
        out |= {name: value for name, value in rest.items() if name not in ("country_code", "party_id")}


def is_active(tariff: Value, place: Place) -> bool:
    """Whether a tariff is valid now by its own start and end."""
    now = place.context.now
    start, end = moment(tariff.get("start_date_time")), moment(tariff.get("end_date_time"))
    return (start is None or start <= now) and (end is None or now < end)


def _degrees(value: Any, place: Place) -> Any:
    if not isinstance(value, str):
        return value
    try:
        exact = Decimal(value)
        six = exact.quantize(_SIX, ROUND_HALF_EVEN)
    except InvalidOperation:
        return value
    if exact.is_nan() or (exact == six and re.fullmatch(r"[-+]?\d+\.\d{6}", value)):
        return value
    if exact != six:
        place.approximated(value, f"{six:f}")
    return f"{six:f}"


six_decimals = nested(Shape(same("latitude", "longitude", turn=_degrees)))
"""A GeoLocation with exactly the six decimals of 2.1.1."""

period = Shape(same("period_begin", "period_end", turn=seconds))
periods = each(period)
"""ExceptionalPeriod and StatusSchedule lists for 2.1.1."""


def _impact(old: str, new: str) -> Turn:
    impacts = each(Shape({old: Field(new)}))
    return nested(Shape({"environ_impact": Field("environ_impact", impacts)}))


energy_mix_up = _impact("source", "category")
energy_mix_down = _impact("category", "source")
