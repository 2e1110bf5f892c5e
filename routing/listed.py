"""The items of a list answer, each with the bytes that its owner wrote. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from routing.bridge import parse_json, write_json
from routing.errors import InvalidAnswer

_DECODER: Final = json.JSONDecoder(parse_float=Decimal)
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_DATA: Final = re.compile(r'[ \t\n\r]*\{[ \t\n\r]*"data"[ \t\n\r]*:[ \t\n\r]*\[[ \t\n\r]*')

Item = tuple[Any, bytes]


def items_of(body: bytes) -> list[Item]:
    """The items of a list answer's `data`, parsed and as they were written. Raises InvalidAnswer where it is no list.

    `body` must be an OCPI envelope. `data` nearly always comes first: then nothing is written anew.
    """
    text = body.decode("utf-8")
    begin = _DATA.match(text)
    if begin is not None:
        try:
            return list(_spans(text, begin.end()))
        except ValueError:  # a number that Python will not read this way
            pass
    data = parse_json(body).get("data")
    if not isinstance(data, list):
        raise InvalidAnswer("a list was asked for, and the data that came is none")
    return [(item, write_json(item)) for item in data]


def _spans(text: str, index: int) -> Iterator[Item]:
    while text[index] != "]":
        item, end = _DECODER.raw_decode(text, index)
        yield item, text[index:end].encode("utf-8")
        index = _skip(text, end)
        if text[index] == ",":
            index = _skip(text, index + 1)


def _skip(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index
