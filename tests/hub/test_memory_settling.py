"""Whoever waits until everything is written is told, whenever it begins to wait."""

from __future__ import annotations

import asyncio

from hub.memory import StoredMemory, remembering
from hub.store import Store
from tests.hub.test_memory import PICTURE, location, put


async def test_who_begins_to_wait_while_the_last_batch_is_written_is_told_too(store: Store) -> None:
    async with remembering(StoredMemory(store, lambda: PICTURE), within_s=10) as memory:
        memory.learn(put("/NL/TNM/LOC1", location("LOC1")), None, None)
        asking = []
        async with asyncio.timeout(20):
            while memory.waiting:
                asking.append(asyncio.create_task(memory.settled()))
                await asyncio.sleep(0)
            await asyncio.gather(*asking)
