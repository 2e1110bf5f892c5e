"""One request, one answer: over a kept connection where there is one, sent again only where that can do no harm."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Final

from routing.addresses import AddressCheck
from routing.answers import Answer
from routing.wire.dial import Dialler
from routing.wire.errors import BrokenOff, NotConnected
from routing.wire.pool import Bounds, Pool, Shared
from routing.wire.reader import Reader
from routing.wire.request import IDEMPOTENT, Origin, head_of, split
from routing.wire.tls import PartyTls

REAP_S: Final = 5.0
_KEPT_FOR: Final = re.compile(r"(?:^|[,\s])timeout\s*=\s*([0-9]{1,6})", re.IGNORECASE)
_NARROW_S: Final = 1.0
"""How long before the party's own time a connection is given up, so that no request meets its closing."""


class Wire:
    """An HTTP/1.1 client. Close it when done.

    It follows no redirect, keeps no cookie, asks for no compression, and calls no address that the check refuses.
    """

    def __init__(
        self,
        *,
        connect_timeout_s: float,
        max_answer_bytes: int,
        check_address: AddressCheck,
        tls: PartyTls | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self._dialler = Dialler(
            check_address=check_address,
            connect_timeout_s=connect_timeout_s,
            max_answer_bytes=max_answer_bytes,
            tls=tls,
        )
        self._shared = Shared(bounds or Bounds())
        self._pools: dict[str, Pool] = {}
        self._reaping: asyncio.TimerHandle | None = None

    @property
    def opened(self) -> int:
        """Connections that are open."""
        return self._shared.opened

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, timeout_s: float
    ) -> Answer:
        """Send a request and read its answer, all within `timeout_s`. Raises WireError or ForbiddenAddress."""
        started = time.perf_counter()
        deadline = asyncio.get_running_loop().time() + timeout_s
        text, target = split(url)
        pool = self._pools.get(text) or self._pool(text)
        head = head_of(method, target, pool.origin.authority, headers, len(body))
        try:
            return await self._exchange(pool, head, body, deadline, started)
        except _LostOnTheWay as lost:
            if method not in IDEMPOTENT:
                raise BrokenOff(has_begun=False) from lost
        return await self._exchange(pool, head, body, deadline, started, is_fresh=True)

    async def close(self, within_s: float = 1.0) -> None:
        """Close every connection; exchanges that are under way may still end within this time."""
        self._shared.is_closing = True
        if self._reaping is not None:
            self._reaping.cancel()
        for connection in list(self._shared.idle):
            self._shared.idle[connection].close(connection)
        if left := [connection for pool in self._pools.values() for connection in pool.everything()]:
            await asyncio.wait([connection.lost for connection in left], timeout=within_s)
            for connection in left:
                connection.abort()
            await asyncio.wait([connection.lost for connection in left], timeout=within_s)

    async def _exchange(
        self, pool: Pool, head: bytes, body: bytes, deadline: float, started: float, *, is_fresh: bool = False
    ) -> Answer:
        """One try. Raises _LostOnTheWay where a kept connection was closed before a byte of the answer."""
        connection = await pool.take(deadline, is_fresh=is_fresh)
        was_kept = connection.exchanges > 0
        idle_until = 0.0
        try:
            answer = await connection.exchange(head, body, deadline)
            idle_until = self._idle_until(answer)
            return Answer(answer.status, answer.headers, answer.body, (time.perf_counter() - started) * 1000)
        except BrokenOff as error:
            if was_kept and not error.has_begun:
                raise _LostOnTheWay from error
            raise
        finally:
            pool.give_back(connection, idle_until)

    def _idle_until(self, answer: Reader) -> float:
        """Until when the connection may be kept (loop time): the party may say for how long it keeps its side."""
        kept_s = self._shared.bounds.idle_s
        said = _KEPT_FOR.search(answer.headers["keep-alive"]) if "keep-alive" in answer.headers else None
        if said is not None:
            kept_s = min(kept_s, int(said[1]) - _NARROW_S)
        return asyncio.get_running_loop().time() + kept_s

    def _pool(self, text: str) -> Pool:
        if self._shared.is_closing:
            raise NotConnected("the hub is closing")
        pool = self._pools[text] = Pool(Origin.parse(text), self._dialler, self._shared)
        if self._reaping is None:
            self._reaping = asyncio.get_running_loop().call_later(REAP_S, self._reap)
        return pool

    def _reap(self) -> None:
        """Close what was idle for too long, and forget origins without a connection."""
        loop = asyncio.get_running_loop()
        for text, pool in list(self._pools.items()):
            pool.reap(loop.time())
            if pool.is_empty:
                del self._pools[text]
        self._reaping = loop.call_later(REAP_S, self._reap) if self._pools else None


class _LostOnTheWay(Exception):
    """A kept connection was closed before a byte of the answer: the request may not have been read at all."""
