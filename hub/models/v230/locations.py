"""OCPI 2.3.0: Location, EVSE, Connector and what belongs to them; the rest is unchanged."""

from typing import Annotated

from hub.models.types import AtLeastOne, CiString, DateTime, NoTwins, Number, OcpiObject, OcpiString, Url
from hub.models.v211.enums import ConnectorFormat, Status
from hub.models.v211.locations import StatusSchedule
from hub.models.v221.common import DisplayText
from hub.models.v221.details import AdditionalGeoLocation, GeoLocation, Hours
from hub.models.v221.enums import PowerType
from hub.models.v230.details import BusinessDetails, EnergyMix, Image
from hub.models.v230.enums import (
    Capability,
    ConnectorCapability,
    ConnectorType,
    EVSEPosition,
    Facility,
    ParkingDirection,
    ParkingRestriction,
    ParkingType,
    TokenType,
    VehicleType,
)


class Connector(OcpiObject):
    """OCPI 2.3.0, Locations, Connector."""

    id: Annotated[str, CiString(36)]
    standard: ConnectorType
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: int
    max_amperage: int
    max_electric_power: int | None = None
    tariff_ids: list[Annotated[str, CiString(36)]] | None = None
    terms_and_conditions: Url | None = None
    capabilities: list[ConnectorCapability] | None = None
    last_updated: DateTime


class EVSEParking(OcpiObject):
    """OCPI 2.3.0, Locations, EVSEParking."""

    parking_id: Annotated[str, CiString(36)]
    evse_position: EVSEPosition | None = None


class EVSE(OcpiObject):
    """OCPI 2.3.0, Locations, EVSE."""

    uid: Annotated[str, CiString(36)]
    evse_id: Annotated[str, CiString(48)] | None = None
    status: Status
    status_schedule: list[StatusSchedule] | None = None
    capabilities: list[Capability] | None = None
    connectors: Annotated[list[Connector], AtLeastOne, NoTwins("id")]
    floor_level: Annotated[str, OcpiString(4)] | None = None
    coordinates: GeoLocation | None = None
    physical_reference: Annotated[str, OcpiString(16)] | None = None
    directions: list[DisplayText] | None = None
    parking_restrictions: list[ParkingRestriction] | None = None
    parking: list[EVSEParking] | None = None
    images: list[Image] | None = None
    accepted_service_providers: list[Annotated[str, OcpiString(50)]] | None = None
    last_updated: DateTime


class Parking(OcpiObject):
    """OCPI 2.3.0, Locations, Parking."""

    id: Annotated[str, CiString(36)]
    physical_reference: Annotated[str, OcpiString(12)] | None = None
    vehicle_types: Annotated[list[VehicleType], AtLeastOne]
    max_vehicle_weight: Number | None = None
    max_vehicle_height: Number | None = None
    max_vehicle_length: Number | None = None
    max_vehicle_width: Number | None = None
    parking_space_length: Number | None = None
    parking_space_width: Number | None = None
    dangerous_goods_allowed: bool | None = None
    direction: ParkingDirection | None = None
    drive_through: bool | None = None
    restricted_to_type: bool
    reservation_required: bool
    time_limit: Number | None = None
    roofed: bool | None = None
    images: list[Image] | None = None
    lighting: bool | None = None
    refrigeration_outlet: bool | None = None
    standards: list[Annotated[str, CiString(36)]] | None = None
    apds_reference: Annotated[str, CiString()] | None = None


class PublishTokenType(OcpiObject):
    """OCPI 2.3.0, Locations, PublishTokenType."""

    uid: Annotated[str, CiString(36)] | None = None
    type: TokenType | None = None
    visual_number: Annotated[str, OcpiString(64)] | None = None
    issuer: Annotated[str, OcpiString(64)] | None = None
    group_id: Annotated[str, CiString(36)] | None = None


class Location(OcpiObject):
    """OCPI 2.3.0, Locations, Location."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    id: Annotated[str, CiString(36)]
    publish: bool
    publish_allowed_to: list[PublishTokenType] | None = None
    name: Annotated[str, OcpiString(255)] | None = None
    address: Annotated[str, OcpiString(255)]
    city: Annotated[str, OcpiString(45)]
    postal_code: Annotated[str, OcpiString(10)] | None = None
    state: Annotated[str, OcpiString(45)] | None = None
    country: Annotated[str, OcpiString(3, min_length=3)]
    coordinates: GeoLocation
    related_locations: list[AdditionalGeoLocation] | None = None
    parking_type: ParkingType | None = None
    evses: Annotated[list[EVSE], NoTwins("uid")] | None = None
    parking_places: Annotated[list[Parking], NoTwins("id")] | None = None
    directions: list[DisplayText] | None = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: list[Facility] | None = None
    time_zone: Annotated[str, OcpiString(255)]
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: list[Image] | None = None
    energy_mix: EnergyMix | None = None
    help_phone: Annotated[str, CiString(25)] | None = None
    last_updated: DateTime
