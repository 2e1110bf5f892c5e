"""Ten minutes of traffic: memory and file descriptors stay flat."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from contextlib import ExitStack
from typing import Final

from tests.bench import routed, targets
from tests.bench.findings import Figure, Part, at_most
from tests.bench.load import open_loop, start_upstream

RATE: Final = 300.0
"""What a national hub routes at its peak."""
PUSHES: Final = 3.0
"""Broadcasts a second, each to all receivers."""
RECEIVERS: Final = 100
SAMPLES: Final = 40
WARM_SHARE: Final = 0.25
"""Of the time, what caches and pools may take to fill."""


async def part(minutes: float) -> Part:
    """Route and push, and look at memory and files now and then."""
    server, upstream_port = await start_upstream()
    with ExitStack() as stack:
        hub = targets.hub(stack, upstream_port, platforms=RECEIVERS + 1, emsps=RECEIVERS)
        pushes = targets.requests_to("NLHUB", targets.TOKEN, evses=1)
        await routed.warm(hub)
        until = time.monotonic() + minutes * 60
        samples: list[tuple[float, int]] = []
        failures = 0
        while time.monotonic() < until:
            found = await asyncio.gather(
                open_loop(hub.port, hub.requests, rate=RATE, seconds=minutes * 60 / SAMPLES, connections=16),
                open_loop(hub.port, pushes, rate=PUSHES, seconds=minutes * 60 / SAMPLES, connections=1),
            )
            failures += sum(measured.failures for measured in found)
            await hub.rests()  # until it has seen its callers hang up: where it was late, there were more of them
            samples.append((hub.rss_mb(), hub.files()))
            print(f"{samples[-1][0]:.0f} MB, {samples[-1][1]} files", file=sys.stderr, flush=True)
    server.close()
    return verdict(samples, failures, minutes)


def verdict(samples: list[tuple[float, int]], failures: int, minutes: float) -> Part:
    """Whether the last third holds more than the first third after warming up."""
    warm = samples[int(len(samples) * WARM_SHARE) :]
    third = max(len(warm) // 3, 1)
    memory, files = ([float(sample[place]) for sample in warm] for place in (0, 1))
    grown = [statistics.median(values[-third:]) - statistics.median(values[:third]) for values in (memory, files)]
    return Part(
        "soak",
        {f"{minutes:g} minutes at {RATE:g} requests/s": {"rss_mb": Figure.of(memory), "files": Figure.of(files)}},
        [
            at_most("memory grew by", grown[0] / statistics.median(memory[:third]), 0.05, "of itself", 3),
            at_most("file descriptors grew by", grown[1], 2, "files", 0),
            at_most("requests that failed", failures, 0, "requests", 0),
        ],
    )
