"""Callers that drip, never end, never begin, or crowd the door: they are cut off, and the others are served."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from hub.http import Request, Response
from hub.lifecycle import running
from hub.limits import MAX_IN_FLIGHT_OF_ONE
from hub.server import Connections, bind, listening
from hub.testing import FakeCpo, FakeEmsp
from hub.tls import Certificates
from tests.authority import Authority
from tests.stories.nodes import MakeSettings, join

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[int], Awaitable[Connection]]


@asynccontextmanager
async def door(
    *, head_s: float = 60, most: int = 100, certificates: Certificates | None = None
) -> AsyncIterator[tuple[int, Connections]]:
    """A door that answers the path it was asked for; its port."""

    async def answer(request: Request) -> Response:
        if request.target == "/slow":
            await asyncio.sleep(0.2)
        return Response(200, request.target.encode(), {"Content-Type": "text/plain"})

    sock = bind("127.0.0.1", 0)
    try:
        async with listening(
            answer,
            sock,
            max_body_bytes=1000,
            shutdown_s=1,
            head_s=head_s,
            most_connections=most,
            certificates=certificates,
        ) as connections:
            yield sock.getsockname()[1], connections
    finally:
        sock.close()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens connections to a port, and closes them in the end."""
    opened: list[asyncio.StreamWriter] = []

    async def to(port: int) -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        opened.append(writer)
        return reader, writer

    yield to
    for writer in opened:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in opened), return_exceptions=True)


async def ask(connection: Connection, path: str = "/") -> str:
    """One request on a connection that stays open; the body of its answer."""
    reader, writer = connection
    writer.write(f"GET {path} HTTP/1.1\r\nHost: hub\r\n\r\n".encode())
    return await read(reader)


async def read(reader: asyncio.StreamReader) -> str:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    return (await reader.readexactly(length)).decode()


async def is_hung_up(connection: Connection) -> bool:
    """Whether the hub closes the connection, soon."""
    async with asyncio.timeout(20):
        try:
            while await connection[0].read(65536):
                pass
        except ConnectionError:
            pass
    return True


async def test_whoever_drips_a_head_is_cut_off_in_time(connect: Connect) -> None:
    async with door(head_s=0.5) as (port, _):
        reader, writer = await connect(port)

        async def drip() -> None:
            writer.write(b"GET / HTTP/1.1\r\nHost: hub\r\n")
            while not reader.at_eof():
                writer.write(b"X-Drip: 1\r\n")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        assert await is_hung_up((reader, writer))
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


async def test_whoever_says_nothing_is_cut_off_in_time(connect: Connect) -> None:
    async with door(head_s=0.5) as (port, _):
        silent, spoke_once = await connect(port), await connect(port)
        assert await ask(spoke_once) == "/"
        assert await is_hung_up(silent)
        assert await is_hung_up(spoke_once)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 200, id="too many headers"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 66_000, id="a header too long"),
        pytest.param(b"GET /" + b"x" * 66_000, id="a target too long"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS to a plain door"),
    ],
)
async def test_what_is_no_request_is_refused_in_an_envelope(head: bytes, connect: Connect) -> None:
    async with door() as (port, _):
        reader, writer = await connect(port)
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
        assert json.loads(await reader.read())["status_code"] == 2001


async def test_what_never_ends_is_cut_off(connect: Connect) -> None:
    async with door() as (port, _):
        connection = await connect(port)
        connection[1].write(b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 500_000)
        assert await is_hung_up(connection)
        assert await ask(await connect(port)) == "/"


async def test_a_crowd_of_idle_connections_keeps_nobody_out(connect: Connect) -> None:
    async with door(most=50) as (port, connections):
        kept = await connect(port)
        assert await ask(kept) == "/"
        crowd = [await connect(port) for _ in range(300)]
        assert await ask(await connect(port)) == "/"
        assert connections.count <= 51  # one is closed when another comes
        assert connections.turned_away >= 250
        assert await is_hung_up(crowd[0])


async def test_a_request_that_is_being_served_is_not_cut_off_for_a_crowd(connect: Connect) -> None:
    async with door(most=10) as (port, _):
        busy = await connect(port)
        answer = asyncio.create_task(ask(busy, "/slow"))
        await asyncio.sleep(0)
        for _ in range(50):
            await connect(port)
        assert await answer == "/slow"


async def test_requests_in_a_row_are_answered_in_their_order(connect: Connect) -> None:
    async with door() as (port, _):
        reader, writer = await connect(port)
        paths = ["/slow", *(f"/{number}" for number in range(20))]
        writer.write(b"".join(f"GET {path} HTTP/1.1\r\nHost: hub\r\n\r\n".encode() for path in paths))
        assert [await read(reader) for _ in paths] == paths


async def test_parties_are_served_while_5000_strangers_stand_at_the_door(
    settings: MakeSettings, connect: Connect
) -> None:
    async with running(settings(server={"port": 0})) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo)
        await join(hub, emsp)
        crowd: list[Connection] = []
        for _ in range(50):
            crowd += await asyncio.gather(*(connect(hub.settings.server.port) for _ in range(100)))
        for reader, writer in crowd[::10]:
            writer.write(b"POST /ocpi/2.2.1/receiver/cdrs HTTP/1.1\r\nHost: hub\r\nContent-Le")
            assert not reader.at_eof()
        token = base64.b64encode(emsp.peer.token_out.encode()).decode()
        for _, writer in crowd[5::10]:  # one of the parties sends bodies that never come to their end
            head = f"PUT /ocpi/2.2.1/receiver/tokens/DE/ABC/1 HTTP/1.1\r\nHost: hub\r\nAuthorization: Token {token}\r\n"
            writer.write(f'{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"uid":'.encode())
        for _ in range(5):
            assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000


async def test_parties_are_served_while_others_send_bodies_that_never_end(
    settings: MakeSettings, connect: Connect
) -> None:
    """However many they are, each may have less of the hub, and there is room left."""
    villains = [FakeEmsp(f"FR*{number:03}") for number in range(3)]
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running(settings(server={"port": 0})))
        cpo, emsp, *_ = [await stack.enter_async_context(party) for party in (FakeCpo(), FakeEmsp(), *villains)]
        for party in (cpo, emsp, *villains):
            await join(hub, party)
        for villain in villains:
            token = base64.b64encode(villain.peer.token_out.encode()).decode()
            head = f"PUT /ocpi/2.2.1/receiver/tokens/FR/000/1 HTTP/1.1\r\nHost: hub\r\nAuthorization: Token {token}\r\n"
            begun = f'{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"uid":'.encode()
            for _ in range(MAX_IN_FLIGHT_OF_ONE // 64):
                crowd = await asyncio.gather(*(connect(hub.settings.server.port) for _ in range(64)))
                for _, writer in crowd:
                    writer.write(begun)
        for _ in range(5):
            assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
            assert (await emsp.push_token("NL*TNM")).status_code == 1000


async def test_whoever_does_not_begin_with_tls_is_cut_off_soon(tmp_path: Path, connect: Connect) -> None:
    cert, key = Authority(tmp_path).issue(file="door")
    async with door(head_s=0.5, certificates=Certificates(cert, key)) as (port, _):
        silent, slow = await connect(port), await connect(port)
        slow[1].write(b"\x16\x03\x01\x02\x00")
        assert await is_hung_up(silent)
        assert await is_hung_up(slow)


async def test_a_crowd_that_does_not_begin_with_tls_keeps_nobody_out(tmp_path: Path, connect: Connect) -> None:
    """It is bounded from the first moment, long before its time is over."""
    authority = Authority(tmp_path)
    cert, key = authority.issue(file="door")
    async with door(most=50, certificates=Certificates(cert, key)) as (port, connections):
        kept = await asyncio.open_connection("127.0.0.1", port, ssl=authority.client())
        assert await ask(kept) == "/"
        crowd = [await connect(port) for _ in range(300)]
        for early in crowd[:295]:
            assert await is_hung_up(early)
        another = await asyncio.open_connection("127.0.0.1", port, ssl=authority.client())
        assert await ask(another) == await ask(kept) == "/"
        assert not crowd[-1][0].at_eof()  # whose time has not come either
        assert connections.count == 2
        for writer in (kept[1], another[1]):
            writer.close()


async def test_a_request_may_come_with_the_end_of_the_tls_handshake(tmp_path: Path, connect: Connect) -> None:
    """RFC 8446, section 2: a client sends its request right behind its Finished, in one segment."""
    authority = Authority(tmp_path)
    cert, key = authority.issue(file="door")
    async with door(certificates=Certificates(cert, key)) as (port, _):
        reader, writer = await connect(port)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = authority.client().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65536))
        client.write(b"GET /early HTTP/1.1\r\nHost: hub\r\n\r\n")
        writer.write(outgoing.read())
        answer = b""
        while not answer.endswith(b"/early"):
            incoming.write(await reader.read(65536))
            with suppress(ssl.SSLWantReadError):
                while part := client.read():
                    answer += part
        assert answer.startswith(b"HTTP/1.1 200 ")
