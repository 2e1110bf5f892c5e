"""Every object of OCPI 2.2.1 by its name in the specification; those that did not change are the older version's."""

from hub.models.v211.configuration import Version
from hub.models.v211.details import EnergySource, ExceptionalPeriod, RegularHours
from hub.models.v211.locations import StatusSchedule
from hub.models.v221.cdrs import CDR, CdrDimension, CdrLocation, CdrToken, ChargingPeriod, SignedData, SignedValue
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
from hub.models.v221.commands import (
    CancelReservation,
    CommandResponse,
    CommandResult,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)
from hub.models.v221.common import DisplayText, Price
from hub.models.v221.configuration import ClientInfo, Credentials, CredentialsRole, Endpoint, VersionDetails
from hub.models.v221.details import (
    AdditionalGeoLocation,
    BusinessDetails,
    EnergyMix,
    EnvironmentalImpact,
    GeoLocation,
    Hours,
    Image,
)
from hub.models.v221.locations import EVSE, Connector, Location, PublishTokenType
from hub.models.v221.sessions import ChargingPreferences, Session
from hub.models.v221.tariffs import PriceComponent, Tariff, TariffElement, TariffRestrictions
from hub.models.v221.tokens import AuthorizationInfo, EnergyContract, LocationReferences, Token

__all__ = [
    "CDR",
    "EVSE",
    "ActiveChargingProfile",
    "ActiveChargingProfileResult",
    "AdditionalGeoLocation",
    "AuthorizationInfo",
    "BusinessDetails",
    "CancelReservation",
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
    "Endpoint",
    "EnergyContract",
    "EnergyMix",
    "EnergySource",
    "EnvironmentalImpact",
    "ExceptionalPeriod",
    "GeoLocation",
    "Hours",
    "Image",
    "Location",
    "LocationReferences",
    "Price",
    "PriceComponent",
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
    "Token",
    "UnlockConnector",
    "Version",
    "VersionDetails",
]
