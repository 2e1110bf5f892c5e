"""What is done beside the server goes on whatever it meets, and ends with the server."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from hub.chores import Chore, by_age, by_one_node, doing
from hub.clock import DOUBT_S, Clock
from hub.store import Store, StoreUnavailable


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


async def test_of_many_nodes_one_does_a_chore(store: Store) -> None:
    """Three nodes that look at the same moment are three claims on one row; when it is due again, it is done again."""
    done = 0

    async def work() -> None:
        nonlocal done
        done += 1

    nodes = [by_one_node(store, Chore("counting", 3600, work)) for _ in range(3)]
    await asyncio.gather(*(node.work() for node in nodes))
    assert done == 1
    await by_one_node(store, Chore("counting", 0, work)).work()
    assert done == 2


async def test_nothing_is_deleted_for_its_age_while_the_clock_is_not_believed(store: Store) -> None:
    wall = steady = 1_000_000.0
    clock = Clock(lambda: wall, lambda: steady)
    done = 0

    async def work() -> None:
        nonlocal done
        done += 1

    chore = by_age(store, clock, Chore("forgetting", 0.0, work))
    for jump_s, passed_s, expected in (
        (0, 50, 1),
        (30, 50, 2),  # a correction
        (86_400 * 400, 1, 2),  # somebody set the year
        (0, DOUBT_S / 2, 2),
        (-86_400 * 400, 1, 2),  # and set it right
        (0, DOUBT_S, 3),
    ):
        wall, steady = wall + passed_s + jump_s, steady + passed_s
        await chore.work()
        assert done == expected
