"""Pictures of every page, light and dark, wide and narrow, of a hub with some life in it: to be looked at by a person.

`python -m tests.admin.screenshots FOLDER [PAGE ...]`
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from playwright.async_api import Browser, Page

from admin import users
from admin.app import office
from admin.keys import AdminRole
from hub import log
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store import journal as stored_journal
from hub.store.journal import Wanted
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.story import roaming_story
from hub.vault import new_key
from routing.directory import Agreement
from routing.ocpi import PartyId, Role
from tests.admin.browser import chromium, opened

KEY = "a-bootstrap-key-for-the-pictures"
SIZES = {"wide": (1440, 900), "narrow": (375, 800)}


@asynccontextmanager
async def lively(folder: Path) -> AsyncIterator[tuple[Hub, str]]:
    """A hub with parties, traffic, a failure, an invitation, agreements and users."""
    settings = Settings(
        hub={"name": "Benelux Roaming", "country_code": "NL", "party_id": "BRH"},
        server={"port": 0, "shutdown_s": 1},
        admin={"port": 0, "bootstrap_key": KEY},
        storage={"url": f"sqlite:///{folder / 'hub.db'}"},
        security={"master_key": new_key(), "allow_private_parties": True},
        journal={"bodies": "all"},
    )
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running(settings))
        url = await stack.enter_async_context(office(hub))
        parties: list[FakeParty] = [
            FakeCpo("NL*TNM", name="TheNewMotion"),
            FakeCpo("BE*CPO", name="Laadpunt België", version="2.1.1"),
            FakeEmsp("DE*ABC", name="ABC Mobility"),
            FakeEmsp("FR*MOB", name="Mobilité Électrique", version="2.3.0"),
        ]
        for party in parties:
            await stack.enter_async_context(party)
            await _join(hub, party)
        cpo, other, emsp, french = parties
        await roaming_story(cpo, emsp, lambda step: None)
        await roaming_story(other, french, lambda step: None)
        french.misbehave("http-500", module="sessions")
        for party in (cpo, other):
            for _ in range(3):
                await party.push_session("FR*MOB", french.parties[0])
        await hub.platforms.invite(by="ann", name="Stromnetz Berlin", roles=[RoleRow(PartyId("DE", "SNB"), Role.CPO)])
        await _fail(hub, stack)
        for effect, cpo_id, emsp_id in ((True, "NL*TNM", "DE*ABC"), (False, "BE*CPO", "FR*MOB")):
            agreement = Agreement(f"a{cpo_id[:2]}{emsp_id[:2]}", PartyId.parse(cpo_id), PartyId.parse(emsp_id), effect)
            await hub.platforms.allow(agreement, by="ann")
        password = await users.Passwords().hashed("a long password")
        for name, role in (("ann", AdminRole.OWNER), ("bob", AdminRole.OPERATOR), ("eve", AdminRole.VIEWER)):
            await users.create(hub.store, name=name, role=role, password=password, by="pictures")
        while hub.journal.waiting:  # noqa: ASYNC110 - what is waited for is counted, not signalled
            await asyncio.sleep(0.05)
        yield hub, url


async def _join(hub: Hub, party: FakeParty) -> None:
    roles = [RoleRow(row, party.role, {"name": party.name}) for row in party.parties]
    invitation = await hub.platforms.invite(by="ann", name=party.name, roles=roles)
    await party.register(invitation.versions_url, invitation.token)


async def _fail(hub: Hub, stack: AsyncExitStack) -> None:
    """A partner whose handshake fails."""
    party = await stack.enter_async_context(FakeCpo("AT*LAD", name="Ladesäulen Wien"))
    party.misbehave("http-401", module="versions")
    roles = [RoleRow(row, party.role, {"name": party.name}) for row in party.parties]
    invitation = await hub.platforms.invite(by="ann", name=party.name, roles=roles)
    with suppress(Exception):
        await party.register(invitation.versions_url, invitation.token)


async def places(hub: Hub) -> dict[str, str]:
    """Every page by the name of its picture."""
    directory = hub.picture.directory
    by_name = {row.name: row.id for row in directory.platforms.values()}
    async with hub.store.read() as connection:
        found, _ = await stored_journal.journeys(connection, Wanted(module="commands", limit=5))
        failed, _ = await stored_journal.journeys(connection, Wanted(outcome="failed", limit=5))
    return {
        "overview": "/",
        "platforms": "/platforms",
        "platforms-none": "/platforms?search=nobody",
        "platform": f"/platforms/{by_name['TheNewMotion']}",
        "platform-traffic": f"/platforms/{by_name['Mobilité Électrique']}",
        "platform-planned": f"/platforms/{by_name['Stromnetz Berlin']}",
        "onboard": "/onboard",
        "onboard-steps": f"/onboard/{by_name['TheNewMotion']}",
        "onboard-failed": f"/onboard/{by_name['Ladesäulen Wien']}",
        "onboard-waiting": f"/onboard/{by_name['Stromnetz Berlin']}",
        "check": "/check",
        "agreements": "/agreements",
        "journal": "/journal",
        "journal-failed": "/journal?outcome=failed",
        "journey": f"/journal/{found[-1].id}",
        "journey-failed": f"/journal/{failed[0].id}",
        "audit": "/audit",
        "people": "/people",
        "missing": "/nothing",
    }


async def main(folder: Path, wanted: list[str]) -> None:
    """Take the pictures."""
    log.set_up("error", "console")
    program = chromium()
    assert program is not None, "no Chromium on this machine"
    with tempfile.TemporaryDirectory() as temporary:
        async with lively(Path(temporary)) as (hub, url), opened(program, Path(temporary)) as browser:
            pages = await places(hub)
            for scheme in ("light", "dark"):
                for size in SIZES:
                    await _pictures(browser, url, pages, wanted, folder, scheme, size)


async def _pictures(
    browser: Browser, url: str, pages: dict[str, str], wanted: list[str], folder: Path, scheme: str, size: str
) -> None:
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="light" if scheme == "light" else "dark"
    )
    page = await context.new_page()
    page.on("console", lambda message: print("console:", message.text) if message.type == "error" else None)
    await page.goto(f"{url}/login")
    if not wanted or "login" in wanted:
        await _take(page, folder, f"login-{scheme}-{size}")
    if await page.locator("summary").count():
        await page.locator("summary").click()
    await page.get_by_label("Admin key").fill(KEY)
    await page.get_by_role("button", name="Log in").last.click()
    await page.wait_for_url(f"{url}/")
    for name, path in pages.items():
        if not wanted or name in wanted:
            await page.goto(url + path)
            await _take(page, folder, f"{name}-{scheme}-{size}")
    await context.close()


async def _take(page: Page, folder: Path, name: str) -> None:
    await page.screenshot(path=folder / f"{name}.png", full_page=True)
    too_wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if too_wide > 0:
        print(f"{name}: {too_wide} pixels too wide")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target, sys.argv[2:]))
