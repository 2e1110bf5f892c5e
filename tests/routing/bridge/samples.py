"""Objects that cross between any two versions with as little loss as OCPI allows, written out for each version."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

UPDATED = "2026-04-30T10:00:00Z"

D = Decimal


CONNECTOR_211 = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "voltage": 230,
    "amperage": 32,
    "tariff_id": "T1",
    "last_updated": UPDATED,
}
CONNECTOR_221 = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 32,
    "tariff_ids": ["T1"],
    "last_updated": UPDATED,
}
_EVSE = {
    "uid": "E1",
    "evse_id": "BE*BEC*E1",
    "status": "AVAILABLE",
    "status_schedule": [{"period_begin": UPDATED, "status": "PLANNED"}],
    "capabilities": ["RFID_READER", "RESERVABLE"],
    "floor_level": "-1",
    "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
    "physical_reference": "A",
    "directions": [{"language": "en", "text": "behind the hall"}],
    "parking_restrictions": ["EV_ONLY"],
    "images": [{"url": "https://cpo.example/e.png", "category": "CHARGER", "type": "png"}],
    "last_updated": UPDATED,
}
EVSE_211 = {**_EVSE, "connectors": [CONNECTOR_211]}
EVSE_221 = {**_EVSE, "connectors": [CONNECTOR_221]}
_LOCATION = {
    "id": "LOC1",
    "name": "Hall",
    "address": "Station Road 1",
    "city": "Gent",
    "postal_code": "9000",
    "country": "BEL",
    "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
    "related_locations": [{"latitude": "51.047600", "longitude": "3.729945"}],
    "directions": [{"language": "en", "text": "left"}],
    "operator": {"name": "BeCharged", "website": "https://cpo.example"},
    "facilities": ["HOTEL", "WIFI"],
    "time_zone": "Europe/Brussels",
    "opening_times": {"twentyfourseven": True},
    "charging_when_closed": True,
    "last_updated": UPDATED,
}
_MIX = {"is_green_energy": True, "energy_sources": [{"source": "WIND", "percentage": 100}]}
LOCATION_211 = {
    **_LOCATION,
    "type": "ON_STREET",
    "evses": [EVSE_211],
    "energy_mix": {**_MIX, "environ_impact": [{"source": "NUCLEAR_WASTE", "amount": D("0.00")}]},
}
LOCATION_221 = {
    "country_code": "BE",
    "party_id": "BEC",
    "publish": True,
    **_LOCATION,
    "parking_type": "ON_STREET",
    "evses": [EVSE_221],
    "energy_mix": {**_MIX, "environ_impact": [{"category": "NUCLEAR_WASTE", "amount": D("0.00")}]},
}
TOKEN_211 = {
    "uid": "012345678",
    "type": "RFID",
    "auth_id": "NL-TNM-C12345678-X",
    "visual_number": "DF000-2001-8999",
    "issuer": "TheNewMotion",
    "valid": True,
    "whitelist": "ALWAYS",
    "language": "nl",
    "last_updated": UPDATED,
}
TOKEN_221 = {
    "country_code": "NL",
    "party_id": "TNM",
    "uid": "012345678",
    "type": "RFID",
    "contract_id": "NL-TNM-C12345678-X",
    "visual_number": "DF000-2001-8999",
    "issuer": "TheNewMotion",
    "valid": True,
    "whitelist": "ALWAYS",
    "language": "nl",
    "last_updated": UPDATED,
}
CDR_TOKEN = {
    "country_code": "NL",
    "party_id": "TNM",
    "uid": "012345678",
    "type": "RFID",
    "contract_id": "NL-TNM-C12345678-X",
}
PERIODS = [
    {"start_date_time": "2026-04-30T08:00:00Z", "dimensions": [{"type": "ENERGY", "volume": D("1.50")}]},
    {"start_date_time": "2026-04-30T08:15:00Z", "dimensions": [{"type": "TIME", "volume": D("0.25")}]},
]
THIRD = {"start_date_time": "2026-04-30T08:30:00Z", "dimensions": [{"type": "PARKING_TIME", "volume": 1}]}
SESSION_211 = {
    "id": "S1",
    "start_datetime": "2026-04-30T08:00:00Z",
    "end_datetime": "2026-04-30T09:00:00Z",
    "kwh": D("4.10"),
    "auth_id": "NL-TNM-C12345678-X",
    "auth_method": "WHITELIST",
    "location": LOCATION_211,
    "meter_id": "M1",
    "currency": "EUR",
    "charging_periods": PERIODS,
    "total_cost": D("2.50"),
    "status": "ACTIVE",
    "last_updated": UPDATED,
}
SESSION_221 = {
    "country_code": "BE",
    "party_id": "BEC",
    "id": "S1",
    "start_date_time": "2026-04-30T08:00:00Z",
    "end_date_time": "2026-04-30T09:00:00Z",
    "kwh": D("4.10"),
    "cdr_token": CDR_TOKEN,
    "auth_method": "WHITELIST",
    "location_id": "LOC1",
    "evse_uid": "E1",
    "connector_id": "1",
    "meter_id": "M1",
    "currency": "EUR",
    "charging_periods": PERIODS,
    "total_cost": {"excl_vat": D("2.50")},
    "status": "ACTIVE",
    "last_updated": UPDATED,
}
SESSION_230 = {**SESSION_221, "total_cost": {"before_taxes": D("2.50")}}
_ELEMENTS = [
    {
        "price_components": [{"type": "ENERGY", "price": D("0.25"), "step_size": 1}],
        "restrictions": {"start_time": "08:00", "max_power": 11, "day_of_week": ["MONDAY"]},
    },
    {"price_components": [{"type": "TIME", "price": D("2.00"), "step_size": 300}]},
]
TARIFF_211 = {
    "id": "T1",
    "currency": "EUR",
    "tariff_alt_text": [{"language": "en", "text": "2 euro per hour"}],
    "tariff_alt_url": "https://cpo.example/t1",
    "elements": _ELEMENTS,
    "last_updated": UPDATED,
}
TARIFF_221 = {"country_code": "BE", "party_id": "BEC", **TARIFF_211}
TARIFF_230 = {**TARIFF_221, "tax_included": "NO"}
CDR_LOCATION = {
    "id": "LOC1",
    "name": "Hall",
    "address": "Station Road 1",
    "city": "Gent",
    "postal_code": "9000",
    "country": "BEL",
    "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
    "evse_uid": "E1",
    "evse_id": "BE*BEC*E1",
    "connector_id": "1",
    "connector_standard": "IEC_62196_T2",
    "connector_format": "SOCKET",
    "connector_power_type": "AC_3_PHASE",
}
_CDR = {
    "id": "C1",
    "start_date_time": "2026-04-30T08:00:00Z",
    "auth_method": "WHITELIST",
    "meter_id": "M1",
    "currency": "EUR",
    "charging_periods": PERIODS,
    "total_energy": D("4.10"),
    "total_time": D("1.0"),
    "total_parking_time": D("0.5"),
    "remark": "none",
    "last_updated": UPDATED,
}
CDR_211 = {
    **_CDR,
    "stop_date_time": "2026-04-30T09:00:00Z",
    "auth_id": "NL-TNM-C12345678-X",
    "location": LOCATION_211,
    "tariffs": [TARIFF_211],
    "total_cost": D("2.50"),
}
CDR_221 = {
    "country_code": "BE",
    "party_id": "BEC",
    **_CDR,
    "end_date_time": "2026-04-30T09:00:00Z",
    "cdr_token": CDR_TOKEN,
    "cdr_location": CDR_LOCATION,
    "tariffs": [TARIFF_221],
    "total_cost": {"excl_vat": D("2.50")},
}
CDR_230 = {**CDR_221, "tariffs": [TARIFF_230], "total_cost": {"before_taxes": D("2.50")}}
START_211 = {"response_url": "https://e.example/1", "token": TOKEN_211, "location_id": "LOC1", "evse_uid": "E1"}
START_221 = {**START_211, "token": TOKEN_221}
RESERVE_211 = {**START_211, "expiry_date": "2026-05-01T13:00:00Z", "reservation_id": 17}
RESERVE_221 = {**START_221, "expiry_date": "2026-05-01T13:00:00Z", "reservation_id": "17"}
STOP = {"response_url": "https://e.example/1", "session_id": "S1"}
UNLOCK = {"response_url": "https://e.example/1", "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"}
REFERENCES = {"location_id": "LOC1", "evse_uids": ["E1"]}
AUTHORIZATION_211 = {"allowed": "ALLOWED", "location": REFERENCES, "info": {"language": "en", "text": "go"}}
AUTHORIZATION_221 = {**AUTHORIZATION_211, "token": TOKEN_221}

SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "Location": {"2.1.1": LOCATION_211, "2.2.1": LOCATION_221, "2.3.0": LOCATION_221},
    "EVSE": {"2.1.1": EVSE_211, "2.2.1": EVSE_221, "2.3.0": EVSE_221},
    "Connector": {"2.1.1": CONNECTOR_211, "2.2.1": CONNECTOR_221, "2.3.0": CONNECTOR_221},
    "Session": {"2.1.1": SESSION_211, "2.2.1": SESSION_221, "2.3.0": SESSION_230},
    "CDR": {"2.1.1": CDR_211, "2.2.1": CDR_221, "2.3.0": CDR_230},
    "Tariff": {"2.1.1": TARIFF_211, "2.2.1": TARIFF_221, "2.3.0": TARIFF_230},
    "Token": {"2.1.1": TOKEN_211, "2.2.1": TOKEN_221, "2.3.0": TOKEN_221},
    "StartSession": {"2.1.1": START_211, "2.2.1": START_221, "2.3.0": START_221},
    "ReserveNow": {"2.1.1": RESERVE_211, "2.2.1": RESERVE_221, "2.3.0": RESERVE_221},
    "StopSession": {"2.1.1": STOP, "2.2.1": STOP, "2.3.0": STOP},
    "UnlockConnector": {"2.1.1": UNLOCK, "2.2.1": UNLOCK, "2.3.0": UNLOCK},
    "LocationReferences": {"2.1.1": REFERENCES, "2.2.1": REFERENCES, "2.3.0": REFERENCES},
    "AuthorizationInfo": {"2.1.1": AUTHORIZATION_211, "2.2.1": AUTHORIZATION_221, "2.3.0": AUTHORIZATION_221},
    "CommandResponse": {
        "2.1.1": {"result": "ACCEPTED"},
        "2.2.1": {"result": "ACCEPTED", "timeout": 120},
        "2.3.0": {"result": "ACCEPTED", "timeout": 120},
    },
    "CommandResult": {version: {"result": "ACCEPTED"} for version in ("2.1.1", "2.2.1", "2.3.0")},
}
"""The same thing in each version."""

_CDR_DOWN = {
    "cdr_token approximated",
    "location.type defaulted",
    "location.evses[0].status defaulted",
    "location.evses[0].connectors[0].voltage defaulted",
    "location.evses[0].connectors[0].amperage defaulted",
}
ALWAYS_LOST: dict[str, dict[str, set[str]]] = {
    "down": {
        "Session": {"cdr_token approximated"},
        "CDR": _CDR_DOWN,
        "AuthorizationInfo": {"token dropped"},
        "CommandResponse": {"timeout dropped"},
    },
    "up": {
        "Session": {"location approximated"},
        "CDR": {"location approximated"},
        "CommandResponse": {"timeout defaulted"},
    },
}
"""What the sample cannot keep between 2.2.1 and 2.1.1, however good memory is."""
