"""The traffic journal: takes every leg with a put on a queue, and writes them in batches off the path of requests.

It is bounded, and counts what it could not keep: traffic never waits for it. What is written was masked before.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import Final, Literal

import structlog

from hub.journal_rows import row_of
from hub.store import Store, StoreUnavailable, traffic
from hub.store import journal as stored
from hub.store.journal import LegRow
from routing.journey import Direction, Leg, Outcome

log = structlog.get_logger(__name__)

Bodies = Literal["off", "errors", "all"]

MAX_WAITING: Final = 20_000
"""Legs in memory; more are dropped."""
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
"""Bodies in memory; above it legs are kept without theirs."""
MAX_STRANGERS_PER_S: Final = 50
"""Requests without a valid token that are kept in a second: whoever sends them must not fill the store."""
BATCH_ROWS: Final = 1000
BATCH_S: Final = 0.2
SLICE_ROWS: Final = 50
"""Rows made at a stretch, before requests get their turn."""
MAX_RETRY_S: Final = 10.0
MAX_LOGGED: Final = 20
"""Failed journeys of one batch that are logged one by one."""
FOLLOWED: Final = 1000
STEP_ROWS: Final = 500
STEP_PAUSE_S: Final = 0.05
RETENTION_S: Final = 60.0
DAY_S: Final = 86_400.0
COUNTERS_S: Final = 2 * DAY_S
"""How long it is kept how much went through by the minute."""


class Following:
    """Legs as they are written on this node. Whoever reads too slowly misses the oldest, and is told how many."""

    def __init__(self) -> None:
        self.missed = 0
        self._rows: deque[LegRow] = deque()
        self._news = asyncio.Event()

    def put(self, row: LegRow) -> None:
        """A leg was written."""
        if len(self._rows) >= FOLLOWED:
            self._rows.popleft()
            self.missed += 1
        self._rows.append(row)
        self._news.set()

    def __aiter__(self) -> Following:
        return self

    async def __anext__(self) -> LegRow:
        while not self._rows:
            self._news.clear()
            await self._news.wait()
        return self._rows.popleft()


class Journal:
    """Keeps every leg of every journey. Opened by `keeping`."""

    def __init__(self, store: Store, *, bodies: Bodies = "off", retention_days: int = 30) -> None:
        self.dropped: Counter[str] = Counter(full=0, stranger=0, unwritable=0, closed=0)
        """Legs that were not kept, by reason."""
        self.written = 0
        self._store = store
        self._bodies = bodies
        self._retention_s = retention_days * DAY_S
        self._waiting: deque[Leg] = deque()
        self._waiting_bytes = 0
        self._taken = 0
        self._strangers = (0, 0)
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._following: set[Following] = set()

    @property
    def waiting(self) -> int:
        """Legs that are not written yet."""
        return len(self._waiting) + self._taken

    def record(self, leg: Leg) -> None:
        """Take a leg. Never waits, never fails."""
        if self.waiting >= MAX_WAITING:
            self.dropped["full"] += 1
            return
        if not leg.platform_id and self._is_too_much_of_strangers(leg.at):
            self.dropped["stranger"] += 1
            return
        size = len(leg.request_body) + len(leg.answer_body)
        if size and self._waiting_bytes + size > MAX_WAITING_BYTES:
            leg, size = replace(leg, request_body=b"", answer_body=b""), 0
        self._waiting_bytes += size
        self._waiting.append(leg)
        if not self._woken.is_set():
            self._woken.set()

    @contextmanager
    def follow(self) -> Iterator[Following]:
        """Legs of this node as they are written, from now on."""
        following = Following()
        self._following.add(following)
        try:
            yield following
        finally:
            self._following.discard(following)

    async def write(self) -> None:
        """Write what comes, until `close` is called and nothing is left."""
        while self._waiting or not self._closing.is_set():
            await self._woken.wait()
            self._woken.clear()
            if len(self._waiting) < BATCH_ROWS:
                await self._pause(BATCH_S)
            while self._waiting:
                await self._write_batch()

    def close(self) -> None:
        """Write what is left without waiting for more."""
        self._closing.set()
        self._woken.set()

    def give_up(self) -> None:
        """Count what is left as dropped: there is no time to write it."""
        self.dropped["closed"] += self.waiting
        if self.waiting:
            log.error("journal incomplete", dropped=self.waiting)
        self._waiting.clear()
        self._taken = 0

    async def forget_old(self) -> None:
        """Delete what is older than the retention, in small steps. Raises StoreUnavailable."""
        await self.forget_before(time.time() - self._retention_s)
        async with self._store.write() as connection:
            await traffic.forget_before(connection, time.time() - COUNTERS_S)

    async def forget_before(self, at: float) -> int:
        """Delete journeys that began before this time (epoch seconds); how many legs. Raises StoreUnavailable."""
        total = 0
        while True:
            async with self._store.write() as connection:
                gone = await stored.forget_before(connection, at, at_most=STEP_ROWS)
            total += gone
            if gone < STEP_ROWS:
                return total
            await asyncio.sleep(STEP_PAUSE_S)

    # --- writing -----------------------------------------------------------------------------------------------------

    async def _write_batch(self) -> None:
        legs = self._take()
        rows = await self._saved(await self._rows(legs))
        self._taken = 0
        self.written += len(rows)
        _log_failures(rows)
        for following in self._following:
            for row in rows:
                following.put(row)

    def _take(self) -> list[Leg]:
        legs = [self._waiting.popleft() for _ in range(min(BATCH_ROWS, len(self._waiting)))]
        self._waiting_bytes -= sum(len(leg.request_body) + len(leg.answer_body) for leg in legs)
        self._taken = len(legs)
        return legs

    async def _rows(self, legs: list[Leg]) -> list[LegRow]:
        rows = []
        for number, leg in enumerate(legs, start=1):
            try:
                rows.append(row_of(leg, self._bodies))
            except Exception as error:  # one leg that cannot be read must not cost the others
                self.dropped["unwritable"] += 1
                log.error("leg unreadable", correlation_id=leg.correlation_id, exc_info=error)
            if number % SLICE_ROWS == 0 or (rows and rows[-1].request_body) or leg.outcome is not Outcome.DELIVERED:
                await asyncio.sleep(0)
        return rows

    async def _saved(self, rows: list[LegRow], *, is_part: bool = False) -> list[LegRow]:
        """Write rows, again and again while the store is away. One that it will not have costs no other its place."""
        retry_s = BATCH_S
        while rows:
            try:
                async with self._store.write() as connection:
                    await stored.add(connection, rows)
                    await traffic.count(connection, rows)
                return rows
            except StoreUnavailable as error:
                log.warning("store unavailable", while_doing="writing the journal", reason=str(error))
                await (asyncio.sleep(BATCH_S) if self._closing.is_set() else self._pause(retry_s))
                retry_s = min(retry_s * 2, MAX_RETRY_S)
            except Exception as error:  # the writer must live on, whatever one batch holds
                if not is_part:
                    log.error("journal batch refused", rows=len(rows), exc_info=error)
                if len(rows) > 1:
                    half = len(rows) // 2
                    return [part for few in (rows[:half], rows[half:]) for part in await self._saved(few, is_part=True)]
                self.dropped["unwritable"] += 1
                return []
        return rows

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the hub is closing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    def _is_too_much_of_strangers(self, at: float) -> bool:
        second, count = self._strangers
        self._strangers = (second, count + 1) if int(at) == second else (int(at), 1)
        return self._strangers[1] > MAX_STRANGERS_PER_S


@asynccontextmanager
async def keeping(journal: Journal, *, within_s: float) -> AsyncIterator[Journal]:
    """A journal that is written; at the end, what is left is written within this time, or counted as dropped."""
    writer = asyncio.create_task(journal.write(), name="journal")
    try:
        yield journal
    finally:
        journal.close()
        done, _ = await asyncio.wait({writer}, timeout=within_s)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        if not done:
            journal.give_up()


def _log_failures(rows: list[LegRow]) -> None:
    """One line for each journey that failed, none for those that went well."""
    failed = [row for row in rows if row.direction == Direction.IN and row.outcome == Outcome.FAILED]
    for row in failed[:MAX_LOGGED]:
        log.warning(
            "journey failed",
            correlation_id=row.correlation_id,
            journey=row.journey_id,
            sender=row.sender,
            receiver=row.receiver,
            module=row.module,
            method=row.method,
            http=row.http,
            ocpi=row.ocpi,
            reason=row.reason,
        )
    if len(failed) > MAX_LOGGED:
        log.warning("more journeys failed", count=len(failed) - MAX_LOGGED)
