"""OCPI 2.1.1: CDR and its parts."""

from typing import Annotated

from hub.models.types import AsciiString, AtLeastOne, CiString, DateTime, Number, OcpiObject
from hub.models.v211.enums import AuthMethod, CdrDimensionType
from hub.models.v211.locations import Location
from hub.models.v211.tariffs import Tariff


class CdrDimension(OcpiObject):
    """OCPI 2.1.1, CDRs, CdrDimension."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(OcpiObject):
    """OCPI 2.1.1, CDRs, ChargingPeriod."""

    start_date_time: DateTime
    dimensions: Annotated[list[CdrDimension], AtLeastOne]


class CDR(OcpiObject):
    """OCPI 2.1.1, CDRs, CDR."""

    id: Annotated[str, CiString(36)]
    start_date_time: DateTime
    stop_date_time: DateTime
    auth_id: Annotated[str, AsciiString(36)]
    auth_method: AuthMethod
    location: Location
    meter_id: Annotated[str, AsciiString(255)] | None = None
    currency: Annotated[str, AsciiString(3, min_length=3)]
    tariffs: list[Tariff] | None = None
    charging_periods: Annotated[list[ChargingPeriod], AtLeastOne]
    total_cost: Number
    total_energy: Number
    total_time: Number
    total_parking_time: Number | None = None
    remark: Annotated[str, AsciiString(255)] | None = None
    last_updated: DateTime
