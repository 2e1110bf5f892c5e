"""Who was refused because the hub is busy is listened to again in its turn, so that refusing never takes the place of
delivering: even one that nobody parses costs a third of what a delivery does, most of it in the system.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

TURN_S: Final = 0.025
REFUSED_IN_A_TURN: Final = 28
"""How many more are listened to in a turn than there is room for: they are told again that the hub is busy.

With the time of a turn this is 1100 a second, a twentieth of a core; of a thousand who do not wait, each is told again
within a second. That is how long they are told to wait: who does so is heard at once.
"""


class Caller(Protocol):
    """A connection whose next request can be left unread for a moment."""

    def hold(self) -> None:
        """Leave what it sends where it is."""

    def go_on(self) -> None:
        """Read on."""


class Turns:
    """The connections that are not listened to at the moment, in the order of their turn."""

    def __init__(self, room: Callable[[], int]) -> None:
        self._room = room
        self._waiting: dict[Caller, None] = {}
        self._alarm: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, caller: Caller) -> None:
        """It was told to come back later: it waits for its turn, which comes within moments."""
        if caller not in self._waiting:
            caller.hold()
            self._waiting[caller] = None
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(TURN_S, self._next)

    def gone(self, caller: Caller) -> None:
        """It hung up."""
        self._waiting.pop(caller, None)

    def close(self) -> None:
        """Listen to everybody again: they are about to be told goodbye."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._listen(len(self._waiting))

    def _next(self) -> None:
        self._alarm = None
        self._listen(max(self._room(), 0) + REFUSED_IN_A_TURN)
        if self._waiting:
            self._alarm = asyncio.get_running_loop().call_later(TURN_S, self._next)

    def _listen(self, most: int) -> None:
        for caller in list(self._waiting)[:most]:
            del self._waiting[caller]
            caller.go_on()
