"""TLS to parties: who is believed, who is not, and what a second connection costs."""

from __future__ import annotations

import asyncio

import pytest

from routing.wire import NotAcceptedInTime, TlsFailed, party_tls
from tests.routing.sockets import read_request
from tests.routing.wire.live.parties import OK, Authority, Party, get, saying, until, wire


async def test_a_party_that_the_authority_vouches_for_is_called(party: Party, authority: Authority) -> None:
    port = await party(saying(OK), ssl=authority.server())
    async with wire(tls=party_tls(cafile=str(authority.file))) as opened:
        for _ in range(3):
            assert (await get(opened, port.url(host="localhost", scheme="https"))).body == b"{}"
    assert port.connections == 1


@pytest.mark.parametrize(
    ("host", "days", "why"),
    [("localhost", -1, "expired"), ("other.example", 1, "another host"), ("localhost", 1, "vouches")],
    ids=["expired", "another host", "unknown authority"],
)
async def test_a_certificate_that_is_not_valid_ends_it_before_anything_is_said(
    party: Party, authority: Authority, host: str, days: int, why: str
) -> None:
    heard: list[bytes] = []

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())

    port = await party(listens, ssl=authority.server(host, days=days))
    tls = None if why == "vouches" else party_tls(cafile=str(authority.file))
    async with wire(tls=tls) as opened:
        with pytest.raises(TlsFailed, match=why):
            await get(opened, port.url(host="localhost", scheme="https"))
        assert opened.opened == 0
    assert b"".join(heard) == b""


async def test_a_handshake_that_hangs_is_given_up_in_time(party: Party) -> None:
    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    port = await party(hangs)
    async with wire(connect_timeout_s=0.3) as opened:
        with pytest.raises(NotAcceptedInTime):
            await get(opened, port.url(host="localhost", scheme="https"))
        assert opened.opened == 0
    await until(lambda: port.hung_up == 1)


@pytest.mark.parametrize("says", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""], ids=["plain HTTP", "nothing"])
async def test_a_port_without_tls_is_not_called(party: Party, says: bytes) -> None:
    async def speaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)

    port = await party(speaks)
    async with wire() as opened:
        with pytest.raises(TlsFailed):
            await get(opened, port.url(host="localhost", scheme="https"))


@pytest.mark.parametrize("newest", ["TLSv1_2", "TLSv1_3"])
async def test_a_session_is_resumed(party: Party, authority: Authority, newest: str) -> None:
    reused: list[bool] = []

    async def answers_and_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reused.append(writer.get_extra_info("ssl_object").session_reused)
        await read_request(reader)
        writer.write(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    server = authority.server()
    server.maximum_version = getattr(type(server.maximum_version), newest)
    port = await party(answers_and_closes, ssl=server)
    async with wire(tls=party_tls(cafile=str(authority.file))) as opened:
        for _ in range(3):
            await get(opened, port.url(host="localhost", scheme="https"))
    assert reused == [False, True, True]


async def test_a_session_of_one_host_is_not_shown_to_another(party: Party, authority: Authority) -> None:
    port = await party(saying(OK), ssl=authority.server("localhost"))
    tls = party_tls(cafile=str(authority.file))
    async with wire(tls=tls) as opened:
        await get(opened, port.url(host="localhost", scheme="https"))
    assert set(tls.sessions) == {"localhost"}
    async with wire(tls=tls) as opened:
        with pytest.raises(TlsFailed, match="another host"):
            await get(opened, port.url(host="127.0.0.1", scheme="https"))


async def test_a_large_answer_and_a_large_request_pass(party: Party, authority: Authority) -> None:
    async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            body = (await read_request(reader)).partition(b"\r\n\r\n")[2]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()

    port = await party(echoes, ssl=authority.server(), limit=2**22)
    body = bytes(range(256)) * 4096
    async with wire(tls=party_tls(cafile=str(authority.file)), max_answer_bytes=2**21) as opened:
        for _ in range(2):
            answer = await get(opened, port.url(host="localhost", scheme="https"), method="PUT", body=body)
            assert answer.body == body
    assert port.connections == 1
