"""The directory of many platforms: how long it takes to load, and how long a change of it holds up the event loop.

As a program of its own it measures, and prints JSON: its loop is free of everything else.
"""

from __future__ import annotations

import asyncio
import gc
import json
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, cast

from sqlalchemy import insert

from hub import log
from hub.clientinfo import ClientInfo
from hub.config import Settings
from hub.core import Core
from hub.lifecycle import _core
from hub.loop import hurry, run, settle
from hub.memory import Pulls
from hub.memory.pulling import Pulling
from hub.roles import Listed
from hub.store import agreements, registry
from hub.store.tables import agreements as all_agreements
from hub.store.tables import endpoints
from routing.agreements import Agreement
from routing.directory import Directory
from routing.get_all import owners_visible
from routing.message import Message
from routing.ocpi import VERSIONS, ConnectionStatus, Interface, PartyId
from routing.receivers import receivers_of
from tests.bench import targets
from tests.bench.findings import Figure, Part, at_most
from tests.bench.hub_process import fill
from tests.routing.scene import message

PLATFORMS: Final = 10_000
LISTENERS: Final = 1_000
"""eMSPs that HubClientInfo is pushed to: what is to be pushed is part of a change, calling them is not."""
AGREEMENTS: Final = 100_000
"""A tenth of them forbids what would be allowed."""
SENDERS: Final = 20
CHANGES: Final = 50
TICK_S: Final = 0.001


async def part(rounds: int) -> Part:
    """Load and change it in a process of its own, several times."""
    found = []
    for _ in range(rounds):
        with targets.process("-m", "tests.bench.directory") as (line, _):
            found.append(json.loads(line))
    row = {key: Figure.of(measured[key] for measured in found) for key in found[0]}
    return Part(
        "directory",
        {f"{PLATFORMS:,} platforms": row},
        [
            at_most(f"the directory of {PLATFORMS:,} platforms loads in", row["load_s"].median, 3, "s"),
            at_most("a change of it stalls the event loop for (CPU)", row["stall_cpu_ms"].median, 20, "ms", 1),
            at_most("a change of it takes in all (CPU)", row["change_cpu_ms"].median, 50, "ms", 1),
            at_most(
                "an agreement, made or removed, stalls the event loop for (CPU)",
                row["agreed_cpu_ms"].median,
                20,
                "ms",
                1,
            ),
            at_most(
                "the first broadcast of each sender after a change takes (CPU)",
                row["first_push_cpu_ms"].median,
                1,
                "ms",
            ),
            at_most(
                "the first list of each caller after a change takes (CPU)", row["first_list_cpu_ms"].median, 1, "ms"
            ),
            at_most("whom credentials of all platforms list, after a change (CPU)", row["roles_cpu_s"].median, 1, "s"),
            at_most("a list of who is there stalls the event loop for (CPU)", row["list_cpu_ms"].median, 20, "ms", 1),
        ],
    )


async def main() -> None:
    """Fill a store, load it, and change it while the loop is watched."""
    log.set_up("error", "json")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate(
            {
                "storage": {"url": f"sqlite:///{Path(folder, 'hub.db')}"},
                "security": {"allow_private_parties": True},
            }
        )
        async with AsyncExitStack() as stack:
            core = await _core(settings, stack)
            await fill(core, [1], PLATFORMS, LISTENERS)
            await listen(core)
            await agree(core)
        async with AsyncExitStack() as stack:
            gc.collect()
            hurry()
            started, cpu_started = time.perf_counter(), time.process_time()
            core = await _core(settings, stack)
            load_s, load_cpu_s = time.perf_counter() - started, time.process_time() - cpu_started
            assert len(core.picture.directory.platforms) == PLATFORMS
            rows = ClientInfo(core)
            await rows.bring_up_to_date()
            core.picture.follow(lambda _, __: rows.bring_up_to_date())
            plans = Pulls(core.store, lambda: core.picture.directory, cast(Pulling, Asking()), interval_s=3600)
            stack.push_async_callback(plans.close)
            await plans.look()  # the first time it plans for everybody
            settle()
            cpu_started = time.process_time()
            stalls = [await stalled_ms(changed(core, plans, number)) for number in range(CHANGES)]
            change_cpu_ms = (time.process_time() - cpu_started) * 1000 / CHANGES
            agreed = [await stalled_ms(made_or_removed(core, number)) for number in range(CHANGES)]
            reach = await reaching(core, plans)
            viewer = core.picture.directory.platforms["DE*000"]
            lists = [await stalled_ms(rows.list(VERSIONS["2.2.1"], viewer, "")) for _ in range(2)]
    stall_ms, stall_cpu_ms = (max(found) for found in zip(*stalls, strict=True))
    list_ms, list_cpu_ms = (max(found) for found in zip(*lists, strict=True))
    told = {"load_s": load_s, "load_cpu_s": load_cpu_s, "stall_ms": stall_ms, "stall_cpu_ms": stall_cpu_ms}
    agreed_cpu_ms = max(cpu for _, cpu in agreed)
    changing = {"change_cpu_ms": change_cpu_ms, "agreed_cpu_ms": agreed_cpu_ms, **reach}
    print(json.dumps({**told, **changing, "list_ms": list_ms, "list_cpu_ms": list_cpu_ms}), flush=True)


async def listen(core: Core, port: int = 1) -> None:
    """Have every eMSP advertise that HubClientInfo is pushed to this local port."""
    what = {"module": "hubclientinfo", "interface": Interface.RECEIVER, "url": f"http://127.0.0.1:{port}/hci"}
    names = [name for name in core.picture.directory.platforms if name.startswith("DE")]
    async with core.store.write() as connection:
        await connection.execute(insert(endpoints), [{"platform_id": name, **what} for name in names])


async def agree(core: Core) -> None:
    """As many agreements as there are, of pairs all over the directory."""
    names = [row.id.folded for rows in core.picture.directory.parties.values() for row in rows]
    emsps, cpos = ([name for name in names if name.startswith("DE") is is_emsp] for is_emsp in (True, False))
    rows = [
        {
            "id": f"{number}",
            "cpo": cpos[number % len(cpos)],
            "emsp": emsps[(number + number // len(cpos)) % len(emsps)],
            "modules": [],
            "is_allowed": number % 10 != 0,
            "created_at": float(number),
            "revision": 0,
        }
        for number in range(AGREEMENTS)
    ]
    async with core.store.write() as connection:
        await connection.execute(insert(all_agreements), rows)


async def made_or_removed(core: Core, number: int) -> None:
    """An agreement is made, or the last one removed."""
    name = f"new-{number // 2}"
    async with core.store.write() as connection:
        if number % 2:
            assert await agreements.remove(connection, name)
        else:
            cpo, emsp = (PartyId.parse(list(core.picture.directory.platforms)[place]) for place in (0, 1 + number))
            await agreements.add(connection, Agreement(name, cpo, emsp, is_allowed=False))
    assert await core.picture.refresh()


async def reaching(core: Core, plans: Pulls) -> dict[str, float]:
    """CPU of what is worked out anew after a change, where it was worked out before: for a sender's first broadcast,
    a caller's first list, and the credentials of all platforms.
    """
    found: dict[str, float] = {}
    known = Listed()
    for number in range(2):
        await changed(core, plans, number)
        directory = core.picture.directory
        emsps, cpos = (
            [name for name in directory.platforms if name.startswith("DE") is is_emsp] for is_emsp in (True, False)
        )
        started = time.process_time()
        for name in cpos[:SENDERS]:
            receivers_of(asked(directory, name, "PUT", Interface.RECEIVER, "/L1"), directory)
        found["first_push_cpu_ms"] = (time.process_time() - started) * 1000 / SENDERS
        started = time.process_time()
        for name in emsps[:SENDERS]:
            owners_visible(asked(directory, name, "GET", Interface.SENDER, ""), directory)
        found["first_list_cpu_ms"] = (time.process_time() - started) * 1000 / SENDERS
        started = time.process_time()
        for platform in directory.platforms.values():
            await known.digest(directory, platform)
        found["roles_cpu_s"] = time.process_time() - started
    return found


def asked(directory: Directory, caller: str, method: str, interface: Interface, path: str) -> Message:
    """A message about locations to everybody, or to the hub itself."""
    document = {} if method == "PUT" else None
    return message(directory, caller, method, "locations", interface, path, to=directory.hub, document=document)


class Asking:
    """A pull that never ends: what parties answer is not part of a change."""

    async def pull(self, *_: object) -> int:
        """Ask, and wait."""
        await asyncio.Event().wait()
        return 0


async def changed(core: Core, plans: Pulls, number: int) -> None:
    """A CPO is suspended, or comes back; the picture is drawn anew, it is noted who is to be told of that, and planned
    what is to be pulled.
    """
    status = ConnectionStatus.CONNECTED if number % 2 else ConnectionStatus.SUSPENDED
    async with core.store.write() as connection:
        await registry.touch(connection, list(core.picture.directory.platforms)[-1 - number // 2], status=status)
    assert await core.picture.refresh()
    await plans.look()


async def stalled_ms(work: object) -> tuple[float, float]:
    """How long the loop was away at a stretch, at most, while this was done: by the clock, and in CPU of its thread,
    which other processes do not disturb.
    """
    task = asyncio.ensure_future(work)
    longest, longest_cpu = 0.0, 0.0
    while not task.done():
        before, before_cpu = time.perf_counter(), time.thread_time()
        await asyncio.sleep(TICK_S)
        longest = max(longest, time.perf_counter() - before - TICK_S)
        longest_cpu = max(longest_cpu, time.thread_time() - before_cpu)
    await task
    return longest * 1000, longest_cpu * 1000


if __name__ == "__main__":
    run(main())
