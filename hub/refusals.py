"""Saying no for next to nothing: that the hub is busy is told to the bytes of a request, which nobody parses.

Only where there is no doubt about where the request ends; all others go the long way, and are told by the door.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from hub.http import Response, head_of
from hub.limits import BUSY, RETRY_S
from routing.answers import envelope
from routing.errors import RateLimited
from routing.journey import new_request_id, timestamp
from routing.ocpi import CORRELATION_ID, REQUEST_ID

MAX_ID: Final = 128
MOST_DIGITS: Final = 10
END: Final = b"\r\n\r\n"
IN_DOUBT: Final = (b"transfer-encoding", b"\r\nexpect:", b"\r\nupgrade:", b"\r\n ", b"\r\n\t")
"""What makes a request's end, or the connection's, a matter for the parser."""


@dataclass(slots=True, eq=False)
class Glance:
    """What can be seen of a request without parsing it."""

    size: int
    """Bytes of head and body together."""
    head: bytes = field(repr=False)
    lowered: bytes = field(repr=False)

    def header(self, name: bytes) -> str:
        """The first header of this name (lower case); empty where there is none."""
        found = self.lowered.find(b"\r\n" + name + b":")
        if found < 0:
            return ""
        begins = found + len(name) + 3
        return self.head[begins : self.head.index(b"\r\n", begins)].strip().decode("latin-1")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer, and how many bytes it is the answer to: those that are still on their way are of no interest."""

    answer: bytes
    size: int


Refuse = Callable[[bytes], Refusal | None]
"""Looks at bytes that begin with a request; None where it is to be served."""


def glance(data: bytes, max_body_bytes: int) -> Glance | None:
    """What these bytes begin with, if it is a request whose length everybody sees the same (RFC 9112, 6.3).

    None for whatever a parser should look at: another framing than one Content-Length, a head that has not all come.
    """
    end = data.find(END)
    if end < 0:
        return None
    head = data[: end + len(END)]
    lines = head.count(b"\r\n")
    if not lines == head.count(b"\n") == head.count(b"\r"):
        return None
    lowered = head.lower()
    if not head[: head.index(b"\r\n")].endswith(b" HTTP/1.1") or head.startswith((b"HEAD ", b"CONNECT ")):
        return None
    if any(word in lowered for word in IN_DOUBT):
        return None
    seen = Glance(len(head), head, lowered)
    if seen.header(b"connection").lower() not in ("", "keep-alive"):
        return None
    named = lowered.count(b"content-length")
    if not named:
        return seen
    length = seen.header(b"content-length")
    if named > 1 or not (length.isascii() and length.isdigit() and len(length) <= MOST_DIGITS):
        return None
    seen.size += int(length)
    return seen if int(length) <= max_body_bytes else None


def refusal_of(seen: Glance) -> Refusal:
    """Tell it that the hub is busy, with its own ids."""
    before, after = _around(int(time.time()))
    request_id, correlation_id = (
        given_id(seen.header(name)) for name in (REQUEST_ID.lower().encode(), CORRELATION_ID.lower().encode())
    )
    ids = f"{REQUEST_ID}: {request_id}\r\n{CORRELATION_ID}: {correlation_id}\r\n"
    return Refusal(before + ids.encode() + after, seen.size)


def given_id(given: str | None) -> str:
    """The id that the caller gave, or a new one: 2.1.1 has none, and nobody is refused for that."""
    return given if given and len(given) <= MAX_ID and given.isascii() and given.isprintable() else new_request_id()


def busy() -> Response:
    """What is said to one request too many; the ids are for who says it to add."""
    error = RateLimited(BUSY)
    headers = {"Content-Type": "application/json", "Retry-After": str(RETRY_S)}
    return Response(error.http, envelope(error.code, error.message, timestamp()), headers)


@lru_cache(maxsize=2)
def _around(second: int) -> tuple[bytes, bytes]:
    """The answer of this second, before and after the ids."""
    told = busy()
    whole = head_of(told, keeps_alive=True) + told.body
    line_ends = whole.index(b"\r\n") + 2
    return whole[:line_ends], whole[line_ends:]
