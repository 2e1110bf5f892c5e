"""What is done beside the server goes on whatever it meets, and ends with the server."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from hub.chores import Chore, doing
from hub.store import StoreUnavailable


async def test_a_chore_that_fails_is_done_again_and_said_once() -> None:
    done, enough = 0, asyncio.Event()

    async def work() -> None:
        nonlocal done
        done += 1
        if done < 3:
            raise StoreUnavailable("away")
        if done == 4:
            raise ValueError("never seen before")
        if done == 5:
            enough.set()

    with capture_logs() as said:
        async with doing(Chore("counting", 0.001, work)), asyncio.timeout(10):
            await enough.wait()
    assert [line["event"] for line in said] == ["store unavailable", "chore goes on", "chore failed", "chore goes on"]
    assert said[0]["while_doing"] == "counting"


async def test_an_endless_chore_ends_with_the_server() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with doing(Chore("waiting", 1, work)):
        await begun.wait()
    assert ended.is_set()
