"""JSON can spell half a character (a lone surrogate), UTF-8 cannot: a partner that sends one breaks its own words only.

RFC 8259, 8.2 calls what then happens unpredictable. Here it is a question mark.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import aiohttp

from admin import keys
from admin.app import office
from admin.keys import AdminRole
from hub.config import Settings
from hub.lifecycle import running
from hub.testing import FakeCpo, FakeEmsp
from tests.admin.door import BOOTSTRAP, Door
from tests.admin.stores import one_store
from tests.admin.test_check_api import finished
from tests.admin.test_journal_api import join, told
from tests.admin.visitor import Visitor, visitor

store_kind = one_store

HALF = "half \ud83d a character"
SHOWN = "half ? a character"


async def sees(someone: Visitor, *pages: str) -> None:
    """Somebody looks at each of these pages, and reads what a partner said."""
    for page in pages:
        look = await someone.get(page)
        assert (look.status, SHOWN in look.words) == (200, True), (page, look.words[-300:])


async def test_a_party_with_half_a_character_in_its_name_is_listed_with_the_others(door: Door) -> None:
    async with FakeCpo("NL*TNM", name=HALF) as cpo, FakeEmsp("DE*ABC", name=HALF) as emsp:
        invited = await door.invite("TNM", "NLTNM")
        await cpo.register(invited["versions_url"], invited["token"])
        body = {"name": "ABC", "versions_url": emsp.versions_url, "token": emsp.invite()}
        made = await door.call("POST", "/platforms", body)
        assert (made.status, made.json["roles"][0]["name"]) == (201, SHOWN)
        for path in ("/parties", "/platforms"):
            assert (await door.call("GET", path)).body.decode().count(SHOWN) == 2, path
        async with visitor(door.url) as someone:
            await someone.log_in_with_key(BOOTSTRAP)
            await sees(someone, "/agreements", f"/platforms/{made.json['id']}", f"/platforms/{invited['id']}")


async def test_half_a_character_in_a_refusal_is_told_and_stays_in_the_audit_trail(door: Door) -> None:
    async with FakeCpo("NL*TNM") as cpo:
        cpo.misbehave("half-character", module="credentials")
        body = {"name": "TNM", "versions_url": cpo.versions_url, "token": cpo.invite()}
        answer = await door.call("POST", "/platforms", body)
        assert (answer.status, answer.json["step"]) == (502, "POST credentials")
        assert answer.json["came"] == f"HTTP 200, OCPI 2001 ({SHOWN})"
        (failed, *_) = (await door.call("GET", "/audit")).json["items"]
        assert SHOWN in failed["after"]["reason"]
        async with visitor(door.url) as someone:
            await someone.log_in_with_key(BOOTSTRAP)
            await sees(someone, "/audit", f"/onboard/{failed['subject']}")


async def test_half_a_character_is_in_the_report_of_a_check(door: Door) -> None:
    async with FakeCpo("NL*TNM") as cpo:
        platform_id = await join(door, cpo)
        cpo.misbehave("half-character")
        begun = (await door.call("POST", f"/platforms/{platform_id}/check")).json
        assert SHOWN in json.dumps(await finished(door, begun["id"]))
        for style in ("text", "markdown", "html"):
            report = await door.call("GET", f"/checks/{begun['id']}/report?format={style}")
            assert (report.status, SHOWN in report.body.decode()) == (200, True), style
        async with visitor(door.url) as someone:
            await someone.log_in_with_key(BOOTSTRAP)
            await sees(someone, f"/check/{begun['id']}")


async def test_half_a_character_in_a_body_that_is_kept_is_shown(settings: Callable[..., Settings]) -> None:
    chosen = settings(
        admin={"port": 0, "bootstrap_key": BOOTSTRAP}, journal={"bodies": "all"}, server={"shutdown_s": 1}
    )
    async with (
        running(chosen) as hub,
        office(hub) as url,
        aiohttp.ClientSession() as session,
        FakeCpo("NL*TNM") as cpo,
        FakeEmsp("DE*ABC") as emsp,
    ):
        key = await keys.create(hub.store, hub.fingerprints, "owner", AdminRole.OWNER, by="test")
        door = Door(hub, url, session, {AdminRole.OWNER: key, AdminRole.VIEWER: key})
        await asyncio.gather(join(door, cpo), join(door, emsp))
        emsp.misbehave("half-character", module="sessions")
        assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 2001
        (journey,) = await told(door, "module=sessions", at_least=1)
        assert journey["reason"] == SHOWN
        async with visitor(url) as someone:
            await someone.log_in_with_key(BOOTSTRAP)
            await sees(someone, f"/journal/{journey['id']}")
        for style in ("csv", "jsonl"):
            exported = await door.call("GET", f"/journal/export?format={style}&module=sessions")
            assert (exported.status, SHOWN in exported.body.decode()) == (200, True), style
