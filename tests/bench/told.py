"""HubClientInfo pushed to thousands of platforms: how long that holds up the event loop of a hub with everything on.

As a program of its own it measures, and prints JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from hub import log
from hub.cli.serve import both_doors
from hub.core import Core
from hub.lifecycle import _core
from hub.loop import hurry, run, settle
from hub.store import client_info, registry
from routing.ocpi import ConnectionStatus
from tests.bench import targets
from tests.bench.directory import PLATFORMS, listen, stalled_ms
from tests.bench.findings import Figure, Part, at_most
from tests.bench.hub_process import fill, settings_of
from tests.bench.load import start_upstream

LISTENERS: Final = 9_900
CHANGES: Final = 3
CHANGED: Final = "NL*TNM"
NOBODY: Final = 1
"""A port where nobody listens."""


async def part(rounds: int) -> Part:
    """Tell those that answer, and those that refuse connections, each in a process of its own."""
    server, port = await start_upstream()
    rows: dict[str, dict[str, Figure]] = {}
    for name, where in ((f"{LISTENERS:,} that answer", port), (f"{LISTENERS:,} that refuse", NOBODY)):
        found = [await asyncio.to_thread(measured, where) for _ in range(rounds)]
        rows[name] = {key: Figure.of(each[key] for each in found) for key in found[0]}
    server.close()
    worst = max(row["stall_cpu_ms"].median for row in rows.values())
    return Part(
        "told", rows, [at_most("telling everybody of a change stalls the event loop for (CPU)", worst, 20, "ms", 1)]
    )


def measured(port: int) -> dict[str, float]:
    """One hub, whose platforms are all at this port."""
    with targets.process("-m", "tests.bench.told", str(port)) as (line, _):
        return dict(json.loads(line))


async def main(port: int) -> None:
    """Fill a store, start a hub on it, and change what it tells while the loop is watched."""
    log.set_up("critical", "json")
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(argparse.Namespace(folder=Path(folder), tls_cert=None))
        async with AsyncExitStack() as stack:
            core = await _core(settings, stack)
            await fill(core, [port], PLATFORMS, LISTENERS)
            await listen(core, port)
        hurry()
        async with both_doors(settings) as (hub, _):
            settle()
            stalls = [await stalled_ms(told(hub.core, number)) for number in range(CHANGES)]
    stall_ms, stall_cpu_ms = (max(found) for found in zip(*stalls, strict=True))
    print(json.dumps({"stall_ms": stall_ms, "stall_cpu_ms": stall_cpu_ms}), flush=True)


async def told(core: Core, number: int) -> None:
    """A CPO is suspended, or comes back; returns when everybody was told who is to know."""
    status = ConnectionStatus.CONNECTED if number % 2 else ConnectionStatus.SUSPENDED
    async with core.store.write() as connection:
        await registry.touch(connection, CHANGED, status=status)
    await core.picture.refresh()
    is_waiting = True
    while is_waiting:
        await asyncio.sleep(0.1)
        async with core.store.read() as connection:
            is_waiting = await client_info.is_waiting(connection)


if __name__ == "__main__":
    run(main(int(sys.argv[1])))
