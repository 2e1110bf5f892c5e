"""Every object of OCPI 2.1.1 by its name in the specification."""

from hub.models.v211.cdrs import CDR, CdrDimension, ChargingPeriod
from hub.models.v211.commands import CommandResponse, ReserveNow, StartSession, StopSession, UnlockConnector
from hub.models.v211.common import DisplayText
from hub.models.v211.configuration import Credentials, Endpoint, Version, VersionDetails
from hub.models.v211.details import (
    AdditionalGeoLocation,
    BusinessDetails,
    EnergyMix,
    EnergySource,
    EnvironmentalImpact,
    ExceptionalPeriod,
    GeoLocation,
    Hours,
    Image,
    RegularHours,
)
from hub.models.v211.locations import EVSE, Connector, Location, StatusSchedule
from hub.models.v211.sessions import Session
from hub.models.v211.tariffs import PriceComponent, Tariff, TariffElement, TariffRestrictions
from hub.models.v211.tokens import AuthorizationInfo, LocationReferences, Token

__all__ = [
    "CDR",
    "EVSE",
    "AdditionalGeoLocation",
    "AuthorizationInfo",
    "BusinessDetails",
    "CdrDimension",
    "ChargingPeriod",
    "CommandResponse",
    "Connector",
    "Credentials",
    "DisplayText",
    "Endpoint",
    "EnergyMix",
    "EnergySource",
    "EnvironmentalImpact",
    "ExceptionalPeriod",
    "GeoLocation",
    "Hours",
    "Image",
    "Location",
    "LocationReferences",
    "PriceComponent",
    "RegularHours",
    "ReserveNow",
    "Session",
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
