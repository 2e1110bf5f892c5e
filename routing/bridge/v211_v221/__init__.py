"""One step: OCPI 2.1.1 and 2.2.1, both ways. The tables of objects."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from routing.bridge.shape import Turn
from routing.bridge.v211_v221 import cdrs, commands, locations_down, locations_up, sessions, tariffs, tokens

UP: Final[Mapping[str, Turn]] = MappingProxyType(
    {
        "Location": locations_up.location,
        "EVSE": locations_up.evse,
        "Connector": locations_up.connector,
        "Session": sessions.up,
        "CDR": cdrs.up,
        "Tariff": tariffs.up,
        "Token": tokens.up,
        "LocationReferences": tokens.references_up,
        "AuthorizationInfo": tokens.authorization_up,
        "StartSession": commands.start_session_up,
        "StopSession": commands.other_command_up,
        "ReserveNow": commands.reserve_now_up,
        "UnlockConnector": commands.other_command_up,
        "CommandResponse": commands.response_up,
        "CommandResult": commands.result_up,
    }
)
DOWN: Final[Mapping[str, Turn]] = MappingProxyType(
    {
        "Location": locations_down.location,
        "EVSE": locations_down.evse_alone,
        "Connector": locations_down.connector_alone,
        "Session": sessions.down,
        "CDR": cdrs.down,
        "Tariff": tariffs.down,
        "Token": tokens.down,
        "LocationReferences": tokens.references_down,
        "AuthorizationInfo": tokens.authorization_down,
        "StartSession": commands.start_session_down,
        "StopSession": commands.stop_session_down,
        "ReserveNow": commands.reserve_now_down,
        "UnlockConnector": commands.unlock_connector_down,
        "CommandResponse": commands.response_down,
        "CommandResult": commands.result_down,
    }
)
