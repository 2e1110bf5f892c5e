"""JSON for the bridge: read with decimals, written with exactly their digits and in UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, Final

from routing.message import parse_json

__all__ = ["parse_json", "write_json"]

MANY_ZEROS: Final = 40


def write_json(value: Any) -> bytes:
    """A JSON text in UTF-8 without spaces. A Decimal keeps its digits; a float is refused (TypeError)."""
    return "".join(_pieces(value)).encode("utf-8")


def _pieces(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield _string(value)
        case None | bool():
            yield {None: "null", True: "true", False: "false"}[value]
        case int():
            yield int.__repr__(value)
        case Decimal():
            yield _digits(value)
        case dict():
            yield from _members(value)
        case list() | tuple():
            yield from _items(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no place in an OCPI object")


def _members(value: dict[str, Any]) -> Iterator[str]:
    between = "{"
    for key, item in value.items():
        yield f"{between}{_string(key)}:"
        yield from _pieces(item)
        between = ","
    yield "{}" if between == "{" else "}"


def _items(value: list[Any] | tuple[Any, ...]) -> Iterator[str]:
    between = "["
    for item in value:
        yield between
        yield from _pieces(item)
        between = ","
    yield "[]" if between == "[" else "]"


def _digits(number: Decimal) -> str:
    """The digits as they were sent; an exponent only where there would be very many zeros."""
    text = str(number)
    return f"{number:f}" if "E" in text and abs(number.adjusted()) < MANY_ZEROS else text


def _string(text: str) -> str:
    """Half a surrogate pair is not UTF-8: only such a string is written with escapes."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        return str(encode_basestring_ascii(text))
    return str(encode_basestring(text))
