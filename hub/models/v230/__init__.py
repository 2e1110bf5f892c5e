"""Every object of OCPI 2.3.0 by its name in the specification; those that did not change are the older version's."""

from hub.models.v211.configuration import Version
from hub.models.v211.details import EnergySource, ExceptionalPeriod, RegularHours
from hub.models.v211.locations import StatusSchedule
from hub.models.v221.cdrs import SignedData, SignedValue
from hub.models.v221.charging_profiles import (
    ActiveChargingProfile,
    ActiveChargingProfileResult,
    ChargingProfile,
    ChargingProfilePeriod,
    ChargingProfileResponse,
    ChargingProfileResult,
    ClearProfileResult,
    SetChargingProfile,
)
from hub.models.v221.commands import CancelReservation, CommandResponse, CommandResult, StopSession, UnlockConnector
from hub.models.v221.common import DisplayText
from hub.models.v221.configuration import Endpoint, VersionDetails
from hub.models.v221.details import AdditionalGeoLocation, GeoLocation, Hours
from hub.models.v221.sessions import ChargingPreferences
from hub.models.v221.tariffs import PriceComponent
from hub.models.v221.tokens import EnergyContract, LocationReferences
from hub.models.v230.bookings import (
    AccessInformation,
    Booking,
    BookingLocation,
    BookingOption,
    BookingRequest,
    BookingRequestStatus,
    BookingTerms,
    BookingToken,
    Calendar,
    Cancellation,
    Period,
    Policy,
    Timeslot,
)
from hub.models.v230.cdrs import CDR, CdrDimension, CdrLocation, CdrToken, ChargingPeriod
from hub.models.v230.commands import ReserveNow, StartSession
from hub.models.v230.common import Price, TaxAmount
from hub.models.v230.configuration import ClientInfo, Credentials, CredentialsRole
from hub.models.v230.details import BusinessDetails, EnergyMix, EnvironmentalImpact, Image
from hub.models.v230.invoice_reconciliation import InvoiceReconciliationRecord
from hub.models.v230.locations import EVSE, Connector, EVSEParking, Location, Parking, PublishTokenType
from hub.models.v230.payments import FinancialAdviceConfirmation, Terminal, TerminalActivation
from hub.models.v230.sessions import Session
from hub.models.v230.tariffs import PriceLimit, Tariff, TariffElement, TariffRestrictions
from hub.models.v230.tokens import AuthorizationInfo, Token

__all__ = [
    "CDR",
    "EVSE",
    "AccessInformation",
    "ActiveChargingProfile",
    "ActiveChargingProfileResult",
    "AdditionalGeoLocation",
    "AuthorizationInfo",
    "Booking",
    "BookingLocation",
    "BookingOption",
    "BookingRequest",
    "BookingRequestStatus",
    "BookingTerms",
    "BookingToken",
    "BusinessDetails",
    "Calendar",
    "CancelReservation",
    "Cancellation",
    "CdrDimension",
    "CdrLocation",
    "CdrToken",
    "ChargingPeriod",
    "ChargingPreferences",
    "ChargingProfile",
    "ChargingProfilePeriod",
    "ChargingProfileResponse",
    "ChargingProfileResult",
    "ClearProfileResult",
    "ClientInfo",
    "CommandResponse",
    "CommandResult",
    "Connector",
    "Credentials",
    "CredentialsRole",
    "DisplayText",
    "EVSEParking",
    "Endpoint",
    "EnergyContract",
    "EnergyMix",
    "EnergySource",
    "EnvironmentalImpact",
    "ExceptionalPeriod",
    "FinancialAdviceConfirmation",
    "GeoLocation",
    "Hours",
    "Image",
    "InvoiceReconciliationRecord",
    "Location",
    "LocationReferences",
    "Parking",
    "Period",
    "Policy",
    "Price",
    "PriceComponent",
    "PriceLimit",
    "PublishTokenType",
    "RegularHours",
    "ReserveNow",
    "Session",
    "SetChargingProfile",
    "SignedData",
    "SignedValue",
    "StartSession",
    "StatusSchedule",
    "StopSession",
    "Tariff",
    "TariffElement",
    "TariffRestrictions",
    "TaxAmount",
    "Terminal",
    "TerminalActivation",
    "Timeslot",
    "Token",
    "UnlockConnector",
    "Version",
    "VersionDetails",
]
