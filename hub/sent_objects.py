"""Which OCPI objects a party sent on a leg: in the body of its request, or in the data of its answer. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from routing.bridge.calls import ANSWERS, BY_MODULE
from routing.catalogue import Operation, operation_of
from routing.journey import Direction, Leg
from routing.message import Message, parse_json
from routing.ocpi import VERSIONS, Interface

ENVELOPE: Final = "Response"
"""The response format, which is no object of a module but has mistakes of its own."""
MAX_ITEMS: Final = 25
"""Objects of one page that are looked at: mistakes are alike."""
_MORE_ANSWERS: Final = {
    "CHP-R1": "ChargingProfileResponse",
    "CHP-R2": "ChargingProfileResponse",
    "CHP-R3": "ChargingProfileResponse",
    "INV-S1": "InvoiceReconciliationRecord",
    "INV-R1": "InvoiceReconciliationRecord",
    "PAY-S1": "Terminal",
    "PAY-S2": "Terminal",
    "PAY-R1": "Terminal",
    "PAY-S7": "FinancialAdviceConfirmation",
    "PAY-S8": "FinancialAdviceConfirmation",
    "PAY-R3": "FinancialAdviceConfirmation",
    "BOK-S1": "BookingLocation",
    "BOK-S3": "Booking",
    "BOK-S4": "Booking",
    "BOK-R4": "Booking",
}
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")


@dataclass(frozen=True, slots=True)
class Sent:
    """Objects of one kind that a party sent; `is_partial` for the body of a PATCH."""

    name: str
    items: tuple[Any, ...]
    is_partial: bool = False


def sender_of(leg: Leg) -> str:
    """The party, like NL*TNM, that sent what there is to check on this leg."""
    return leg.sender if leg.direction is Direction.IN else leg.receiver


def objects_of(leg: Leg) -> list[Sent]:
    """What the platform of this leg sent; empty where the hub knows no object for it, or it is no JSON.

    A body that is no JSON was answered as such: it is no finding about an object.
    """
    is_request = leg.direction is Direction.IN
    try:
        document = parse_json(leg.request_body if is_request else leg.answer_body)
    except ValueError:
        return []
    operation = operation_of(leg.module, Interface(leg.interface), leg.method, leg.path) if leg.interface else None
    if is_request:
        name = pushed_object(leg.module, leg.interface, leg.method, leg.path, operation, document)
        return [Sent(_in_version(name, leg.version), (document,), leg.method == "PATCH")] if name else []
    return _answered(leg, operation, document)


def object_in(message: Message) -> str | None:
    """The object in the body of a request, in the words of its version; None where there is none."""
    if not message.body:
        return None
    place = (message.module, message.interface, message.method, message.path)
    name = pushed_object(*place, message.operation, message.document)
    return _in_version(name, message.version.number) if name else None


def pushed_object(
    module: str, interface: str, method: str, path: str, operation: Operation | None, document: Any
) -> str | None:
    """The name of the object that a request carries."""
    if operation is not None:
        return _by_depth(operation.object_name, operation, path) or None
    if method == "POST" and interface == Interface.SENDER and not path:  # to a response_url
        if module == "commands":
            return "CommandResult"
        if module == "chargingprofiles":
            has_profile = isinstance(document, dict) and "profile" in document
            return "ActiveChargingProfileResult" if has_profile else "ChargingProfileResult"
    return None


def _answered(leg: Leg, operation: Operation | None, document: Any) -> list[Sent]:
    """The envelope, and the objects in its data where it is a success."""
    if not isinstance(document, dict):
        return []
    sent = [Sent(ENVELOPE, ({name: value for name, value in document.items() if name != "data"},))]
    data, name = document.get("data"), _answer_name(leg, operation)
    if name is None or data is None or leg.ocpi is None or not 1000 <= leg.ocpi < 2000:
        return sent
    items = data[:MAX_ITEMS] if isinstance(data, list) and not _is_single(operation) else [data]
    return [*sent, Sent(_in_version(name, leg.version), tuple(items))]


def _answer_name(leg: Leg, operation: Operation | None) -> str | None:
    if operation is None:
        return BY_MODULE.get(leg.module) if leg.method == "GET" and not leg.path else None
    if operation.id in ("LOC-S2", "LOC-R1"):
        return _by_depth("Location", operation, leg.path)
    if operation.id in ("BOK-S2", "BOK-R1"):
        return _by_depth("BookingLocation", operation, leg.path)
    if operation.module == "commands" and operation.interface is Interface.RECEIVER:
        return "CommandResponse"
    return ANSWERS.get(operation.id) or _MORE_ANSWERS.get(operation.id)


def _is_single(operation: Operation | None) -> bool:
    return operation is not None and not operation.is_list


def _by_depth(name: str, operation: Operation, path: str) -> str:
    """Locations and booking locations have addresses for their parts."""
    if name not in ("Location", "BookingLocation"):
        return name
    ids = operation.segments(path) or {}
    if name == "BookingLocation":
        return "Calendar" if "calendar_id" in ids else name
    return "Connector" if "connector_id" in ids else "EVSE" if "evse_uid" in ids else name


def _in_version(name: str, version: str) -> str:
    """2.1.1 has one object for the answer to a command and for its result."""
    is_old = version in VERSIONS and VERSIONS[version].rank == 1
    return "CommandResponse" if name == "CommandResult" and is_old else name


def envelope_mistakes(envelope: Any) -> list[tuple[str, str, str]]:
    """What is wrong with a response's own fields: field, rule, words (OCPI 2.2.1, transport and format, Response)."""
    timestamp = envelope.get("timestamp")
    if timestamp is None:
        return [("timestamp", "missing", "is required")]
    if not isinstance(timestamp, str) or not _TIME.fullmatch(timestamp):
        return [("timestamp", "bad_date_time", "must be a time in UTC like 2015-06-29T20:39:09Z, without an offset")]
    return []
