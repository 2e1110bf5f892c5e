"""The hub pulls what parties publish: on connect, when they are back, from time to time; over both stores.

Routing headers: TO = the party, FROM = the hub.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.memory.pulls import PULLED
from hub.store import liveness, pulls
from hub.testing import FakeCpo, FakeEmsp, FakeParty, samples
from hub.testing.exchange import Seen
from hub.testing.shelf import Served
from tests.stories.market import MakeSettings, join, platform_of

HUB = "NL*HUB"


@asynccontextmanager
async def hub_that_pulls(settings: Settings, *parties: FakeParty) -> AsyncIterator[Hub]:
    async with running(settings) as hub:
        await join(hub, *parties)
        yield hub


def pulling(settings: MakeSettings, *urls: str, every_s: float = 86_400.0) -> Settings:
    """Settings of a hub that pulls."""
    return settings(*urls, mirror={"pull_interval_s": every_s})


async def until(what: Callable[[], Awaitable[bool]], timeout_s: float = 30) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(timeout_s):
        while not await what():  # noqa: ASYNC110 - what is waited for is in the store, and not signalled
            await asyncio.sleep(0.05)


async def listed(party: FakeParty, module: str = "locations") -> list[str]:
    return [row.get("id") or row["uid"] async for row in party.list(module, to=HUB)]


def asked(party: FakeParty, module: str) -> list[Seen]:
    """The pulls that a party saw, first pages only."""
    return [
        seen for seen in party.seen if seen.method == "GET" and seen.module == module and "offset" not in seen.query
    ]


async def pull_again(hub: Hub, party: FakeParty) -> None:
    """Let the next pull of a party be due now."""
    async with hub.store.write() as connection:
        await pulls.hurry(connection, platform_of(hub, party), 0)


async def pull_whole(hub: Hub, party: FakeParty) -> None:
    """Let the next pull of a party's locations be a whole one, due now."""
    source = (await rows(hub))["locations", party.parties[0].folded].source
    async with hub.store.write() as connection:
        await pulls.forget(connection, source)
        await pulls.expect(connection, [(source, 0)])


async def goes_offline(hub: Hub, party: FakeParty) -> None:
    """As a still-alive check that fails says it."""
    async with hub.store.write() as connection:
        assert await liveness.went_offline(connection, platform_of(hub, party), {})
    await hub.picture.refresh()
    await hub.pulls.look()


async def comes_back(hub: Hub, party: FakeParty) -> None:
    """As a still-alive check that succeeds says it."""
    async with hub.store.write() as connection:
        assert await liveness.came_back(connection, platform_of(hub, party), time.time())
    await hub.picture.refresh()


async def rows(hub: Hub) -> dict[tuple[str, str], pulls.PullRow]:
    async with hub.store.read() as connection:
        rows = await pulls.of_owners(connection, PULLED, await pulls.owners(connection))
        return {row.source.place: row for row in rows}


async def pulled(hub: Hub, party: FakeParty, module: str, failures: int = 0, times: int = 1) -> None:
    """Wait until it is written down that a pull ended."""
    place = (module, party.parties[0].folded)

    async def ended() -> bool:
        row = (await rows(hub)).get(place)
        done = len(asked(party, module)) >= times and not hub.pulls.under_way
        return done and row is not None and row.failures == failures and (row.since is not None or failures > 0)

    await until(ended)


async def test_a_platform_that_connects_is_asked_for_what_it_publishes(settings: MakeSettings, store_url: str) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp, hub_that_pulls(pulling(settings, store_url), cpo, emsp) as hub:
        for party, module in ((cpo, "locations"), (cpo, "tariffs"), (emsp, "tokens")):
            await pulled(hub, party, module)
            (seen,) = asked(party, module)
            assert (seen.sender, seen.receiver, seen.interface) == (HUB, str(party.parties[0]), "SENDER")
            assert "date_from" not in seen.query
        assert await listed(emsp) == ["LOC1"]
        assert await listed(emsp, "tariffs") == ["TAR1"]
        assert await listed(cpo, "tokens") == ["012345678"]
        assert not asked(cpo, "sessions")
        assert not asked(cpo, "tokens")
        assert not asked(emsp, "locations")
        assert "ocpi_hub_pulls_total" in hub.metrics.rendered().decode()


async def test_every_page_is_followed(settings: MakeSettings) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        for number in range(25):
            cpo.shelf.put("locations", samples.location("2.2.1", cpo.parties[0], f"L{number:02}"))
        cpo.shelf.max_page = 4
        async with hub_that_pulls(pulling(settings), cpo, emsp) as hub:
            await pulled(hub, cpo, "locations")
            assert sorted(await listed(emsp)) == [f"L{number:02}" for number in range(25)] + ["LOC1"]


async def test_the_second_time_only_what_changed_is_asked_for(settings: MakeSettings) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp, hub_that_pulls(pulling(settings), cpo, emsp) as hub:
        await pulled(hub, cpo, "locations")
        cpo.shelf.put("locations", samples.location("2.2.1", cpo.parties[0], "LOC2"))
        await pull_again(hub, cpo)
        await pulled(hub, cpo, "locations", times=2)
        assert "date_from=" in asked(cpo, "locations")[1].query
        assert await listed(emsp) == ["LOC1", "LOC2"]


async def test_what_a_whole_pull_no_longer_has_is_removed_and_what_a_delta_lacks_is_not(settings: MakeSettings) -> None:
    """OCPI 2.2.1, locations, GET: old information not contained in any of the pages is no longer valid."""
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        cpo.shelf.put("locations", samples.location("2.2.1", cpo.parties[0], "LOC2"))
        async with hub_that_pulls(pulling(settings), cpo, emsp) as hub:
            await pulled(hub, cpo, "locations")
            del cpo.shelf.own["locations"]["LOC1"]
            await pull_again(hub, cpo)
            await pulled(hub, cpo, "locations", times=2)
            assert await listed(emsp) == ["LOC1", "LOC2"]
            await pull_whole(hub, cpo)
            await pulled(hub, cpo, "locations", times=3)
            assert await listed(emsp) == ["LOC2"]


async def test_a_platform_that_is_back_from_offline_is_asked_again(settings: MakeSettings) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp, hub_that_pulls(pulling(settings), cpo, emsp) as hub:
        await pulled(hub, cpo, "locations")
        await goes_offline(hub, cpo)
        await comes_back(hub, cpo)
        await hub.pulls.look()
        await pulled(hub, cpo, "locations", times=2)


async def test_a_platform_that_leaves_and_registers_again_is_asked_again(settings: MakeSettings) -> None:
    """Also where it did so faster than the hub looks."""
    async with FakeCpo() as cpo, hub_that_pulls(pulling(settings), cpo) as hub:
        await pulled(hub, cpo, "locations")
        await cpo.unregister()
        again = await hub.platforms.invite_again(platform_of(hub, cpo), by="test")
        await cpo.register(again.versions_url, again.token)
        await pulled(hub, cpo, "locations", times=2)


async def test_a_push_that_came_meanwhile_is_newer_than_the_answer(settings: MakeSettings) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp, hub_that_pulls(pulling(settings), cpo, emsp) as hub:
        await pulled(hub, cpo, "locations")
        old = cpo.shelf.own["locations"]["LOC1"]
        await cpo.push_location(HUB, name="New name", last_updated="2030-01-01T00:00:00Z")
        cpo.shelf.put("locations", old)
        await pull_again(hub, cpo)
        await pulled(hub, cpo, "locations", times=2)
        page = await emsp.send("GET", "locations", to=HUB, interface="sender")
        assert [row["name"] for row in page.data] == ["New name"]


async def test_what_cannot_be_pulled_is_counted_and_tried_again(settings: MakeSettings) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        cpo.misbehave("http-500", module="locations", times=1)
        async with hub_that_pulls(pulling(settings), cpo, emsp) as hub:
            await pulled(hub, cpo, "locations", failures=1)
            row = (await rows(hub))["locations", "NLTNM"]
            assert row.reason
            assert hub.pulls.done["failed"] == 1
            await pull_again(hub, cpo)
            await pulled(hub, cpo, "locations", times=2)
            assert await listed(emsp) == ["LOC1"]


async def test_a_next_page_elsewhere_is_not_followed(settings: MakeSettings) -> None:
    """The hub's token for the platform goes to nobody else."""
    async with FakeCpo() as cpo, FakeEmsp() as emsp, FakeEmsp("FR*EMP") as stranger:
        link = {"Link": f'<{stranger.base_url}/steal?offset=1>; rel="next"'}
        cpo.answers["locations"] = lambda _: Served(data=[], headers=link)
        async with hub_that_pulls(pulling(settings), cpo, emsp) as hub:
            await pulled(hub, cpo, "locations", failures=1)
            assert not stranger.seen


async def test_a_hub_that_must_not_pull_asks_nobody(settings: MakeSettings) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp, hub_that_pulls(pulling(settings, every_s=0), cpo, emsp) as hub:
        await hub.pulls.look()
        assert await rows(hub) == {}
        assert not asked(cpo, "locations")


async def test_a_module_that_is_not_advertised_is_not_pulled(settings: MakeSettings) -> None:
    modules = ("locations", "sessions")
    async with FakeCpo(modules=modules) as cpo, hub_that_pulls(pulling(settings), cpo) as hub:
        await pulled(hub, cpo, "locations")
        assert set(await rows(hub)) == {("locations", "NLTNM")}
        assert not asked(cpo, "tariffs")


async def test_what_is_removed_is_pulled_no_more_and_all_others_are(settings: MakeSettings) -> None:
    async with FakeCpo() as cpo, FakeCpo("BE*BEC") as other, hub_that_pulls(pulling(settings), cpo, other) as hub:
        await pulled(hub, cpo, "locations")
        await pulled(hub, other, "locations")
        before = await rows(hub)
        await hub.platforms.remove(platform_of(hub, cpo), by="test")

        async def is_gone() -> bool:
            return (await rows(hub)).keys() == {place for place in before if place[1] == "BEBEC"}

        await until(is_gone)


async def test_a_restarted_hub_goes_on_where_it_was(settings: MakeSettings) -> None:
    kept = pulling(settings)
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        async with hub_that_pulls(kept, cpo, emsp) as hub:
            for module in ("locations", "tariffs"):
                await pulled(hub, cpo, module)
            await pulled(hub, emsp, "tokens")
        async with running(kept) as hub:
            await hub.pulls.look()
            assert await listed(emsp) == ["LOC1"]
            assert len(asked(cpo, "locations")) == 1


@pytest.mark.parametrize("version", ["2.1.1", "2.3.0"])
async def test_each_version_is_pulled_in_its_own_words(settings: MakeSettings, version: str) -> None:
    async with (
        FakeCpo(version=version) as cpo,
        FakeEmsp() as emsp,
        hub_that_pulls(pulling(settings), cpo, emsp) as hub,
    ):
        await pulled(hub, cpo, "locations")
        found: Any = [row async for row in emsp.list("locations", to=HUB)]
        assert [(row["id"], row["country_code"]) for row in found] == [("LOC1", "NL")]
        await pulled(hub, cpo, "tariffs")
        assert await listed(emsp, "tariffs") == ["TAR1"]
