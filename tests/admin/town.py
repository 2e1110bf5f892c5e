"""A hub with something on every page, and somebody of each role who looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from admin.keys import AdminRole
from admin.page import Page
from hub.lifecycle import Hub
from hub.store import journal as stored_journal
from hub.store.journal import Wanted
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from routing.agreements import Agreement
from routing.ocpi import PartyId
from tests.admin.door import Door
from tests.admin.visitor import Visitor, settled, visitor, with_users


@dataclass(frozen=True, slots=True)
class Town:
    """A hub with something on every page."""

    door: Door
    platform_id: str
    journey_id: str
    check_id: str
    invitation: str

    def address(self, page: Page) -> str:
        """Where a page is that shows something."""
        ids = {
            "/platforms": self.platform_id,
            "/onboard": self.platform_id,
            "/journal": self.journey_id,
            "/check": self.check_id,
        }
        root = "/" + page.path.split("/")[1]
        path = page.path.replace("{id}", ids.get(root, "nothing"))
        return f"{path}?cpo=NL*TNM&emsp=DE*ABC" if path == "/agreements/pair" else path


async def join(hub: Hub, party: FakeParty) -> str:
    """Register a party; the id of its platform."""
    roles = [RoleRow(row, party.role, {"name": party.name}) for row in party.parties]
    invitation = await hub.platforms.invite(by="test", name=party.name, roles=roles)
    await party.register(invitation.versions_url, invitation.token)
    return invitation.platform_id


async def settle_in(door: Door, fake_cpo: FakeCpo, fake_emsp: FakeEmsp) -> Town:
    """Two parties, a journey between them, a check, an agreement, an invitation, users and keys."""
    hub = door.hub
    await with_users(hub)
    platform_id = await join(hub, fake_cpo)
    await join(hub, fake_emsp)
    sent = await fake_cpo.push_session("DE*ABC", fake_emsp.parties[0])
    await hub.platforms.allow(Agreement("agreed", PartyId("NL", "TNM"), PartyId("DE", "ABC"), True), by="test")
    invited = await door.invite("Stromnetz", "DESNB")
    report = await hub.checks.begin(platform_id, by="test")
    await settled(hub)
    async with hub.store.read() as connection:
        wanted = Wanted(correlation_id=sent.sent["X-Correlation-ID"])
        (journey,), _ = await stored_journal.journeys(connection, wanted)
    return Town(door, platform_id, journey.id, report.id, str(invited["token"]))


@asynccontextmanager
async def as_role(town: Town, role: AdminRole) -> AsyncIterator[Visitor]:
    """Somebody of this role, logged in."""
    async with visitor(town.door.url) as someone:
        assert (await someone.log_in(role)).status == 303
        yield someone
