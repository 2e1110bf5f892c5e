"""What a fake party does after it answered, and the results that it waits for at its own response_urls."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from hub.testing.exchange import Exchange, Seen
from hub.testing.shelf import Served


@dataclass(frozen=True, slots=True)
class Ordered:
    """A command or charging profile that was sent: its answer, and the result that comes later."""

    exchange: Exchange
    response_url: str
    _result: asyncio.Future[Any]

    async def result(self, timeout_s: float = 5) -> Any:
        """What was posted to the response_url. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self._result)


class Results:
    """The results that are waited for, by the last segment of their response_url."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Any]] = {}

    def expect(self) -> tuple[str, asyncio.Future[Any]]:
        """A key for a response_url, and the first result that comes to it."""
        key = secrets.token_hex(8)
        self._waiting[key] = asyncio.get_running_loop().create_future()
        return key, self._waiting[key]

    def take(self, seen: Seen) -> Served:
        """A result that was posted; the same address may be used again, for what happens later."""
        expected = self._waiting.get("/".join(seen.segments))
        if expected is None or seen.method != "POST":
            return Served(404, 2001, message="nothing is expected here")
        if not expected.done():
            expected.set_result(seen.document)
        return Served()


class Afterwards:
    """Work that goes on beside the serving, and ends with the party; what went wrong in it is kept."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Begin it now."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def settled(self) -> None:
        """Wait until all of it is done."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def end(self) -> None:
        """Whatever still goes on ends here."""
        for task in self._tasks:
            task.cancel()
        await self.settled()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.failures.append(error)
