"""OCPI 2.3.0: Session and charging preferences; the rest is unchanged."""

from typing import Annotated

from hub.models.types import CiString, DateTime, Number, OcpiObject, OcpiString
from hub.models.v221.enums import AuthMethod, SessionStatus
from hub.models.v230.cdrs import CdrToken, ChargingPeriod
from hub.models.v230.common import Price


class Session(OcpiObject):
    """OCPI 2.3.0, Sessions, Session."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    id: Annotated[str, CiString(36)]
    start_date_time: DateTime
    end_date_time: DateTime | None = None
    kwh: Number
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: Annotated[str, CiString(36)] | None = None
    location_id: Annotated[str, CiString(36)]
    evse_uid: Annotated[str, CiString(36)]
    connector_id: Annotated[str, CiString(36)]
    meter_id: Annotated[str, OcpiString(255)] | None = None
    currency: Annotated[str, OcpiString(3, min_length=3)]
    charging_periods: list[ChargingPeriod] | None = None
    total_cost: Price | None = None
    status: SessionStatus
    last_updated: DateTime
