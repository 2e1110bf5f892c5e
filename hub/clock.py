"""The time of day, and whether it can be believed: what is deleted for its age must not go for a clock that jumped."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

JUMP_S: Final = 60.0
"""How far the time of day may be from what has passed since the last look."""
DOUBT_S: Final = 3600.0
"""How long after a jump nothing is deleted for its age: time for somebody to set the clock right."""


class Clock:
    """Looks at the time of day beside a clock that only ever goes on."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._apart = wall() - steady()
        self._doubted_until = steady()

    def is_believed(self) -> bool:
        """Whether the time of day went on as it should, in the last hour."""
        apart = self._wall() - self._steady()
        if abs(apart - self._apart) > JUMP_S:
            log.warning("clock jumped", by_s=round(apart - self._apart), nothing_is_deleted_for_s=DOUBT_S)
            self._doubted_until = self._steady() + DOUBT_S
        self._apart = apart
        return self._steady() >= self._doubted_until
