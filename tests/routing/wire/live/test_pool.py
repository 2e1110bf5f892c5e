"""Kept connections: bounded for one and for all, given up in time, and handed from one request to the next."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from routing.wire import Bounds, BrokenOff, Busy, NotConnected, Unanswered
from routing.wire.pool import Pool, Shared
from routing.wire.request import Origin
from tests.routing.sockets import Talk, read_request
from tests.routing.wire.live.parties import OK, Party, get, saying, until, wire


def waiting_for(gate: asyncio.Event, under_way: list[int]) -> Talk:
    """Answers when the gate opens; `under_way` holds how many requests wait for that, and the most that ever did."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            under_way[0] += 1
            under_way[1] = max(under_way)
            await gate.wait()
            under_way[0] -= 1
            writer.write(OK)
            await writer.drain()

    return talk


async def test_no_more_connections_to_one_than_allowed_and_the_others_wait_their_turn(party: Party) -> None:
    gate, under_way = asyncio.Event(), [0, 0]
    port = await party(waiting_for(gate, under_way))
    async with wire(bounds=Bounds(connections_of_one=3)) as opened:
        asked = [asyncio.create_task(get(opened, port.url(), method="POST", timeout_s=30.0)) for _ in range(12)]
        await until(lambda: under_way[0] == 3)
        gate.set()
        assert [answer.http for answer in await asyncio.gather(*asked)] == [200] * 12
    assert (port.connections, under_way[1]) == (3, 3)


async def test_waiting_is_bounded_in_number_and_in_time(party: Party) -> None:
    gate, under_way = asyncio.Event(), [0, 0]
    port = await party(waiting_for(gate, under_way))
    async with wire(bounds=Bounds(connections_of_one=1, waiting_for_one=1)) as opened:
        first = asyncio.create_task(get(opened, port.url(), timeout_s=30.0))
        await until(lambda: under_way[0] == 1)
        second = asyncio.create_task(get(opened, port.url(), timeout_s=0.2))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="too many"):
            await get(opened, port.url())
        with pytest.raises(Busy, match="in use"):
            await second
        gate.set()
        assert (await first).http == 200
        assert (await get(opened, port.url())).http == 200
    assert port.connections == 1


async def test_who_stops_waiting_takes_nobodys_turn(party: Party) -> None:
    gate, under_way = asyncio.Event(), [0, 0]
    port = await party(waiting_for(gate, under_way))
    async with wire(bounds=Bounds(connections_of_one=1)) as opened:
        asked = [asyncio.create_task(get(opened, port.url(), timeout_s=30.0)) for _ in range(4)]
        await until(lambda: under_way[0] == 1)
        asked[1].cancel()
        gate.set()
        ends = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(end).__name__ for end in ends] == ["Answer", "CancelledError", "Answer", "Answer"]


async def test_a_connection_that_fails_makes_room_for_who_waits(party: Party) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if b"/bad" in request:
            await reader.read()
        writer.write(OK)

    port = await party(talk)
    async with wire(bounds=Bounds(connections_of_one=1)) as opened:
        bad = asyncio.create_task(get(opened, port.url("/bad"), timeout_s=0.3))
        await until(lambda: port.connections == 1)
        good = asyncio.create_task(get(opened, port.url("/good"), timeout_s=30.0))
        with pytest.raises(Unanswered):
            await bad
        assert (await good).http == 200


async def test_one_that_refuses_connections_leaves_none_counted() -> None:
    async with wire(bounds=Bounds(connections_of_one=2)) as opened:
        asked = [get(opened, "http://127.0.0.1:1/") for _ in range(10)]
        ends = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(end, NotConnected) for end in ends)
        assert opened.opened == 0


async def test_the_one_idle_for_longest_makes_room_where_all_are_too_many(party: Party) -> None:
    ports = [await party(saying(OK)) for _ in range(4)]
    async with wire(bounds=Bounds(connections=2)) as opened:
        for port in ports:
            assert (await get(opened, port.url())).http == 200
        await until(lambda: opened.opened == 2)
        await until(lambda: [port.hung_up for port in ports] == [1, 1, 0, 0])


async def test_nobody_is_cut_off_to_make_room(party: Party) -> None:
    gate, under_way = asyncio.Event(), [0, 0]
    slow, other = await party(waiting_for(gate, under_way)), await party(saying(OK))
    async with wire(bounds=Bounds(connections=1)) as opened:
        first = asyncio.create_task(get(opened, slow.url(), timeout_s=30.0))
        await until(lambda: under_way[0] == 1)
        with pytest.raises(Busy):
            await get(opened, other.url())
        gate.set()
        assert (await first).http == 200


async def test_a_connection_is_kept_no_longer_than_allowed(party: Party) -> None:
    port = await party(saying(OK))
    async with wire(bounds=Bounds(idle_s=0.0)) as opened:
        for _ in range(3):
            await get(opened, port.url())
    assert port.connections == 3


async def test_a_connection_is_kept_no_longer_than_the_party_says(party: Party) -> None:
    port = await party(saying(OK.replace(b"\r\n\r\n", b"\r\nKeep-Alive: max=100, timeout=1\r\n\r\n")))
    async with wire() as opened:
        for _ in range(3):
            await get(opened, port.url())
    assert port.connections == 3


async def test_idle_connections_are_closed_without_anybody_asking(party: Party) -> None:
    port = await party(saying(OK))
    async with wire(bounds=Bounds(idle_s=0.1)) as opened:
        await get(opened, port.url())
        await until(lambda: port.hung_up == 1)
        assert opened.opened == 0


async def test_closing_ends_what_is_idle_and_lets_what_is_under_way_end(party: Party) -> None:
    gate, under_way = asyncio.Event(), [0, 0]
    slow, idle = await party(waiting_for(gate, under_way)), await party(saying(OK))
    async with wire() as opened:
        await get(opened, idle.url())
        asked = asyncio.create_task(get(opened, slow.url(), timeout_s=30.0))
        await until(lambda: under_way[0] == 1)
        closing = asyncio.create_task(opened.close(within_s=30.0))
        await until(lambda: idle.hung_up == 1)
        gate.set()
        assert (await asked).http == 200
        await closing
        assert opened.opened == 0
        with pytest.raises(NotConnected):
            await get(opened, "http://127.0.0.1:1/")


async def test_closing_does_not_wait_for_ever(party: Party) -> None:
    gate, under_way = asyncio.Event(), [0, 0]
    port = await party(waiting_for(gate, under_way))
    async with wire() as opened:
        asked = asyncio.create_task(get(opened, port.url(), timeout_s=100.0))
        await until(lambda: under_way[0] == 1)
        await opened.close(within_s=0.1)
        with pytest.raises(BrokenOff):
            await asked


class Given:
    """A connection that somebody gives back."""

    idle_until = 0.0

    def made_ready(self) -> bool:
        return True


async def test_who_stops_waiting_at_the_moment_something_is_given_back_does_not_fail() -> None:
    """As when many wait for a receiver that hangs, and the time of all is over."""
    pool = Pool(Origin(False, "127.0.0.1", 1, "127.0.0.1:1"), cast(Any, None), Shared(Bounds(connections_of_one=0)))
    asked = asyncio.create_task(pool.take(asyncio.get_running_loop().time() + 30))
    await asyncio.sleep(0)
    asked.cancel()
    pool.give_back(cast(Any, Given()), idle_until=0.0)
    with pytest.raises(asyncio.CancelledError):
        await asked
