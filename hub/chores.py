"""Work beside the server: a chore is done again and again until the hub closes, and one that fails is not the last.

Some are done by one node for all; what deletes for its age is not done while the time of day cannot be believed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog

from hub.clock import Clock
from hub.store import Store, StoreUnavailable, claims

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """What is done every so many seconds; `name` completes the sentence "could not go on with ..."."""

    name: str
    every_s: float
    work: Callable[[], Awaitable[object]]


def by_one_node(store: Store, chore: Chore) -> Chore:
    """The chore, done each time by the one node that claims it first."""

    async def work() -> None:
        async with store.write() as connection:
            # looks of one node are never exactly that far apart
            is_mine = await claims.claim(connection, chore.name, now=time.time(), every_s=chore.every_s * 0.9)
        if is_mine:
            await chore.work()

    return replace(chore, work=work)


def by_age(store: Store, clock: Clock, chore: Chore) -> Chore:
    """A chore that deletes what is old: one node does it, while the time of day can be believed."""
    alone = by_one_node(store, chore)

    async def work() -> None:
        if clock.is_believed():
            await alone.work()

    return replace(chore, work=work)


@asynccontextmanager
async def doing(*chores: Chore) -> AsyncIterator[None]:
    """Do these beside whatever happens inside, and stop them with it."""
    tasks = [asyncio.create_task(_again_and_again(chore), name=chore.name) for chore in chores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(chore: Chore) -> None:
    is_failing = False
    while True:
        try:
            await chore.work()
            if is_failing:
                log.info("chore goes on", chore=chore.name)
            is_failing = False
        except StoreUnavailable as error:
            if not is_failing:  # once, not every half second of a long night
                log.warning("store unavailable", while_doing=chore.name, reason=str(error))
            is_failing = True
        except Exception as error:  # a chore must not die of what it meets once: nobody would do it any more
            log.error("chore failed", chore=chore.name, exc_info=error)
            is_failing = True
        await asyncio.sleep(chore.every_s)
