"""`python -m tests.bench`: what the hub costs, beside baselines in the same run, and which targets that reaches.

All parts one after the other, or those that are named; `soak` alone runs for ten minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from tests.bench import directory, grown, overload, plot, pushed, routed, secured, show, soak, starting, told
from tests.bench.findings import Part
from tests.bench.targets import MEASURED_FROM

PLOT = Path(__file__).with_name("cpu_per_request.svg")

PARTS: dict[str, Callable[[argparse.Namespace], Awaitable[Part]]] = {
    "routed": lambda asked: routed.part(asked.rounds, asked.requests, asked.seconds),
    "broadcast": lambda asked: pushed.part(asked.rounds, asked.requests // 100),
    "flat": lambda asked: grown.part(asked.rounds, asked.requests),
    "directory": lambda asked: directory.part(asked.rounds),
    "told": lambda asked: told.part(asked.rounds),
    "start": lambda asked: starting.part(asked.rounds),
    "tls": lambda asked: secured.part(asked.rounds, asked.requests // 2),
    "overload": lambda asked: overload.part(asked.rounds),
}
SOAK = "soak"


async def measure(asked: argparse.Namespace) -> list[Part]:
    """Every part that is asked for."""
    os.sched_setaffinity(0, {MEASURED_FROM})
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed hub is compiled
    if asked.parts == [SOAK]:
        return [await soak.part(asked.minutes)]
    return [await PARTS[name](asked) for name in asked.parts or PARTS]


def draw(parts: list[Part]) -> None:
    """The plot beside this file."""
    for part in parts:
        if part.name == "routed":
            limit = part.rows["bare aiohttp proxy"]["cpu_us"].median * 0.6
            PLOT.write_text(plot.svg("CPU per routed request, µs", part.rows, "cpu_us", ("0.6 x bare", limit)))


def main() -> None:
    """Measure, and print tables, the README's Markdown, or JSON into a file."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (all where none is named), or {SOAK} alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=10_000, help="in each round")
    parser.add_argument("--seconds", type=float, default=10, help="at the fixed rate, in each round")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", action="store_true", help=f"write {PLOT.name} anew")
    parser.add_argument("--readme", action="store_true", help="print what the README shows")
    parser.add_argument("--minutes", type=float, default=10, help=f"of {SOAK}")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - {*PARTS} - ({SOAK} if asked.parts == [SOAK] else set()):
        parser.error(f"no such part, or not beside others: {', '.join(sorted(unknown))}")
    parts = asyncio.run(measure(asked))
    if asked.plot:
        draw(parts)
    if asked.json:
        found = {"machine": show.machine(), "parts": [asdict(part) for part in parts]}
        asked.json.write_text(json.dumps(found, indent=2))
    if asked.readme:
        print(show.markdown(parts, "python -m tests.bench", str(PLOT.relative_to(Path(__file__).parents[2]))))
    else:
        show.tables(parts)


if __name__ == "__main__":
    main()
