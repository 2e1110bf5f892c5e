"""OCPI 2.1.1: Location, EVSE, Connector and what belongs to them."""

from typing import Annotated

from hub.models.types import AsciiString, AtLeastOne, DateTime, NoTwins, OcpiObject, Url
from hub.models.v211.common import DisplayText
from hub.models.v211.details import AdditionalGeoLocation, BusinessDetails, EnergyMix, GeoLocation, Hours, Image
from hub.models.v211.enums import (
    Capability,
    ConnectorFormat,
    ConnectorType,
    Facility,
    LocationType,
    ParkingRestriction,
    PowerType,
    Status,
)


class Connector(OcpiObject):
    """OCPI 2.1.1, Locations, Connector."""

    id: Annotated[str, AsciiString(36)]
    standard: ConnectorType
    format: ConnectorFormat
    power_type: PowerType
    voltage: int
    amperage: int
    tariff_id: Annotated[str, AsciiString(36)] | None = None
    terms_and_conditions: Url | None = None
    last_updated: DateTime


class StatusSchedule(OcpiObject):
    """OCPI 2.1.1, Locations, StatusSchedule."""

    period_begin: DateTime
    period_end: DateTime | None = None
    status: Status


class EVSE(OcpiObject):
    """OCPI 2.1.1, Locations, EVSE."""

    uid: Annotated[str, AsciiString(39)]
    evse_id: Annotated[str, AsciiString(48)] | None = None
    status: Status
    status_schedule: list[StatusSchedule] | None = None
    capabilities: list[Capability] | None = None
    connectors: Annotated[list[Connector], AtLeastOne, NoTwins("id", has_case=True)]
    floor_level: Annotated[str, AsciiString(4)] | None = None
    coordinates: GeoLocation | None = None
    physical_reference: Annotated[str, AsciiString(16)] | None = None
    directions: list[DisplayText] | None = None
    parking_restrictions: list[ParkingRestriction] | None = None
    images: list[Image] | None = None
    last_updated: DateTime


class Location(OcpiObject):
    """OCPI 2.1.1, Locations, Location."""

    id: Annotated[str, AsciiString(39)]
    type: LocationType
    name: Annotated[str, AsciiString(255)] | None = None
    address: Annotated[str, AsciiString(45)]
    city: Annotated[str, AsciiString(45)]
    postal_code: Annotated[str, AsciiString(10)]
    country: Annotated[str, AsciiString(3, min_length=3)]
    coordinates: GeoLocation
    related_locations: list[AdditionalGeoLocation] | None = None
    evses: Annotated[list[EVSE], NoTwins("uid", has_case=True)] | None = None
    directions: list[DisplayText] | None = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: list[Facility] | None = None
    time_zone: Annotated[str, AsciiString(255)] | None = None
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: list[Image] | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
