"""Exchanges over sockets with parties that are hostile, broken or slow."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import pytest

from routing.addresses import check_public
from routing.wire import (
    AnswerTooLarge,
    BadAnswer,
    BrokenOff,
    NameUnknown,
    NotAccepted,
    Unanswered,
    WireError,
)
from tests.routing.sockets import Talk, read_request
from tests.routing.wire.live.parties import OK, Party, closing_after, get, saying, until, wire

HEAD = b"HTTP/1.1 200 OK\r\n"


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    for byte in HEAD + b"Content-Length: 5000\r\n\r\n":
        writer.write(bytes([byte]))
        await writer.drain()
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def headers_without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(HEAD)
    while True:
        writer.write(b"X-More: and more\r\n" * 100)
        await writer.drain()


async def a_hundred_megabytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        writer.write(b"%x\r\n%s\r\n" % (1_000_000, b"x" * 1_000_000))
        await writer.drain()
    writer.write(b"0\r\n\r\n")


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()  # reads nothing at all


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(HEAD + b"\r\n{}")
    await writer.drain()
    linger = struct.pack("ii", 1, 0)  # closing now resets the connection
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


HOSTILE: dict[str, tuple[Talk, type[WireError]]] = {
    "drips bytes": (drips, Unanswered),
    "is silent": (silent, Unanswered),
    "reads nothing": (deaf, Unanswered),
    "sends headers without end": (headers_without_end, BadAnswer),
    "sends 100 MB": (a_hundred_megabytes, AnswerTooLarge),
    "says it will send 100 MB": (saying(HEAD + b"Content-Length: 100000000\r\n\r\n"), AnswerTooLarge),
    "says both length and chunks": (
        saying(HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        BadAnswer,
    ),
    "has bad chunks": (saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"), BadAnswer),
    "has NUL in a header": (saying(HEAD + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}"), BadAnswer),
    "folds a header": (saying(HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}"), BadAnswer),
    "changes the protocol": (saying(b"HTTP/1.1 101 Go\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"), BadAnswer),
    "closes at once": (closing_after(b""), BrokenOff),
    "closes in the head": (closing_after(HEAD + b"Content-Le"), BrokenOff),
    "closes in the body": (closing_after(HEAD + b"Content-Length: 10\r\n\r\n{}"), BrokenOff),
    "closes in a chunk": (closing_after(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}"), BrokenOff),
    "resets where the body ends with the connection": (resets, BrokenOff),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_party_that_does_not_answer_is_left_and_its_connection_closed(
    party: Party, name: str, method: str
) -> None:
    talk, error = HOSTILE[name]
    port = await party(talk)
    async with wire() as opened:
        with pytest.raises(error):
            await get(opened, port.url(), method=method, timeout_s=1.0)
        await until(lambda: opened.opened == 0)
    assert port.connections == 1


async def test_others_do_not_notice(party: Party) -> None:
    bad = [(await party(talk)).url() for talk, _ in HOSTILE.values()]
    good = await party(saying(OK))
    async with wire() as opened:
        suffering = [asyncio.create_task(get(opened, url, timeout_s=1.0)) for url in bad for _ in range(3)]
        answers = [await get(opened, good.url()) for _ in range(50)]
        ends = await asyncio.gather(*suffering, return_exceptions=True)
    assert {answer.http for answer in answers} == {200}
    assert good.connections == 1
    assert all(isinstance(end, WireError) for end in ends)


async def test_a_request_that_nobody_waits_for_is_given_up(party: Party) -> None:
    port = await party(silent)
    async with wire() as opened:
        asked = asyncio.create_task(get(opened, port.url()))
        await until(lambda: port.connections == 1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await until(lambda: opened.opened == 0)


# --- bodies ----------------------------------------------------------------------------------------------------------


async def test_a_large_body_goes_out_whole(party: Party) -> None:
    got: list[bytes] = []

    async def reads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await read_request(reader))
        writer.write(OK)

    port = await party(reads)
    body = bytes(range(256)) * 8192
    async with wire() as opened:
        assert (await get(opened, port.url(), method="POST", body=body)).http == 200
    assert got[0].partition(b"\r\n\r\n")[2] == body


async def test_a_refusal_before_the_body_was_read_is_an_answer_and_ends_the_connection(party: Party) -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.Event().wait()

    port = await party(refuses)
    async with wire() as opened:
        answer = await get(opened, port.url(), method="PUT", body=b"x" * 30_000_000)
        assert answer.http == 413
        await until(lambda: opened.opened == 0)


async def test_a_body_without_a_length_ends_with_the_connection(party: Party) -> None:
    port = await party(closing_after(HEAD + b'\r\n{"a":1}'))
    async with wire() as opened:
        assert (await get(opened, port.url())).body == b'{"a":1}'
        await until(lambda: opened.opened == 0)


async def test_interim_answers_are_passed_over(party: Party) -> None:
    port = await party(saying(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\n[]"))
    async with wire() as opened:
        for _ in range(3):
            assert (await get(opened, port.url(), method="POST", body=b"{}")).body == b"[]"
    assert port.connections == 1


# --- where to ---------------------------------------------------------------------------------------------------------


async def test_a_name_is_resolved_and_its_addresses_tried_one_after_the_other(party: Party) -> None:
    port = await party(saying(OK))  # on IPv4 alone, while localhost is both
    async with wire() as opened:
        assert (await get(opened, port.url(host="localhost"))).http == 200


async def test_a_name_is_checked_at_each_connect(party: Party) -> None:
    port = await party(closing_after(OK))
    strict = False

    def check(address: Any) -> None:
        if strict:
            check_public(address)

    async with wire(check) as opened:
        await get(opened, port.url(host="localhost"))
        strict = True
        with pytest.raises(ValueError, match="loopback"):
            await get(opened, port.url(host="localhost"))
    assert port.connections == 1


async def test_a_name_that_nobody_has_and_a_port_that_nobody_listens_on(party: Party) -> None:
    async with wire(connect_timeout_s=20.0) as opened:
        with pytest.raises(NameUnknown):
            await get(opened, "http://nobody.invalid/", timeout_s=30.0)
        with pytest.raises(NotAccepted):
            await get(opened, "http://127.0.0.1:1/")
        assert opened.opened == 0
