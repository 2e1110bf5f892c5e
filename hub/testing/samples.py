"""Objects to begin with: a location, a tariff, a token, a session and a CDR, in the words of each version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from routing.ocpi import PartyId

OLD = "2.1.1"
NEW = "2.3.0"


def now() -> str:
    """Now, as OCPI writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def owned(version: str, owner: PartyId) -> dict[str, str]:
    """The owner as an object names it; 2.1.1 names none."""
    return {} if version == OLD else {"country_code": owner.country_code, "party_id": owner.party_id}


def location(version: str, owner: PartyId, location_id: str = "LOC1") -> dict[str, Any]:
    """A location with one EVSE and one connector."""
    connector: dict[str, Any] = {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "last_updated": now(),
    }
    connector |= {"voltage": 230, "amperage": 32} if version == OLD else {"max_voltage": 230, "max_amperage": 32}
    evse = {"uid": f"{location_id}-1", "status": "AVAILABLE", "connectors": [connector], "last_updated": now()}
    place: dict[str, Any] = {
        **owned(version, owner),
        "id": location_id,
        "name": "Market square",
        "address": "Markt 1",
        "city": "Delft",
        "postal_code": "2611GP",
        "country": "NLD",
        "coordinates": {"latitude": "52.011600", "longitude": "4.359200"},
        "evses": [evse],
        "last_updated": now(),
    }
    if version == OLD:
        return {**place, "type": "ON_STREET"}
    return {**place, "publish": True, "time_zone": "Europe/Amsterdam"}


def tariff(version: str, owner: PartyId, tariff_id: str = "TAR1") -> dict[str, Any]:
    """So much a kilowatt-hour."""
    component = {"type": "ENERGY", "price": 0.25, "step_size": 1}
    made = {
        **owned(version, owner),
        "id": tariff_id,
        "currency": "EUR",
        "elements": [{"price_components": [component]}],
        "last_updated": now(),
    }
    return {**made, "tax_included": "NO"} if version == NEW else made


def token(version: str, owner: PartyId, uid: str = "012345678") -> dict[str, Any]:
    """An RFID card."""
    made: dict[str, Any] = {
        **owned(version, owner),
        "uid": uid,
        "type": "RFID",
        "issuer": "Fake mobility",
        "valid": True,
        "whitelist": "ALLOWED",
        "last_updated": now(),
    }
    contract = f"{owner.country_code}{owner.party_id}C{uid}"
    return {**made, "auth_id" if version == OLD else "contract_id": contract}


def cdr_token(owner: PartyId, uid: str = "012345678") -> dict[str, str]:
    """The card as a session and a CDR name it, from 2.2 on."""
    return {
        "country_code": owner.country_code,
        "party_id": owner.party_id,
        "uid": uid,
        "type": "RFID",
        "contract_id": f"{owner.country_code}{owner.party_id}C{uid}",
    }


def session(
    version: str, owner: PartyId, driver: PartyId, session_id: str = "SES1", status: str = "ACTIVE"
) -> dict[str, Any]:
    """A charging session of a card."""
    made: dict[str, Any] = {
        **owned(version, owner),
        "id": session_id,
        "kwh": 1.5,
        "auth_method": "AUTH_REQUEST",
        "currency": "EUR",
        "status": status,
        "last_updated": now(),
    }
    if version == OLD:
        auth_id = cdr_token(driver)["contract_id"]
        return {**made, "start_datetime": now(), "auth_id": auth_id, "location": location(version, owner)}
    return {
        **made,
        "start_date_time": now(),
        "cdr_token": cdr_token(driver),
        "location_id": "LOC1",
        "evse_uid": "LOC1-1",
        "connector_id": "1",
    }


def cdr(version: str, owner: PartyId, driver: PartyId, cdr_id: str = "CDR1") -> dict[str, Any]:
    """What a session cost."""
    period = {"start_date_time": now(), "dimensions": [{"type": "ENERGY", "volume": 10.5}]}
    made: dict[str, Any] = {
        **owned(version, owner),
        "id": cdr_id,
        "auth_method": "AUTH_REQUEST",
        "currency": "EUR",
        "charging_periods": [period],
        "total_energy": 10.5,
        "total_time": 1.25,
        "last_updated": now(),
    }
    if version == OLD:
        return {
            **made,
            "start_date_time": now(),
            "stop_date_time": now(),
            "auth_id": cdr_token(driver)["contract_id"],
            "location": location(version, owner),
            "total_cost": 2.63,
        }
    total = {"before_taxes": 2.63} if version == NEW else {"excl_vat": 2.63}
    return {
        **made,
        "start_date_time": now(),
        "end_date_time": now(),
        "session_id": "SES1",
        "cdr_token": cdr_token(driver),
        "cdr_location": _cdr_location(),
        "total_cost": total,
    }


def _cdr_location() -> dict[str, Any]:
    return {
        "id": "LOC1",
        "address": "Markt 1",
        "city": "Delft",
        "country": "NLD",
        "coordinates": {"latitude": "52.011600", "longitude": "4.359200"},
        "evse_uid": "LOC1-1",
        "evse_id": "NL*TNM*E1",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    }


def charging_profile() -> dict[str, Any]:
    """Eleven kilowatts from the beginning."""
    return {"charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 11000}]}
