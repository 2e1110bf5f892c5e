"""The journal through the admin door: what happened to real requests between parties on real sockets."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from admin.keys import AdminRole
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from tests.admin.door import Door
from tests.admin.stores import one_store

store_kind = one_store


@asynccontextmanager
async def market(door: Door) -> AsyncIterator[tuple[FakeCpo, FakeEmsp]]:
    """A CPO and an eMSP, registered."""
    async with FakeCpo("NL*TNM") as cpo, FakeEmsp("DE*ABC") as emsp:
        for party in (cpo, emsp):
            await join(door, party)
        yield cpo, emsp


async def join(door: Door, party: FakeParty) -> str:
    """Register a party; the id of its platform."""
    (id,) = party.parties
    invited = await door.invite(party.name, f"{id.country_code}{id.party_id}", role=str(party.role))
    await party.register(invited["versions_url"], invited["token"])
    return str(invited["id"])


async def told(door: Door, query: str = "", *, at_least: int = 0) -> list[dict[str, Any]]:
    """What the journal tells once it wrote everything; a callback's leg ends after whoever it is for has it."""
    async with asyncio.timeout(30):
        while True:
            if not door.hub.journal.waiting:
                answer = await door.call("GET", f"/journal?{query}", role=AdminRole.VIEWER)
                assert answer.status == 200, answer.body
                items: list[dict[str, Any]] = answer.json["items"]
                if len(items) >= at_least:
                    return items
            await asyncio.sleep(0.02)


async def test_a_lost_cdr_is_found_by_its_correlation_id_with_who_was_at_fault(door: Door) -> None:
    async with market(door) as (cpo, emsp):
        await emsp.stop()
        sent = await cpo.push_cdr("DE*ABC", emsp.parties[0])
        (item,) = await told(door, f"correlation_id={sent.sent['X-Correlation-ID']}")
        assert (item["from"], item["to"], item["outcome"], item["fault"]) == ("NL*TNM", "DE*ABC", "failed", "network")
        assert item["verdict"] == (
            "The network: the hub could not reach DE*ABC: the receiver does not accept connections."
        )
        shown = (await door.call("GET", f"/journal/{item['id']}", role=AdminRole.VIEWER)).json
        assert [(leg["direction"], leg["http"], leg["ocpi"]) for leg in shown["legs"]] == [
            ("in", 200, 4003),
            ("out", None, None),
        ]
        assert shown["request_id"] == sent.sent["X-Request-ID"]


async def test_a_receiver_that_misbehaves_is_at_fault_and_one_that_refuses_is_not(door: Door) -> None:
    faults = {"garbage": "receiver", "http-500": "receiver", "closed": "receiver", "ocpi-2001": "caller"}
    async with market(door) as (cpo, emsp):
        for fault, wanted in faults.items():
            emsp.misbehave(fault, module="sessions")
            sent = await cpo.push_session("DE*ABC", emsp.parties[0])
            emsp.behave()
            (item,) = await told(door, f"correlation_id={sent.sent['X-Correlation-ID']}", at_least=1)
            assert (item["fault"], item["outcome"] == "delivered") == (wanted, False), fault


async def test_each_filter_finds_what_it_names_and_nothing_else(door: Door) -> None:
    async with market(door) as (cpo, emsp):
        await cpo.push_session("DE*ABC", emsp.parties[0])
        await emsp.push_token("NL*TNM")
        await cpo.push_cdr("XX*YYY", emsp.parties[0])
        every = await told(door)
        platform = next(item["platform"] for item in every if item["module"] == "tokens")
        for query, modules in {
            "module=sessions": {"sessions"},
            "party=nl-tnm&module=tokens": {"tokens"},
            "party=XXYYY": {"cdrs"},
            "outcome=refused&party=NLTNM": set(),
            "outcome=failed": {"cdrs"},
            f"platform={platform}&module=tokens": {"tokens"},
            "since=2999-01-01T00:00:00Z": set(),
            "until=2001-01-01T00:00:00Z": set(),
        }.items():
            assert {item["module"] for item in await told(door, query)} == modules, query
        assert {"sessions", "tokens", "cdrs", "credentials"} <= {item["module"] for item in every}


async def test_pages_of_the_list_lead_through_all_of_it(door: Door) -> None:
    async with market(door) as (cpo, emsp):
        for _ in range(5):
            await cpo.push_session("DE*ABC", emsp.parties[0])
        every = [item["id"] for item in await told(door)]
        found, cursor = [], ""
        while True:
            page = (await door.call("GET", f"/journal?limit=2{cursor}")).json
            found += [item["id"] for item in page["items"]]
            if not page["next"]:
                break
            cursor = f"&cursor={page['next']}"
        assert found == every == sorted(every, reverse=True)


async def test_a_callback_is_shown_with_its_command_and_the_other_way_round(door: Door) -> None:
    async with market(door) as (_, emsp):
        await (await emsp.start_session("NL*TNM")).result()
        callback, command = await told(door, "module=commands", at_least=2)
        for one, other in ((callback, command), (command, callback)):
            shown = (await door.call("GET", f"/journal/{one['id']}")).json
            assert [linked["id"] for linked in shown["linked"]] == [other["id"]]
            assert len(shown["linked"][0]["legs"]) == 2


async def test_an_export_is_a_file_of_what_was_asked_for(door: Door) -> None:
    async with market(door) as (cpo, emsp):
        await cpo.push_session("DE*ABC", emsp.parties[0])
        await emsp.push_token("NL*TNM")
        (item,) = await told(door, "module=sessions")
        lines = await door.call("GET", "/journal/export?format=jsonl&module=sessions", role=AdminRole.VIEWER)
        assert lines.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
        assert [json.loads(line)["id"] for line in lines.body.splitlines()] == [item["id"]]
        table = await door.call("GET", "/journal/export?format=csv&module=sessions")
        assert "attachment" in table.headers["Content-Disposition"]
        rows = list(csv.DictReader(table.body.decode().splitlines()))
        assert [(row["journey_id"], row["direction"]) for row in rows] == [(item["id"], "in"), (item["id"], "out")]


async def test_a_filter_that_cannot_be_read_is_named(door: Door) -> None:
    for query, field in [
        ("outcome=lost", "outcome"),
        ("limit=0", "limit"),
        ("from=NL*TNM", "from"),
        ("since=x", "since"),
    ]:
        answer = await door.call("GET", f"/journal?{query}")
        assert (answer.status, answer.fields) == (422, {field})


async def test_a_journey_that_nobody_knows_is_404(door: Door) -> None:
    assert (await door.call("GET", "/journal/0192aabbccdd0000000001")).status == 404
