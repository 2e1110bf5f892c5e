"""Charging periods and prices between OCPI 2.1.1 and 2.2.1, and what a PATCH of a session's periods means in each.

In 2.1.1 a PATCH replaces the list, from 2.2 on it appends to it (OCPI 2.2.1, Sessions, PATCH).
"""

from __future__ import annotations

from typing import Any

from routing.bridge.context import Periods, moment
from routing.bridge.refusals import ChangedPeriods
from routing.bridge.shape import GONE, UNCHANGED, Field, Place, Shape, Value, each, expect_list, expect_object, names
from routing.bridge.turns import number, seconds
from routing.bridge.words import DIMENSIONS_211, is_in


def price_up(value: Any, place: Place) -> Value:
    """A 2.1.1 amount, which is without VAT, as a Price."""
    return {"excl_vat": number(value, place)}


def price_down(value: Any, place: Place) -> Any:
    """A Price as the amount without VAT that 2.1.1 has."""
    price = expect_object(value, place)
    for name in price.keys() - {"excl_vat"}:
        place.into(name).dropped(price[name])
    return number(price.get("excl_vat"), place.into("excl_vat"))


def _dimension(known: frozenset[str]) -> Any:
    def turn(value: Any, place: Place) -> Any:
        if is_in(expect_object(value, place).get("type"), known):
            return value
        place.dropped(value)
        return GONE

    return turn


def never_empty(source: Value, out: Value, place: Place) -> None:
    """A period ends where the next begins, so one left without dimensions stays, or its predecessor would grow."""
    if not out.get("dimensions"):
        out["dimensions"] = [{"type": "TIME", "volume": 0}]
        place.into("dimensions").defaulted(out["dimensions"])


_known_up = names("ENERGY MAX_CURRENT MIN_CURRENT PARKING_TIME TIME")

periods_down = each(
    Shape(
        fields={
            "start_date_time": Field("start_date_time", seconds),
            "dimensions": Field("dimensions", each(_dimension(DIMENSIONS_211 - {"FLAT"}))),
        },
        is_closed=True,
        finish=never_empty,
    )
)
periods_up = each(
    Shape(fields={"dimensions": Field("dimensions", each(_dimension(_known_up)))}, finish=never_empty),
)


# --- in a PATCH ------------------------------------------------------------------------------------------------------


def session_periods_down(value: Any, place: Place) -> Any:
    """The periods of a session; an appended part becomes the complete list that 2.1.1 replaces by."""
    if place.is_partial and place.context.periods_211 is Periods.REPLACE:
        stored = place.context.needed("Session", session_id(place))
        value = merged(stored.get("charging_periods") or [], expect_list(value, place))
    return periods_down(value, place)


def session_periods_up(value: Any, place: Place) -> Any:
    """The periods of a session; of a complete list only the new ones are appended.

    Raises ChangedPeriods where earlier periods changed, NeedsObject where the earlier ones are not known.
    """
    periods = periods_up(value, place)
    if not place.is_partial or place.context.periods_211 is Periods.APPEND:
        return periods
    stored = place.context.needed("Session", session_id(place))
    earlier = stored.get("charging_periods") or []
    if [_plain(period) for period in periods[: len(earlier)]] != [_plain(period) for period in earlier]:
        raise ChangedPeriods()
    return periods[len(earlier) :] or UNCHANGED


def session_id(place: Place) -> str:
    """The session that a PATCH is about, from its path."""
    return place.context.ids.get("session_id", "")


def merged(earlier: list[Any], appended: list[Any]) -> list[Any]:
    """A list of periods with others appended; one that starts when a known one does takes its place."""
    new = {_start(period) for period in appended}
    return [period for period in earlier if _start(period) not in new] + appended


def _start(period: Any) -> object:
    start = period.get("start_date_time") if isinstance(period, dict) else None
    return moment(start) or str(start)


def _plain(period: Any) -> object:
    """A period as far as 2.1.1 can say it: its start to the second, and its dimensions in any order."""
    start = _start(period)
    whole = start.replace(microsecond=0) if hasattr(start, "replace") and not isinstance(start, str) else start
    dimensions = period.get("dimensions") if isinstance(period, dict) else None
    known = [item for item in dimensions or [] if isinstance(item, dict) and is_in(item.get("type"), _known_up)]
    return whole, sorted(((item["type"], item.get("volume")) for item in known), key=lambda pair: str(pair[0]))
