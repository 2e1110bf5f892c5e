"""Broadcast: what a delivery costs beside one PUT of aiohttp's ClientSession."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Final

from tests.bench import targets
from tests.bench.findings import Part, at_most, rows_of
from tests.bench.load import Upstream, closed_loop, start_upstream
from tests.bench.targets import Target

RECEIVERS: Final = 100
AT_ONCE: Final = 4
"""Pushes under way: so many that receivers are never without work, and mailboxes stay short."""


async def part(rounds: int, pushes: int) -> Part:
    """Measure, and say whether the target is reached."""
    parties = [await start_upstream() for _ in range(RECEIVERS + 1)]
    upstream_port, *others = (port for _, port in parties)
    with ExitStack() as stack:
        hub = targets.hub(stack, upstream_port, platforms=RECEIVERS + 1, emsps=RECEIVERS, more_ports=others)
        hub.requests = targets.requests_to("NLHUB", targets.TOKEN, evses=1)
        await delivery_us(hub, pushes)
        found = []
        for _ in range(rounds):
            put = await put_us(upstream_port, pushes * RECEIVERS)
            delivery = await delivery_us(hub, pushes)
            found.append(
                {
                    "one ClientSession PUT": {"cpu_us": put, "of_a_put": 1.0},
                    "one broadcast delivery": {"cpu_us": delivery, "of_a_put": delivery / put},
                }
            )
    for server, _ in parties:
        server.close()
    table = rows_of(found)
    ratio = table["one broadcast delivery"]["of_a_put"].median
    return Part("broadcast", table, [at_most("CPU of a broadcast delivery", ratio, 0.3, "x a ClientSession PUT's")])


async def put_us(upstream_port: int, total: int) -> float:
    """What a PUT of aiohttp's costs."""

    def measured() -> float:
        with targets.process("-m", "tests.bench.session_put", str(upstream_port), str(total)) as (line, _):
            return float(line)

    return await asyncio.to_thread(measured)


async def delivery_us(hub: Target, pushes: int) -> float:
    """What a delivery of a broadcast costs, its share of the push and of the journal with it."""
    before, answered = hub.cpu_s(), Upstream.answered
    await closed_loop(hub.port, hub.requests, connections=AT_ONCE, total=pushes)
    async with asyncio.timeout(120):
        while Upstream.answered - answered < pushes * RECEIVERS:  # noqa: ASYNC110 - it is counted
            await asyncio.sleep(0.05)
    await hub.rests()
    return (hub.cpu_s() - before) / (pushes * RECEIVERS) * 1e6
