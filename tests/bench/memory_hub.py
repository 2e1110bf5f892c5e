"""The hub as its memory is measured: many CPOs and eMSPs, and whatever their store has."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from hub import log
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.loop import run, settle
from routing.memory import Kind
from routing.ocpi import Role
from tests.bench.hub_process import add, base36


def parties(count: int, role: Role) -> list[str]:
    """The ids of so many parties of a role."""
    return [f"{'NL' if role is Role.CPO else 'DE'}*{base36(number)}" for number in range(count)]


async def main(folder: Path, upstream_port: int, count: int) -> None:
    """Serve on a free port, which is printed as JSON; then answer each line read with how long look-ups take."""
    settings = Settings.model_validate(
        {
            "server": {"port": 0},
            "storage": {"url": f"sqlite:///{folder / 'hub.db'}"},
            "security": {"allow_private_parties": True},
            "mirror": {"pull_interval_s": 0},
            "liveness": {"idle_s": 86_400},
            "log": {"level": "error", "format": "json"},
        }
    )
    log.set_up(settings.log.level, settings.log.format)
    async with running(settings) as hub:
        if not hub.picture.directory.platforms:
            async with hub.store.write() as connection:
                for role in (Role.CPO, Role.EMSP):
                    for party in parties(count // 2, role):
                        await add(connection, hub.core, upstream_port, party, role)
            await hub.core.picture.refresh()
        settle()
        print(json.dumps({"port": hub.settings.server.port}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await look_up(hub, json.loads(line))), flush=True)


async def look_up(hub: Hub, asked: dict[str, list[list[str]]]) -> dict[str, list[float]]:
    """Seconds that each question takes for who owns what, by kind."""
    took: dict[str, list[float]] = {}
    for kind, keys in asked.items():
        for key in keys:
            started = time.perf_counter()
            found = await hub.memory.ties(Kind(kind), *key)
            took.setdefault(kind, []).append(time.perf_counter() - started)
            assert found, (kind, key)
    return took


if __name__ == "__main__":
    run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
