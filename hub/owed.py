"""What must be written down though the store is away for a moment: it is tried until it is done.

Tokens that a partner exchanged cannot be taken back, and what is left of a handshake that failed holds its roles.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog

from hub.store import StoreUnavailable

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

PATIENCE_S: Final = 10.0
"""How long whoever asked for it waits."""
MOMENT_S: Final = 1.0
TRY_AGAIN_S: Final = 0.5


class Owed:
    """What this node still has to write down."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._under_way: set[asyncio.Task[Any]] = set()

    async def settle(self, what: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do it, as soon as the store lets it; also where nobody waits any longer. It may be done twice.

        `what` completes the sentence "could not go on with ...". Raises StoreUnavailable for who would wait too long.
        """
        task = self._begin(what, work)
        try:
            await asyncio.wait({task}, timeout=self._patience_s)
        finally:
            if not task.done():
                task.add_done_callback(_tell)
        if not task.done():
            raise StoreUnavailable(f"{what} is done when the store is there again")
        return task.result()

    async def tidy(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """The same for what nobody asked for: it is waited for a moment, and what became of it is in the log."""
        task = self._begin(what, work)
        task.add_done_callback(_tell)
        await asyncio.wait({task}, timeout=MOMENT_S)

    async def close(self, within_s: float) -> None:
        """Give what is owed a last moment."""
        if not self._under_way:
            return
        await asyncio.wait(self._under_way, timeout=within_s)
        lost = [*self._under_way]
        for task in lost:
            log.error("not written down", what=task.get_name())
            task.cancel()
        await asyncio.gather(*lost, return_exceptions=True)

    def _begin(self, what: str, work: Callable[[], Awaitable[Result]]) -> asyncio.Task[Result]:
        task = asyncio.create_task(_until_done(what, work), name=what)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task


def _tell(task: asyncio.Task[Any]) -> None:
    """What went wrong where nobody waits."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("not written down", what=task.get_name(), reason=str(error))


async def _until_done(what: str, work: Callable[[], Awaitable[Result]]) -> Result:
    is_first = True
    while True:
        try:
            return await work()
        except StoreUnavailable as error:
            if is_first:
                log.warning("store unavailable", while_doing=what, reason=str(error))
            is_first = False
        await asyncio.sleep(TRY_AGAIN_S)
