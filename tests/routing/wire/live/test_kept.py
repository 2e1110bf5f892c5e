"""Kept connections: used again only where the party said nothing that nobody asked for, and never twice for a POST."""

from __future__ import annotations

import asyncio

import pytest

from routing.wire import BrokenOff
from tests.routing.sockets import Talk, read_request
from tests.routing.wire.live.parties import OK, Party, closing_after, get, saying, until, wire


async def test_one_connection_carries_one_request_after_the_other(party: Party) -> None:
    port = await party(saying(OK, b"HTTP/1.1 204 No Content\r\n\r\n"))
    async with wire() as opened:
        answers = [(await get(opened, port.url(f"/{number}"))).http for number in range(6)]
    assert (answers, port.connections) == ([200, 204] * 3, 1)


TWICE = {
    "two answers at once": OK + OK.replace(b"{}", b"[]"),
    "a body where there is none": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}",
    "more than the length": OK + b"HTTP",
}


@pytest.mark.parametrize("name", TWICE)
async def test_a_connection_that_said_too_much_is_never_used_again(party: Party, name: str) -> None:
    port = await party(saying(TWICE[name]))
    async with wire() as opened:
        for _ in range(3):
            assert (await get(opened, port.url())).body in (b"{}", b"")
    assert port.connections == 3


async def test_an_answer_to_no_request_is_not_the_answer_to_the_next(party: Party) -> None:
    async def answers_twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await writer.drain()
        await more.wait()
        writer.write(OK.replace(b"{}", b"[]"))
        await writer.drain()
        sent.set()
        await reader.read()

    more, sent = asyncio.Event(), asyncio.Event()
    port = await party(answers_twice)
    async with wire() as opened:
        assert (await get(opened, port.url())).body == b"{}"
        more.set()
        await sent.wait()  # it lies in the socket; whether the event loop has read it does not matter
        assert (await get(opened, port.url(), method="POST")).body == b"{}"
    assert port.connections == 2


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
async def test_a_connection_that_was_closed_while_idle_costs_nobody_a_request(party: Party, method: str) -> None:
    port = await party(closing_after(OK))
    async with wire() as opened:
        for number in range(3):
            assert (await get(opened, port.url(), method=method)).http == 200
            await until(lambda number=number: port.hung_up == number + 1)  # type: ignore[misc]
    assert port.connections == 3


def closing_at_the_second(seen: list[bytes]) -> Talk:
    """Answers the first request of each connection, and closes it at the second without a byte."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(OK)
        await writer.drain()
        seen.append(await read_request(reader))

    return talk


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_an_idempotent_request_is_sent_once_more_where_a_kept_connection_is_closed(
    party: Party, method: str
) -> None:
    seen: list[bytes] = []
    port = await party(closing_at_the_second(seen))
    async with wire() as opened:
        await get(opened, port.url())
        assert (await get(opened, port.url(), method=method)).http == 200
    assert (len(seen), port.connections) == (3, 2)


async def test_what_is_sent_once_more_goes_over_a_connection_that_was_never_used(party: Party) -> None:
    """A party that was started again closed them all: the next kept one is no better than the first."""
    seen: list[bytes] = []
    all_there = asyncio.Event()
    talk = closing_at_the_second(seen)

    async def together(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if port.connections == 3:
            all_there.set()
        await all_there.wait()
        await talk(reader, writer)

    port = await party(together)
    async with wire() as opened:
        await asyncio.gather(*(get(opened, port.url()) for _ in range(3)))
        assert (await get(opened, port.url())).http == 200
    assert (len(seen), port.connections) == (5, 4)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_have_been_done_is_not_sent_again(party: Party, method: str) -> None:
    seen: list[bytes] = []
    port = await party(closing_at_the_second(seen))
    async with wire() as opened:
        await get(opened, port.url())
        with pytest.raises(BrokenOff):
            await get(opened, port.url(), method=method)
    assert len(seen) == 2


async def test_nothing_is_sent_again_once_an_answer_has_begun(party: Party) -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (OK, b"H"):
            seen.append(await read_request(reader))
            writer.write(answer)
            await writer.drain()

    port = await party(talk)
    async with wire() as opened:
        await get(opened, port.url())
        with pytest.raises(BrokenOff):
            await get(opened, port.url())
    assert len(seen) == 2


async def test_a_request_is_sent_again_only_once(party: Party) -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        if len(seen) == 1:
            writer.write(OK)
            await writer.drain()
            seen.append(await read_request(reader))

    port = await party(talk)
    async with wire() as opened:
        await get(opened, port.url())
        with pytest.raises(BrokenOff):
            await get(opened, port.url())
    assert (len(seen), port.connections) == (3, 2)
