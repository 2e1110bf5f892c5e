"""OCPI 2.2.1: CDR and its parts."""

from typing import Annotated

from hub.models.types import AtLeastOne, CiString, DateTime, Number, OcpiObject, OcpiString
from hub.models.v211.enums import ConnectorFormat
from hub.models.v221.common import Price
from hub.models.v221.details import GeoLocation
from hub.models.v221.enums import AuthMethod, CdrDimensionType, ConnectorType, PowerType, TokenType
from hub.models.v221.tariffs import Tariff


class CdrLocation(OcpiObject):
    """OCPI 2.2.1, CDRs, CdrLocation."""

    id: Annotated[str, CiString(36)]
    name: Annotated[str, OcpiString(255)] | None = None
    address: Annotated[str, OcpiString(45)]
    city: Annotated[str, OcpiString(45)]
    postal_code: Annotated[str, OcpiString(10)] | None = None
    state: Annotated[str, OcpiString(20)] | None = None
    country: Annotated[str, OcpiString(3, min_length=3)]
    coordinates: GeoLocation
    evse_uid: Annotated[str, CiString(36)]
    evse_id: Annotated[str, CiString(48)]
    connector_id: Annotated[str, CiString(36)]
    connector_standard: ConnectorType
    connector_format: ConnectorFormat
    connector_power_type: PowerType


class CdrToken(OcpiObject):
    """OCPI 2.2.1, CDRs, CdrToken."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    uid: Annotated[str, CiString(36)]
    type: TokenType
    contract_id: Annotated[str, CiString(36)]


class CdrDimension(OcpiObject):
    """OCPI 2.2.1, CDRs, CdrDimension."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(OcpiObject):
    """OCPI 2.2.1, CDRs, ChargingPeriod."""

    start_date_time: DateTime
    dimensions: Annotated[list[CdrDimension], AtLeastOne]
    tariff_id: Annotated[str, CiString(36)] | None = None


class SignedValue(OcpiObject):
    """OCPI 2.2.1, CDRs, SignedValue."""

    nature: Annotated[str, CiString(32)]
    plain_data: Annotated[str, OcpiString(5000)]
    signed_data: Annotated[str, OcpiString(5000)]


class SignedData(OcpiObject):
    """OCPI 2.2.1, CDRs, SignedData."""

    encoding_method: Annotated[str, CiString(36)]
    encoding_method_version: int | None = None
    public_key: Annotated[str, OcpiString(512)] | None = None
    signed_values: Annotated[list[SignedValue], AtLeastOne]
    url: Annotated[str, OcpiString(512)] | None = None


class CDR(OcpiObject):
    """OCPI 2.2.1, CDRs, CDR."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    id: Annotated[str, CiString(39)]
    start_date_time: DateTime
    end_date_time: DateTime
    session_id: Annotated[str, CiString(36)] | None = None
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: Annotated[str, CiString(36)] | None = None
    cdr_location: CdrLocation
    meter_id: Annotated[str, OcpiString(255)] | None = None
    currency: Annotated[str, OcpiString(3, min_length=3)]
    tariffs: list[Tariff] | None = None
    charging_periods: Annotated[list[ChargingPeriod], AtLeastOne]
    signed_data: SignedData | None = None
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Number
    total_energy_cost: Price | None = None
    total_time: Number
    total_time_cost: Price | None = None
    total_parking_time: Number | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: Annotated[str, OcpiString(255)] | None = None
    invoice_reference_id: Annotated[str, CiString(39)] | None = None
    credit: bool | None = None
    credit_reference_id: Annotated[str, CiString(39)] | None = None
    home_charging_compensation: bool | None = None
    last_updated: DateTime
