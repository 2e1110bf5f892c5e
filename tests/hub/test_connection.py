"""A connection of the public door: HTTP/1.1 as RFC 9112 has it, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hub.door import refusal
from hub.http import Request, Response
from hub.server import bind, listening
from routing.errors import BodyTooLarge

HOST = b"Host: hub\r\n"
MOST = 1000


async def handler(request: Request) -> Response:
    """Tells the method and the body, or does what the address says."""
    match request.target:
        case "/unread":
            return Response(200, b"unread", {})
        case "/split":
            return Response(200, b"split", {"X-Total-Count": "1\r\nX-Evil: yes", "X-Limit": "2"})
        case "/broken":
            raise RuntimeError("the door's own mistake")
        case _:
            try:
                return Response(200, request.method.encode() + b" " + await request.body(), {})
            except BodyTooLarge as error:
                return refusal(error)


@pytest.fixture
async def wire() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a door with that handler."""
    sock = bind("127.0.0.1", 0)
    async with listening(handler, sock, max_body_bytes=MOST, shutdown_s=1):
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        yield reader, writer
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def answer(reader: asyncio.StreamReader, *, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
    """The next answer: status, headers by lower-case name, body."""
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0))) if has_body else b""
        return int(status.split()[1]), headers, body


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Whether the hub hangs up without another word."""
    async with asyncio.timeout(10):
        return await reader.read() == b""


Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def test_requests_that_come_at_once_are_answered_in_their_order(wire: Wire) -> None:
    reader, writer = wire
    for number in range(20):
        body = str(number).encode()
        writer.write(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert [(await answer(reader))[2] for _ in range(20)] == [b"PUT %d" % number for number in range(20)]


async def test_who_waits_to_be_told_is_told_to_send_the_body(wire: Wire) -> None:
    """RFC 9110, 10.1.1: curl and .NET wait a second or for ever."""
    reader, writer = wire
    writer.write(b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert (await answer(reader))[0] == 100
    writer.write(b"abc")
    assert (await answer(reader))[::2] == (200, b"POST abc")


async def test_who_would_send_too_much_is_refused_before_it_does(wire: Wire) -> None:
    reader, writer = wire
    writer.write(b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n")
    assert (await answer(reader))[0] == 413
    writer.write(b"x" * 1001 + b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await answer(reader))[2] == b"GET ", "what it sent all the same was taken in"


async def test_a_body_in_chunks_is_read_and_bounded(wire: Wire) -> None:
    reader, writer = wire
    chunked = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    writer.write(chunked + b"2\r\nab\r\n")
    writer.write(b"1\r\nc\r\n0\r\n\r\n")
    assert (await answer(reader))[::2] == (200, b"POST abc")
    writer.write(chunked + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n")
    assert (await answer(reader))[0] == 413


@pytest.mark.parametrize(
    ("line", "is_kept"),
    [
        (b"GET / HTTP/1.1\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n", False),
        (b"GET / HTTP/1.0\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n", False),
    ],
)
async def test_a_connection_is_kept_where_the_caller_expects_it(wire: Wire, line: bytes, is_kept: bool) -> None:
    reader, writer = wire
    writer.write(line + HOST + b"\r\n")
    status, headers, body = await answer(reader)
    assert (status, body) == (200, b"GET ")
    assert "date" in headers
    if not is_kept:
        assert headers["connection"] == "close"
        assert await is_closed(reader)
        return
    assert headers.get("connection", "keep-alive") == "keep-alive"
    writer.write(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await answer(reader))[0] == 200


async def test_the_answer_to_head_has_no_body(wire: Wire) -> None:
    reader, writer = wire
    writer.write(b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await answer(reader, has_body=False))[1]["content-length"] == "5"
    assert (await answer(reader))[2] == b"GET "


async def test_a_body_that_nobody_read_is_not_taken_for_the_next_request(wire: Wire) -> None:
    reader, writer = wire
    smuggled = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
    writer.write(b"PUT /unread HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (2 * len(smuggled)))
    assert (await answer(reader))[2] == b"unread"
    writer.write(smuggled * 2 + b"DELETE / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await answer(reader))[2] == b"DELETE "


@pytest.mark.parametrize(
    "garbage",
    [
        b"POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"GET / HTTP/1.1\r\nHost : hub\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused_and_the_connection_closed(wire: Wire, garbage: bytes) -> None:
    reader, writer = wire
    writer.write(garbage + b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    status, headers, body = await answer(reader)
    assert (status, headers["connection"]) == (400, "close")
    assert b'"status_code":2001' in body
    assert await is_closed(reader)


async def test_a_header_that_would_break_out_of_its_line_is_left_out(wire: Wire) -> None:
    reader, writer = wire
    writer.write(b"GET /split HTTP/1.1\r\n" + HOST + b"\r\n")
    status, headers, body = await answer(reader)
    assert (status, body) == (200, b"split")
    assert headers["x-limit"] == "2"
    assert not {"x-total-count", "x-evil"} & headers.keys()


async def test_a_mistake_of_the_door_is_an_answer_too(wire: Wire) -> None:
    reader, writer = wire
    writer.write(b"GET /broken HTTP/1.1\r\n" + HOST + b"\r\n")
    status, headers, body = await answer(reader)
    assert (status, headers["connection"]) == (200, "close")
    assert b'"status_code":4000' in body
    assert b"mistake" not in body
    assert await is_closed(reader)
