"""How the process runs: uvloop where the platform has it, and a garbage collector that leaves requests alone."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end."""
    try:
        import uvloop
    except ImportError:  # this platform has none
        asyncio.run(work)
    else:
        uvloop.run(work)


def settle() -> None:
    """What was made while starting stays: never look through it for garbage again, and look less often.

    A full collection walks every object of the libraries, which costs more than many requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
