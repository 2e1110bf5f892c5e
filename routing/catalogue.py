"""The table of modules and of the operations each module has, straight from the specification's module chapters.

A row tells what the hub must know of a standard operation: whether it is a list, may be broadcast, or carries an
address that leads back. Custom modules have no rows and any path and method.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from routing.ocpi import Interface, Role

S: Final = Interface.SENDER
R: Final = Interface.RECEIVER

_ALL: Final = ("2.1.1", "2.2.1", "2.3.0")
_FROM_2_2: Final = ("2.2.1", "2.3.0")
_ONLY_2_1: Final = ("2.1.1",)
_ONLY_2_3: Final = ("2.3.0",)


@dataclass(frozen=True, slots=True)
class Module:
    """One functional module: which versions have it, and which roles implement which interface.

    Source: OCPI 2.3.0, terminology, Typical OCPI implementations per Role.
    """

    identifier: str
    versions: tuple[str, ...]
    sender_roles: frozenset[Role]
    receiver_roles: frozenset[Role]
    aliases: tuple[str, ...] = ()
    """Other spellings met in the field, and in the chapter's own URLs."""

    def roles(self, interface: Interface) -> frozenset[Role]:
        """The roles that implement this interface of the module."""
        return self.sender_roles if interface is S else self.receiver_roles


_CPO, _EMSP, _NAP, _NSP, _SCSP, _PTP, _OTHER = (
    Role.CPO,
    Role.EMSP,
    Role.NAP,
    Role.NSP,
    Role.SCSP,
    Role.PTP,
    Role.OTHER,
)


def _module(
    identifier: str, versions: tuple[str, ...], sender: set[Role], receiver: set[Role], **more: object
) -> Module:
    return Module(identifier, versions, frozenset(sender), frozenset(receiver), **more)  # type: ignore[arg-type]


MODULES: Final[Mapping[str, Module]] = MappingProxyType(
    {
        module.identifier.lower(): module
        for module in (
            _module("locations", _ALL, {_CPO, _NAP}, {_EMSP, _NSP, _NAP, _PTP, _OTHER}),
            _module("tariffs", _ALL, {_CPO, _NAP}, {_EMSP, _NSP, _NAP, _PTP, _OTHER}),
            _module("sessions", _ALL, {_CPO}, {_EMSP, _SCSP, _PTP, _OTHER}),
            _module("cdrs", _ALL, {_CPO}, {_EMSP, _PTP, _OTHER}),
            _module("tokens", _ALL, {_EMSP, _OTHER}, {_CPO}),
            _module("commands", _ALL, {_EMSP, _PTP, _OTHER}, {_CPO}),
            _module("chargingprofiles", _FROM_2_2, {_SCSP, _EMSP}, {_CPO, _EMSP}),
            _module("invoicereconciliation", _ONLY_2_3, {_CPO, _EMSP}, {_CPO, _EMSP}),
            _module("payments", _ONLY_2_3, {_PTP}, {_CPO}),
            _module("Booking", _ONLY_2_3, {_CPO}, {_EMSP}, aliases=("bookings",)),
        )
    }
)
_ALIASES: Final = {alias: module for module in MODULES.values() for alias in module.aliases}


def module_named(identifier: str) -> Module | None:
    """The standard module of this identifier, in any case and known spelling; None for a custom module."""
    folded = identifier.lower()
    return MODULES.get(folded) or _ALIASES.get(folded)


def module_key(identifier: str) -> str:
    """The one spelling under which a module's endpoints are kept and looked up."""
    module = module_named(identifier)
    return module.identifier.lower() if module else identifier.lower()


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the specification's endpoint tables."""

    id: str
    module: str
    interface: Interface
    method: str
    path: str
    """Template below the module's endpoint; `{name}` is one segment, `{name?}` one that may be missing."""
    is_list: bool = False
    """Whether the answer is a paginated list."""
    is_broadcast: bool = False
    """Whether it is meant for everybody, so that it may be a Broadcast Push."""
    is_public: bool = False
    """Whether a list of it may be answered from what owners publish to everybody (GET All)."""
    response_url: str | None = None
    """Where the address for the asynchronous result is: `body`, `query`, or nowhere."""
    data_required: bool = False
    """Whether an answer without `data` is useless to the caller."""
    versions: tuple[str, ...] = _ALL
    object_name: str = ""
    """OCPI's word for the object in the request body, where there is one."""
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The path's segments by position: the name of a variable one, else the segment itself."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", _pattern(self.path))
        object.__setattr__(self, "names", tuple(segment.strip("{?}") for segment in self.path.split("/")))

    @property
    def is_owned(self) -> bool:
        """Whether the path begins with the owner of the object: a client-owned object, pushed or read back."""
        return self.names[:2] == ("country_code", "party_id")

    def segments(self, path: str) -> dict[str, str] | None:
        """The still percent-encoded segments of `path` by name; None where the path is not this operation's."""
        match = self.pattern.fullmatch(path)
        return {name: text for name, text in match.groupdict().items() if text is not None} if match else None


def _pattern(template: str) -> re.Pattern[str]:
    expression = ""
    for segment in filter(None, template.split("/")):
        if segment.startswith("{"):
            name = segment.strip("{?}")
            piece = f"/(?P<{name}>[^/]+)"
            expression += f"(?:{piece})?" if segment.endswith("?}") else piece
        else:
            expression += "/" + re.escape(segment)
    return re.compile(expression + "/?")


def _owned(prefix: str, module: str, key: str, object_name: str, methods: str, **more: object) -> list[Operation]:
    """The Receiver operations on a client-owned object: GET R1, PUT R2, PATCH R3, DELETE R4."""
    numbers = {"GET": "R1", "PUT": "R2", "PATCH": "R3", "DELETE": "R4"}
    return [
        Operation(
            f"{prefix}-{numbers[method]}",
            module,
            R,
            method,
            "{country_code}/{party_id}/" + key,
            object_name="" if method in ("GET", "DELETE") else object_name,
            data_required=method == "GET",
            **({} if method == "GET" else more),  # type: ignore[arg-type]
        )
        for method in methods.split()
    ]


_LOCATION_PATH: Final = "{location_id}/{evse_uid?}/{connector_id?}"
_BOOKING_LOCATION: Final = "booking_locations/{booking_location_id}/{calendar_id?}"

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation("LOC-S1", "locations", S, "GET", "", is_list=True, is_public=True, data_required=True),
    Operation("LOC-S2", "locations", S, "GET", _LOCATION_PATH, data_required=True),
    *_owned("LOC", "locations", _LOCATION_PATH, "Location", "GET PUT PATCH", is_broadcast=True),
    Operation("TAR-S1", "tariffs", S, "GET", "", is_list=True, is_public=True, data_required=True),
    *_owned("TAR", "tariffs", "{tariff_id}", "Tariff", "GET PUT DELETE", is_broadcast=True),
    *_owned("TAR", "tariffs", "{tariff_id}", "Tariff", "PATCH", is_broadcast=True, versions=_ONLY_2_1),
    Operation("SES-S1", "sessions", S, "GET", "", is_list=True, data_required=True),
    Operation(
        "SES-S2",
        "sessions",
        S,
        "PUT",
        "{session_id}/charging_preferences",
        data_required=True,
        versions=_FROM_2_2,
        object_name="ChargingPreferences",
    ),
    *_owned("SES", "sessions", "{session_id}", "Session", "GET PUT PATCH"),
    Operation("CDR-S1", "cdrs", S, "GET", "", is_list=True, data_required=True),
    Operation("CDR-R2", "cdrs", R, "POST", "", object_name="CDR"),
    Operation("TOK-S1", "tokens", S, "GET", "", is_list=True, is_public=True, data_required=True),
    Operation(
        "TOK-S2", "tokens", S, "POST", "{token_uid}/authorize", data_required=True, object_name="LocationReferences"
    ),
    *_owned("TOK", "tokens", "{token_uid}", "Token", "GET PUT PATCH", is_broadcast=True),
    *(
        Operation(
            f"CMD-R{number}",
            "commands",
            R,
            "POST",
            command,
            response_url="body",
            data_required=True,
            versions=_FROM_2_2 if command == "CANCEL_RESERVATION" else _ALL,
            object_name=object_name,
        )
        for number, (command, object_name) in enumerate(
            (
                ("START_SESSION", "StartSession"),
                ("STOP_SESSION", "StopSession"),
                ("RESERVE_NOW", "ReserveNow"),
                ("CANCEL_RESERVATION", "CancelReservation"),
                ("UNLOCK_CONNECTOR", "UnlockConnector"),
            ),
            start=1,
        )
    ),
    # CommandType is an OpenEnum in 2.3.0: a custom command carries a response_url like any other
    Operation("CMD-R6", "commands", R, "POST", "{command}", response_url="body", data_required=True),
    Operation("CHP-R1", "chargingprofiles", R, "GET", "{session_id}", response_url="query", data_required=True),
    Operation(
        "CHP-R2",
        "chargingprofiles",
        R,
        "PUT",
        "{session_id}",
        response_url="body",
        data_required=True,
        object_name="SetChargingProfile",
    ),
    Operation("CHP-R3", "chargingprofiles", R, "DELETE", "{session_id}", response_url="query", data_required=True),
    Operation("CHP-S2", "chargingprofiles", S, "PUT", "{session_id}", object_name="ActiveChargingProfile"),
    Operation("INV-S1", "invoicereconciliation", S, "GET", "", is_list=True, data_required=True),
    Operation("INV-R2", "invoicereconciliation", R, "POST", "", object_name="InvoiceReconciliationRecord"),
    *(
        Operation(
            f"INV-R{number}",
            "invoicereconciliation",
            R,
            method,
            "{country_code}/{party_id}/{id}",
            data_required=method == "GET",
            object_name="InvoiceReconciliationRecord" if method == "PUT" else "",
        )
        for number, method in ((1, "GET"), (3, "PUT"), (4, "DELETE"))
    ),
    Operation("PAY-S1", "payments", S, "GET", "terminals", is_list=True, data_required=True),
    Operation("PAY-S3", "payments", S, "POST", "terminals/activate", object_name="TerminalActivation"),
    Operation("PAY-S4", "payments", S, "POST", "terminals/{terminal_id}/deactivate"),
    Operation("PAY-S2", "payments", S, "GET", "terminals/{terminal_id}", data_required=True),
    Operation("PAY-S5", "payments", S, "PUT", "terminals/{terminal_id}", object_name="Terminal"),
    Operation("PAY-S6", "payments", S, "PATCH", "terminals/{terminal_id}", object_name="Terminal"),
    Operation("PAY-S7", "payments", S, "GET", "financial-advice-confirmations", is_list=True, data_required=True),
    Operation("PAY-S8", "payments", S, "GET", "financial-advice-confirmations/{id}", data_required=True),
    Operation("PAY-R1", "payments", R, "GET", "terminals/{terminal_id}", data_required=True),
    Operation("PAY-R2", "payments", R, "POST", "terminals", object_name="Terminal"),
    Operation("PAY-R3", "payments", R, "GET", "financial-advice-confirmations/{id}", data_required=True),
    Operation(
        "PAY-R4",
        "payments",
        R,
        "POST",
        "financial-advice-confirmations",
        object_name="FinancialAdviceConfirmation",
    ),
    Operation("BOK-S1", "booking", S, "GET", "booking_locations", is_list=True, is_public=True, data_required=True),
    Operation("BOK-S2", "booking", S, "GET", _BOOKING_LOCATION, data_required=True),
    Operation("BOK-S3", "booking", S, "GET", "", is_list=True, data_required=True),
    Operation("BOK-S4", "booking", S, "POST", "", data_required=True, object_name="BookingRequest"),
    *_owned("BOK", "booking", _BOOKING_LOCATION, "BookingLocation", "GET PUT PATCH", is_broadcast=True),
    *(
        Operation(
            f"BOK-R{number}",
            "booking",
            R,
            method,
            "{country_code}/{party_id}/{booking_id}",
            data_required=method == "GET",
            object_name="" if method == "GET" else "Booking",
        )
        for number, method in ((4, "GET"), (5, "PUT"), (6, "PATCH"))
    ),
)

_BY_CALL: Final[dict[tuple[str, Interface, str], tuple[Operation, ...]]] = {}
for _operation in OPERATIONS:
    _call = (_operation.module, _operation.interface, _operation.method)
    _BY_CALL[_call] = (*_BY_CALL.get(_call, ()), _operation)


def operation_of(module: str, interface: Interface, method: str, path: str) -> Operation | None:
    """The standard operation that this call is, by module key; None for a custom one.

    `path` is the still percent-encoded remainder below the module, empty or starting with `/`.
    """
    for operation in _BY_CALL.get((module, interface, method), ()):
        if operation.pattern.fullmatch(path):
            return operation
    return None
