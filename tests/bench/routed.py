"""Directly routed requests: the hub beside a bare aiohttp proxy, nginx and the party itself, in interleaved rounds."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

from tests.bench import targets
from tests.bench.findings import Figure, Part, Verdict, at_most, rows_of
from tests.bench.load import closed_loop, open_loop, start_upstream
from tests.bench.targets import Target

CONNECTIONS: Final = 64
STEADY_RATE: Final = 200.0
STEADY_CONNECTIONS: Final = 16
WARM_UP: Final = 2000

Table = Mapping[str, Mapping[str, Figure]]


async def part(rounds: int, requests: int, seconds: float) -> Part:
    """Measure, and say whether the targets are reached."""
    server, upstream_port = await start_upstream()
    with ExitStack() as stack:
        found = [
            targets.direct(upstream_port),
            targets.nginx(stack, upstream_port),
            targets.bare_proxy(stack, upstream_port),
            targets.hub(stack, upstream_port),
        ]
        measured = [target for target in found if target is not None]
        for target in measured:
            await warm(target)
        rows = []
        for _ in range(rounds):
            each = {target.name: await one_round(target, requests, seconds) for target in measured}
            rows.append({name: beside(row, each) for name, row in each.items()})
    server.close()
    table = rows_of(rows)
    return Part("routed", table, verdicts(table))


async def warm(target: Target) -> None:
    """Let it open its connections and fill its caches."""
    await closed_loop(target.port, target.requests, connections=CONNECTIONS, total=WARM_UP)
    await target.rests()


async def cpu_us(target: Target, requests: int) -> tuple[float, float, int]:
    """Microseconds of CPU that a request costs, what is done after the answer with it; requests a second; failures."""
    before = target.cpu_s()
    closed = await closed_loop(target.port, target.requests, connections=CONNECTIONS, total=requests)
    await target.rests()
    return (target.cpu_s() - before) / requests * 1e6, requests / closed.wall_s, closed.failures


async def one_round(target: Target, requests: int, seconds: float) -> dict[str, float]:
    """One target: as much as it carries, then a fixed rate."""
    cpu, rate, failures = await cpu_us(target, requests)
    steady = await open_loop(
        target.port, target.requests, rate=STEADY_RATE, seconds=seconds, connections=STEADY_CONNECTIONS
    )
    return {
        "requests_per_s": rate,
        "cpu_us": cpu,
        "p50_ms": steady.quantile(0.5) * 1000,
        "p99_ms": steady.quantile(0.99) * 1000,
        "rss_mb": target.rss_mb(),
        "failures": float(failures + steady.failures),
    }


def beside(row: dict[str, float], each: dict[str, dict[str, float]]) -> dict[str, float]:
    """A row with what it is beside the others of its round: ratios hold where the machine is not quiet."""
    direct, bare = each["direct"], each["bare aiohttp proxy"]
    return {
        **row,
        "of_bare": row["cpu_us"] / bare["cpu_us"],
        "added_p50_ms": row["p50_ms"] - direct["p50_ms"],
        "added_p99_ms": row["p99_ms"] - direct["p99_ms"],
    }


def verdicts(table: Table) -> list[Verdict]:
    """The targets for routed requests."""
    hub, bare = table["hub"], table["bare aiohttp proxy"]
    p50, p99 = (hub[key].median / bare[key].median for key in ("added_p50_ms", "added_p99_ms"))
    return [
        at_most("CPU of a routed request", hub["of_bare"].median, 0.6, "x the bare proxy's"),
        at_most("added p50 at 200 requests/s", p50, 1.0, "x the bare proxy's"),
        at_most("added p99 at 200 requests/s", p99, 1.5, "x the bare proxy's"),
        at_most("requests that failed", hub["failures"].high, 0, "requests", 0),
    ]
