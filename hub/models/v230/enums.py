"""OCPI 2.3.0: the enumerations that differ from 2.2.1. An open one lists what OCPI knows; other values are valid."""

from typing import Annotated, Literal

from hub.models.types import Known, OpenEnum

AccessMethod = Literal["OPEN", "TOKEN", "LICENSE_PLATE", "ACCESS_CODE", "INTERCOM", "PARKING_TICKET"]
BookingRestrictionType = Literal["BOOKING", "BOOKING_EXPIRES", "BOOKING_CANCELLATION_FEES", "BOOKING_OVERTIME"]
CanceledReason = Literal[
    "POWER_OUTAGE", "BROKEN_CHARGER", "FULL", "BLOCKED", "TRAFFIC", "BROKEN_VEHICLE", "NO_CANCELED", "UNKNOWN"
]
Capability = Annotated[
    OpenEnum,
    Known(
        (
            "CHARGING_PROFILE_CAPABLE",
            "CHARGING_PREFERENCES_CAPABLE",
            "CHIP_CARD_SUPPORT",
            "CONTACTLESS_CARD_SUPPORT",
            "CREDIT_CARD_PAYABLE",
            "DEBIT_CARD_PAYABLE",
            "PED_TERMINAL",
            "REMOTE_START_STOP_CAPABLE",
            "RESERVABLE",
            "RFID_READER",
            "START_SESSION_CONNECTOR_REQUIRED",
            "TOKEN_GROUP_CAPABLE",
            "UNLOCK_CAPABLE",
        )
    ),
]
CaptureStatusCode = Literal["SUCCESS", "PARTIAL_SUCCESS", "FAILED"]
CdrDimensionType = Literal[
    "CURRENT",
    "ENERGY",
    "ENERGY_EXPORT",
    "ENERGY_IMPORT",
    "MAX_CURRENT",
    "MIN_CURRENT",
    "MAX_POWER",
    "MIN_POWER",
    "PARKING_TIME",
    "POWER",
    "RESERVATION_TIME",
    "RESERVATION_EXPIRES",
    "RESERVATION_OVERTIME",
    "STATE_OF_CHARGE",
    "TIME",
]
CommandType = Annotated[
    OpenEnum, Known(("CANCEL_RESERVATION", "RESERVE_NOW", "START_SESSION", "STOP_SESSION", "UNLOCK_CONNECTOR"))
]
ConnectorCapability = Annotated[OpenEnum, Known(("ISO_15118_2_PLUG_AND_CHARGE", "ISO_15118_20_PLUG_AND_CHARGE"))]
ConnectorType = Annotated[
    OpenEnum,
    Known(
        (
            "CHADEMO",
            "CHAOJI",
            "DOMESTIC_A",
            "DOMESTIC_B",
            "DOMESTIC_C",
            "DOMESTIC_D",
            "DOMESTIC_E",
            "DOMESTIC_F",
            "DOMESTIC_G",
            "DOMESTIC_H",
            "DOMESTIC_I",
            "DOMESTIC_J",
            "DOMESTIC_K",
            "DOMESTIC_L",
            "DOMESTIC_M",
            "DOMESTIC_N",
            "DOMESTIC_O",
            "GBT_AC",
            "GBT_DC",
            "IEC_60309_2_single_16",
            "IEC_60309_2_three_16",
            "IEC_60309_2_three_32",
            "IEC_60309_2_three_64",
            "IEC_62196_T1",
            "IEC_62196_T1_COMBO",
            "IEC_62196_T2",
            "IEC_62196_T2_COMBO",
            "IEC_62196_T3A",
            "IEC_62196_T3C",
            "MCS",
            "NEMA_5_20",
            "NEMA_6_30",
            "NEMA_6_50",
            "NEMA_10_30",
            "NEMA_10_50",
            "NEMA_14_30",
            "NEMA_14_50",
            "PANTOGRAPH_BOTTOM_UP",
            "PANTOGRAPH_TOP_DOWN",
            "SAE_J3400",
            "TESLA_R",
            "TESLA_S",
        )
    ),
]
EVSEPosition = Literal["LEFT", "RIGHT", "CENTER"]
EnvironmentalImpactCategory = Annotated[OpenEnum, Known(("NUCLEAR_WASTE", "CARBON_DIOXIDE"))]
Facility = Annotated[
    OpenEnum,
    Known(
        (
            "HOTEL",
            "RESTAURANT",
            "CAFE",
            "MALL",
            "SUPERMARKET",
            "SPORT",
            "RECREATION_AREA",
            "NATURE",
            "MUSEUM",
            "BIKE_SHARING",
            "BUS_STOP",
            "TAXI_STAND",
            "TRAM_STOP",
            "METRO_STATION",
            "TRAIN_STATION",
            "AIRPORT",
            "PARKING_LOT",
            "CARPOOL_PARKING",
            "FUEL_STATION",
            "WIFI",
        )
    ),
]
ImageCategory = Annotated[OpenEnum, Known(("CHARGER", "ENTRANCE", "LOCATION", "NETWORK", "OPERATOR", "OTHER", "OWNER"))]
InvoiceCreator = Literal["CPO", "PTP"]
ParkingDirection = Literal["PARALLEL", "PERPENDICULAR", "ANGLE"]
ParkingRestriction = Annotated[
    OpenEnum, Known(("CUSTOMERS", "DISABLED", "EMPLOYEES", "EV_ONLY", "MOTORCYCLES", "PLUGGED", "TAXIS", "TENANTS"))
]
ParkingType = Annotated[
    OpenEnum,
    Known(("ALONG_MOTORWAY", "PARKING_GARAGE", "PARKING_LOT", "ON_DRIVEWAY", "ON_STREET", "UNDERGROUND_GARAGE")),
]
ReservationRequestStatus = Literal["PENDING", "ACCEPTED", "DECLINED", "FAILED"]
ReservationStatus = Literal["PENDING", "RESERVED", "CANCELED", "FAILED", "NO_SHOW", "FULFILLED", "REJECTED", "UNKNOWN"]
# PTP is not in the table of types, only in the prose of the Payments module
Role = Literal["CPO", "EMSP", "NAP", "NSP", "OTHER", "SCSP", "PTP"]
TaxIncluded = Literal["YES", "NO", "N/A"]
TokenType = Annotated[OpenEnum, Known(("AD_HOC_USER", "APP_USER", "EMAID", "OTHER", "RFID"))]
VehicleType = Annotated[
    OpenEnum,
    Known(
        (
            "MOTORCYCLE",
            "PERSONAL_VEHICLE",
            "PERSONAL_VEHICLE_WITH_TRAILER",
            "VAN",
            "SEMI_TRACTOR",
            "RIGID",
            "TRUCK_WITH_TRAILER",
            "BUS",
            "DISABLED",
        )
    ),
]
