"""Tariffs between OCPI 2.1.1 and 2.2.1. A tariff that 2.1.1 would misread as another price is refused."""

from __future__ import annotations

from typing import Any

from routing.bridge.shape import GONE, TAKEN, Field, Place, Shape, Turn, Value, each, names
from routing.bridge.turns import (
    check_case,
    dropped,
    energy_mix_down,
    energy_mix_up,
    is_active,
    owned,
    seconds,
    short_id,
    stamped,
)

component_down = Shape(known=names("type price step_size"), is_closed=True)

restrictions_down = Shape(
    known=names(
        "start_time end_time start_date end_date min_kwh max_kwh min_power max_power min_duration max_duration"
        " day_of_week"
    ),
    is_closed=True,
)

_element = Shape(
    fields={
        "price_components": Field("price_components", each(component_down)),
        "restrictions": Field("restrictions", restrictions_down),
    },
    is_closed=True,
)


def restrictions_of(element: Any) -> Value:
    """The restrictions of a tariff element, empty where it has none."""
    restrictions = element.get("restrictions") if isinstance(element, dict) else None
    return restrictions if isinstance(restrictions, dict) else {}


def element_down(value: Any, place: Place) -> Any:
    """One tariff element; one about reservations is left out, a limit of the current makes the tariff impossible."""
    restrictions = restrictions_of(value)
    if restrictions.get("min_current") is not None or restrictions.get("max_current") is not None:
        raise place.refuse("is restricted by current, which OCPI 2.1.1 cannot say")
    if restrictions.get("reservation") is not None:
        place.dropped(value, "a price for reservations")
        return GONE
    return _element(value, place)


def some(element: Turn) -> Turn:
    """A turn for a tariff's elements, of which one at least must be left."""

    def turn(value: Any, place: Place) -> list[Any]:
        out: list[Any] = each(element)(value, place)
        if not out:
            raise place.refuse("has no element that the receiver's version can say")
        return out

    return turn


def _check_down(source: Value, place: Place) -> None:
    if source.get("type") not in (None, "REGULAR"):
        raise place.refuse(f"is of type {source['type']}, which OCPI 2.1.1 would take for the regular price")
    if not is_active(source, place):
        raise place.refuse("is not active now, and OCPI 2.1.1 would apply it now")


def _note_validity(source: Value, out: Value, place: Place) -> None:
    for name in ("start_date_time", "end_date_time"):
        if source.get(name) is not None:
            place.into(name).dropped(source[name])


down = Shape(
    fields={
        "country_code": TAKEN,
        "party_id": TAKEN,
        "type": TAKEN,
        "min_price": dropped("the receiver computes a different price"),
        "max_price": dropped("the receiver computes a different price"),
        "start_date_time": TAKEN,
        "end_date_time": TAKEN,
        "elements": Field("elements", some(element_down)),
        "energy_mix": Field("energy_mix", energy_mix_down),
        "last_updated": Field("last_updated", seconds),
    },
    known=names("id currency tariff_alt_text tariff_alt_url"),
    is_closed=True,
    check=_check_down,
    finish=_note_validity,
)


def _check_up(source: Value, place: Place) -> None:
    check_case("Tariff", source.get("id"), place)


def _complete(source: Value, out: Value, place: Place) -> None:
    stamped(out, place)
    owned(out, place)


up = Shape(
    fields={"id": Field("id", short_id), "energy_mix": Field("energy_mix", energy_mix_up)},
    check=_check_up,
    finish=_complete,
)
