"""The hub as its broadcast is measured: one CPO, and an eMSP on each of the ports given."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from hub import log
from hub.config import Settings
from hub.lifecycle import running
from hub.loop import run, settle
from routing.ocpi import Role
from tests.bench.hub_process import add, base36


async def main(folder: Path, ports: list[int]) -> None:
    """Serve on a free port, which is printed with the CPO's token as JSON; then, for each line read, the counters."""
    settings = Settings.model_validate(
        {
            "server": {"port": 0},
            "storage": {"url": f"sqlite:///{folder / 'hub.db'}"},
            "security": {"allow_private_parties": True},
            "mirror": {"pull_interval_s": 0},
            "log": {"level": "error", "format": "json"},
        }
    )
    log.set_up(settings.log.level, settings.log.format)
    async with running(settings) as hub:
        async with hub.core.store.write() as connection:
            await add(connection, hub.core, ports[0], "NL*TNM", Role.CPO)
            for number, port in enumerate(ports):
                await add(connection, hub.core, port, f"DE*{base36(number)}", Role.EMSP)
        await hub.core.picture.refresh()
        settle()
        print(json.dumps({"port": hub.settings.server.port, "token": "token-NL*TNM"}), flush=True)
        broadcast = hub.router.broadcast
        while await asyncio.to_thread(sys.stdin.readline):
            said = {
                "delivered": broadcast.delivered,
                "waiting": broadcast.waiting,
                "waiting_bytes": broadcast.waiting_bytes,
                "replaced": broadcast.replaced,
                "given_up": broadcast.given_up,
            }
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    run(main(Path(sys.argv[1]), [int(port) for port in sys.argv[2].split(",")]))
