"""Which words each version has in its enums, where the versions differ, and the words that stand in for others.

Sources: the enum tables of Locations, Tokens, CDRs, Sessions and Commands in OCPI 2.1.1, 2.2.1 and 2.3.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from routing.bridge.shape import GONE, Place, Turn, names, unmapped

CONNECTORS_211: Final = names(
    "CHADEMO DOMESTIC_A DOMESTIC_B DOMESTIC_C DOMESTIC_D DOMESTIC_E DOMESTIC_F DOMESTIC_G DOMESTIC_H DOMESTIC_I"
    " DOMESTIC_J DOMESTIC_K DOMESTIC_L IEC_60309_2_single_16 IEC_60309_2_three_16 IEC_60309_2_three_32"
    " IEC_60309_2_three_64 IEC_62196_T1 IEC_62196_T1_COMBO IEC_62196_T2 IEC_62196_T2_COMBO IEC_62196_T3A"
    " IEC_62196_T3C TESLA_R TESLA_S"
)
CONNECTORS_221: Final = CONNECTORS_211 | names(
    "CHAOJI DOMESTIC_M DOMESTIC_N DOMESTIC_O GBT_AC GBT_DC NEMA_5_20 NEMA_6_30 NEMA_6_50 NEMA_10_30 NEMA_10_50"
    " NEMA_14_30 NEMA_14_50 PANTOGRAPH_BOTTOM_UP PANTOGRAPH_TOP_DOWN"
)
CAPABILITIES_211: Final = names(
    "CHARGING_PROFILE_CAPABLE CREDIT_CARD_PAYABLE REMOTE_START_STOP_CAPABLE RESERVABLE RFID_READER UNLOCK_CAPABLE"
)
CAPABILITIES_221: Final = CAPABILITIES_211 | names(
    "CHARGING_PREFERENCES_CAPABLE CHIP_CARD_SUPPORT CONTACTLESS_CARD_SUPPORT DEBIT_CARD_PAYABLE PED_TERMINAL"
    " START_SESSION_CONNECTOR_REQUIRED TOKEN_GROUP_CAPABLE"
)
FACILITIES_211: Final = names(
    "HOTEL RESTAURANT CAFE MALL SUPERMARKET SPORT RECREATION_AREA NATURE MUSEUM BUS_STOP TAXI_STAND TRAIN_STATION"
    " AIRPORT CARPOOL_PARKING FUEL_STATION WIFI"
)
FACILITIES_221: Final = FACILITIES_211 | names("BIKE_SHARING PARKING_LOT TRAM_STOP METRO_STATION")
PARKING_RESTRICTIONS: Final = names("EV_ONLY PLUGGED DISABLED CUSTOMERS MOTORCYCLES")
"""In 2.1.1 and 2.2.1."""
LOCATION_TYPES_211: Final = names("ON_STREET PARKING_GARAGE UNDERGROUND_GARAGE PARKING_LOT OTHER UNKNOWN")
PARKING_TYPES_221: Final = names("ALONG_MOTORWAY PARKING_GARAGE PARKING_LOT ON_DRIVEWAY ON_STREET UNDERGROUND_GARAGE")
POWER_TYPES_211: Final = names("AC_1_PHASE AC_3_PHASE DC")
IMAGE_CATEGORIES: Final = names("CHARGER ENTRANCE LOCATION NETWORK OPERATOR OTHER OWNER")
IMPACTS: Final = names("NUCLEAR_WASTE CARBON_DIOXIDE")
TOKEN_TYPES_211: Final = names("OTHER RFID")
TOKEN_TYPES_221: Final = TOKEN_TYPES_211 | names("AD_HOC_USER APP_USER")
DIMENSIONS_211: Final = names("ENERGY FLAT MAX_CURRENT MIN_CURRENT PARKING_TIME TIME")
DIMENSIONS_221: Final = names(
    "CURRENT ENERGY ENERGY_EXPORT ENERGY_IMPORT MAX_CURRENT MIN_CURRENT MAX_POWER MIN_POWER PARKING_TIME POWER"
    " RESERVATION_TIME STATE_OF_CHARGE TIME"
)
AUTH_METHODS_211: Final = names("AUTH_REQUEST WHITELIST")
SESSION_STATUS_211: Final = names("ACTIVE COMPLETED INVALID PENDING")


def is_in(value: Any, known: frozenset[str]) -> bool:
    """Whether a value, which may be anything, is one of these words."""
    return isinstance(value, str) and value in known


def word(known: frozenset[str], stand_ins: Mapping[str, str] | None = None, *, other: str | None = None) -> Turn:
    """Turn one enum value: a known one stays, a stand-in or `other` approximates, anything else is dropped."""
    table = MappingProxyType(dict(stand_ins or {}))

    def turn(value: Any, place: Place) -> Any:
        if not isinstance(value, str):
            raise place.refuse("is not a word")
        if value in known:
            return value
        new = table.get(value, other)
        if new is None:
            place.dropped(value)
            return GONE
        place.approximated(value, new)
        return new

    return turn


def words(known: frozenset[str], stand_ins: Mapping[str, str] | None = None) -> Turn:
    """Turn a list of enum values like `word`, each value at most once."""
    one = word(known, stand_ins)

    def turn(value: Any, place: Place) -> list[Any]:
        out: list[Any] = []
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            new = one(item, place.into(index))
            if new is not GONE and new not in out:
                out.append(new)
        return out

    return turn


def connector_standard(known: frozenset[str]) -> Turn:
    """A connector's standard, which has no "other": an unknown one is refused with Unmapped."""

    def turn(value: Any, place: Place) -> Any:
        if not is_in(value, known):
            raise unmapped(value, place)
        return value

    return turn
