"""A routed request and its answer, free of any HTTP library. Bodies are bytes and stay bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NoReturn

from routing.catalogue import Operation
from routing.directory import Platform
from routing.ocpi import SUCCESS, Interface, PartyId, Version

try:
    import msgspec
except ImportError:  # the extra `speed`
    msgspec = None  # type: ignore[assignment]

MAX_INTEGER_DIGITS: Final = 4000
"""Longer integers are read as decimals: Python refuses to read them as int."""


@dataclass(frozen=True, slots=True)
class Message:
    """One OCPI request to a functional module, as it came in.

    `path` and `query` are kept percent-encoded as sent. `receiver` is the OCPI-to party, None where the headers
    are absent. `document` is the parsed body (`None` without a body), read only, for the hub's own eyes.
    """

    version: Version
    module: str
    interface: Interface
    method: str
    path: str
    query: str
    body: bytes
    document: Any
    caller: Platform
    sender: PartyId
    receiver: PartyId | None
    request_id: str
    correlation_id: str
    operation: Operation | None = None
    journey_id: str = ""
    parent: str = ""
    """The journey that gave out the address it came to, where it came to one."""
    is_followed: bool = False
    """Whether it came to an address the hub gave out, rather than to a module."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a message: HTTP status, body bytes and the OCPI headers that travel with it.

    `sender` is the party that answered (OCPI-from of the response): the receiver, or the hub itself.
    """

    http: int
    body: bytes
    sender: PartyId | None
    headers: Mapping[str, str] = field(default_factory=dict)
    code: int = SUCCESS
    """The OCPI status code in the body."""
    receipt: tuple[object, ...] = ()
    """What translating the answer lost or invented."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else Decimal(digits)


_FAST: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
_LONG_INTEGERS: Final = json.JSONDecoder(parse_float=Decimal, parse_int=_integer, parse_constant=_refuse_constant)


def parse_json(body: bytes) -> Any:
    """Read a JSON text in UTF-8, numbers as int or Decimal. Raises ValueError for anything else (RFC 8259)."""
    return _quickly(body)


def read_json(body: bytes) -> Any:
    """The same with Python's own parser, which has the last word."""
    text = body.decode("utf-8")
    try:
        return _FAST.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _LONG_INTEGERS.decode(text)


def _quick() -> Callable[[bytes], Any]:
    """msgspec where it is installed: what it reads it reads as Python does, in a quarter of the time. What it does
    not read (lone surrogates, endless integers, or no JSON at all) is judged by Python.
    """
    if msgspec is None:
        return read_json
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    refused = (msgspec.MsgspecError, ValueError, RecursionError)

    def quickly(body: bytes) -> Any:
        try:
            return decode(body)
        except refused:
            return read_json(body)

    return quickly


_quickly: Final = _quick()
