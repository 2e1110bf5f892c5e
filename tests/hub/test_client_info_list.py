"""GET hubclientinfo: window, pages and headers (OCPI 2.2.1, HubClientInfo, GET; transport and format, Pagination)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hub.lifecycle import Hub, running
from hub.store import Store, client_info, registration
from hub.store.client_info import InfoRow
from hub.store.registry import RoleRow
from hub.testing import FakeCpo
from routing.links import next_page
from routing.ocpi import ConnectionStatus, PartyId, Role
from tests.stories.market import MakeSettings, join

NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE")


@pytest.fixture
async def market(settings: MakeSettings) -> AsyncIterator[tuple[Hub, FakeCpo]]:
    """A CPO that five eMSPs are planned for."""
    async with running(settings()) as hub, FakeCpo() as cpo:
        await join(hub, cpo)
        for name in NAMES:
            await hub.platforms.invite(by="test", name=name, roles=[RoleRow(PartyId("DE", name), Role.EMSP)])
        yield hub, cpo


async def test_pages_lead_on_to_the_end(market: tuple[Hub, FakeCpo]) -> None:
    hub, cpo = market
    pages = [page async for page in cpo.pages("hubclientinfo", query="limit=2")]
    assert [[row["party_id"] for row in page.data] for page in pages] == [["AAA", "BBB"], ["CCC", "DDD"], ["EEE"]]
    assert {page.headers["X-Total-Count"] for page in pages} == {"5"}
    assert {page.headers["X-Limit"] for page in pages} == {"200"}
    assert pages[0].headers["Link"].startswith(f"<{hub.settings.public_url}/ocpi/2.2.1/hubclientinfo?")
    assert "Link" not in pages[-1].headers
    assert "OCPI-from-party-id" not in pages[0].headers, "configuration modules have no routing headers"


async def test_no_party_is_lost_or_repeated_while_others_come_and_go(market: tuple[Hub, FakeCpo]) -> None:
    """Whoever is missing in a complete list is no longer valid (HubClientInfo, GET)."""
    hub, cpo = market
    platforms = {party.party_id: rows[0].platform_id for party, rows in hub.picture.directory.parties.items()}
    found: list[list[str]] = []
    async for page in cpo.pages("hubclientinfo", query="limit=2"):
        found.append([row["party_id"] for row in page.data])
        if len(found) == 1:
            await hub.platforms.remove(platforms["AAA"], by="test")
            await hub.platforms.remove(platforms["BBB"], by="test")
        if len(found) == 2:
            for name in ("AAB", "ABC"):
                await hub.platforms.invite(by="test", name=name, roles=[RoleRow(PartyId("DE", name), Role.EMSP)])
    assert found == [["AAA", "BBB"], ["CCC", "DDD"], ["EEE"]]


async def test_whoever_counts_offsets_gets_the_rows_at_them(market: tuple[Hub, FakeCpo]) -> None:
    _, cpo = market
    first = await cpo.send("GET", "hubclientinfo", interface="sender", query="limit=2")
    following = next_page(first.headers["Link"], first.url) or ""
    assert "offset=2" in following
    page = await cpo.send("GET", "hubclientinfo", url=following.replace("offset=2", "offset=1"))
    assert [row["party_id"] for row in page.data] == ["BBB", "CCC"]


async def test_the_window_is_from_inclusive_to_exclusive(market: tuple[Hub, FakeCpo]) -> None:
    _, cpo = market
    rows = [row async for row in cpo.list("hubclientinfo")]
    times = sorted(row["last_updated"] for row in rows)
    assert len(set(times)) == 5
    window = [row async for row in cpo.list("hubclientinfo", query=f"date_from={times[1]}&date_to={times[3]}")]
    assert sorted(row["last_updated"] for row in window) == times[1:3]
    (paged,) = [page async for page in cpo.pages("hubclientinfo", query=f"date_from={times[4]}&limit=1")]
    assert paged.headers["X-Total-Count"] == "1"


async def test_a_next_page_keeps_the_window(market: tuple[Hub, FakeCpo]) -> None:
    _, cpo = market
    rows = [row async for row in cpo.list("hubclientinfo")]
    last = max(row["last_updated"] for row in rows)
    found = [row["party_id"] async for row in cpo.list("hubclientinfo", query=f"date_to={last}&limit=1")]
    assert found == ["AAA", "BBB", "CCC", "DDD"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 5),
        ("offset=3", 2),
        ("offset=99", 0),
        ("limit=1000", 5),
        ("date_from=2020-01-01T00:00:00", 5),
        ("date_from=2020-01-01T00:00:00.000Z&date_to=2020-01-02T00:00:00Z", 0),
        ("date_from=2020-01-01T01:00:00%2B01:00", 5),
        ("unknown=parameter", 5),
    ],
)
async def test_what_is_asked_for_is_what_comes(market: tuple[Hub, FakeCpo], query: str, count: int) -> None:
    _, cpo = market
    answer = await cpo.send("GET", "hubclientinfo", interface="sender", query=query)
    assert (answer.http, answer.status_code, len(answer.data)) == (200, 1000, count)
    assert "Link" not in answer.headers


@pytest.mark.parametrize("query", ["date_from=yesterday", "date_to=99999", "limit=0", "limit=all", "offset=-1"])
async def test_what_cannot_be_read_is_2001(market: tuple[Hub, FakeCpo], query: str) -> None:
    _, cpo = market
    answer = await cpo.send("GET", "hubclientinfo", interface="sender", query=query)
    assert (answer.http, answer.status_code, answer.data) == (200, 2001, None)
    assert query.partition("=")[0] in answer.status_message


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_but_get_is_there(market: tuple[Hub, FakeCpo], method: str) -> None:
    _, cpo = market
    answer = await cpo.send(method, "hubclientinfo", interface="sender", body={})
    assert (answer.http, answer.headers["Allow"]) == (405, "GET")


async def test_it_is_published_on_the_sender_interface(market: tuple[Hub, FakeCpo]) -> None:
    _, cpo = market
    assert [side for module, side in cpo.peer.endpoints if module == "hubclientinfo"] == ["SENDER"]


async def test_credentials_token_a_does_not_open_it(market: tuple[Hub, FakeCpo]) -> None:
    hub, cpo = market
    invitation = await hub.platforms.invite(by="test", name="x", roles=[RoleRow(PartyId("FR", "XXX"), Role.EMSP)])
    answer = await cpo.send(
        "GET", "hubclientinfo", interface="sender", headers={"Authorization": f"Token {invitation.token}"}
    )
    assert answer.http == 401


# --- the outbox ------------------------------------------------------------------------------------------------------


async def test_a_row_is_pushed_by_one_node_and_again_when_it_changed_meanwhile(store: Store) -> None:
    row = InfoRow("cpo", PartyId("DE", "ABC"), Role.EMSP, ConnectionStatus.PLANNED, "emsp", 1.5)
    newer = InfoRow("cpo", PartyId("DE", "ABC"), Role.EMSP, ConnectionStatus.CONNECTED, "emsp", 2.5)
    async with store.write() as connection:
        await registration.add_platform(connection, platform_id="cpo", name="cpo", roles=[])
        await client_info.post(connection, [row, replace(row, viewer="removed")])
        assert await client_info.claim(connection, now=10, until=20, at_most=5) == [row]
        assert await client_info.claim(connection, now=15, until=30, at_most=5) == [], "another node has it"
        await client_info.post(connection, [newer])
        assert await client_info.claim(connection, now=15, until=30, at_most=5) == [], "its order must be kept"
        await client_info.pushed(connection, [row])
        assert await client_info.waiting_of(connection, ["cpo", "emsp"], ["DEABC"]) == {"cpo"}
        assert await client_info.claim(connection, now=16, until=30, at_most=5) == [newer]
        assert await client_info.claim(connection, now=31, until=50, at_most=5) == [newer], "that node is dead"
        await client_info.put_back(connection, [newer])
        assert await client_info.claim(connection, now=32, until=50, at_most=5) == [newer]
        await client_info.pushed(connection, [newer])
        assert not await client_info.is_waiting(connection)


async def test_a_row_that_was_claimed_before_the_clock_was_set_back_is_free(store: Store) -> None:
    """Whoever claimed it while the clock was hours ahead, and died, must not keep the news for hours."""
    row = InfoRow("cpo", PartyId("DE", "ABC"), Role.EMSP, ConnectionStatus.PLANNED, "emsp", 1.5)
    async with store.write() as connection:
        await registration.add_platform(connection, platform_id="cpo", name="cpo", roles=[])
        await client_info.post(connection, [row])
        for now in (50_000, 60):
            assert await client_info.claim(connection, now=now, until=now + 120, at_most=5) == [row]
        assert await client_info.claim(connection, now=61, until=181, at_most=5) == []
