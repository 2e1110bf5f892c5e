"""Every page for every role: who may see it, what it offers, and that nothing in it is taken for markup."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Mapping

from admin.guard import ROLES
from admin.keys import AdminRole
from admin.page import TEMPLATES
from admin.pages.table import PAGES
from admin.users import create
from hub.store import journal as stored_journal
from hub.store.journal import Wanted
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from routing.ocpi import ConnectionStatus
from tests.admin.door import Door
from tests.admin.town import Town, as_role
from tests.admin.visitor import Look, settled, visitor
from tests.stories.market import platform_of

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>'\""
WANTED: Mapping[str, AdminRole] = {
    "GET /": AdminRole.VIEWER,
    "GET /platforms": AdminRole.VIEWER,
    "GET /platforms/{id}": AdminRole.VIEWER,
    "GET /onboard": AdminRole.OPERATOR,
    "GET /onboard/{id}": AdminRole.VIEWER,
    "GET /check": AdminRole.VIEWER,
    "GET /check/{id}": AdminRole.VIEWER,
    "GET /check/{id}/report": AdminRole.VIEWER,
    "GET /agreements": AdminRole.VIEWER,
    "GET /agreements/pair": AdminRole.OPERATOR,
    "GET /journal": AdminRole.VIEWER,
    "GET /journal/export": AdminRole.VIEWER,
    "GET /journal/{id}": AdminRole.VIEWER,
    "GET /audit": AdminRole.VIEWER,
    "GET /people": AdminRole.OWNER,
}


async def test_each_page_is_for_its_role_and_those_above(town: Town) -> None:
    pages = [page for page in PAGES if page.method == "GET" and page.role is not None]
    assert {f"{page.method} {page.path}" for page in pages} == set(WANTED), "who may see a page is written down twice"
    for role in AdminRole:
        async with as_role(town, role) as someone:
            for page in pages:
                look = await someone.get(town.address(page))
                expected = 200 if role.includes(WANTED[f"GET {page.path}"]) else 403
                assert look.status == expected, (page.path, role, look.words[-300:])


async def test_each_form_is_for_its_role_and_those_above(town: Town) -> None:
    for role in AdminRole:
        async with as_role(town, role) as someone:
            for page in PAGES:
                if page.method != "POST" or page.role is None or page.path == "/logout":
                    continue
                assert page.role is (AdminRole.OWNER if page.path.startswith("/people") else AdminRole.OPERATOR)
                look = await someone.post(page.path.replace("{id}", "nobody"))
                assert (look.status == 403) is not role.includes(page.role), (page.path, role, look.status)
                assert look.status < 500, (page.path, look.words[-300:])


async def test_nobody_who_is_not_logged_in_sees_a_page_or_sends_a_form(town: Town) -> None:
    async with visitor(town.door.url) as stranger:
        for page in PAGES:
            if page.role is None:
                continue
            address = town.address(page)
            look = await (stranger.get(address) if page.method == "GET" else stranger.post_raw(address, {}))
            assert (look.status, look.location.partition("?")[0]) == (303, "/login"), page.path


async def test_a_viewer_is_offered_nothing_that_would_be_refused(town: Town) -> None:
    offered: dict[AdminRole, set[str]] = {}
    for role in AdminRole:
        found = offered[role] = set()
        async with as_role(town, role) as someone:
            for page in PAGES:
                if page.method == "GET" and page.role is not None and role.includes(page.role):
                    text = (await someone.get(town.address(page))).text
                    found |= set(re.findall(r'(?:method="post" action|hx-post)="([^"]+)"', text))
                    found |= {link for link in re.findall(r'href="(/[^"?]*)', text) if link in ("/people", "/onboard")}
    assert offered[AdminRole.VIEWER] == {"/logout"}
    assert f"/platforms/{town.platform_id}/suspend" in offered[AdminRole.OPERATOR]
    assert "/onboard/invite" in offered[AdminRole.OPERATOR]
    assert not any(link.startswith("/people") for link in offered[AdminRole.OPERATOR])
    assert {"/people", "/people/users", "/people/keys"} <= offered[AdminRole.OWNER]


async def test_no_page_shows_a_secret(town: Town) -> None:
    directory = town.door.hub.picture.directory
    secrets = {town.invitation, *town.door.keys.values()}
    secrets |= {row.token_out for row in directory.platforms.values() if row.token_out}
    assert len(secrets) == 6
    async with as_role(town, AdminRole.OWNER) as someone:
        for page in PAGES:
            if page.method == "GET" and page.role is not None:
                text = (await someone.get(town.address(page))).text
                assert [secret for secret in secrets if secret in text] == [], page.path


async def test_a_person_who_changes_something_is_in_the_audit_trail(town: Town) -> None:
    async with as_role(town, AdminRole.OPERATOR) as someone:
        assert (await someone.post(f"/platforms/{town.platform_id}/suspend")).status == 303
        look = await someone.get(f"/platforms/{town.platform_id}?done=suspended")
        assert "Suspended" in look.words
        assert (await someone.post(f"/platforms/{town.platform_id}/suspend")).status == 409
        assert (await someone.post(f"/platforms/{town.platform_id}/resume")).status == 303
    trail = [row for row in await town.door.audit() if row[2] == town.platform_id][:2]
    assert [row[:2] for row in trail] == [("operator", "resumed"), ("operator", "suspended")]


# --- what parties send is never markup -------------------------------------------------------------------------------


def is_clean(look: Look) -> bool:
    """Whether nothing that was smuggled in became markup."""
    if not look.headers["Content-Type"].startswith("text/html"):
        return (
            "attachment" in look.headers["Content-Disposition"] and look.headers["X-Content-Type-Options"] == "nosniff"
        )
    return "<script>alert" not in look.text and "<img src=x" not in look.text


async def test_script_in_a_name_a_path_and_headers_is_only_text(town: Town, fake_cpo: FakeCpo) -> None:
    hub = town.door.hub
    invited = await town.door.invite(EVIL, "BEEVL")
    await hub.platforms.change(town.platform_id, by=EVIL, changes={"name": EVIL})
    await create(hub.store, name=EVIL, role=AdminRole.VIEWER, password="x", by=EVIL)
    await fake_cpo.call(
        "GET",
        f"{hub.settings.public_url}/ocpi/2.2.1/sender/locations/%3Cscript%3Ealert(1)%3C/script%3E",
        {
            "Authorization": f"Token {_token(fake_cpo)}",
            "X-Correlation-ID": EVIL,
            "X-Request-ID": EVIL,
            "OCPI-to-country-code": "DE",
            "OCPI-to-party-id": "ABC",
        },
        b"",
    )
    await settled(hub)
    async with hub.store.read() as connection:
        found, _ = await stored_journal.journeys(connection, Wanted(correlation_id=EVIL))
        assert len(found) == 1, "the story must be in the journal"
    async with as_role(town, AdminRole.OWNER) as someone:
        seen = ""
        for path in (
            *(town.address(page) for page in PAGES if page.method == "GET" and page.role is not None),
            f"/journal/{found[0].id}",
            f"/onboard/{invited['id']}",
            f"/platforms?search={EVIL}",
            f"/journal?correlation_id={EVIL}&party={EVIL}&since={EVIL}",
            f"/{EVIL}",
        ):
            look = await someone.get(path)
            assert is_clean(look), path
            seen += look.text
    async with visitor(town.door.url) as stranger:
        assert is_clean(await stranger.get(f"/login?next={EVIL}"))
        assert is_clean(await stranger.post_raw("/login", {"name": EVIL, "password": EVIL, "next": EVIL}))
    assert seen.count(html.escape("<script>alert(1)")) > 10


def _token(party: FakeParty) -> str:
    import base64

    return base64.b64encode(party.peer.token_out.encode()).decode()


def test_what_a_template_offers_is_in_the_table() -> None:
    rows = {(page.method, page.path) for page in PAGES}
    for file in TEMPLATES.rglob("*.html"):
        for method, path in re.findall(r"may\('(\w+)', '([^']+)'\)", file.read_text(encoding="utf-8")):
            assert (method, path) in rows, f"{file.name}: {method} {path}"


async def test_a_row_of_the_table_is_what_the_guard_asks(door: Door) -> None:
    from admin.app import make_app

    roles = make_app(door.hub)[ROLES]
    assert {page.role for page in PAGES if roles[page.method, page.path] is page.role} == {None, *AdminRole}


async def test_a_platform_that_is_offline_is_told_by_why_and_not_as_a_handshake(
    town: Town, fake_cpo: FakeCpo, fake_emsp: FakeEmsp
) -> None:
    fake_emsp.misbehave("http-401")
    assert (await fake_cpo.push_location("DE*ABC")).status_code == 4003
    platform_id = platform_of(town.door.hub, fake_emsp)
    async with asyncio.timeout(20):
        while town.door.hub.picture.directory.platforms[platform_id].status is not ConnectionStatus.OFFLINE:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    async with as_role(town, AdminRole.VIEWER) as someone:
        overview = (await someone.get("/")).words
        assert f"{fake_emsp.name} is offline HTTP 401: the platform rejects the hub's token. Last seen" in overview
        for page in ("/platforms", f"/platforms/{platform_id}"):
            assert "The still-alive check failed" in (await someone.get(page)).words
            assert "handshake failed" not in (await someone.get(page)).words.lower()
