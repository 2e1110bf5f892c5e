"""Who changes the directory locks its revision first, a platform after that: two of them never wait for each other."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from hub.store import Store, liveness, registration
from hub.store.registry import bump, touch
from routing.ocpi import ConnectionStatus

WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
async def test_a_platform_that_comes_back_while_it_is_changed(store: Store) -> None:
    async with store.write() as connection:
        await registration.add_platform(connection, platform_id="cpo", name="cpo", roles=())
        await touch(connection, "cpo", status=ConnectionStatus.OFFLINE, token_out=b"sealed")

    async def comes_back() -> bool:
        async with store.write() as connection:
            return await liveness.came_back(connection, "cpo", 1.0)

    async with store.write() as connection:
        await bump(connection)
        coming = asyncio.create_task(comes_back())
        async with asyncio.timeout(10):
            while not await connection.scalar(WAITING):  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.01)
        await touch(connection, "cpo", name="renamed")
    assert await coming
