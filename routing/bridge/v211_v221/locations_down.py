"""Location, EVSE and Connector from OCPI 2.2.1 to 2.1.1."""

from __future__ import annotations

from typing import Any

from routing.bridge.refusals import Unmapped
from routing.bridge.shape import (
    GONE,
    TAKEN,
    Field,
    Place,
    Shape,
    Value,
    each,
    expect_list,
    names,
    nested,
    same,
)
from routing.bridge.turns import cut, dropped, energy_mix_down, is_active, periods, seconds, six_decimals
from routing.bridge.words import (
    CAPABILITIES_211,
    CONNECTORS_211,
    FACILITIES_211,
    LOCATION_TYPES_211,
    PARKING_RESTRICTIONS,
    POWER_TYPES_211,
    connector_standard,
    word,
    words,
)

NEEDS_CONNECTOR = "START_SESSION_CONNECTOR_REQUIRED"
REMOTE_START = "REMOTE_START_STOP_CAPABLE"


def one_tariff(value: Any, place: Place) -> Any:
    """The one tariff a 2.1.1 connector can have: regular and active now; else the first that is not known."""
    ids = [tariff_id for tariff_id in expect_list(value, place) if isinstance(tariff_id, str)]
    known = {tariff_id: place.context.known("Tariff", tariff_id) for tariff_id in ids}
    fit = [tariff_id for tariff_id, tariff in known.items() if tariff and _is_regular(tariff, place)]
    unknown = [tariff_id for tariff_id, tariff in known.items() if tariff is None]
    chosen = next(iter(fit + unknown), None)
    if chosen is None:
        place.dropped(value, "none of these tariffs is regular and active")
        return GONE
    if len(ids) > 1:
        place.approximated(value, chosen)
    return chosen


def _is_regular(tariff: Value, place: Place) -> bool:
    return tariff.get("type") in (None, "REGULAR") and is_active(tariff, place)


connector = Shape(
    fields={
        "standard": Field("standard", connector_standard(CONNECTORS_211)),
        "power_type": Field(
            "power_type",
            word(POWER_TYPES_211, {"AC_2_PHASE": "AC_1_PHASE", "AC_2_PHASE_SPLIT": "AC_1_PHASE"}, other="AC_1_PHASE"),
        ),
        "max_voltage": Field("voltage"),
        "max_amperage": Field("amperage"),
        "max_electric_power": dropped("the receiver may overestimate the power"),
        "tariff_ids": Field("tariff_id", one_tariff),
        "last_updated": Field("last_updated", seconds),
    },
    known=names("id format terms_and_conditions"),
    is_closed=True,
)


def _check_hidden(source: Value, place: Place) -> None:
    """An update of something inside a location that is not published must not reach a 2.1.1 party either."""
    location_id = place.context.ids.get("location_id")
    stored = place.context.known("Location", location_id) if location_id and not place.path else None
    if stored is not None and stored.get("publish") is False:
        raise place.refuse("belongs to a location that is not to be published, which OCPI 2.1.1 cannot say")


def _connectors(source: Value, out: Value, place: Place) -> None:
    if source.get("connectors") and not out.get("connectors"):
        raise Unmapped(f"{place.object_name}: {place.path} no connector is known in OCPI 2.1.1")
    capabilities = source.get("capabilities")
    if not isinstance(capabilities, list) or not {NEEDS_CONNECTOR, REMOTE_START} <= set(map(str, capabilities)):
        return
    if _connector_count(source, place) > 1:
        out["capabilities"] = [word for word in out["capabilities"] if word != REMOTE_START]
        place.into("capabilities").dropped(REMOTE_START, "a 2.1.1 StartSession cannot name a connector")


def _connector_count(evse: Value, place: Place) -> int:
    """How many connectors an EVSE has; where a PATCH does not say and memory does not know, more than one."""
    connectors = evse.get("connectors")
    if connectors is None:
        stored = place.context.known("Location", place.context.ids.get("location_id", ""))
        found = evse_of(stored or {}, place.context.ids.get("evse_uid", ""))
        connectors = found.get("connectors") if found else None
    return len(connectors) if isinstance(connectors, list) else 2


def evse_of(location: Value, uid: Any) -> Value | None:
    """The EVSE of a location with this uid, compared as a CiString."""
    for evse in location.get("evses") or []:
        if isinstance(evse, dict) and str(evse.get("uid")).casefold() == str(uid).casefold():
            return evse
    return None


evse = Shape(
    fields={
        "status_schedule": Field("status_schedule", periods),
        "capabilities": Field("capabilities", words(CAPABILITIES_211)),
        "coordinates": Field("coordinates", six_decimals),
        "parking_restrictions": Field("parking_restrictions", words(PARKING_RESTRICTIONS)),
        "connectors": Field("connectors", each(connector, leave_out=Unmapped)),
        "last_updated": Field("last_updated", seconds),
    },
    known=names("uid evse_id status floor_level physical_reference directions images"),
    is_closed=True,
    finish=_connectors,
)


def _check_published(source: Value, place: Place) -> None:
    if source.get("publish") is False:
        raise place.refuse("is not to be published, which OCPI 2.1.1 cannot say")
    if source.get("publish") is not True:
        _check_hidden(source, place)


def _complete(source: Value, out: Value, place: Place) -> None:
    """What 2.1.1 requires and 2.2.1 does not; of a PATCH, what it takes away."""
    for name, value in (("type", "UNKNOWN"), ("postal_code", "")):
        if out.get(name) is None and (name in out or not place.is_partial):
            out[name] = value
            place.into(name).defaulted(value)
    if place.is_partial:
        return
    details = place.context.owner_details
    if details and out.get("operator") is None:
        out["operator"] = dict(details)
        place.into("operator").defaulted(out["operator"])


_hours = nested(Shape(same("exceptional_openings", "exceptional_closings", turn=periods)))

location = Shape(
    fields={
        "country_code": TAKEN,
        "party_id": TAKEN,
        "publish": TAKEN,
        "parking_type": Field("type", word(LOCATION_TYPES_211, other="OTHER")),
        "address": Field("address", cut(45)),
        "coordinates": Field("coordinates", six_decimals),
        "related_locations": Field("related_locations", each(six_decimals)),
        "evses": Field("evses", each(evse, leave_out=Unmapped)),
        "facilities": Field("facilities", words(FACILITIES_211)),
        "opening_times": Field("opening_times", _hours),
        "energy_mix": Field("energy_mix", energy_mix_down),
        "last_updated": Field("last_updated", seconds),
    },
    known=names(
        "id name city postal_code country directions operator suboperator owner time_zone charging_when_closed images"
    ),
    is_closed=True,
    check=_check_published,
    finish=_complete,
)

evse_alone = Shape(evse.fields, evse.known, is_closed=True, check=_check_hidden, finish=_connectors)
connector_alone = Shape(connector.fields, connector.known, is_closed=True, check=_check_hidden)
