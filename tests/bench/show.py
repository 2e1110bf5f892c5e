"""What the benchmark found, for people: tables on a terminal, and Markdown for the README."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.findings import Figure, Part

HEADINGS = {
    "requests_per_s": "requests/s",
    "cpu_us": "CPU µs/request",
    "of_bare": "x bare",
    "of_a_put": "x a PUT",
    "added_p50_ms": "added p50 ms",
    "added_p99_ms": "added p99 ms",
    "rss_mb": "memory MB",
}
DIGITS = {
    "of_bare": 2,
    "of_a_put": 2,
    "added_p50_ms": 2,
    "added_p99_ms": 2,
    "p50_ms": 2,
    "p99_ms": 2,
    "seconds": 2,
    "load_s": 2,
    "cpu_s": 2,
    "load_cpu_s": 2,
    "stall_ms": 1,
    "stall_cpu_ms": 1,
    "of_small": 2,
    "resumed_in": 2,
    "resumed_out": 2,
    "of_peak": 2,
    "of_peak_by_cpu": 2,
}


def machine() -> str:
    """What it was measured on."""
    names = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = int(next((line.split()[1] for line in _lines("/proc/meminfo")), "0")) / 1e6
    return (
        f"{os.cpu_count()} cores of {names[0] if names else platform.machine()}, {memory:.0f} GB, "
        f"Python {platform.python_version()}, aiohttp {version('aiohttp')}"
    )


def today() -> str:
    """The month."""
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m}"


def tables(parts: Iterable[Part]) -> None:
    """On a terminal."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    for part in parts:
        columns = columns_of(part)
        if columns:
            grid = Table("", *(HEADINGS.get(name, name) for name in columns), title=part.name)
            for name, row in part.rows.items():
                grid.add_row(name, *(cell(column, row.get(column), spread=True) for column in columns))
            console.print(grid)
        for verdict in part.verdicts:
            sign = "[green]reached[/]" if verdict.is_reached else "[red]MISSED[/]"
            console.print(f"{sign}  {verdict.what}: {verdict.measured} (asked: {verdict.asked})")


def markdown(parts: Sequence[Part], command: str, plot: str) -> str:
    """For the README."""
    return "\n".join(_markdown(parts, command, plot))


def _markdown(parts: Sequence[Part], command: str, plot: str) -> Iterator[str]:
    yield (
        f"`{command}`, {today()}, on {machine()}, which others used at the same time: the process that is measured has "
        "one core, load generator and parties the other. CPU per request is what to compare; the figures are medians "
        "of interleaved rounds. The hub has everything on: authentication, decision, headers, journal, metrics, the "
        "check of objects, memory, admin door."
    )
    for part in parts:
        columns = [name for name in columns_of(part) if name not in ("failures", "p50_ms", "p99_ms")]
        if columns:
            yield ""
            yield f"| {part.name} | " + " | ".join(HEADINGS.get(name, name) for name in columns) + " |"
            yield "|---" * (len(columns) + 1) + "|"
        for name, row in part.rows.items():
            yield f"| {name} | " + " | ".join(cell(column, row.get(column)) for column in columns) + " |"
        if part.name == "routed":
            yield f"\n![CPU per request]({plot})"
    yield "\n| asked for | measured | |\n|---|---|---|"
    for verdict in (verdict for part in parts for verdict in part.verdicts):
        sign = "reached" if verdict.is_reached else "**missed**"
        yield f"| {verdict.what}: {verdict.asked} | {verdict.measured} | {sign} |"


def columns_of(part: Part) -> list[str]:
    """What was measured, in the order of the table."""
    return list(dict.fromkeys(name for row in part.rows.values() for name in row))


def cell(column: str, figure: Figure | None, *, spread: bool = False) -> str:
    """A figure, with its spread where there is room."""
    if figure is None or figure.median != figure.median:
        return ""
    digits = DIGITS.get(column, 0)
    text = f"{figure.median:,.{digits}f}"
    return f"{text} ({figure.low:,.{digits}f}-{figure.high:,.{digits}f})" if spread else text


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
