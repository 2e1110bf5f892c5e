"""Sessions between OCPI 2.1.1, where a session holds its location, and 2.2.1, where it names it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from routing.bridge.context import UNKNOWN
from routing.bridge.refusals import NeedsObject
from routing.bridge.shape import TAKEN, Field, Place, Shape, Value, expect_object, names
from routing.bridge.turns import check_case, owned, seconds, short_id, stamped
from routing.bridge.v211_v221 import locations_down
from routing.bridge.v211_v221.periods import (
    price_down,
    price_up,
    session_id,
    session_periods_down,
    session_periods_up,
)
from routing.bridge.v211_v221.tokens import auth_id, cdr_token
from routing.bridge.words import AUTH_METHODS_211, SESSION_STATUS_211, word

IDS: Final = ("location_id", "evse_uid", "connector_id")

auth_method_down: Final = word(AUTH_METHODS_211, {"COMMAND": "AUTH_REQUEST"}, other="AUTH_REQUEST")

# --- down ------------------------------------------------------------------------------------------------------------


def _location(source: Value, out: Value, place: Place) -> None:
    """The location that the three ids name; in a PATCH the ids not sent are the stored session's."""
    sent = {name: source[name] for name in IDS if source.get(name) is not None}
    if place.is_partial and not sent:
        return
    ids = sent
    if place.is_partial and len(sent) < len(IDS):
        stored = place.context.needed("Session", session_id(place))
        ids = {name: stored.get(name) for name in IDS} | sent
    out["location"] = location_of(ids, place)


def location_of(ids: Value, place: Place) -> Value:
    """The owner's location, reduced to one EVSE and connector, in 2.1.1. Raises NeedsObject where it is not known."""
    location_id = str(ids.get("location_id"))
    stored = place.context.needed("Location", location_id)
    one = reduced(stored, ids)
    if one is None:
        owner = place.context.owner
        raise NeedsObject("Location", (owner.country_code, owner.party_id, location_id))
    quiet = replace(place, losses=[], path="location", is_partial=False)
    out: Value = locations_down.location({**one, "publish": True}, quiet)
    if len(out.get("evses") or []) != len(one["evses"]):
        place.into("location.evses").dropped(one["evses"], "no connector is known in OCPI 2.1.1")
    return out


def reduced(location: Value, ids: Value) -> Value | None:
    """A location with the one EVSE and connector; without EVSEs where it is `#NA`, None where they are not found."""
    if ids.get("evse_uid") in (None, UNKNOWN):
        return {**location, "evses": []}
    evse = locations_down.evse_of(location, ids["evse_uid"])
    if evse is None:
        return None
    connectors = evse.get("connectors") or []
    wanted = str(ids.get("connector_id"))
    if wanted not in (UNKNOWN, "None"):
        connectors = [item for item in connectors if str(item.get("id")).casefold() == wanted.casefold()]
        if not connectors:
            return None
    return {**location, "evses": [{**evse, "connectors": connectors}]}


down = Shape(
    fields={
        "country_code": TAKEN,
        "party_id": TAKEN,
        "start_date_time": Field("start_datetime", seconds),
        "end_date_time": Field("end_datetime", seconds),
        "cdr_token": Field("auth_id", auth_id),
        "auth_method": Field("auth_method", auth_method_down),
        **dict.fromkeys(IDS, TAKEN),
        "charging_periods": Field("charging_periods", session_periods_down),
        "total_cost": Field("total_cost", price_down),
        "status": Field("status", word(SESSION_STATUS_211, {"RESERVATION": "PENDING"}, other="PENDING")),
        "last_updated": Field("last_updated", seconds),
    },
    known=names("id kwh meter_id currency"),
    is_closed=True,
    finish=_location,
)

# --- up --------------------------------------------------------------------------------------------------------------


def _complete(source: Value, out: Value, place: Place) -> None:
    stamped(out, place)
    owned(out, place)
    if isinstance(source.get("location"), dict):
        out |= _ids(source["location"], place.into("location"))
    location_id = out.get("location_id") or _stored_location(place)
    if source.get("auth_id") is not None:
        contract = str(source["auth_id"])
        out["cdr_token"] = cdr_token(source["auth_id"], location_id, place.into("auth_id"))
        reference = place.context.known("AuthorizationReference", contract, str(location_id or ""))
        if reference and not place.is_partial:
            out.setdefault("authorization_reference", reference["authorization_reference"])


def _stored_location(place: Place) -> Any:
    stored = place.context.known("Session", session_id(place)) if place.is_partial else None
    return (stored or {}).get("location_id")


def _ids(location: Value, place: Place) -> Value:
    """The ids of the one EVSE and connector in a session's location, `#NA` where there is none."""
    evse = first(location, "evses")
    connector = first(evse, "connectors")
    ids = {
        "location_id": short_id(location.get("id"), place.into("id")),
        "evse_uid": short_id(evse.get("uid"), place.into("evses[0].uid")) or UNKNOWN,
        "connector_id": connector.get("id") or UNKNOWN,
    }
    place.approximated(location, ids)
    return ids


def first(value: Value, name: str) -> Value:
    """The first object of a list inside an object; an empty one where there is none."""
    items = value.get(name)
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


def _check(source: Value, place: Place) -> None:
    check_case("Session", source.get("id"), place)
    if source.get("location") is not None:
        expect_object(source["location"], place.into("location"))


up = Shape(
    fields={
        "id": Field("id", short_id),
        "start_datetime": Field("start_date_time"),
        "end_datetime": Field("end_date_time"),
        "auth_id": TAKEN,
        "location": TAKEN,
        "charging_periods": Field("charging_periods", session_periods_up),
        "total_cost": Field("total_cost", price_up),
    },
    check=_check,
    finish=_complete,
)
