"""`python -m tests.bench`: the hub beside a bare aiohttp proxy and the party itself, in interleaved rounds."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.load import closed_loop, open_loop, start_upstream

TICKS = os.sysconf("SC_CLK_TCK")
LOCATION = json.dumps({"id": "LOC1", "country_code": "NL", "party_id": "TNM", "text": "x" * 2950}).encode()


@dataclass(slots=True)
class Target:
    """Something to measure: a port, the requests it understands, and the process whose CPU counts."""

    name: str
    port: int
    requests: list[bytes]
    pid: int | None

    def cpu_s(self) -> float:
        """Seconds of CPU that the process used so far."""
        if self.pid is None:
            return float("nan")
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_mb(self) -> float:
        """Memory that the process holds."""
        if self.pid is None:
            return float("nan")
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def put(path: str, headers: dict[str, str], body: bytes = LOCATION) -> bytes:
    """A PUT as it goes over the wire."""
    lines = [
        f"PUT {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode() + body


@contextmanager
def process(*arguments: str) -> Iterator[tuple[str, int]]:
    """A measured process on the first core; its first line of output, and its pid."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True) as running:
        os.sched_setaffinity(running.pid, {0})
        assert running.stdout is not None
        try:
            yield running.stdout.readline(), running.pid
        finally:
            running.kill()


def routing_headers(to: str, token: str) -> dict[str, str]:
    """What a party sends with a request."""
    return {
        "Authorization": f"Token {token}",
        "X-Request-ID": "6b0c5ac8-1d3c-4c43-8a05-1b5d1bd2b9d4",
        "X-Correlation-ID": "6b0c5ac8-1d3c-4c43-8a05-1b5d1bd2b9d5",
        "OCPI-from-country-code": "NL",
        "OCPI-from-party-id": "TNM",
        "OCPI-to-country-code": to[:2],
        "OCPI-to-party-id": to[-3:],
    }


def start_targets(stack: ExitStack, upstream_port: int, platforms: int) -> list[Target]:
    """The party itself, the bare proxy, and the hub."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    bare_line, bare_pid = stack.enter_context(process("-m", "tests.bench.bare_proxy", str(upstream_port)))
    hub_line, hub_pid = stack.enter_context(
        process("-m", "tests.bench.hub_process", folder, str(upstream_port), str(platforms), "1")
    )
    said = json.loads(hub_line)
    path = "/ocpi/2.2.1/receiver/locations/NL/TNM/LOC1"
    # every request differs in its correlation id, as it does in the field
    requests = [
        put(path, {**routing_headers("DE000", said["token"]), "X-Correlation-ID": f"c{number}"})
        for number in range(997)
    ]
    return [
        Target("direct", upstream_port, requests, None),
        Target("bare aiohttp proxy", int(bare_line), requests, bare_pid),
        Target("hub", said["port"], requests, hub_pid),
    ]


async def measure(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Interleaved rounds of every target; medians."""
    os.sched_setaffinity(0, {1})
    server, upstream_port = await start_upstream()
    rows: dict[str, list[dict[str, float]]] = {}
    with ExitStack() as stack:
        targets = start_targets(stack, upstream_port, arguments.platforms)
        for target in targets:
            await closed_loop(target.port, target.requests, connections=64, total=1000)
        for _ in range(arguments.rounds):
            for target in targets:
                before = target.cpu_s()
                closed = await closed_loop(target.port, target.requests, connections=64, total=arguments.requests)
                cpu = target.cpu_s() - before
                steady = await open_loop(
                    target.port, target.requests, rate=arguments.rate, seconds=arguments.seconds, connections=16
                )
                rows.setdefault(target.name, []).append(
                    {
                        "requests_per_s": arguments.requests / closed.wall_s,
                        "cpu_us": cpu / arguments.requests * 1e6,
                        "p50_ms": steady.quantile(0.5) * 1000,
                        "p99_ms": steady.quantile(0.99) * 1000,
                        "rss_mb": target.rss_mb(),
                        "failures": float(closed.failures + steady.failures),
                    }
                )
    server.close()
    return {
        name: {key: statistics.median(row[key] for row in found) for key in found[0]} for name, found in rows.items()
    }


def show(result: dict[str, dict[str, float]]) -> None:
    """The table, with ratios against the bare proxy of the same run."""
    direct, bare = result["direct"], result["bare aiohttp proxy"]
    grid = Table(
        "target", "requests/s", "CPU µs/request", "of bare", "added p50 ms", "added p99 ms", "memory MB", "failed"
    )
    for name, row in result.items():
        grid.add_row(
            name,
            f"{row['requests_per_s']:.0f}",
            f"{row['cpu_us']:.0f}",
            f"{row['cpu_us'] / bare['cpu_us']:.2f}",
            f"{row['p50_ms'] - direct['p50_ms']:.2f}",
            f"{row['p99_ms'] - direct['p99_ms']:.2f}",
            f"{row['rss_mb']:.0f}",
            f"{row['failures']:.0f}",
        )
    Console().print(grid)


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--platforms", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = asyncio.run(measure(arguments))
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)


if __name__ == "__main__":
    main()
