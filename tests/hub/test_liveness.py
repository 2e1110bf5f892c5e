"""Who is asked whether it is alive, and by which node."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from hub.lifecycle import _core
from hub.liveness import Liveness
from tests.bench.hub_process import fill
from tests.bench.load import start_upstream
from tests.stories.nodes import MakeSettings
from tests.stories.waiting import until


async def test_a_node_that_does_not_know_a_platform_yet_leaves_it_to_the_others(
    settings: MakeSettings, store_url: str
) -> None:
    """It cannot ask: were it to claim that, nobody would ask until the next time."""
    party, port = await start_upstream()
    shared = settings(storage={"url": store_url}, liveness={"idle_s": 0.01, "interval_s": 3600.0})
    async with AsyncExitStack() as stack:
        behind, ahead = [await _core(shared, stack) for _ in range(2)]
        await fill(ahead, [port], 2, 1)
        late, watch = Liveness(behind), Liveness(ahead)
        await late.look()
        await asyncio.gather(*late._checks.values())
        assert not late.results.total()
        await watch.look()
        await until(lambda: watch.results["alive"] == 2)
        for liveness in (late, watch):
            await liveness.close()
    party.close()
