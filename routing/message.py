"""A routed request and its answer, free of any HTTP library. Bodies are bytes and stay bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import GenericAlias
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

from routing.catalogue import Operation
from routing.directory import Platform
from routing.errors import MalformedBody
from routing.ocpi import SUCCESS, Interface, PartyId, Version

try:
    import msgspec
except ImportError:  # the extra `speed`
    msgspec = None  # type: ignore[assignment]

Read = TypeVar("Read")
MAX_INTEGER_DIGITS: Final = 4000
"""Longer integers are read as decimals: Python refuses to read them as int."""


class Named(NamedTuple):
    """What an object says of itself at its top: whose it is, and what it is called. None for what it does not say."""

    country_code: Any = None
    party_id: Any = None
    id: Any = None
    uid: Any = None


@dataclass(frozen=True, slots=True)
class Message:
    """One OCPI request to a functional module, as it came in.

    `path` and `query` are kept percent-encoded as sent. `receiver` is the OCPI-to party, None where the headers
    are absent.
    """

    version: Version
    module: str
    interface: Interface
    method: str
    path: str
    query: str
    body: bytes
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

    @property
    def document(self) -> Any:
        """The body, read for the hub's own eyes: None without one. Raises MalformedBody.

        Read anew each time it is asked for: to read it while it is at hand costs less than to keep the tree of a
        message that waits for its receiver.
        """
        if not self.body:
            return None
        try:
            return parse_json(self.body)
        except ValueError as error:
            raise MalformedBody(f"the body is not valid JSON: {error}") from None

    @property
    def fields(self) -> Mapping[str, Any]:
        """The members of the object in the body, read like `document`; none where there is no object."""
        document = self.document
        return document if isinstance(document, dict) else {}

    @property
    def named(self) -> Named:
        """What the object in the body is called: nothing where there is none. Raises MalformedBody."""
        try:
            return Named(*(_named(self.body) or ())) if self.body else Named()
        except ValueError as error:
            raise MalformedBody(f"the body is not valid JSON: {error}") from None


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
    untranslated: bytes = field(default=b"", repr=False)
    """The body as the party sent it, where `body` is a translation of it."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else Decimal(digits)


_FAST: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
_LONG_INTEGERS: Final = json.JSONDecoder(parse_float=Decimal, parse_int=_integer, parse_constant=_refuse_constant)


def parse_json(body: bytes) -> Any:
    """Read a JSON text in UTF-8, numbers as int or Decimal. Raises ValueError for anything else (RFC 8259)."""
    return _parse(body)


def check_json(body: bytes) -> None:
    """Whether these bytes are JSON, at a quarter of what reading it costs. Raises ValueError where they are not."""
    _skim(body)


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


def members(*names: str) -> Callable[[bytes], tuple[Any, ...] | None]:
    """Reads these members of a JSON object and passes over the rest; None in place of what is not there.

    What is made returns None for JSON that is no object, and raises ValueError for what is no JSON at all.
    """

    def in_full(body: bytes) -> tuple[Any, ...] | None:
        document = read_json(body)
        return tuple(map(document.get, names)) if isinstance(document, dict) else None

    if msgspec is None:
        return in_full
    shape = msgspec.defstruct("Shape", [(name, Any, None) for name in names])
    read, values = msgspec.json.Decoder(shape, float_hook=Decimal).decode, msgspec.structs.astuple
    return _quickly(lambda body: values(read(_utf8(body))), in_full)


def of_each(rows: str, name: str) -> Callable[[bytes], tuple[Any, ...]]:
    """Reads a member of each object in a list of a JSON object, and passes over the rest; None where it is not there.

    What is made returns nothing where there is no such list, and raises ValueError for what is no JSON at all.
    """

    def in_full(body: bytes) -> tuple[Any, ...]:
        document = read_json(body)
        found = document.get(rows) if isinstance(document, dict) else None
        return tuple(row.get(name) for row in found if isinstance(row, dict)) if isinstance(found, list) else ()

    if msgspec is None:
        return in_full
    row = msgspec.defstruct("Row", [(name, Any, None)])
    read = msgspec.json.Decoder(
        msgspec.defstruct("Shape", [(rows, GenericAlias(list, row), ())]), float_hook=Decimal
    ).decode
    return _quickly(lambda body: tuple(getattr(found, name) for found in getattr(read(_utf8(body)), rows)), in_full)


def _quickly(read: Callable[[bytes], Read], in_full: Callable[[bytes], Read]) -> Callable[[bytes], Read]:
    """What msgspec reads it reads as Python does, in a quarter of the time. What it does not read (lone surrogates,
    endless integers, or no JSON at all) is judged by Python.
    """
    refused = (msgspec.MsgspecError, ValueError, RecursionError)

    def quickly(body: bytes) -> Read:
        try:
            return read(body)
        except refused:
            return in_full(body)

    return quickly


def _utf8(body: bytes) -> bytes:
    """The same bytes: msgspec does not look whether the strings that it passes over are UTF-8. Raises ValueError."""
    if not body.isascii():
        body.decode("utf-8")
    return body


def _skimming() -> Callable[[bytes], object]:
    """msgspec passes over JSON without building anything of it."""
    skim = msgspec.json.Decoder(msgspec.Raw).decode
    return _quickly(lambda body: skim(_utf8(body)), read_json)


_parse: Final = read_json if msgspec is None else _quickly(msgspec.json.Decoder(float_hook=Decimal).decode, read_json)
_skim: Final = read_json if msgspec is None else _skimming()
_named: Final = members(*Named._fields)
