"""What a translation in a test stands in: the parties, the time, what memory has; and how values are compared."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from routing.bridge import Context
from routing.ocpi import PartyId
from tests.routing.bridge.samples import LOCATION_221, TOKEN_221

CPO = PartyId("BE", "BEC")
EMSP = PartyId("NL", "TNM")
HUB = PartyId("NL", "HUB")
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
STAMP = "2026-05-01T12:00:00Z"


class Absent:
    """Stands for a field that is not there."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


def memory(**objects: dict[str, Any]) -> Callable[[str, tuple[str, ...]], dict[str, Any] | None]:
    """A memory of objects, by name and key joined with slashes: `memory(**{"Location BE/BEC/LOC1": {...}})`."""

    def stored(object_name: str, key: tuple[str, ...]) -> dict[str, Any] | None:
        wanted = f"{object_name} {'/'.join(key)}".casefold()
        return next((value for name, value in objects.items() if name.casefold() == wanted), None)

    return stored


def set_at(value: Any, path: str, new: Any) -> None:
    """Put a value at a dotted path (numbers are list positions), or take it away where it is ABSENT."""
    *way, last = path.split(".")
    for step in way:
        value = value[int(step)] if isinstance(value, list) else value.setdefault(step, {})
    if new is ABSENT:
        value.pop(last, None)
    elif isinstance(value, list):
        value[int(last)] = new
    else:
        value[last] = new


def get_at(value: Any, path: str) -> Any:
    """The value at a dotted path; ABSENT where there is none."""
    for step in path.split("."):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError):
            return ABSENT
    return value


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A deep copy of an object with changes at dotted paths."""
    value = copy.deepcopy(base)
    for path, new in changes.items():
        set_at(value, path, new)
    return value


MEMORY = {
    "Location BE/BEC/LOC1": LOCATION_221,
    "TokenOfContract NL-TNM-C12345678-X/LOC1": TOKEN_221,
    "Token NL/TNM/012345678": TOKEN_221,
    "Token NL/TNM/012345678/RFID": TOKEN_221,
}
EMSP_OWNS = {"Token", "StartSession", "ReserveNow", "StopSession", "UnlockConnector", "AuthorizationInfo"}


def context(object_name: str = "Location", more: dict[str, dict[str, Any]] | None = None, **fields: Any) -> Context:
    """The context of a translation among the sample's parties, with more or (None) fewer things in memory."""
    remembered = {**MEMORY, **(more or {})}
    known = {name: value for name, value in remembered.items() if value is not None}
    owner, other = (EMSP, CPO) if object_name in EMSP_OWNS else (CPO, EMSP)
    base = Context(owner=owner, counterpart=other, hub=HUB, now=NOW, stored=memory(**known))
    ids = {"token_uid": "012345678", "type": "RFID"} if object_name == "AuthorizationInfo" else {}
    return replace(base, ids=fields.pop("ids", ids), **fields)


def lost(receipt: Any) -> set[str]:
    """A receipt as words to compare: `field what`."""
    return {f"{item.field} {item.what}" for item in receipt.losses}
