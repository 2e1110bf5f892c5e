"""A broadcast to very many receivers of which some never answer; `tests.bench.fanout` measures it over sockets."""

from __future__ import annotations

import asyncio

from routing.broadcast import Broadcast
from routing.mailbox import Copy
from routing.ocpi import PartyId
from routing.receivers import Receiver
from tests.routing.test_broadcast import location, until

EVERYBODY = [Receiver(f"platform-{number}", PartyId("DE", f"{number:03}")) for number in range(200)]
SILENT = set(EVERYBODY[::20])
OBJECTS, ROUNDS = 20, 6


async def test_ten_of_two_hundred_never_answer_and_the_others_get_every_object() -> None:
    newest: dict[tuple[Receiver, str], bytes] = {}
    ended = 0

    async def deliver(copy: Copy, receiver: Receiver) -> None:
        nonlocal ended
        if receiver in SILENT:
            await asyncio.Event().wait()
        newest[receiver, copy.message.path] = copy.message.body
        ended += copy.message.body == last
        await asyncio.sleep(0)

    broadcast, most, last = Broadcast(deliver), 0, location(0, {"v": ROUNDS - 1}).body
    for round_ in range(ROUNDS):
        for number in range(OBJECTS):
            broadcast.push(location(number, {"v": round_}), EVERYBODY)
            most = max(most, broadcast.waiting)
        await asyncio.sleep(0)
    alive = len(EVERYBODY) - len(SILENT)
    await until(lambda: ended == alive * OBJECTS and not broadcast.waiting_for().keys() - SILENT)
    assert len(newest) == alive * OBJECTS
    assert set(newest.values()) == {last}
    # what waits is bounded by the objects, not by the updates: four are under way, and of those newer ones wait
    assert broadcast.waiting_for() == dict.fromkeys(SILENT, OBJECTS)
    assert most <= len(EVERYBODY) * OBJECTS
    assert broadcast.waiting_bytes == OBJECTS * len(last), "shared by all for whom it waits"
    assert broadcast.given_up == {}
    await broadcast.close(timeout_s=0)
    assert broadcast.given_up == {"closed": len(SILENT) * (OBJECTS + 4)}
