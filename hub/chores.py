"""Work beside the server: a chore is done again and again until the hub closes, and one that fails is not the last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from hub.store import StoreUnavailable

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """What is done every so many seconds; `name` completes the sentence "could not go on with ..."."""

    name: str
    every_s: float
    work: Callable[[], Awaitable[object]]


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
