"""How long a hub takes from its start until it is ready, with an empty store."""

from __future__ import annotations

import asyncio
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.bench import targets
from tests.bench.findings import Figure, Part, at_most
from tests.conftest import free_port


async def part(rounds: int) -> Part:
    """Start it several times."""
    took = [await asyncio.to_thread(start) for _ in range(rounds + 1)]
    row = {key: Figure.of(each[key] for each in took[1:]) for key in took[0]}  # the first compiles what is not yet
    return Part(
        "start",
        {"an empty store": row},
        [at_most("start to ready with an empty store", row["seconds"].median, 2, "s")],
    )


def start() -> dict[str, float]:
    """One start of `ocpi-hub serve`, as a user does it: by the clock, and in CPU."""
    with tempfile.TemporaryDirectory() as folder:
        admin_port = free_port()
        config = Path(folder, "config.toml")
        config.write_text(
            f"[server]\nport = {free_port()}\n[admin]\nport = {admin_port}\n"
            f'[storage]\nurl = "sqlite:///{folder}/hub.db"\n[log]\nlevel = "error"\n'
        )
        started = time.perf_counter()
        with targets.process("-m", "hub", "serve", "--config", str(config), first_line=False) as (_, pid):
            while not is_ready(admin_port):
                time.sleep(0.01)
            return {"seconds": time.perf_counter() - started, "cpu_s": targets.cpu_s_of(pid)}


def is_ready(admin_port: int) -> bool:
    """Whether it says so."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
