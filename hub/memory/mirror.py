"""The work beside the server: memory is written, and kept fresh and bounded by pulls, forgetting and counting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from hub.chores import Chore, by_age, doing
from hub.core import Core
from hub.memory.pulling import Pulling
from hub.memory.pulls import LOOK_S, Pulls
from hub.memory.stored import StoredMemory
from hub.metrics import Metrics
from hub.store import Store, copies, facts
from routing.directory import Directory
from routing.lessons import DAY_S
from routing.outbound import Outbound

PRIVATE_S: Final = 60 * DAY_S
"""How long an object is kept that was sent to one party only."""
FORGET_S: Final = 60.0
COUNT_S: Final = 10.0
STEP: Final = 500


class Tidying:
    """Forgets what is over, in steps, and counts what there is."""

    def __init__(self, store: Store, directory: Callable[[], Directory]) -> None:
        self.counts: dict[str, float] = dict.fromkeys(copies.MODULES, 0)
        """Published objects by module, as last counted."""
        self._store = store
        self._directory = directory

    async def forget(self) -> None:
        """Facts whose time is over, old objects that were for one party, and all of parties that left the hub."""
        now = time.time()
        while await self._forget_facts(now) == STEP:
            pass
        for module in copies.MODULES:
            while await self._forget_private(module, now - PRIVATE_S) == STEP:
                pass
        for module, owner in await self._left():
            while await self._forget_owner(module, owner) == STEP:
                pass

    async def count(self) -> None:
        """Look how many published objects there are."""
        async with self._store.read() as connection:
            found = await copies.counts(connection)
        self.counts = {name: sum(n for (module, _), n in found.items() if module == name) for name in copies.MODULES}

    async def _left(self) -> list[tuple[str, str]]:
        """Owners of copies whom nobody on this hub is any more."""
        present = {party.folded for party in self._directory().parties}
        async with self._store.read() as connection:
            found = await copies.counts(connection)
        return [(module, owner) for module, owner in found if owner not in present]

    async def _forget_facts(self, now: float) -> int:
        async with self._store.write() as connection:
            return await facts.forget_expired(connection, now, at_most=STEP)

    async def _forget_private(self, module: str, before: float) -> int:
        async with self._store.write() as connection:
            return await copies.forget_private(connection, module, before, at_most=STEP)

    async def _forget_owner(self, module: str, owner: str) -> int:
        async with self._store.write() as connection:
            return await copies.forget(connection, module, owner, at_most=STEP)


@asynccontextmanager
async def remembering(memory: StoredMemory, *, within_s: float) -> AsyncIterator[StoredMemory]:
    """A memory that is written; at the end, what is left is written within this time, or counted as dropped."""
    writer = asyncio.create_task(memory.write(), name="memory")
    try:
        yield memory
    finally:
        memory.close()
        done, _ = await asyncio.wait({writer}, timeout=within_s)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        if not done:
            memory.give_up()


@asynccontextmanager
async def mirroring(core: Core, outbound: Outbound, memory: StoredMemory, metrics: Metrics) -> AsyncIterator[Pulls]:
    """Pull, forget and count beside whatever happens inside."""

    def directory() -> Directory:
        return core.picture.directory

    interval_s = core.settings.mirror.pull_interval_s
    pulls = Pulls(core.store, directory, Pulling(directory, outbound, memory), interval_s=interval_s)
    tidying = Tidying(core.store, directory)
    _watch(metrics, memory, pulls, tidying)
    try:
        async with doing(
            Chore("pulling", LOOK_S, pulls.look),
            by_age(core.store, core.clock, Chore("forgetting what was learnt", FORGET_S, tidying.forget)),
            Chore("counting copies", COUNT_S, tidying.count),
        ):
            yield pulls
    finally:
        await pulls.close()


def _watch(metrics: Metrics, memory: StoredMemory, pulls: Pulls, tidying: Tidying) -> None:
    """Have these looked at whenever somebody scrapes."""
    metrics.watch_gauge(
        "ocpi_hub_memory_waiting",
        "What was learnt and is not written yet.",
        "store",
        lambda: {"memory": memory.waiting},
    )
    metrics.watch_counter(
        "ocpi_hub_memory_dropped", "What was not learnt, by reason.", "why", lambda: dict(memory.dropped)
    )
    metrics.watch_counter(
        "ocpi_hub_memory_written", "Changes and facts written.", "store", lambda: {"memory": memory.written}
    )
    metrics.watch_gauge(
        "ocpi_hub_memory_objects", "Published objects in the hub's copy, by module.", "module", lambda: tidying.counts
    )
    metrics.watch_counter("ocpi_hub_pulls", "Pulls, by how they ended.", "how", lambda: dict(pulls.done))
