"""One step: OCPI 2.2.1 and 2.3.0, both ways. The tables of objects; one that is not named here is the same in both."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from routing.bridge.shape import Turn
from routing.bridge.v221_v230 import money, objects

UP: Final[Mapping[str, Turn]] = MappingProxyType(
    {
        "Session": objects.session_up,
        "CDR": objects.cdr_up,
        "Tariff": money.tariff_up,
    }
)
DOWN: Final[Mapping[str, Turn]] = MappingProxyType(
    {
        "Location": objects.location_down,
        "EVSE": objects.evse_down,
        "Connector": objects.connector_down,
        "Session": objects.session_down,
        "CDR": objects.cdr_down,
        "Tariff": money.tariff_down,
        "Token": objects.token_down,
        "AuthorizationInfo": objects.authorization_down,
        "StartSession": objects.start_session_down,
        "ReserveNow": objects.reserve_now_down,
    }
)
