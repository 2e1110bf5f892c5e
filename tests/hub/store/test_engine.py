"""Connections and transactions, over both stores: nothing lost, nothing half done, failures told as one error."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from hub.store import Store, StoreUnavailable, registry
from hub.store.tables import counters

ROOT = Path(__file__).parents[3]


async def test_what_was_written_is_read(store: Store) -> None:
    async with store.write() as connection:
        await connection.execute(insert(counters).values(name="x", value=7))
    async with store.read() as connection:
        assert await connection.scalar(select(counters.c.value).where(counters.c.name == "x")) == 7


async def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    async def fail() -> None:
        async with store.write() as connection:
            await connection.execute(insert(counters).values(name="x", value=7))
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        await fail()
    async with store.read() as connection:
        assert await connection.scalar(select(counters.c.value).where(counters.c.name == "x")) is None


async def test_changes_that_are_cancelled_midway_hold_up_nobody(migrated_sqlite: Path, tmp_path: Path) -> None:
    """Whoever was cancelled may keep a statement alive in its traceback, and SQLite a lock with it."""
    url = f"sqlite:///{shutil.copyfile(migrated_sqlite, tmp_path / 'hub.db')}"
    increase = "INSERT INTO counters (name, value) VALUES ('x', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"

    async def change(store: Store) -> None:
        async with store.write() as connection:
            await connection.execute(text(increase))
            (await connection.execute(select(counters.c.name))).all()

    for number in range(60):
        store = Store(url)
        tasks = [asyncio.create_task(change(store)) for _ in range(3)]
        await asyncio.sleep(number % 20 * 0.0003)  # now at one step, now at another
        for task in tasks:
            task.cancel()
        kept = await asyncio.gather(*tasks, return_exceptions=True)
        await store.close()
        assert [thread.name for thread in threading.enumerate() if "connection_worker" in thread.name] == []
        other = Store(url)
        await change(other)
        await other.close()
        assert len(kept) == 3


async def test_a_store_that_is_closed_waits_for_who_tidies_up_and_lets_in_nobody_else(store_url: str) -> None:
    """A request that was cut off when the hub stops still takes back what it began."""
    store = Store(store_url)
    is_begun = asyncio.Event()

    async def tidy_up() -> None:
        async with store.write() as connection:
            is_begun.set()
            await asyncio.sleep(0.1)
            await registry.bump(connection)

    tidying = asyncio.create_task(tidy_up())
    await is_begun.wait()
    async with asyncio.timeout(4):  # a thread that is still at work would be waited for longer
        await store.close()
    await tidying
    for use in (store.write, store.read):
        with pytest.raises(StoreUnavailable, match="closed"):
            async with use():
                pass


async def test_concurrent_changes_wait_for_each_other(store: Store, store_url: str) -> None:
    """Two nodes, twenty changes each: read-then-write transactions lose none of them."""
    other = Store(store_url)

    async def change(node: Store) -> int:
        async with node.write() as connection:
            return await registry.bump(connection)

    try:
        revisions = await asyncio.gather(*(change(node) for node in (store, other) for _ in range(20)))
    finally:
        await other.close()
    assert sorted(revisions) == list(range(1, 41))


@pytest.mark.parametrize("store_kind", ["sqlite"], indirect=True)
async def test_what_was_read_in_a_transaction_is_still_true_when_it_writes(store: Store, store_url: str) -> None:
    """SQLite begins with the write lock; otherwise the second of two such transactions loses, or fails."""
    other = Store(store_url)

    async def add_one(node: Store) -> None:
        async with node.write() as connection:
            value = await connection.scalar(select(counters.c.value).where(counters.c.name == "x"))
            await asyncio.sleep(0.01)
            await connection.execute(update(counters).where(counters.c.name == "x").values(value=value + 1))

    async with store.write() as connection:
        await connection.execute(insert(counters).values(name="x", value=0))
    try:
        await asyncio.gather(*(add_one(node) for node in (store, other) for _ in range(5)))
    finally:
        await other.close()
    async with store.read() as connection:
        assert await connection.scalar(select(counters.c.value).where(counters.c.name == "x")) == 10


async def test_readers_do_not_wait_for_a_writer(store: Store) -> None:
    async with store.write() as connection:
        await registry.bump(connection)
        async with asyncio.timeout(2), store.read() as reader:
            assert await registry.directory_revision(reader) == 0


KILLED_AFTER_COMMIT = """
import asyncio, os, signal, sys
from sqlalchemy import insert
from hub.store import Store
from hub.store.tables import counters

async def main():
    store = Store(sys.argv[1])
    for number in range(1000):
        async with store.write() as connection:
            await connection.execute(insert(counters).values(name=str(number), value=number))
        print(number, flush=True)

asyncio.run(main())
"""


async def test_what_was_committed_survives_kill_9(store_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_AFTER_COMMIT, store_url, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    confirmed = [int(await process.stdout.readline()) for _ in range(10)]
    os.kill(process.pid, signal.SIGKILL)
    confirmed += [int(line) for line in (await process.stdout.read()).split()]
    await process.wait()
    again = Store(store_url)
    try:
        async with again.read() as connection:
            kept = set(await connection.scalars(select(counters.c.value)))
    finally:
        await again.close()
    assert kept >= set(confirmed)


@pytest.mark.parametrize("store_kind", ["sqlite"], indirect=True)
async def test_sqlite_is_set_to_keep_its_promises(store: Store) -> None:
    async with store.write() as connection:
        pragmas = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all.db", "postgresql://nobody@127.0.0.1:1/none", "postgresql://x@/d?host=/nowhere"]
)
async def test_a_store_that_is_not_there_is_unavailable(url: str) -> None:
    lost = Store(url)
    try:
        for attempt in (lost.ping, lost.migrate, lost.is_migrated):
            with pytest.raises(StoreUnavailable):
                await attempt()
        with pytest.raises(StoreUnavailable):
            async with lost.write() as connection:
                await connection.execute(select(1))
    finally:
        await lost.close()
        await asyncio.sleep(0.05)  # aiosqlite's thread says goodbye to the loop once more when it could not open


async def test_a_store_that_answers_is_available(store: Store) -> None:
    await store.ping()


async def test_a_store_in_memory_is_a_store() -> None:
    store = Store("sqlite://")
    try:
        await store.migrate()
        async with store.write() as connection:
            await registry.bump(connection)
        async with store.read() as connection:
            assert await registry.directory_revision(connection) == 1
    finally:
        await store.close()


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
async def test_sslmode_is_understood_as_everybody_writes_it(store_url: str) -> None:
    store = Store(f"{store_url}&sslmode=disable")
    await store.ping()
    await store.close()


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
async def test_an_option_that_the_driver_does_not_take_is_told_as_the_store_being_away(store_url: str) -> None:
    for option in ("sslmode=perhaps", "ssl=perhaps"):
        store = Store(f"{store_url}&{option}")
        with pytest.raises(StoreUnavailable, match="sslmode"):
            await store.ping()
        await store.close()
