"""Broadcast to many receivers: each is served by itself, within bounds, and what is given up is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from routing.broadcast import Bounds, Broadcast
from routing.mailbox import Copy
from routing.message import Message
from routing.receivers import Receiver
from tests.routing.scene import EMSP, OTHER_EMSP, R, market, message

THERE = market()
ONE, OTHER = Receiver("emsp", EMSP), Receiver("other-emsp", OTHER_EMSP)
WAIT_S = 20.0


def location(number: int = 1, document: dict[str, Any] | None = None, method: str = "PUT") -> Message:
    path = f"/NL/TNM/{number}"
    return message(THERE, "cpo", method, "locations", R, path, to=THERE.hub, document=document or {"v": 1})


class Post:
    """Delivers copies as told, and remembers them."""

    def __init__(self, act: Callable[[Copy, Receiver], Awaitable[None]] | None = None) -> None:
        self.arrived: list[tuple[str, str]] = []
        self.under_way: dict[Receiver, int] = {}
        self.most: dict[Receiver, int] = {}
        self._act = act

    async def __call__(self, copy: Copy, receiver: Receiver) -> None:
        self.under_way[receiver] = self.under_way.get(receiver, 0) + 1
        self.most[receiver] = max(self.most.get(receiver, 0), self.under_way[receiver])
        try:
            await asyncio.sleep(0)
            if self._act is not None:
                await self._act(copy, receiver)
            self.arrived.append((receiver.party.text, copy.message.path))
        finally:
            self.under_way[receiver] -= 1

    def at(self, receiver: Receiver) -> list[str]:
        return [path for party, path in self.arrived if party == receiver.party.text]


def silent_for(receiver: Receiver) -> tuple[Callable[[Copy, Receiver], Awaitable[None]], asyncio.Event]:
    """A receiver whose calls last until the event."""
    released = asyncio.Event()

    async def act(copy: Copy, to: Receiver) -> None:
        if to == receiver:
            await released.wait()

    return act, released


async def settled(broadcast: Broadcast) -> None:
    async with asyncio.timeout(WAIT_S):
        await broadcast.settled()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110 - a step of the loop at a time, until what is counted is there
            await asyncio.sleep(0)


async def test_every_receiver_gets_its_own_copy() -> None:
    post = Post()
    broadcast = Broadcast(post)
    for number in range(50):
        broadcast.push(location(number), [ONE, OTHER])
    assert broadcast.waiting > 0
    await settled(broadcast)
    assert sorted(post.at(ONE)) == sorted(post.at(OTHER)) == sorted(f"/NL/TNM/{number}" for number in range(50))
    assert (broadcast.delivered, broadcast.waiting, broadcast.given_up) == (100, 0, {})


async def test_one_receiver_has_a_bounded_number_of_calls() -> None:
    post = Post()
    broadcast = Broadcast(post, Bounds(calls=3))
    for number in range(20):
        broadcast.push(location(number), [ONE, OTHER])
    await settled(broadcast)
    assert post.most == {ONE: 3, OTHER: 3}


async def test_a_receiver_that_never_answers_costs_the_others_nothing() -> None:
    act, released = silent_for(ONE)
    post = Post(act)
    broadcast = Broadcast(post)
    for number in range(100):
        broadcast.push(location(number), [ONE, OTHER])
    await until(lambda: len(post.at(OTHER)) == 100)
    assert post.at(ONE) == []
    assert broadcast.waiting_for() == {ONE: 96}
    released.set()
    await settled(broadcast)
    assert len(post.at(ONE)) == 100


async def test_a_slow_receiver_catches_up_with_the_present() -> None:
    act, released = silent_for(ONE)
    post = Post(act)
    broadcast = Broadcast(post)
    for version in range(100):
        broadcast.push(location(1, {"v": version}), [ONE])
        await asyncio.sleep(0)
    assert broadcast.waiting == 1
    released.set()
    await settled(broadcast)
    assert (broadcast.delivered, broadcast.replaced) == (2, 98)


async def test_what_finds_no_room_is_given_up_and_counted() -> None:
    act, released = silent_for(ONE)
    broadcast = Broadcast(Post(act), Bounds(copies_of_one=10, calls=2))
    for number in range(20):
        broadcast.push(location(number), [ONE, OTHER])
    assert broadcast.tallies[ONE].given_up == {"full": 8}
    released.set()
    await settled(broadcast)
    assert broadcast.tallies[ONE].delivered == 12
    assert (
        broadcast.given_up["full"]
        == broadcast.tallies[ONE].given_up["full"] + broadcast.tallies[OTHER].given_up["full"]
    )


@pytest.mark.parametrize("bounds", [Bounds(copies=50, floor=5, calls=1), Bounds(bytes=5000, floor=5, calls=1)])
async def test_a_full_house_has_room_for_a_receiver_that_keeps_up(bounds: Bounds) -> None:
    """Not by count of copies nor by their bytes can one slow receiver take the place of the others."""
    act, released = silent_for(ONE)
    post = Post(act)
    broadcast = Broadcast(post, bounds)
    for number in range(60):
        broadcast.push(location(number, {"v": "x" * 100}), [ONE])
    waiting = broadcast.waiting
    assert broadcast.tallies[ONE].given_up["full"] == 59 - waiting
    for number in range(5):
        broadcast.push(location(number, {"v": 2}), [OTHER])
    await until(lambda: len(post.at(OTHER)) == 5)
    assert not broadcast.tallies[OTHER].given_up
    released.set()
    await settled(broadcast)
    assert (broadcast.waiting, broadcast.waiting_bytes) == (0, 0)


async def test_a_platform_that_is_forgotten_gets_nothing_of_what_waited() -> None:
    act, released = silent_for(ONE)
    post = Post(act)
    broadcast = Broadcast(post, Bounds(calls=1))
    for number in range(5):
        broadcast.push(location(number), [ONE, OTHER])
    broadcast.forget("emsp")
    assert broadcast.tallies[ONE].given_up == {"not connected": 4}
    assert broadcast.waiting_for() == {OTHER: 4}
    released.set()
    await settled(broadcast)
    assert (len(post.at(ONE)), len(post.at(OTHER))) == (1, 5)


async def test_a_hub_that_closes_delivers_what_it_can_and_counts_the_rest() -> None:
    said: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    act, _ = silent_for(ONE)
    post = Post(act)
    broadcast = Broadcast(post, Bounds(calls=2))
    for number in range(10):
        broadcast.push(location(number), [ONE, OTHER])
    await broadcast.close(0.05)
    assert not said, "nothing failed"
    assert len(post.at(OTHER)) == 10
    assert broadcast.tallies[ONE].given_up == {"closed": 10}
    broadcast.push(location(11), [OTHER])
    assert broadcast.tallies[OTHER].given_up == {"closed": 1}
    assert broadcast.waiting == 0


async def test_a_receiver_that_has_all_leaves_nothing_but_its_tally() -> None:
    broadcast = Broadcast(Post())
    for number in range(10):
        broadcast.push(location(number), [ONE])
    await settled(broadcast)
    assert broadcast.waiting_for() == {}
    assert not broadcast._rounds
    assert broadcast.tallies[ONE].delivered == 10
