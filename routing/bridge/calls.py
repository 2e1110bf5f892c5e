"""Which object a call carries, in its body and in its answer, and the ids in its path."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from routing.bridge.shape import names
from routing.catalogue import Operation
from routing.links import split_query
from routing.message import Message
from routing.ocpi import Interface

ANSWERS: Final = {
    "LOC-S1": "Location",
    "TAR-S1": "Tariff",
    "TAR-R1": "Tariff",
    "SES-S1": "Session",
    "SES-R1": "Session",
    "CDR-S1": "CDR",
    "TOK-S1": "Token",
    "TOK-R1": "Token",
    "TOK-S2": "AuthorizationInfo",
}
"""The object in the answer, by operation. Locations go by the depth of the path, commands have one answer for all."""
BY_MODULE: Final = {
    "locations": "Location",
    "tariffs": "Tariff",
    "sessions": "Session",
    "cdrs": "CDR",
    "tokens": "Token",
}
"""What a GET of one of the hub's own addresses (a next page, a CDR's Location) brings."""
CHANGING: Final = names("POST PUT PATCH DELETE")
TYPE_NAMES: Final = ("type", "token_type")
"""How the type of a token is named in a query: the text and the table of 2.1.1 differ."""


def ids_of(message: Message) -> dict[str, str]:
    """The decoded ids in a call's path, and the `type` in the query of a call about a token."""
    segments = message.operation.segments(message.path) if message.operation else None
    ids = {name: unquote(text) for name, text in (segments or {}).items()}
    if message.module == "tokens" and "token_uid" in ids:
        types = [unquote(raw.partition("=")[2]) for name, raw in split_query(message.query) if name in TYPE_NAMES]
        ids["type"] = next(filter(None, types), "RFID")
    return ids


def object_in_request(message: Message) -> str | None:
    """The object in a request's body; None where there is none that the bridge knows."""
    if message.is_followed:
        return "CommandResult" if message.module == "commands" and message.method == "POST" else None
    operation = message.operation
    if operation is None or not operation.object_name:
        return None
    return _by_depth(message) if operation.object_name == "Location" else operation.object_name


def object_in_answer(message: Message) -> str | None:
    """The object in the answer's data, alone or in a list; None where there is none that the bridge knows."""
    if message.is_followed:
        return BY_MODULE.get(message.module) if message.method == "GET" else None
    operation = message.operation
    match operation:
        case None:
            return None
        case Operation(id="LOC-S2" | "LOC-R1"):
            return _by_depth(message)
        case Operation(module="commands", interface=Interface.RECEIVER):
            return "CommandResponse"
        case _:
            return ANSWERS.get(operation.id)


def _by_depth(message: Message) -> str:
    ids = ids_of(message)
    if "connector_id" in ids:
        return "Connector"
    return "EVSE" if "evse_uid" in ids else "Location"
