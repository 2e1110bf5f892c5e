"""How the process runs: uvloop where the platform has it, and a garbage collector that leaves requests alone."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end."""
    try:
        import uvloop
    except ImportError:  # this platform has none
        asyncio.run(work)
    else:
        uvloop.run(work)


async def until_stopped(work: Coroutine[Any, Any, Result]) -> Result | None:
    """The result of work; None where SIGTERM or Ctrl-C came first. What it opened is closed in both cases."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return None


def hurry() -> None:
    """While it starts, next to nothing becomes garbage: looking for it is half of what a large hub's start costs."""
    gc.disable()


def settle() -> None:
    """What was made while starting stays: never look through it for garbage again, and look less often.

    A full collection walks every object of the libraries, which costs more than many requests.
    """
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 1000)
