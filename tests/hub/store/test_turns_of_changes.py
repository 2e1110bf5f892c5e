"""Who changes the directory locks its revision first, a platform after that: two of them never wait for each other,
and each sees what the other made of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store import Store, copies, liveness, registration
from hub.store.registry import bump, platform_row, touch
from routing.memory import EVERYBODY, Stored
from routing.ocpi import ConnectionStatus, PartyId

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


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("audience", [EVERYBODY, "DEABC"])
async def test_what_arrives_while_old_copies_are_forgotten_stays(store: Store, audience: str) -> None:
    """Pushed at one node while another forgets what a pull did not have, or what is old."""
    cpo = PartyId("NL", "TNM")
    copy = Stored("locations", cpo, "loc1", "", audience, "2.2.1", b"{}", last_updated=1.0, arrived_at=1.0)
    async with store.write() as connection:
        await copies.save(connection, "locations", new=[copy])

    async def forgets() -> None:
        async with store.write() as connection:
            await copies.forget(connection, "locations", cpo.folded, before=2.0)
            await copies.forget_private(connection, "locations", 2.0)

    async with store.write() as connection:
        (kept,) = await copies.of_keys(connection, "locations", [("loc1", cpo.folded)])
        await copies.save(connection, "locations", changed=[replace(kept, arrived_at=3.0)])
        coming = asyncio.create_task(forgets())
        await somebody_waits(connection)
    await coming
    async with store.read() as connection:
        assert [row.arrived_at for row in await copies.of_object(connection, "locations", "loc1", None)] == [3.0]
