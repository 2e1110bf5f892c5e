"""Pictures of every page, light and dark, wide and narrow, of a hub after a busy day: to be looked at by a person.

`python -m tests.admin.screenshots FOLDER [PAGE ...]`
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page

from admin.app import office
from hub import log
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store import checks
from hub.store import journal as stored_journal
from hub.store.journal import Wanted
from hub.vault import new_key
from tests.admin.browser import chromium, opened
from tests.admin.bustle import PASSWORD, bustling

KEY: Final = "a-bootstrap-key-for-the-pictures"
SIZES: Final = {"wide": (1440, 900), "narrow": (375, 800)}


def _settings(folder: Path) -> Settings:
    return Settings(
        hub={"name": "Benelux Roaming", "country_code": "NL", "party_id": "BRH"},
        server={"port": 0, "shutdown_s": 1},
        admin={"port": 0, "bootstrap_key": KEY},
        storage={"url": f"sqlite:///{folder / 'hub.db'}"},
        security={"master_key": new_key(), "allow_private_parties": True},
        journal={"bodies": "all"},
    )


async def places(hub: Hub) -> dict[str, str]:
    """Every page by the name of its picture."""
    directory = hub.picture.directory
    by_name = {row.name: row.id for row in directory.platforms.values()}
    async with hub.store.read() as connection:
        found, _ = await stored_journal.journeys(
            connection, Wanted(module="commands", platform_id=by_name["ABC Mobility"])
        )
        failed, _ = await stored_journal.journeys(connection, Wanted(outcome="failed", limit=5))
        crossed, _ = await stored_journal.journeys(
            connection, Wanted(module="locations", platform_id=by_name["Laadpunt België"], limit=500)
        )
        reports = {
            report.platform_id: report.id for report in await checks.page(connection, None, None, 10, time.time())
        }
    lossy = next((row.id for row in crossed if any(leg.losses for leg in row.legs)), crossed[0].id)
    return {
        "overview": "/",
        "platforms": "/platforms",
        "platforms-none": "/platforms?search=nobody",
        "platform": f"/platforms/{by_name['TheNewMotion']}",
        "platform-traffic": f"/platforms/{by_name['Mobilité Électrique']}",
        "platform-many": f"/platforms/{by_name['Wiener Ladenetz']}",
        "platform-planned": f"/platforms/{by_name['Stromnetz Berlin']}",
        "platform-failed": f"/platforms/{by_name['Ladesäulen Wien']}",
        "platform-suspended": f"/platforms/{by_name['Stopped Charging']}",
        "onboard": "/onboard",
        "onboard-steps": f"/onboard/{by_name['TheNewMotion']}",
        "onboard-failed": f"/onboard/{by_name['Ladesäulen Wien']}",
        "onboard-waiting": f"/onboard/{by_name['Stromnetz Berlin']}",
        "checks": "/check",
        "check": f"/check/{reports[by_name['TheNewMotion']]}",
        "agreements": "/agreements",
        "journal": "/journal",
        "journal-failed": "/journal?outcome=failed",
        "journal-none": "/journal?module=payments",
        "journal-wrong": "/journal?since=yesterday&party=x",
        "journal-follow": "/journal?follow=1",
        "journey": f"/journal/{next(row.id for row in found if len(row.legs) > 1 and row.legs[0].request_body)}",
        "journey-failed": f"/journal/{failed[0].id}",
        "journey-crossed": f"/journal/{lossy}",
        "audit": "/audit",
        "people": "/people",
        "missing": "/nothing",
    }


async def _ask_to_suspend(page: Page) -> None:
    await page.get_by_role("button", name="Suspend").click()


async def _open_pair(page: Page) -> None:
    await page.get_by_role("button", name="NL*TNM and DE*ABC").click()
    await page.get_by_role("button", name="Deny").wait_for()


async def _invite(page: Page) -> None:
    invite = page.get_by_role("region", name="Invite a partner")
    await invite.get_by_label("Name of the platform").fill("Elektra Praha")
    await invite.get_by_label("Country code").first.fill("CZ")
    await invite.get_by_label("Party id").first.fill(f"E{id(page) % 90 + 10}")
    await invite.get_by_role("button", name="Make invitation").click()
    await page.locator("#invitation-token").wait_for()


async def _connect_in_vain(page: Page) -> None:
    connect = page.get_by_role("region", name="Connect to a partner")
    await connect.get_by_label("Name of the platform").fill("Nobody There")
    await connect.get_by_label("Versions URL").fill("http://127.0.0.1:9/ocpi/versions")
    await connect.get_by_label("Token").fill("a-token")
    await connect.get_by_role("button", name="Connect").click()
    await page.locator(".is-failed, .notice.bad").first.wait_for()


async def _send_nothing(page: Page) -> None:
    invite = page.get_by_role("region", name="Invite a partner")
    await invite.get_by_label("Name of the platform").fill("x" * 300)
    await page.evaluate("document.querySelectorAll('form').forEach((form) => { form.noValidate = true; })")
    await invite.get_by_role("button", name="Make invitation").click()
    await page.locator(".wrong").first.wait_for()


async def _make_key(page: Page) -> None:
    await page.locator("#key-name").fill("grafana")
    await page.get_by_role("button", name="Make key").click()


DOINGS: Final[Mapping[str, tuple[str, Callable[[Page], Awaitable[None]]]]] = {
    "dialog": ("platform", _ask_to_suspend),
    "dialog-pair": ("agreements", _open_pair),
    "invited": ("onboard", _invite),
    "connect-failed": ("onboard", _connect_in_vain),
    "form-wrong": ("onboard", _send_nothing),
    "key-made": ("people", _make_key),
}
"""Pictures of what a click leads to: on which page, and what is done there."""

VIEWERS: Final = ("overview", "platform", "agreements", "checks")
EMPTY: Final = {"overview": "/", "platforms": "/platforms", "checks": "/check", "agreements": "/agreements"} | {
    "journal": "/journal",
    "audit": "/audit",
}


async def main(folder: Path, wanted: list[str]) -> None:
    """Take the pictures that are wanted, or all."""
    program = chromium()
    if program is None:
        raise SystemExit("no Chromium on this machine")
    log.set_up("error", "console")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        for name in ("full", "empty"):
            (root / name).mkdir()
        async with opened(program, root) as browser:
            async with bustling(_settings(root / "full")) as (hub, url):
                pages = await places(hub)
                await _all(browser, url, pages, folder, wanted, doings=DOINGS)
                seen = {f"viewer-{name}": pages[name] for name in VIEWERS}
                await _all(browser, url, seen, folder, wanted, user="eve")
            async with running(_settings(root / "empty")) as hub, office(hub) as url:
                nothing = {f"empty-{name}": path for name, path in EMPTY.items()}
                await _all(browser, url, nothing, folder, wanted)


async def _all(
    browser: Browser,
    url: str,
    pages: Mapping[str, str],
    folder: Path,
    wanted: list[str],
    *,
    user: str = "",
    doings: Mapping[str, tuple[str, Callable[[Page], Awaitable[None]]]] | None = None,
) -> None:
    for scheme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            context = await browser.new_context(
                viewport={"width": width, "height": height}, color_scheme="light" if scheme == "light" else "dark"
            )
            page = await context.new_page()
            page.on("console", lambda message: print("console:", message.text) if message.type == "error" else None)
            await _log_in(page, url, user)
            for name, path in pages.items():
                if not wanted or name in wanted:
                    await page.goto(url + path)
                    await _take(page, folder, f"{name}-{scheme}-{size}")
            for name, (start, do) in (doings or {}).items():
                if not wanted or name in wanted:
                    await page.goto(url + pages[start])
                    await do(page)
                    await _take(page, folder, f"{name}-{scheme}-{size}")
            if doings and (not wanted or "login" in wanted):
                await context.clear_cookies()
                await page.goto(f"{url}/login")
                await _take(page, folder, f"login-{scheme}-{size}")
            await context.close()


async def _log_in(page: Page, url: str, user: str) -> None:
    await page.goto(f"{url}/login")
    if user:
        await page.get_by_label("Name").fill(user)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").first.click()
    else:
        if await page.locator("summary").count():
            await page.locator("summary").click()
        await page.get_by_label("Admin key").fill(KEY)
        await page.get_by_role("button", name="Log in").last.click()
    await page.wait_for_url(f"{url}/")


async def _take(page: Page, folder: Path, name: str) -> None:
    is_dialog = name.startswith("dialog")
    await page.screenshot(path=folder / f"{name}.png", full_page=not is_dialog)
    too_wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if too_wide > 0:
        print(f"{name}: {too_wide} pixels too wide")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target, sys.argv[2:]))
