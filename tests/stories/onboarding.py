"""A hub that runs, parties on real sockets that register with it, and what the hub knows afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store import findings, registry
from hub.store import journal as stored
from hub.store.findings import FindingRow
from hub.store.journal import Journey, Wanted
from hub.store.registry import RoleRow
from hub.testing import FakeParty
from routing.ocpi import PartyId
from tests.stories.waiting import all_told

MakeSettings = Callable[..., Settings]
PATIENCE_S = 20.0


@asynccontextmanager
async def hub_with(settings: Settings, *parties: FakeParty) -> AsyncIterator[Hub]:
    """A running hub with these parties registered."""
    async with running(settings) as hub, AsyncExitStack() as stack:
        for party in parties:
            await stack.enter_async_context(party)
            await join(hub, party)
        yield hub


async def join(hub: Hub, party: FakeParty, *, counterpart: str | None = None) -> str:
    """Register a party with the hub, by its own handshake; the platform's id."""
    roles = [RoleRow(id, party.role, {"name": party.name}) for id in party.parties]
    played = PartyId.parse(counterpart) if counterpart else None
    invitation = await hub.platforms.invite(by="test", name=party.name, roles=roles, counterpart=played)
    await party.register(invitation.versions_url, invitation.token)
    await all_told(hub)
    return invitation.platform_id


async def meet(hub: Hub, one: FakeParty, other: FakeParty) -> None:
    """Both register; one that cannot name a receiver does so for the other alone."""
    for party, partner in ((one, other), (other, one)):
        played = None if party.version.has_routing_headers else str(partner.parties[0])
        await join(hub, party, counterpart=played)


async def connect(hub: Hub, party: FakeParty, *, counterpart: str | None = None) -> str:
    """Let the hub register with a party, as Sender of the handshake; the platform's id."""
    roles = [RoleRow(id, party.role, {"name": party.name}) for id in party.parties]
    played = PartyId.parse(counterpart) if counterpart else None
    return await hub.platforms.connect(
        by="test",
        name=party.name,
        roles=roles,
        versions_url=party.versions_url,
        token=party.invite(),
        counterpart=played,
    )


async def set_quirks(hub: Hub, platform_id: str, **quirks: Any) -> None:
    """What an admin sets with PATCH /platforms."""
    await hub.platforms.change(platform_id, by="test", changes={"quirks": quirks})


async def quirks_of(hub: Hub, platform_id: str) -> dict[str, Any]:
    """What the hub knows of a platform's particulars."""
    async with hub.store.read() as connection:
        row = await registry.platform_row(connection, platform_id)
    assert row is not None
    return dict(row.quirks)


async def until(holds: Callable[[], Awaitable[Any] | Any], *, timeout_s: float = PATIENCE_S) -> Any:
    """Wait for what comes true beside the test, and give what it was. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while True:
            found = holds()
            if isinstance(found, Awaitable):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.02)


async def told(hub: Hub, **wanted: Any) -> list[Journey]:
    """What the journal tells once it wrote everything, newest first."""
    await until(lambda: not hub.journal.waiting)
    async with hub.store.read() as connection:
        return (await stored.journeys(connection, Wanted(**wanted)))[0]


async def losses(hub: Hub, **wanted: Any) -> list[dict[str, Any]]:
    """Everything that the receipts of these journeys say was lost."""
    return [dict(loss) for journey in await told(hub, **wanted) for leg in journey.legs for loss in leg.losses]


async def findings_of(hub: Hub, platform_id: str) -> list[FindingRow]:
    """What the check of objects found in what a platform sent, once it looked at everything."""
    await until(lambda: hub.inspection.is_idle)
    async with hub.store.read() as connection:
        return await findings.every(connection, platform_id)
