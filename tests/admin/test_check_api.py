"""Conformance checks through the admin door: begun, watched, and handed out as a report."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from admin.keys import AdminRole
from hub.testing import FakeCpo, Served
from tests.admin.door import Door
from tests.admin.stores import one_store
from tests.admin.test_journal_api import join

store_kind = one_store


async def finished(door: Door, check_id: str) -> dict[str, Any]:
    """A check once it is through; its progress never went back."""
    progress = 0.0
    async with asyncio.timeout(60):
        while True:
            answer = await door.call("GET", f"/checks/{check_id}", role=AdminRole.VIEWER)
            assert answer.status == 200, answer.body
            check: dict[str, Any] = answer.json
            assert check["progress"] >= progress
            progress = check["progress"]
            if check["status"] != "running":
                return check
            await asyncio.sleep(0.02)


async def test_a_check_is_begun_and_watched_until_it_is_done(door: Door) -> None:
    async with FakeCpo("NL*TNM") as cpo:
        platform = await join(door, cpo)
        cpo.misbehave("http-500", module="tariffs")
        begun = await door.call("POST", f"/platforms/{platform}/check", role=AdminRole.OPERATOR)
        assert (begun.status, begun.json["status"], begun.json["verdict"]) == (202, "running", None)
        check = await finished(door, begun.json["id"])
        assert (check["status"], check["verdict"], check["progress"]) == ("done", "fail", 1.0)
        failed = [step for step in check["steps"] if step["verdict"] == "fail"]
        assert {step["module"] for step in failed} == {"tariffs"}
        assert check["counts"]["failed"] == len(failed)
        assert failed[0]["source"] == "OCPI 2.2.1, transport and format, Pagination"
        assert ("the operator", "checked", platform) in await door.audit()
        listed = (await door.call("GET", f"/checks?platform={platform}", role=AdminRole.VIEWER)).json["items"]
        assert [item["id"] for item in listed] == [check["id"]]
        assert (await door.call("GET", "/checks?platform=nobody")).json["items"] == []


async def test_who_may_only_read_cannot_begin_one(door: Door) -> None:
    async with FakeCpo("NL*TNM") as cpo:
        platform = await join(door, cpo)
        assert (await door.call("POST", f"/platforms/{platform}/check", role=AdminRole.VIEWER)).status == 403
        assert (await door.call("GET", "/checks")).json["items"] == []


async def test_what_cannot_be_checked_is_said(door: Door) -> None:
    invited = await door.invite()
    assert (await door.call("POST", f"/platforms/{invited['id']}/check")).status == 409
    assert (await door.call("POST", "/platforms/nobody/check")).status == 404
    assert (await door.call("GET", "/checks/nobody")).status == 404
    assert (await door.call("GET", "/checks/nobody/report")).status == 404
    assert (await door.call("GET", "/checks?cursor=a~b~c")).fields == {"cursor"}


@pytest.mark.parametrize(
    ("style", "content_type"), [("text", "text/plain"), ("markdown", "text/markdown"), ("html", "text/html")]
)
async def test_the_report_is_a_file_for_the_partner(door: Door, style: str, content_type: str) -> None:
    async with FakeCpo("NL*TNM") as cpo:
        platform = await join(door, cpo)
        cpo.misbehave("empty-link", module="tariffs")
        cpo.misbehave("ocpi-2001", module="locations")
        begun = (await door.call("POST", f"/platforms/{platform}/check")).json
        await finished(door, begun["id"])
        report = await door.call("GET", f"/checks/{begun['id']}/report?format={style}", role=AdminRole.VIEWER)
        assert report.headers["Content-Type"] == f"{content_type}; charset=utf-8"
        assert "attachment" in report.headers["Content-Disposition"]
        assert "default-src 'none'" in report.headers["Content-Security-Policy"]
        words = re.sub(r"\\(?=.)|&#\d+;", "", report.body.decode())
        for text in ("NL*TNM", "an empty Link", "OCPI 2001 (as ordered), where 1000 is expected", "2.2.1"):
            assert text in words, text
        for secret in (cpo.handshakes.token_in, cpo.handshakes.token_out):
            assert secret not in words


async def test_script_in_what_a_party_says_is_shown_and_not_run(door: Door) -> None:
    async with FakeCpo("NL*TNM", name="<script>alert(1)</script>") as cpo:
        platform = await join(door, cpo)
        cpo.answers["tariffs"] = lambda seen: Served(
            code=2001, message="<img src=x onerror=alert(1)> [x](javascript:y)"
        )
        begun = (await door.call("POST", f"/platforms/{platform}/check")).json
        await finished(door, begun["id"])
        page = (await door.call("GET", f"/checks/{begun['id']}/report?format=html")).body.decode()
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page
        text = (await door.call("GET", f"/checks/{begun['id']}/report?format=markdown")).body.decode()
        assert "[x](" not in text
        assert "<img" not in text.replace("\\<", "")
