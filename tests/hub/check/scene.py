"""A hub with one party registered, and what a check says about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from hub.check import Report, Step, Verdict
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store import checks as stored
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeParty, samples

MakeSettings = Callable[..., Settings]


@asynccontextmanager
async def connected(settings: Settings, party: FakeParty) -> AsyncIterator[tuple[Hub, str]]:
    """A hub with one party registered, and the id of its platform."""
    async with running(settings) as hub, party:
        roles = [RoleRow(id, party.role, {"name": party.name}) for id in party.parties]
        invitation = await hub.platforms.invite(by="test", name=party.name, roles=roles)
        await party.register(invitation.versions_url, invitation.token)
        yield hub, invitation.platform_id


async def checked(hub: Hub, platform_id: str) -> Report:
    """The report of a check, once it is through."""
    begun = await hub.checks.begin(platform_id, by="test")
    async with asyncio.timeout(60):
        while True:
            async with hub.store.read() as connection:
                report = await stored.one(connection, begun.id, time.time())
            assert report is not None
            if report.status != "running":
                return report
            await asyncio.sleep(0.02)


def stock(party: FakeParty) -> None:
    """More locations than fit on a page, and one object in every list."""
    (owner,) = party.parties
    number = party.version.number
    if isinstance(party, FakeCpo):
        for place in range(2, 6):
            party.shelf.put("locations", samples.location(number, owner, f"LOC{place}"))
        party.shelf.put("sessions", samples.session(number, owner, owner))
        party.shelf.put("cdrs", samples.cdr(number, owner, owner))


def wrong(report: Report) -> dict[str, tuple[Verdict, tuple[str, ...]]]:
    """The steps that did not pass, with what is said about them."""
    return {
        f"{step.module} {step.name}": (step.verdict, step.remarks)
        for step in report.steps
        if step.verdict in (Verdict.WARN, Verdict.FAIL)
    }


def tried(report: Report) -> list[Step]:
    """The steps with a request."""
    return [step for step in report.steps if step.verdict is not Verdict.SKIPPED]
