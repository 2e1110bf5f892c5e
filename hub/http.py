"""A request and its answer as the public door has them: what OCPI needs of HTTP, and no more of a web framework."""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp import StreamReader
from multidict import CIMultiDictProxy

from routing.errors import BodyTooLarge, MalformedBody

BODY_TIMEOUT_S: Final = 30.0
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(slots=True, eq=False)
class Request:
    """One HTTP request, its body perhaps still on the way."""

    method: str
    target: str
    """As it was sent, percent-encoding and query with it."""
    headers: CIMultiDictProxy[str]
    payload: StreamReader = field(repr=False)
    transport: asyncio.Transport | None = field(repr=False)
    max_body_bytes: int
    is_awaited: bool = False
    """Whether the caller waits to be told that it may send the body (RFC 9110, Expect)."""

    @property
    def remote(self) -> str | None:
        """The address of the other end of the connection."""
        peer = self.transport.get_extra_info("peername") if self.transport is not None else None
        return str(peer[0]) if isinstance(peer, tuple) else None

    async def body(self) -> bytes:
        """All of the body, which is read once. Raises BodyTooLarge; MalformedBody where it does not come in time."""
        if self.payload.is_eof():  # it came with the head: no need for an alarm
            body = self.payload.read_nowait()
            self._check(len(body))
            return body
        if int(self.headers.get("Content-Length", 0)) > self.max_body_bytes:
            raise BodyTooLarge()
        if self.is_awaited and self.transport is not None:
            self.transport.write(CONTINUE)
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                return await self._rest()
        except TimeoutError:
            raise MalformedBody("the body did not arrive in time") from None

    async def _rest(self) -> bytes:
        parts = bytearray()
        while part := await self.payload.readany():
            parts += part
            self._check(len(parts))
        return bytes(parts)

    def _check(self, size: int) -> None:
        if size > self.max_body_bytes:
            raise BodyTooLarge()

    def _cancel(self, error: BaseException) -> None:
        """The connection is lost: whoever waits for the body is told (called by aiohttp's protocol)."""
        self.payload.set_exception(error)


@dataclass(slots=True, eq=False)
class Response:
    """The answer to a request; Content-Length, Date and Connection are the connection's to say."""

    status: int
    body: bytes
    headers: MutableMapping[str, str]
    is_last: bool = False
    """Whether the connection is closed after it."""


def head_of(response: Response, *, keeps_alive: bool, is_1_0: bool = False) -> bytes:
    """The head of an answer as it goes over the wire."""
    lines = [_status_line(response.status)]
    for name, value in response.headers.items():
        if value.isprintable():  # else it would end its line: what a party sent is not passed on then
            lines.append(f"{name}: {value}\r\n")
    lines.append(f"Content-Length: {len(response.body)}\r\nDate: {_date(int(time.time()))}\r\n")
    if not keeps_alive:
        lines.append("Connection: close\r\n")
    elif is_1_0:
        lines.append("Connection: keep-alive\r\n")
    lines.append("\r\n")
    return "".join(lines).encode()


@lru_cache(maxsize=256)
def _status_line(status: int) -> str:
    known = {row.value: row.phrase for row in HTTPStatus}
    return f"HTTP/1.1 {status} {known.get(status, 'Unknown')}\r\n"


@lru_cache(maxsize=2)
def _date(at: int) -> str:
    return formatdate(at, usegmt=True)
