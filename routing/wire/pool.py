"""Kept connections: a bounded number for each origin and for all, the freshest first, the idle ones closed in time."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from routing.wire.connection import Connection
from routing.wire.dial import Dialler
from routing.wire.errors import Busy
from routing.wire.request import Origin


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of everything there may be."""

    connections: int = 8192
    """Open at the same time, to everybody."""
    connections_of_one: int = 64
    """To one origin: one that is slow must leave room for the others."""
    waiting_for_one: int = 1024
    """Requests that wait for a connection to one origin."""
    idle_s: float = 55.0
    """How long a connection is kept without a request; servers mostly keep theirs for 60 or 75."""


@dataclass(slots=True)
class Shared:
    """What the pools of all origins count together."""

    bounds: Bounds
    opened: int = 0
    idle: dict[Connection, Pool] = field(default_factory=dict)
    """Who has nothing to do, the longest idle first."""
    is_closing: bool = False

    def make_room(self) -> None:
        """One more connection is to be opened: close the one that was idle for longest if that is too many.

        Raises Busy where all are in use.
        """
        if self.opened >= self.bounds.connections:
            longest = next(iter(self.idle), None)
            if longest is None:
                raise Busy("the hub has no more connections to give")
            self.idle[longest].close(longest)
        self.opened += 1


class Pool:
    """The connections to one origin."""

    def __init__(self, origin: Origin, dialler: Dialler, shared: Shared) -> None:
        self.origin = origin
        self._dialler = dialler
        self._shared = shared
        self._opened = 0
        self._idle: list[Connection] = []
        self._in_use: set[Connection] = set()
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep it for."""
        return not self._opened and not self._waiting

    async def take(self, deadline: float, *, is_fresh: bool = False) -> Connection:
        """A connection to use alone, until `give_back`; with `is_fresh` one that was never used.

        Raises NotConnected or ForbiddenAddress.
        """
        loop = asyncio.get_running_loop()
        while True:
            while self._idle and not is_fresh:
                connection = self._wake(self._idle.pop())
                if connection.idle_until > loop.time() and connection.is_quiet():
                    return connection
                connection.close()
            if is_fresh and self._opened >= self._shared.bounds.connections_of_one and self._idle:
                self.close(self._idle[0])
            if self._opened < self._shared.bounds.connections_of_one:
                return await self._dial(deadline)
            handed = await self._wait(deadline)
            if handed is not None:
                if handed.is_quiet() and not is_fresh:
                    return handed
                handed.close()

    def give_back(self, connection: Connection, idle_until: float) -> None:
        """The exchange is over: whoever waits gets the connection if it can carry another."""
        connection.idle_until = idle_until
        if not connection.made_ready() or self._shared.is_closing:
            connection.close()
        elif not self._hand_over(connection):
            self._rest(connection)

    def close(self, connection: Connection) -> None:
        """End an idle connection."""
        self._idle.remove(connection)
        self._wake(connection).close()

    def reap(self, now: float) -> None:
        """Close what was idle for too long (`now` in loop time)."""
        for connection in [connection for connection in self._idle if connection.idle_until <= now]:
            self.close(connection)

    def everything(self) -> list[Connection]:
        """Every open connection, idle and in use."""
        return [*self._idle, *self._in_use]

    # --- counting ----------------------------------------------------------------------------------------------------

    async def _dial(self, deadline: float) -> Connection:
        self._shared.make_room()
        self._opened += 1
        try:
            connection = await self._dialler.connect(self.origin, deadline)
        except BaseException:
            self._count_down()
            raise
        self._in_use.add(connection)
        connection.lost.add_done_callback(lambda _: self._lost(connection))
        return connection

    async def _wait(self, deadline: float) -> Connection | None:
        """A connection that somebody gives back, or None where there is room to open one."""
        if len(self._waiting) >= self._shared.bounds.waiting_for_one:
            raise Busy("too many requests wait for this receiver")
        handed: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(handed)
        try:
            async with asyncio.timeout_at(deadline):
                return await handed
        except BaseException as error:
            if handed.done() and not handed.cancelled():  # it came at the same moment: it is the next one's
                self._pass_on(handed.result())
            elif handed in self._waiting:  # else whoever had something to hand over has just passed it by
                self._waiting.remove(handed)
            if isinstance(error, TimeoutError):
                raise Busy("every connection to this receiver is in use") from None
            raise

    def _pass_on(self, connection: Connection | None) -> None:
        if not self._hand_over(connection) and connection is not None:
            self._rest(connection)

    def _hand_over(self, connection: Connection | None) -> bool:
        """Give this to the one who waits for longest; whether anybody does."""
        while self._waiting:
            handed = self._waiting.popleft()
            if not handed.done():
                handed.set_result(connection)
                return True
        return False

    def _rest(self, connection: Connection) -> None:
        self._in_use.discard(connection)
        self._idle.append(connection)
        self._shared.idle[connection] = self

    def _wake(self, connection: Connection) -> Connection:
        del self._shared.idle[connection]
        self._in_use.add(connection)
        return connection

    def _lost(self, connection: Connection) -> None:
        """A socket is closed: until now it counted, whatever it was good for."""
        if connection in self._shared.idle:
            self._idle.remove(connection)
            self._wake(connection)
        self._in_use.discard(connection)
        self._count_down()

    def _count_down(self) -> None:
        self._opened -= 1
        self._shared.opened -= 1
        self._hand_over(None)
