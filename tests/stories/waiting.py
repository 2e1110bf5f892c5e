"""Waiting for what is counted, not signalled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hub.lifecycle import Hub
from hub.store import client_info

WAIT_S: Final = 30.0
"""Much longer than anything takes: only a story that has gone wrong waits so long."""


async def until(holds: Callable[[], bool], wait_s: float = WAIT_S) -> None:
    """Return when it holds. Raises TimeoutError where it never does."""
    async with asyncio.timeout(wait_s):
        while not holds():  # noqa: ASYNC110 - what is waited for is counted, not signalled
            await asyncio.sleep(0.01)


async def all_told(hub: Hub) -> None:
    """Return when every party has been told who is there: no push of that arrives in the middle of a story."""
    async with asyncio.timeout(WAIT_S):
        while True:
            async with hub.store.read() as connection:
                if not await client_info.is_waiting(connection):
                    return
            await asyncio.sleep(0.01)
