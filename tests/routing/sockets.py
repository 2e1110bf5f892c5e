"""A courier to send, and servers on loopback that answer it as told, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from routing.addresses import AddressCheck, check_nothing
from routing.courier import Courier

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Total-Count: 7\r\n\r\n{}"


@asynccontextmanager
async def courier(check: AddressCheck = check_nothing, **more: Any) -> AsyncIterator[Courier]:
    values: dict[str, Any] = {"connect_timeout_s": 0.5, "party_timeout_s": 1.0, "max_answer_bytes": 10_000}
    opened = Courier(check_address=check, **(values | more))
    try:
        yield opened
    finally:
        await opened.close()


async def call(to: Courier, url: str, method: str = "GET", **more: Any) -> Any:
    return await to.call(method, url, **({"token": "secret", "encode_token": True, "headers": {}} | more))


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    return head + await reader.readexactly(int(length.partition(b":")[2]))
