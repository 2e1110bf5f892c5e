"""What happens to a platform on two nodes at the same moment happens one after the other, and none of it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from hub.lifecycle import Hub
from hub.store import registration
from hub.store.registry import PlatformRow, bump, platform_row, touch
from hub.testing import FakeCpo, FakeEmsp
from routing.ocpi import ConnectionStatus
from tests.hub.store.test_turns_of_changes import somebody_waits
from tests.stories.nodes import MakeSettings, join, nodes

pytestmark = pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)


@pytest.fixture
async def hub(store_url: str, settings: MakeSettings) -> AsyncIterator[Hub]:
    """One node; the test itself is the other."""
    async with nodes(settings, store_url, 1) as running:
        yield running.hubs[0]


async def row_of(hub: Hub, platform_id: str) -> PlatformRow:
    """The platform as it is in the store."""
    async with hub.store.read() as connection:
        row = await platform_row(connection, platform_id)
    assert row is not None
    return row


async def test_a_platform_that_unregisters_while_it_is_resumed_is_not_connected(hub: Hub) -> None:
    async with FakeCpo() as cpo:
        platform_id = await join(hub, cpo)
        await hub.platforms.suspend(platform_id, by="ann")
        async with hub.store.write() as connection:
            await bump(connection)
            resuming = asyncio.create_task(hub.platforms.resume(platform_id, by="bob"))
            await somebody_waits(connection)
            await registration.disconnected(connection, platform_id)
        await resuming
        assert (await row_of(hub, platform_id)).status is not ConnectionStatus.CONNECTED


async def test_what_shows_in_passing_takes_nothing_back_that_an_admin_sets(hub: Hub) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        platform_id = await join(hub, cpo)
        await join(hub, emsp)
        cpo.misbehave("trailing-slash", module="tokens")
        async with hub.store.write() as connection:
            await bump(connection)
            assert (await emsp.push_token("NL*TNM")).status_code == 1000  # the hub learns where the slash belongs
            await somebody_waits(connection)
            await touch(connection, platform_id, quirks={"patch_unsupported": True})
        async with asyncio.timeout(10):
            while len((await row_of(hub, platform_id)).quirks) < 2:  # noqa: ASYNC110 - it is learnt beside the route
                await asyncio.sleep(0.01)
        assert (await row_of(hub, platform_id)).quirks == {"patch_unsupported": True, "trailing_slash": True}


async def test_a_platform_may_leave_while_the_token_it_registered_with_is_forgotten(hub: Hub) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, emsp)
        platform_id = await join(hub, cpo)
        with capture_logs() as told:
            async with hub.store.write() as connection:
                await bump(connection)
                calling = asyncio.create_task(cpo.push_session("DE*ABC", emsp.parties[0]))
                await somebody_waits(connection)
                await registration.disconnected(connection, platform_id)
            await calling
        assert not [row for row in told if row["event"] == "store unavailable"]
        assert not (await row_of(hub, platform_id)).access
