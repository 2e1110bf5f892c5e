"""Who changes the directory locks its revision first, a platform after that: two of them never wait for each other,
and each sees what the other made of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store import Store, liveness, registration
from hub.store.registry import bump, platform_row, touch
from routing.ocpi import ConnectionStatus

WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


async def somebody_waits(connection: AsyncConnection) -> None:
    """Return when a transaction waits for another."""
    async with asyncio.timeout(10):
        while not await connection.scalar(WAITING):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


async def exchanged(connection: AsyncConnection, platform_id: str) -> None:
    """A platform registered, or exchanged its credentials anew."""
    await registration.connected(
        connection,
        platform_id,
        version="2.2.1",
        versions_url="https://cpo.example/versions",
        versions_offered=(),
        token_out=b"sealed",
        is_hub=False,
        quirks={},
        roles=(),
        endpoint_rows=(),
    )


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
        await somebody_waits(connection)
        await touch(connection, "cpo", name="renamed")
    assert await coming


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("exchange", [exchanged, registration.disconnected])
async def test_a_platform_suspended_while_its_credentials_are_exchanged_stays_so(
    store: Store, exchange: Callable[[AsyncConnection, str], Awaitable[None]]
) -> None:
    async with store.write() as connection:
        await registration.add_platform(connection, platform_id="cpo", name="cpo", roles=())
        await exchanged(connection, "cpo")

    async def exchanges() -> None:
        async with store.write() as connection:
            await exchange(connection, "cpo")

    async with store.write() as connection:
        await touch(connection, "cpo", status=ConnectionStatus.SUSPENDED)
        coming = asyncio.create_task(exchanges())
        await somebody_waits(connection)
    await coming
    async with store.read() as connection:
        row = await platform_row(connection, "cpo")
    assert row is not None
    assert row.status is ConnectionStatus.SUSPENDED
