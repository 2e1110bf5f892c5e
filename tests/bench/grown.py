"""Whether a request costs the same with many platforms and many remembered objects as with few."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final

from tests.bench import routed, targets
from tests.bench.findings import Part, at_most, rows_of
from tests.bench.load import start_upstream

PLATFORMS: Final = 10_000
OBJECTS: Final = 1_000_000
SMALL, MANY_PLATFORMS, MANY_OBJECTS = "10 platforms", f"{PLATFORMS:,} platforms", f"{OBJECTS:,} remembered objects"


async def part(rounds: int, requests: int) -> Part:
    """Measure three hubs in turn."""
    server, upstream_port = await start_upstream()
    with ExitStack() as stack:
        hubs = [
            targets.hub(stack, upstream_port, SMALL),
            targets.hub(stack, upstream_port, MANY_PLATFORMS, platforms=PLATFORMS),
            targets.hub(stack, upstream_port, MANY_OBJECTS, objects=OBJECTS),
        ]
        for hub in hubs:
            await routed.warm(hub)
        found = []
        for _ in range(rounds):
            each = {hub.name: (await routed.cpu_us(hub, requests))[0] for hub in hubs}
            found.append(
                {hub.name: {"cpu_us": each[hub.name], "of_small": each[hub.name] / each[SMALL]} for hub in hubs}
            )
        table = rows_of([{hub.name: {**row[hub.name], "rss_mb": hub.rss_mb()} for hub in hubs} for row in found])
    server.close()
    return Part(
        "flat cost",
        table,
        [
            at_most(f"CPU with {name}", table[name]["of_small"].median, 1.1, f"x that with {SMALL} and no objects")
            for name in (MANY_PLATFORMS, MANY_OBJECTS)
        ],
    )
