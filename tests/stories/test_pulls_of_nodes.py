"""However many nodes look, each party is pulled once; over both stores."""

from __future__ import annotations

import asyncio

from hub.lifecycle import running
from hub.memory.pulling import Pulling
from hub.memory.pulls import Pulls
from hub.store import Store, pulls
from hub.testing import FakeCpo
from tests.stories.market import MakeSettings, join
from tests.stories.test_pulls import (
    asked,
    comes_back,
    goes_offline,
    hub_that_pulls,
    pull_again,
    pulled,
    pulling,
    rows,
)


async def test_a_platform_that_is_back_is_asked_once_by_however_many_nodes(
    settings: MakeSettings, store_url: str
) -> None:
    one = pulling(settings, store_url)
    other = one.model_copy(update={"server": one.server.model_copy(update={"port": 0})})
    async with FakeCpo() as cpo, hub_that_pulls(one, cpo) as hub, running(other) as second:
        await pulled(hub, cpo, "locations")
        await goes_offline(hub, cpo)
        await second.picture.refresh()
        await second.pulls.look()
        await comes_back(hub, cpo)
        for node in (hub, second):
            await node.picture.refresh()
            await node.pulls.look()
            await pulled(hub, cpo, "locations", times=2)
            await pulled(second, cpo, "locations", times=2)
        assert len(asked(cpo, "locations")) == 2


async def test_two_nodes_pull_each_party_once(settings: MakeSettings, store_url: str) -> None:
    async with FakeCpo() as cpo, hub_that_pulls(pulling(settings, store_url), cpo) as hub:
        await pulled(hub, cpo, "locations")
        (place,) = [place for place in await rows(hub) if place[0] == "locations"]
        source = (await rows(hub))[place].source
        other = Store(store_url)
        try:
            await pull_again(hub, cpo)

            async def claim(node: Store) -> bool:
                async with node.write() as connection:
                    return await pulls.claim(connection, source, 10.0, 20.0, latest=1e12)

            won = await asyncio.gather(*(claim(node) for node in (hub.store, other) for _ in range(5)))
        finally:
            await other.close()
        assert sum(won) <= 1


async def test_a_node_that_does_not_know_a_platform_yet_forgets_nothing_of_it(
    settings: MakeSettings, store_url: str
) -> None:
    """It would be pulled again from the beginning, or twice at the same time."""
    async with FakeCpo() as cpo, running(pulling(settings, store_url)) as hub:
        before = hub.picture.directory
        await join(hub, cpo)
        await pulled(hub, cpo, "locations")
        late = Pulls(hub.store, lambda: before, Pulling(lambda: before, hub.router.outbound, hub.memory), interval_s=1)
        known = (await rows(hub)).keys()
        await late.look()
        assert (await rows(hub)).keys() == known
        assert len(asked(cpo, "locations")) == 1
