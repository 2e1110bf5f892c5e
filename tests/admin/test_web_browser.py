"""The admin's day in a real browser: a partner from invitation to CONNECTED, a failing step, a lost message, roles."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from admin.app import office
from admin.keys import AdminRole
from admin.pages.table import PAGES
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store import journal as stored_journal
from hub.store import registry
from hub.store.journal import Wanted
from hub.testing import FakeCpo, FakeEmsp
from hub.testing.handshake import RegistrationFailed
from routing.ocpi import ConnectionStatus
from tests.admin.browser import chromium, opened
from tests.admin.town import join
from tests.admin.visitor import PASSWORD, settled, with_users
from tests.conftest import missing

WAIT_MS, NO_ANSWER = 30_000, {"at": 0.0, "step": "", "expected": ""}
NEEDED = {row.path: row.role for row in PAGES if row.method == "GET" and row.role}
expect.set_options(timeout=WAIT_MS)
pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chrome(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Headless Chromium, one for all tests here; each has windows of its own."""
    program = chromium()
    if program is None:
        missing("no Chromium on this machine")
    async with opened(program, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def place(settings: Callable[..., Settings]) -> AsyncIterator[tuple[Hub, str]]:
    """A hub with a user of each role, and its admin URL."""
    async with running(settings(server={"port": 0, "shutdown_s": 1}, admin={"port": 0})) as hub, office(hub) as url:
        await with_users(hub)
        yield hub, url


@asynccontextmanager
async def logged_in(chrome: Browser, url: str, role: str) -> AsyncIterator[Page]:
    """A page after logging in through the form; whatever the browser complains about fails the test."""
    context = await chrome.new_context()
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    await page.get_by_label("Name").fill(role)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").first.click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    yield page
    await context.close()
    assert complaints == []


async def test_a_partner_is_onboarded_from_invitation_to_connected(chrome: Browser, place: tuple[Hub, str]) -> None:
    _, url = place
    async with FakeCpo("NL*TNM") as partner, logged_in(chrome, url, AdminRole.OPERATOR) as page:
        await page.get_by_role("link", name="Onboard the first party").click()
        invite = page.get_by_role("region", name="Invite a partner")
        await invite.get_by_label("Name of the platform").fill("TheNewMotion")
        await invite.get_by_label("Country code").first.fill("nl")
        await invite.get_by_label("Party id").first.fill("tnm")
        await invite.get_by_role("button", name="Make invitation").click()
        versions_url = await page.locator("#versions-url").inner_text()
        token = await page.locator("#invitation-token").inner_text()
        assert token in await page.locator("#message").inner_text()
        steps = page.locator(".steps li")
        await expect(page.locator(".steps .is-running")).to_contain_text("Partner reads the versions")
        await partner.register(versions_url, token)
        await expect(page.get_by_text("TheNewMotion is connected.")).to_be_visible()
        assert await steps.count() == await page.locator(".steps .is-done").count() == 9
        await page.get_by_role("link", name="Open platform").click()
        await expect(page.locator("h1")).to_have_text("TheNewMotion")
        await expect(page.locator(".head .pill")).to_have_text("Connected")


async def test_a_step_that_fails_is_explained_and_the_partner_can_try_again(
    chrome: Browser, place: tuple[Hub, str]
) -> None:
    _, url = place
    async with FakeCpo("NL*TNM") as partner, logged_in(chrome, url, AdminRole.OPERATOR) as page:
        await page.goto(f"{url}/onboard")
        invite = page.get_by_role("region", name="Invite a partner")
        await invite.get_by_label("Name of the platform").fill("TheNewMotion")
        await invite.get_by_label("Country code").first.fill("NL")
        await invite.get_by_label("Party id").first.fill("TNM")
        await invite.get_by_role("button", name="Make invitation").click()
        versions_url = await page.locator("#versions-url").inner_text()
        token = await page.locator("#invitation-token").inner_text()
        partner.misbehave("http-401", module="versions")
        with pytest.raises(RegistrationFailed):
            await partner.register(versions_url, token)
        failed = page.locator(".steps .is-failed")
        await expect(failed).to_contain_text("Hub reads the partner's versions")
        await expect(failed).to_contain_text("HTTP 401")
        await expect(failed).to_contain_text("opens with the token that it gave")
        await page.goto(url)
        await expect(page.get_by_text("The handshake with TheNewMotion failed")).to_be_visible()
        partner.behave()
        await page.get_by_role("link", name="See the steps").click()
        await page.get_by_role("link", name="See every step").click()
        await partner.register(versions_url, token)
        await expect(page.get_by_text("TheNewMotion is connected.")).to_be_visible()


async def test_the_hub_connects_to_a_partner_and_says_where_it_failed(chrome: Browser, place: tuple[Hub, str]) -> None:
    hub, url = place
    async with FakeEmsp("DE*ABC") as partner, logged_in(chrome, url, AdminRole.OPERATOR) as page:
        for fault, outcome in (("http-500", "Nothing was changed on either side."), ("", "ABC is connected.")):
            if fault:
                partner.misbehave(fault, module="credentials")
                partner.misbehave("slow", module="versions", times=1, seconds=1)  # so that the page is there before
            else:
                partner.behave()
            await page.goto(f"{url}/onboard")
            connect = page.get_by_role("region", name="Connect to a partner")
            await connect.get_by_label("Name of the platform").fill("ABC")
            await connect.get_by_label("Versions URL").fill(partner.versions_url)
            await connect.get_by_label("Token").fill(partner.invite())
            await connect.get_by_role("button", name="Connect").click()
            await expect(page.get_by_text(outcome)).to_be_visible()
            await expect(page.get_by_text("Is the token lost?")).to_have_count(
                0
            )  # the hub was given one, and gave none
            await expect(page.get_by_role("link", name="Open platform")).to_have_count(0 if fault else 1)
        names = {row.name: row.status for row in hub.picture.directory.platforms.values()}
        assert names == {"ABC": ConnectionStatus.CONNECTED}


async def test_a_platform_is_suspended_after_being_asked_and_resumed(chrome: Browser, place: tuple[Hub, str]) -> None:
    hub, url = place
    async with FakeCpo("NL*TNM", name="TNM") as partner, logged_in(chrome, url, AdminRole.OPERATOR) as page:
        platform_id = await join(hub, partner)
        await page.get_by_role("link", name="Platforms").click()
        await page.get_by_label("Name or party").press_sequentially("nl*t")
        await expect(page).to_have_url(re.compile("search=nl"))
        await page.get_by_role("link", name="TNM", exact=True).click()
        await page.get_by_role("button", name="Suspend").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("Nothing is delivered to it")
        await page.keyboard.press("Escape")
        assert hub.picture.directory.platforms[platform_id].status is ConnectionStatus.CONNECTED
        await page.get_by_role("button", name="Suspend").click()
        await dialog.get_by_role("button", name="Suspend").click()
        await expect(page.locator(".head .pill")).to_have_text("Suspended")
        assert hub.picture.directory.platforms[platform_id].status is ConnectionStatus.SUSPENDED
        await page.get_by_role("button", name="Resume").click()
        await expect(page.locator(".head .pill")).to_have_text("Connected")
        assert hub.picture.directory.platforms[platform_id].status is ConnectionStatus.CONNECTED


async def test_a_lost_message_is_found_by_its_correlation_id(chrome: Browser, place: tuple[Hub, str]) -> None:
    """A partner calls: your hub lost my CDR."""
    hub, url = place
    async with FakeCpo("NL*TNM") as cpo, FakeEmsp("DE*ABC") as emsp:
        await join(hub, cpo)
        await join(hub, emsp)
        await cpo.push_session("DE*ABC", emsp.parties[0])
        emsp.misbehave("http-500", module="sessions")
        lost = await cpo.push_session("DE*ABC", emsp.parties[0])
        await settled(hub)
        async with logged_in(chrome, url, AdminRole.VIEWER) as page:
            await page.get_by_role("link", name="Journal").first.click()
            await page.get_by_label("Correlation id").fill(lost.sent["X-Correlation-ID"])
            await page.keyboard.press("Enter")
            await expect(page.locator("tbody tr")).to_have_count(1)
            await page.locator("tbody a").click()
            await expect(page.locator(".notice")).to_contain_text("DE*ABC")
            await expect(page.locator(".notice")).to_contain_text("HTTP 500")
            await expect(page.locator(".leg")).to_have_count(2)
            assert await page.locator("form[method=post]").count() == 1, "a viewer can log out, and nothing else"


async def test_the_journal_is_followed_as_it_grows(chrome: Browser, place: tuple[Hub, str]) -> None:
    hub, url = place
    async with FakeCpo("NL*TNM") as cpo, FakeEmsp("DE*ABC") as emsp, logged_in(chrome, url, AdminRole.VIEWER) as page:
        await join(hub, cpo)
        await join(hub, emsp)
        await page.goto(f"{url}/journal?module=sessions")
        await expect(page.get_by_text("Nothing found")).to_be_visible()
        await page.get_by_role("link", name="Follow").click()
        await cpo.push_session("DE*ABC", emsp.parties[0])
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page.locator("tbody tr").first).to_contain_text("delivered")
        await page.get_by_role("link", name="Stop following").click()
        await expect(page.get_by_role("link", name="Follow", exact=True)).to_be_visible()


async def test_a_pair_is_denied_in_the_matrix_with_the_keyboard_alone(chrome: Browser, place: tuple[Hub, str]) -> None:
    hub, url = place
    async with FakeCpo("NL*TNM") as cpo, FakeEmsp("DE*ABC") as emsp, logged_in(chrome, url, AdminRole.OPERATOR) as page:
        await join(hub, cpo)
        await join(hub, emsp)
        await page.goto(f"{url}/agreements")
        await page.locator(".matrix button").focus()
        await page.keyboard.press("Enter")
        deny = page.get_by_role("button", name="Deny")
        await expect(deny).to_be_visible()
        await deny.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".matrix td")).to_have_text(re.compile("denied"))
        (agreements,) = hub.picture.directory.agreements.values()
        assert [row.is_allowed for row in agreements] == [False]


async def test_a_check_of_a_partner_that_misbehaves_ends_with_a_report(chrome: Browser, place: tuple[Hub, str]) -> None:
    hub, url = place
    async with FakeCpo("NL*TNM", name="TNM") as cpo, logged_in(chrome, url, AdminRole.OPERATOR) as page:
        platform_id = await join(hub, cpo)
        cpo.misbehave("garbage", module="tariffs")
        await page.goto(f"{url}/check?platform={platform_id}")
        await page.get_by_role("button", name="Begin check").click()
        await expect(page.locator("[data-state=done]")).to_be_visible(timeout=90_000)
        tariffs = page.locator("section", has=page.get_by_role("heading", name="tariffs"))
        await expect(tariffs.locator(".pill.tone-bad").first).to_be_visible()
        async with page.expect_download() as begun:
            await page.get_by_role("link", name="Markdown").click()
        report = (await (await begun.value).path()).read_text(encoding="utf-8")
        assert "the body is not JSON" in report


async def test_each_role_sees_what_it_may_do(chrome: Browser, place: tuple[Hub, str]) -> None:
    hub, url = place
    async with FakeCpo("NL*TNM", name="TNM") as partner:
        platform_id = await join(hub, partner)
        for role in AdminRole:
            async with logged_in(chrome, url, role) as page:
                menu = await page.locator(".menu a").all_inner_texts()
                assert ("Onboard" in menu) is role.includes(AdminRole.OPERATOR)
                assert ("Keys and users" in menu) is role.includes(AdminRole.OWNER)
                await page.goto(f"{url}/platforms/{platform_id}")
                buttons = set(await page.locator("main button:visible").all_inner_texts())
                offered = {"Suspend", "Remove", "Renew tokens", "Save settings"}
                assert buttons & offered == (offered if role.includes(AdminRole.OPERATOR) else set())


async def test_an_owner_lets_somebody_in_and_out_again(chrome: Browser, place: tuple[Hub, str]) -> None:
    _, url = place
    async with logged_in(chrome, url, AdminRole.OWNER) as page:
        await page.get_by_role("link", name="Keys and users").click()
        users = page.get_by_role("region", name="Users")
        await users.get_by_label("Name").fill("eve")
        await users.get_by_label("Password", exact=True).fill(PASSWORD)
        await users.get_by_role("button", name="Add user").click()
        await expect(page.get_by_text("The user can log in now.")).to_be_visible()
        async with logged_in(chrome, url, "eve") as other:
            await page.reload()
            row = page.get_by_role("region", name="Logged in now").locator("tr", has_text="eve")
            await row.get_by_role("button", name="End").click()
            await page.get_by_role("dialog").get_by_role("button", name="End session").click()
            await expect(page.get_by_text("The session was ended.")).to_be_visible()
            await other.goto(f"{url}/platforms")
            await expect(other.get_by_role("heading", name="Log in")).to_be_visible()


async def test_no_page_is_wider_than_its_screen_whatever_a_party_is_called(
    chrome: Browser, place: tuple[Hub, str]
) -> None:
    hub, url = place
    async with FakeCpo("NL*TNM", name="L" * 100) as cpo, FakeEmsp("DE*ABC", name="M" * 100) as emsp:
        platform_id = await join(hub, cpo)
        await join(hub, emsp)
        await cpo.push_session("DE*ABC", emsp.parties[0])
        async with hub.store.write() as connection:
            await registry.note(connection, platform_id, last_error={**NO_ANSWER, "came": "x" * 200})
        report = await hub.checks.begin(platform_id, by="test")
        await settled(hub)
        async with hub.store.read() as connection:
            (journey, *_), _ = await stored_journal.journeys(connection, Wanted(module="sessions"))
        ids = {"platforms": platform_id, "onboard": platform_id, "journal": journey.id, "check": report.id}
        found = []
        for role in (AdminRole.VIEWER, AdminRole.OWNER):
            async with logged_in(chrome, url, role) as page:
                for width, (path, needed) in itertools.product((375, 1280), NEEDED.items()):
                    if path.endswith(("/report", "/pair", "/export")) or not role.includes(needed):
                        continue
                    await page.set_viewport_size({"width": width, "height": 700})
                    await page.goto(url + path.replace("{id}", ids.get(path.split("/")[1], "")))
                    too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    if excess := await page.evaluate(too_wide):
                        found.append((path, role, width, excess))
        assert found == []
