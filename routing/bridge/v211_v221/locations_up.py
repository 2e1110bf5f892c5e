"""Location, EVSE and Connector from OCPI 2.1.1 to 2.2.1."""

from __future__ import annotations

from typing import Any

from routing.bridge.countries import ALPHA_3, MAIN_ZONE, MANY_ZONES
from routing.bridge.shape import GONE, Field, Place, Shape, Value, each
from routing.bridge.turns import check_case, check_twins, energy_mix_up, owned, short_id, stamped


def _tariff_ids(value: Any, place: Place) -> list[Any]:
    return [short_id(value, place)]


def _capabilities(value: Any, place: Place) -> Any:
    """A 2.1.1 CPO has no ChargingProfiles interface, so it cannot be capable of them."""
    if not isinstance(value, list) or "CHARGING_PROFILE_CAPABLE" not in value:
        return value
    place.dropped("CHARGING_PROFILE_CAPABLE")
    return [word for word in value if word != "CHARGING_PROFILE_CAPABLE"]


def _stamped(source: Value, out: Value, place: Place) -> None:
    stamped(out, place)


connector = Shape(
    fields={
        "voltage": Field("max_voltage"),
        "amperage": Field("max_amperage"),
        "tariff_id": Field("tariff_ids", _tariff_ids),
    },
    finish=_stamped,
)


def _check_connectors(source: Value, place: Place) -> None:
    check_twins(source.get("connectors"), "id", place.into("connectors"))


evse = Shape(
    fields={
        "uid": Field("uid", short_id),
        "capabilities": Field("capabilities", _capabilities),
        "connectors": Field("connectors", each(connector)),
    },
    check=_check_connectors,
    finish=_stamped,
)


def _parking_type(value: Any, place: Place) -> Any:
    """What 2.1.1 calls OTHER or UNKNOWN is absent later; UNKNOWN says no more than absence does."""
    if value == "UNKNOWN":
        return GONE
    if value == "OTHER":
        place.dropped(value)
        return GONE
    return value


def country(value: Any, place: Place) -> Any:
    """Alpha-3; the examples of 2.1.1 sessions and CDRs have alpha-2."""
    return ALPHA_3.get(value.upper(), value) if isinstance(value, str) else value


def _hours(value: Any, place: Place) -> Any:
    """Opening times say from 2.2 on whether they are around the clock; saying nothing at all, they are dropped."""
    if not isinstance(value, dict) or value.get("twentyfourseven") is not None:
        return value
    if not value.get("regular_hours"):
        place.dropped(value)
        return GONE
    return {"twentyfourseven": False, **{name: hours for name, hours in value.items() if name != "twentyfourseven"}}


def _check(source: Value, place: Place) -> None:
    check_case("Location", source.get("id"), place)
    check_twins(source.get("evses"), "uid", place.into("evses"))


def _complete(source: Value, out: Value, place: Place) -> None:
    """What 2.2.1 requires and 2.1.1 does not."""
    stamped(out, place)
    if place.is_partial:
        if "time_zone" in out and out["time_zone"] is None:
            _taken_away(out, place)
        return
    owned(out, place)
    out.setdefault("publish", True)
    if out.get("time_zone") is None:
        out["time_zone"] = _zone(out, place)
        if out["time_zone"] is None:
            raise place.refuse("has no time_zone, and no known country to take one from")
        place.into("time_zone").defaulted(out["time_zone"])
    details = place.context.owner_details
    if details and out.get("operator") is None:
        out["operator"] = dict(details)
        place.into("operator").defaulted(out["operator"])


def _taken_away(out: Value, place: Place) -> None:
    """A PATCH takes the time zone away: then it is that of the location as memory has it, else it stays as it was."""
    location_id = place.context.ids.get("location_id")
    stored = place.context.known("Location", location_id) if location_id else None
    zone = _zone({**(stored or {}), **out}, place)
    if zone is None:
        del out["time_zone"]
        place.into("time_zone").dropped("null", "mandatory from OCPI 2.2 on: the receiver keeps the one it has")
    else:
        out["time_zone"] = zone
        place.into("time_zone").defaulted(zone)


def _zone(location: Value, place: Place) -> str | None:
    """The time zone of a location: its country's, and where that has several, or none is known, from coordinates."""
    code, where = str(location.get("country")).upper(), location.get("coordinates")
    zone = MAIN_ZONE.get(code)
    if isinstance(where, dict) and (zone is None or code in MANY_ZONES):
        zone = place.context.zone_at(str(where.get("latitude")), str(where.get("longitude"))) or zone
    return zone


location = Shape(
    fields={
        "id": Field("id", short_id),
        "type": Field("parking_type", _parking_type),
        "country": Field("country", country),
        "evses": Field("evses", each(evse)),
        "opening_times": Field("opening_times", _hours),
        "energy_mix": Field("energy_mix", energy_mix_up),
    },
    check=_check,
    finish=_complete,
)
