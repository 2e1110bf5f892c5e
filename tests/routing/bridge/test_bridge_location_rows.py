"""One case for each row of the tables of locations, EVSEs and connectors where a rule can go wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.routing.bridge.rows import Row, check
from tests.routing.bridge.samples import (
    CONNECTOR_211,
    CONNECTOR_221,
    LOCATION_221,
    UPDATED,
    D,
)
from tests.routing.bridge.surroundings import ABSENT

OLD, MID, NEW = "2.2.1>2.1.1", "2.3.0>2.2.1", "2.3.0>2.1.1"
UP, UPPER, UPMOST = "2.1.1>2.2.1", "2.2.1>2.3.0", "2.1.1>2.3.0"
TEN = "0123456789"
LONG = "x" * 37


def location(route: str, given: dict[str, Any], expected: dict[str, Any], *lost: str, **more: Any) -> Row:
    return Row("Location", route, given, expected, lost, **more)


def evse(route: str, given: dict[str, Any], expected: dict[str, Any], *lost: str, **more: Any) -> Row:
    return Row("EVSE", route, given, expected, lost, **more)


LOCATIONS = [
    *(
        location(route, {"parking_type": old}, {"type": new}, *lost)
        for route in (OLD, NEW)
        for old, new, lost in (
            ("ALONG_MOTORWAY", "OTHER", ("parking_type approximated",)),
            ("ON_DRIVEWAY", "OTHER", ("parking_type approximated",)),
            ("ON_STREET", "ON_STREET", ()),
            ("PARKING_LOT", "PARKING_LOT", ()),
            ("PARKING_GARAGE", "PARKING_GARAGE", ()),
            ("UNDERGROUND_GARAGE", "UNDERGROUND_GARAGE", ()),
            (ABSENT, "UNKNOWN", ("type defaulted",)),
        )
    ),
    location(NEW, {"parking_type": "ROOFTOP"}, {"type": "UNKNOWN"}, "parking_type dropped", "type defaulted"),
    location(MID, {"parking_type": "ROOFTOP"}, {"parking_type": ABSENT}, "parking_type dropped"),
    location(UP, {"type": "OTHER"}, {"parking_type": ABSENT, "type": ABSENT}, "type dropped"),
    location(UP, {"type": "UNKNOWN"}, {"parking_type": ABSENT, "type": ABSENT}),
    location(UPMOST, {"type": "UNKNOWN"}, {"parking_type": ABSENT}),
    location(OLD, {"postal_code": ABSENT}, {"postal_code": ""}, "postal_code defaulted"),
    location(OLD, {"postal_code": None}, {"postal_code": ""}, "postal_code defaulted"),
    location(OLD, {"address": TEN * 5}, {"address": TEN * 4 + "01234"}, "address approximated"),
    location(OLD, {"address": "é" * 45}, {"address": "é" * 45}),
    location(MID, {"address": TEN * 20}, {"address": TEN * 20}),
    location(OLD, {"state": "Oost-Vlaanderen"}, {"state": ABSENT}, "state dropped"),
    location(MID, {"state": "Oost-Vlaanderen"}, {"state": "Oost-Vlaanderen"}),
    location(OLD, {"help_phone": "+32"}, {"help_phone": ABSENT}, "help_phone dropped"),
    location(MID, {"help_phone": "+32"}, {"help_phone": ABSENT}, "help_phone dropped"),
    location(UPPER, {"help_phone": "+32"}, {"help_phone": "+32"}),
    location(MID, {"parking_places": [{"id": "P"}]}, {"parking_places": ABSENT}, "parking_places dropped"),
    location(MID, {"parking_places": []}, {"parking_places": ABSENT}),
    location(OLD, {"publish": False}, {}, refused="not to be published"),
    location(NEW, {"publish": False}, {}, refused="not to be published"),
    location(MID, {"publish": False}, {"publish": False}),
    location(OLD, {"publish_allowed_to": [{"type": "RFID"}]}, {}, "publish_allowed_to dropped"),
    location(
        MID,
        {"publish_allowed_to": [{"type": "EMAID", "issuer": "x"}]},
        {"publish_allowed_to": [{"type": "OTHER", "issuer": "x"}]},
        "publish_allowed_to[0].type approximated",
    ),
    location(OLD, {}, {"publish": ABSENT, "country_code": ABSENT, "party_id": ABSENT, "parking_type": ABSENT}),
    location(UP, {}, {"publish": True, "country_code": "BE", "party_id": "BEC"}),
    location(UP, {"country_code": "XX", "party_id": "YYY"}, {"country_code": "BE", "party_id": "BEC"}),
    location(UP, {"id": LONG}, {}, refused="longer than 36"),
    location(UPMOST, {"id": LONG}, {}, refused="longer than 36"),
    location(UP, {"id": "x" * 36}, {"id": "x" * 36}),
    location(UP, {"id": "loc1"}, {}, refused="only by case"),
    location(UPMOST, {"evses": [{"uid": "e1"}, {"uid": "E1"}]}, {}, refused=r"evses\[1\].uid differs from another"),
    evse(UP, {"connectors": [{"id": "a"}, {"id": "A"}]}, {}, refused=r"connectors\[1\].id differs from another"),
    location(UP, {"evses.0.uid": LONG}, {}, refused="longer than 36"),
    location(UP, {"country": "BE"}, {"country": "BEL"}),
    location(UP, {"time_zone": ABSENT}, {"time_zone": "Europe/Brussels"}, "time_zone defaulted"),
    location(UP, {"time_zone": ABSENT, "country": "JPN"}, {"time_zone": "Asia/Tokyo"}, "time_zone defaulted"),
    location(UP, {"time_zone": ABSENT, "country": "XXX"}, {}, refused="no known country"),
    *(
        location(
            UP,
            {"time_zone": ABSENT, "country": country},
            {"time_zone": zone},
            "time_zone defaulted",
            context={"zone_at": lambda latitude, longitude: "Atlantic/Canary"},
        )
        for country, zone in (("ESP", "Atlantic/Canary"), ("XXX", "Atlantic/Canary"), ("BEL", "Europe/Brussels"))
    ),
    *(
        location(OLD, {"coordinates.latitude": old}, {"coordinates.latitude": new}, *lost)
        for old, new, lost in (
            ("51.04759", "51.047590", ()),
            ("51.0475994", "51.047599", ("coordinates.latitude approximated",)),
            ("-51.0475996", "-51.047600", ("coordinates.latitude approximated",)),
            ("51.047599", "51.047599", ()),
            ("51", "51.000000", ()),
            ("north", "north", ()),
        )
    ),
    location(
        OLD,
        {"related_locations": [{"latitude": "1.0000001", "longitude": "2.00000"}]},
        {"related_locations": [{"latitude": "1.000000", "longitude": "2.000000"}]},
        "related_locations[0].latitude approximated",
    ),
    *(
        location(route, {"facilities": ["HOTEL", value]}, {"facilities": ["HOTEL"]}, "facilities[1] dropped")
        for route, values in (
            (OLD, ("BIKE_SHARING", "PARKING_LOT", "TRAM_STOP", "METRO_STATION")),
            (MID, ("SAUNA",)),
        )
        for value in values
    ),
    location(MID, {"facilities": ["TRAM_STOP"]}, {"facilities": ["TRAM_STOP"]}),
    location(UP, {"opening_times": {}}, {"opening_times": ABSENT}),
    location(
        UP,
        {"opening_times": {"exceptional_openings": [{"period_begin": UPDATED, "period_end": UPDATED}]}},
        {"opening_times": ABSENT},
        "opening_times dropped",
    ),
    location(
        UP,
        {"opening_times": {"regular_hours": [{"weekday": 1}]}},
        {"opening_times": {"twentyfourseven": False, "regular_hours": [{"weekday": 1}]}},
    ),
    location(
        OLD,
        {"opening_times": {"twentyfourseven": False, "regular_hours": [{"weekday": 1}]}},
        {"opening_times": {"twentyfourseven": False, "regular_hours": [{"weekday": 1}]}},
    ),
    location(OLD, {"last_updated": "2026-04-30T10:00:00.999Z"}, {"last_updated": UPDATED}, "last_updated approximated"),
    location(MID, {"last_updated": "2026-04-30T10:00:00.999Z"}, {"last_updated": "2026-04-30T10:00:00.999Z"}),
    location(UP, {"last_updated": "2026-04-30T10:00:00"}, {"last_updated": "2026-04-30T10:00:00"}),
    location(
        MID,
        {"energy_mix.environ_impact": [{"category": "NOISE", "amount": 1}]},
        {"energy_mix.environ_impact": []},
        "energy_mix.environ_impact[0] dropped",
    ),
    location(
        NEW,
        {"energy_mix.environ_impact": [{"category": "CARBON_DIOXIDE", "amount": D("37.30")}]},
        {"energy_mix.environ_impact": [{"source": "CARBON_DIOXIDE", "amount": D("37.30")}]},
    ),
    location(
        MID,
        {"images": [{"category": "DRONE", "url": "u"}]},
        {"images": [{"category": "OTHER", "url": "u"}]},
        "images[0].category approximated",
    ),
    location(
        MID,
        {"operator.logo": {"category": "DRONE"}},
        {"operator.logo.category": "OTHER"},
        "operator.logo.category approximated",
    ),
    *(
        location(
            route,
            {"operator": ABSENT},
            {"operator": {"name": "BeCharged"}},
            "operator defaulted",
            context={"owner_details": {"name": "BeCharged"}},
        )
        for route in (OLD, UP)
    ),
    location(OLD, {"operator": ABSENT}, {"operator": ABSENT}),
    location(OLD, {"x_custom": 1}, {"x_custom": ABSENT}, "x_custom dropped"),
    location(MID, {"x_custom": 1}, {"x_custom": ABSENT}, "x_custom dropped"),
    location(UPPER, {"x_custom": 1}, {"x_custom": 1}),
    location(UP, {"x_custom": 1}, {"x_custom": 1}),
    location(OLD, {"evses": "none"}, {}, refused="is not a list"),
    location(OLD, {"evses": ["none"]}, {}, refused="is not an object"),
    location(OLD, {"evses": ABSENT}, {"evses": ABSENT}),
    location(OLD, {"evses": None}, {"evses": None}),
    *(
        location(route, {"evses.0.connectors.0.standard": value}, {"evses": []}, "evses[0] dropped")
        for route, value in ((OLD, "CHAOJI"), (NEW, "MCS"), (MID, "SAE_J3400"))
    ),
]

NEW_CAPABILITIES = (
    "CHARGING_PREFERENCES_CAPABLE CHIP_CARD_SUPPORT CONTACTLESS_CARD_SUPPORT DEBIT_CARD_PAYABLE PED_TERMINAL"
    " START_SESSION_CONNECTOR_REQUIRED TOKEN_GROUP_CAPABLE"
).split()
SECOND = {**CONNECTOR_221, "id": "2"}

EVSES = [
    *(
        evse(
            OLD, {"capabilities": ["RFID_READER", value]}, {"capabilities": ["RFID_READER"]}, "capabilities[1] dropped"
        )
        for value in NEW_CAPABILITIES
    ),
    *(evse(MID, {"capabilities": [value]}, {"capabilities": [value]}) for value in NEW_CAPABILITIES),
    evse(MID, {"capabilities": ["HOVERING"]}, {"capabilities": []}, "capabilities[0] dropped"),
    evse(UP, {"capabilities": ["CHARGING_PROFILE_CAPABLE"]}, {"capabilities": []}, "capabilities dropped"),
    evse(UP, {"capabilities": ["CREDIT_CARD_PAYABLE"]}, {"capabilities": ["CREDIT_CARD_PAYABLE"]}),
    evse(
        OLD,
        {
            "capabilities": ["START_SESSION_CONNECTOR_REQUIRED", "REMOTE_START_STOP_CAPABLE"],
            "connectors": [CONNECTOR_221, SECOND],
        },
        {"capabilities": []},
        "capabilities[0] dropped",
        "capabilities dropped",
    ),
    evse(
        OLD,
        {"capabilities": ["START_SESSION_CONNECTOR_REQUIRED", "REMOTE_START_STOP_CAPABLE"]},
        {"capabilities": ["REMOTE_START_STOP_CAPABLE"]},
        "capabilities[0] dropped",
    ),
    *(
        evse(route, {"parking_restrictions": [old]}, {"parking_restrictions": new}, f"parking_restrictions[0] {what}")
        for route in (MID, NEW)
        for old, new, what in (
            ("EMPLOYEES", ["CUSTOMERS"], "approximated"),
            ("TENANTS", ["CUSTOMERS"], "approximated"),
            ("TAXIS", [], "dropped"),
            ("MARTIANS", [], "dropped"),
        )
    ),
    evse(MID, {"parking": [{"parking_id": "P"}]}, {"parking": ABSENT}, "parking dropped"),
    evse(MID, {"accepted_service_providers": ["x"]}, {}, "accepted_service_providers dropped"),
    evse(UP, {"uid": LONG}, {}, refused="longer than 36"),
    evse(UP, {"status": "INOPERATIVE"}, {"status": "INOPERATIVE"}),
    evse(
        OLD,
        {"status_schedule.0.period_begin": "2026-04-30T10:00:00.5Z"},
        {"status_schedule.0.period_begin": UPDATED},
        "status_schedule[0].period_begin approximated",
    ),
    evse(OLD, {"connectors.0.standard": "GBT_AC"}, {}, refused="no connector is known"),
    evse(MID, {"connectors.0.standard": "MCS"}, {}, refused="no connector is known"),
    evse(
        OLD,
        {"connectors": [CONNECTOR_221, {**SECOND, "standard": "GBT_DC", "max_electric_power": 9}]},
        {"connectors": [CONNECTOR_211]},
        "connectors[1] dropped",
    ),
    evse(
        OLD,
        {},
        {},
        refused="not to be published",
        memory={"Location BE/BEC/LOC1": {**LOCATION_221, "publish": False}},
        context={"ids": {"location_id": "LOC1", "evse_uid": "E1"}},
    ),
]


@pytest.mark.parametrize("row", LOCATIONS + EVSES, ids=str)
def test_a_place_crosses_by_its_row(row: Row) -> None:
    check(row)
