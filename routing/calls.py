"""What a call to a module is: an operation of the catalogue, or none, and then whether it may pass all the same."""

from __future__ import annotations

import re
from typing import Final

from routing.catalogue import OPERATIONS, Operation, operation_of
from routing.errors import MethodNotAllowed, UnknownPath
from routing.message import Message
from routing.ocpi import Interface

_EXAMPLE: Final = re.compile(r"^/bookinglocations/([^/]+/[^/]+)/")


def read(module: str, interface: Interface, method: str, path: str) -> tuple[Operation | None, str]:
    """The operation that this call is, and its path, still percent-encoded, as the operation's template has it."""
    operation = operation_of(module, interface, method, path)
    if operation is None:
        if path == "/":
            return None, ""
        # the examples of Booking's PATCH name the object before its owner (OCPI 2.3.0, bookings, PATCH)
        if module != "booking" or interface is Interface.SENDER or not _EXAMPLE.match(path):
            return None, path
        path = _EXAMPLE.sub(r"/\1/booking_locations/", path)
        operation = operation_of(module, interface, method, path)
    return operation, path.removesuffix("/")


def check_listed(message: Message) -> None:
    """What its version has no operation for passes, except another method of a listed path, and what should name an
    owner but does not.

    A custom module has no operations, and OCPI leaves open where a CDR or the result of a command is.
    Raises MethodNotAllowed or UnknownPath.
    """
    operation, version = message.operation, message.version.number
    if operation is not None and version in operation.versions:
        return
    called = (message.module, message.interface)
    listed = [row for row in OPERATIONS if (row.module, row.interface) == called and version in row.versions]
    if methods := sorted({row.method for row in listed if row.pattern.fullmatch(message.path)}):
        raise MethodNotAllowed(headers={"Allow": ", ".join(methods)})
    if operation is None and any(row.is_owned for row in listed):
        raise UnknownPath("an object of a party is at /{country_code}/{party_id}/, and its id")
