"""OCPI 2.3.0: bookings and the places that can be booked."""

from typing import Annotated

from hub.models.types import AtLeastOne, CiString, DateTime, Number, OcpiObject, OcpiString, Url
from hub.models.v211.enums import ConnectorFormat
from hub.models.v221.enums import PowerType
from hub.models.v230.enums import (
    AccessMethod,
    CanceledReason,
    ConnectorType,
    EVSEPosition,
    ReservationRequestStatus,
    ReservationStatus,
    Role,
    TokenType,
    VehicleType,
)


class AccessInformation(OcpiObject):
    """OCPI 2.3.0, Bookings, AccessInformation."""

    method: AccessMethod
    value: Annotated[str, OcpiString()] | None = None


class BookingOption(OcpiObject):
    """OCPI 2.3.0, Bookings, BookingOption."""

    evse_uid: Annotated[str, CiString(36)] | None = None
    connector_id: Annotated[str, CiString(36)] | None = None
    parking_id: Annotated[str, CiString(36)] | None = None
    evse_position: list[EVSEPosition] | None = None
    vehicle_types: list[VehicleType] | None = None
    connector_format: list[ConnectorFormat] | None = None
    connector_types: list[ConnectorType] | None = None
    power_types: list[PowerType] | None = None
    max_vehicle_weight: Number | None = None
    max_vehicle_height: Number | None = None
    max_vehicle_length: Number | None = None
    max_vehicle_width: Number | None = None
    min_parking_space_length: Number | None = None
    min_parking_space_width: Number | None = None
    dangerous_goods_allowed: bool | None = None
    drive_through: bool | None = None
    refrigeration_outlet: bool | None = None


class BookingToken(OcpiObject):
    """OCPI 2.3.0, Bookings, BookingToken."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    uid: Annotated[str, CiString(36)]
    type: TokenType
    contract_id: Annotated[str, CiString(36)]


class Cancellation(OcpiObject):
    """OCPI 2.3.0, Bookings, Cancellation."""

    cancellation_reason: CanceledReason
    who_canceled: Role


class Period(OcpiObject):
    """OCPI 2.3.0, Bookings, Period."""

    start_date_time: DateTime
    end_date_time: DateTime


class BookingRequest(OcpiObject):
    """OCPI 2.3.0, Bookings, BookingRequest."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    request_id: Annotated[str, CiString(36)]
    booking_option: BookingOption | None = None
    location_id: Annotated[str, CiString(36)]
    booking_location_id: Annotated[str, CiString(36)]
    tokens: list[BookingToken] | None = None
    access_information: list[AccessInformation] | None = None
    period: Period
    authorization_reference: Annotated[str, CiString(36)]
    power_required: int | None = None
    canceled: Cancellation | None = None


class BookingRequestStatus(OcpiObject):
    """OCPI 2.3.0, Bookings, BookingRequestStatus."""

    request_status: ReservationRequestStatus
    booking_request: BookingRequest
    request_received: DateTime


class BookingTerms(OcpiObject):
    """OCPI 2.3.0, Bookings, BookingTerms."""

    rfid_auth_required: bool | None = None
    token_groups_supported: bool | None = None
    remote_auth_supported: bool | None = None
    supported_access_methods: Annotated[list[AccessMethod], AtLeastOne]
    change_until_minutes: Number
    cancel_until_minutes: Number
    change_not_allowed: bool | None = None
    early_start_allowed: bool | None = None
    early_start_time: Number | None = None
    noshow_timeout: Number | None = None
    noshow_fee: bool | None = None
    late_stop_allowed: bool | None = None
    late_stop_time: Number | None = None
    overlapping_bookings_allowed: bool | None = None
    min_booking_duration: Number | None = None
    max_booking_duration: Number | None = None
    booking_terms: Url | None = None


class Timeslot(OcpiObject):
    """OCPI 2.3.0, Bookings, Timeslot."""

    start_date_time: DateTime
    end_date_time: DateTime
    min_power: Number | None = None
    max_power: Number | None = None
    green_energy_support: bool | None = None


class Booking(OcpiObject):
    """OCPI 2.3.0, Bookings, Booking."""

    id: Annotated[str, CiString(36)]
    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    request_id: Annotated[str, CiString(36)]
    booking_option: BookingOption | None = None
    location_id: Annotated[str, CiString(36)]
    booking_tokens: list[BookingToken] | None = None
    tariff_ids: list[Annotated[str, CiString(36)]] | None = None
    period: Timeslot
    reservation_status: ReservationStatus
    canceled: Cancellation | None = None
    access_information: list[AccessInformation] | None = None
    authorization_reference: Annotated[str, CiString(36)]
    booking_terms: BookingTerms
    booking_requests: Annotated[list[BookingRequestStatus], AtLeastOne]
    last_updated: DateTime


class Calendar(OcpiObject):
    """OCPI 2.3.0, Bookings, Calendar."""

    id: Annotated[str, CiString(36)]
    begin_from: DateTime
    end_before: DateTime
    timeslot_increment: int | None = None
    available_timeslots: Annotated[list[Timeslot], AtLeastOne]
    last_updated: DateTime


class Policy(OcpiObject):
    """OCPI 2.3.0, Bookings, Policy."""

    reservation_required: bool
    ad_hoc: Number | None = None


class BookingLocation(OcpiObject):
    """OCPI 2.3.0, Bookings, BookingLocation."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    id: Annotated[str, CiString(36)]
    location_id: Annotated[str, CiString(36)]
    booking_option: BookingOption | None = None
    policy: Policy | None = None
    tariff_ids: list[Annotated[str, CiString(36)]] | None = None
    booking_terms: BookingTerms | None = None
    calendars: list[Calendar] | None = None
    last_updated: DateTime
