"""OCPI 2.1.1: Session and charging preferences."""

from typing import Annotated

from hub.models.types import AsciiString, DateTime, Number, OcpiObject
from hub.models.v211.cdrs import ChargingPeriod
from hub.models.v211.enums import AuthMethod, SessionStatus
from hub.models.v211.locations import Location


class Session(OcpiObject):
    """OCPI 2.1.1, Sessions, Session."""

    id: Annotated[str, AsciiString(36)]
    start_datetime: DateTime
    end_datetime: DateTime | None = None
    kwh: Number
    auth_id: Annotated[str, AsciiString(36)]
    auth_method: AuthMethod
    location: Location
    meter_id: Annotated[str, AsciiString(255)] | None = None
    currency: Annotated[str, AsciiString(3, min_length=3)]
    charging_periods: list[ChargingPeriod] | None = None
    total_cost: Number | None = None
    status: SessionStatus
    last_updated: DateTime
