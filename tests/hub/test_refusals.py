"""Refusing requests that nobody parsed must never lose count of where a request begins: in whatever pieces they come,
each is answered once, in its order, with its own id.
"""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

from hub.http import Request, Response
from hub.refusals import Refusal, glance, refusal_of
from hub.server import bind, listening
from routing.ocpi import REQUEST_ID

CONNECTIONS, REQUESTS, MOST = 80, 10, 1000
REFUSED: list[str] = []
BODIES = (
    b"",
    b"{}",
    b'{"a":\r\n\r\n1}',
    b"PUT /busy HTTP/1.1\r\nX-Request-ID: smuggled\r\n\r\n",
    b"\r\n\r\n" * 30,
    b"x" * MOST,
)


async def serve(request: Request) -> Response:
    """Reads some, and leaves some unread."""
    if "unread" not in request.target:
        await request.body()
    return Response(200, b"", {REQUEST_ID: request.headers[REQUEST_ID]})


def refuse(data: bytes) -> Refusal | None:
    """As if the hub were busy for these addresses."""
    seen = glance(data, MOST)
    if seen is None or b"busy" not in seen.head.partition(b"\r\n")[0]:
        return None
    REFUSED.append(seen.header(b"x-request-id"))
    return refusal_of(seen)


def request(chance: random.Random, name: str) -> bytes:
    """One of some kind, with this id."""
    body = chance.choice(BODIES)
    address = chance.choice((b"/busy", b"/busy", b"/", b"/unread"))
    head = (
        chance.choice((b"PUT ", b"POST "))
        + address
        + b" HTTP/1.1\r\nHost: hub\r\nX-Request-ID: "
        + name.encode()
        + b"\r\n"
    )
    if body and chance.random() < 0.2:
        return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    if body or chance.random() < 0.5:
        head += b"Content-Length: %d\r\n" % len(body)
    return head + b"\r\n" + body


def pieces(chance: random.Random, whole: bytes) -> list[bytes]:
    """How a request comes: mostly its head in one."""
    head = whole.index(b"\r\n\r\n") + 4
    ends = chance.choice(([], [head], [head], [head + 3], [7], [7, head, head + 3]))
    cuts = [0, *sorted(end for end in ends if end < len(whole)), len(whole)]
    return [whole[begin:end] for begin, end in pairwise(cuts)]


async def answered(port: int, seed: int) -> list[str]:
    """Send requests in pieces on one connection, some before the last was answered; the ids of answers, in order."""
    chance = random.Random(seed)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found: list[str] = []
    for number in range(REQUESTS):
        for piece in pieces(chance, request(chance, f"{seed}-{number}")):
            writer.write(piece)
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
        while len(found) <= number and (number == REQUESTS - 1 or chance.random() < 0.8):
            found.append(await answer(reader))
    writer.close()
    return found


async def answer(reader: asyncio.StreamReader) -> str:
    """The id of the next answer."""
    async with asyncio.timeout(30):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.strip().split("\r\n")[1:])
        await reader.readexactly(int(fields["content-length"]))
    return fields[REQUEST_ID.lower()]


async def test_each_request_is_answered_once_in_its_order_whatever_is_refused() -> None:
    sock = bind("127.0.0.1", 0)
    async with listening(serve, sock, refuse=refuse, max_body_bytes=MOST, shutdown_s=1):
        port = sock.getsockname()[1]
        told = await asyncio.gather(*(answered(port, seed) for seed in range(CONNECTIONS)))
    assert 0 < len(REFUSED) < CONNECTIONS * REQUESTS, "some are, and some go the long way: how many is up to the load"
    assert told == [[f"{seed}-{number}" for number in range(REQUESTS)] for seed in range(CONNECTIONS)]
