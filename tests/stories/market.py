"""Where stories happen: a running hub, parties that join it, and what its registry has, row by row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from sqlalchemy import select

from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.platforms import Invitation
from hub.store import tables
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from tests.stories.waiting import all_told

MakeSettings = Callable[..., Settings]

QUICK: Final = {"party_timeout_s": 1.0, "connect_timeout_s": 1.0}
"""For stories in which somebody hangs: long enough for a busy machine, short enough to wait for."""

_ONLY_FOR_PEOPLE: Final = ("last_seen_at", "last_error", "updated_at", "revision")


@asynccontextmanager
async def market(
    settings: Settings, version: str = "2.2.1", **options: Any
) -> AsyncIterator[tuple[Hub, FakeCpo, FakeEmsp]]:
    """A running hub with a CPO, NL*TNM, and an eMSP, DE*ABC, registered in this version."""
    async with (
        running(settings) as hub,
        FakeCpo(version=version, **options) as cpo,
        FakeEmsp(version=version, **options) as emsp,
    ):
        await join(hub, cpo, emsp)
        yield hub, cpo, emsp


async def invite(hub: Hub, party: FakeParty) -> Invitation:
    """An invitation for exactly the parties of a fake party."""
    roles = [RoleRow(id, role, {"name": party.name}) for id, role in party.roles]
    return await hub.platforms.invite(by="test", name=party.name, roles=roles)


async def join(hub: Hub, *parties: FakeParty) -> None:
    """Register parties with the hub, each on a platform of its own."""
    for party in parties:
        invitation = await invite(hub, party)
        await party.register(invitation.versions_url, invitation.token)
    await all_told(hub)


def platform_of(hub: Hub, party: FakeParty) -> str:
    """The id of the platform that a party is on."""
    return hub.picture.directory.parties[party.parties[0]][0].platform_id


async def registry_rows(hub: Hub) -> dict[str, list[dict[str, Any]]]:
    """Every row that says who is connected, with which tokens and endpoints; without what only people look at."""
    rows: dict[str, list[dict[str, Any]]] = {}
    async with hub.store.read() as connection:
        for table in (tables.platforms, tables.parties, tables.endpoints, tables.tokens):
            found = [dict(row._mapping) for row in await connection.execute(select(table))]
            for row in found:
                for name in _ONLY_FOR_PEOPLE:
                    row.pop(name, None)
            rows[table.name] = sorted(found, key=repr)
    return rows


async def last_error(hub: Hub, platform_id: str) -> dict[str, Any]:
    """What the admin reads of the last handshake that failed."""
    async with hub.store.read() as connection:
        found = await connection.scalar(
            select(tables.platforms.c.last_error).where(tables.platforms.c.id == platform_id)
        )
    assert found is not None, "nothing is noted for the admin"
    return dict(found)


async def eventually(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - what is waited for is looked at, not signalled
            await asyncio.sleep(0.01)


@asynccontextmanager
async def gathered(settings: Settings, *parties: FakeParty) -> AsyncIterator[Hub]:
    """A running hub with all of these registered, each on a platform of its own."""
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running(settings))
        for party in parties:
            await stack.enter_async_context(party)
        await join(hub, *parties)
        yield hub
