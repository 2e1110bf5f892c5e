"""Waiting for what is counted, not signalled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

WAIT_S: Final = 30.0
"""Much longer than anything takes: only a story that has gone wrong waits so long."""


async def until(holds: Callable[[], bool], wait_s: float = WAIT_S) -> None:
    """Return when it holds. Raises TimeoutError where it never does."""
    async with asyncio.timeout(wait_s):
        while not holds():  # noqa: ASYNC110 - what is waited for is counted, not signalled
            await asyncio.sleep(0.01)
