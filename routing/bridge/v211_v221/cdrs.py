"""CDRs between OCPI 2.1.1 and 2.2.1. A CDR that 2.1.1 would book wrongly (credit, home charging) is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from routing.bridge.context import UNKNOWN, moment
from routing.bridge.countries import ALPHA_3
from routing.bridge.refusals import Untranslatable
from routing.bridge.shape import TAKEN, Field, Place, Shape, Value, each, expect_list, expect_object, names
from routing.bridge.turns import MAX_ID, cut, dropped, owned, seconds, short_id, six_decimals
from routing.bridge.v211_v221 import locations_down, tariffs
from routing.bridge.v211_v221.periods import periods_down, periods_up, price_down, price_up
from routing.bridge.v211_v221.sessions import auth_method_down, first
from routing.bridge.v211_v221.tokens import auth_id, cdr_token
from routing.bridge.words import CONNECTORS_211, LOCATION_TYPES_211, is_in

NO_CONNECTOR: Final = {"id": UNKNOWN, "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE"}
"""Of a reservation that was never used: any words will do, and nobody is to read them (OCPI 2.2.1, CdrLocation)."""
COPIED: Final = ("id", "name", "address", "city", "postal_code", "country", "coordinates")

# --- down ------------------------------------------------------------------------------------------------------------


def _check(source: Value, place: Place) -> None:
    if source.get("credit"):
        raise place.refuse("is a credit CDR, which OCPI 2.1.1 would book as one more session")
    if source.get("home_charging_compensation"):
        raise place.refuse("is about compensation of home charging, which OCPI 2.1.1 would bill normally")
    if len(str(source.get("id", ""))) > MAX_ID:
        raise place.refuse(f"has an id of more than {MAX_ID} characters")
    if source.get("signed_data") and place.context.refuse_unsigned:
        raise place.refuse("has signed_data, without which this receiver takes no CDR")
    expect_object(source.get("cdr_location"), place.into("cdr_location"))


def _tariffs(source: Value, out: Value, place: Place) -> None:
    """The embedded tariffs, those left out that cannot be said: the CDR's costs stand without them."""
    if source.get("tariffs") is None:
        return
    began = moment(source.get("start_date_time")) or place.context.now
    then = replace(place, context=replace(place.context, now=began)).into("tariffs")
    out["tariffs"] = each(tariffs.down, leave_out=Untranslatable)(expect_list(source["tariffs"], then), then)


def _location(source: Value, out: Value, place: Place) -> None:
    """A CdrLocation as a 2.1.1 Location: what it does not say comes from the stored location, else a default."""
    here = place.into("location")
    old = source["cdr_location"]
    stored = place.context.known("Location", str(old.get("id"))) or {}
    location = {name: old[name] for name in COPIED if old.get(name) is not None}
    place.into("cdr_location.state").dropped(old.get("state"))
    kind = stored.get("parking_type") or "UNKNOWN"
    location["type"] = kind if kind in LOCATION_TYPES_211 else "OTHER"
    here.into("type").defaulted(location["type"])
    if "postal_code" not in location:
        location["postal_code"] = ""
        here.into("postal_code").defaulted("")
    if "coordinates" in location:
        location["coordinates"] = six_decimals(location["coordinates"], here.into("coordinates"))
    if old.get("evse_uid") not in (None, UNKNOWN):
        location["evses"] = [_evse(old, stored, source, here.into("evses").into(0))]
    location["last_updated"] = seconds(source.get("last_updated"), replace(here, losses=[]))
    out["location"] = location


def _evse(old: Value, stored: Value, source: Value, place: Place) -> Value:
    known = locations_down.evse_of(stored, old.get("evse_uid")) or {}
    updated = seconds(source.get("last_updated"), replace(place, losses=[]))
    evse: Value = {"uid": old["evse_uid"]}
    if old.get("evse_id") not in (None, UNKNOWN):
        evse["evse_id"] = old["evse_id"]
    evse["status"] = known.get("status") or "UNKNOWN"
    place.into("status").defaulted(evse["status"])
    evse["connectors"] = [{**_connector(old, known, place.into("connectors").into(0)), "last_updated": updated}]
    evse["last_updated"] = updated
    return evse


def _connector(old: Value, evse: Value, place: Place) -> Value:
    known = _stored_connector(evse, old.get("connector_id"))
    standard = old.get("connector_standard")
    if not is_in(standard, CONNECTORS_211) and is_in(known.get("standard"), CONNECTORS_211):
        place.into("standard").approximated(standard, known["standard"])
        standard = known["standard"]
    connector = {
        "id": old.get("connector_id"),
        "standard": standard,
        "format": old.get("connector_format"),
        "power_type": old.get("connector_power_type"),
        "max_voltage": known.get("max_voltage") or 0,
        "max_amperage": known.get("max_amperage") or 0,
    }
    for new, name in (("voltage", "max_voltage"), ("amperage", "max_amperage")):
        place.into(new).defaulted(connector[name])
    return locations_down.connector(connector, place)


def _stored_connector(evse: Value, connector_id: Any) -> Value:
    for connector in evse.get("connectors") or []:
        if str(connector.get("id")).casefold() == str(connector_id).casefold():
            return dict(connector)
    return {}


def _finish_down(source: Value, out: Value, place: Place) -> None:
    _location(source, out, place)
    _tariffs(source, out, place)


down = Shape(
    fields={
        "country_code": TAKEN,
        "party_id": TAKEN,
        "start_date_time": Field("start_date_time", seconds),
        "end_date_time": Field("stop_date_time", seconds),
        "cdr_token": Field("auth_id", auth_id),
        "auth_method": Field("auth_method", auth_method_down),
        "cdr_location": TAKEN,
        "tariffs": TAKEN,
        "charging_periods": Field("charging_periods", periods_down),
        "signed_data": dropped("calibration law: the receiver cannot check the measured values"),
        "total_cost": Field("total_cost", price_down),
        "credit": TAKEN,
        "home_charging_compensation": TAKEN,
        "last_updated": Field("last_updated", seconds),
    },
    known=names("id meter_id currency total_energy total_time total_parking_time remark"),
    is_closed=True,
    check=_check,
    finish=_finish_down,
)

# --- up --------------------------------------------------------------------------------------------------------------


def _cdr_location(value: Any, place: Place) -> Value:
    """The CdrLocation in a 2.1.1 CDR's location. Raises Untranslatable where its EVSE has no connector."""
    location = expect_object(value, place)
    evse = first(location, "evses")
    connector = first(evse, "connectors") if evse else NO_CONNECTOR
    if not connector:
        raise place.refuse("has no connector, which a CDR must name from OCPI 2.2 on")
    out = {name: location[name] for name in COPIED if location.get(name) is not None}
    out["id"] = short_id(out.get("id"), place.into("id"))
    out["address"] = cut(45)(out.get("address"), place.into("address"))
    out["country"] = ALPHA_3.get(str(out.get("country")).upper(), out.get("country"))
    out["evse_uid"] = short_id(evse.get("uid"), place.into("evses[0].uid")) or UNKNOWN
    out["evse_id"] = evse.get("evse_id") or UNKNOWN
    if out["evse_id"] == UNKNOWN:
        place.into("evses[0].evse_id").defaulted(UNKNOWN)
    for name, new in (
        ("id", "connector_id"),
        ("standard", "connector_standard"),
        ("format", "connector_format"),
        ("power_type", "connector_power_type"),
    ):
        out[new] = connector.get(name)
    if connector is NO_CONNECTOR:
        place.into("evses").defaulted(NO_CONNECTOR, "as for a reservation that was never used")
    place.approximated(location, out)
    return out


def _finish_up(source: Value, out: Value, place: Place) -> None:
    owned(out, place)
    location_id = (out.get("cdr_location") or {}).get("id")
    contract = source.get("auth_id")
    out["cdr_token"] = cdr_token(contract, location_id, place.into("auth_id"))
    reference = place.context.known("AuthorizationReference", str(contract), str(location_id or ""))
    if reference:
        out.setdefault("authorization_reference", reference["authorization_reference"])


up = Shape(
    fields={
        "stop_date_time": Field("end_date_time"),
        "auth_id": TAKEN,
        "location": Field("cdr_location", _cdr_location),
        "tariffs": Field("tariffs", each(tariffs.up)),
        "charging_periods": Field("charging_periods", periods_up),
        "total_cost": Field("total_cost", price_up),
    },
    finish=_finish_up,
)
