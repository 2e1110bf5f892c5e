"""CPU per request as a plot, written as SVG by hand: a bar for each target, a line over it for the spread."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from tests.bench.findings import Figure, Row

WIDTH, LEFT, BAR, GAP, TOP = 720, 170, 26, 14, 40
COLOURS = {"hub": "#0b7285", "bare aiohttp proxy": "#868e96", "nginx": "#ced4da"}


def svg(title: str, rows: Mapping[str, Row], column: str, limit: tuple[str, float] | None = None) -> str:
    """A plot of one column; `limit` is a value to stay below, and what it is called."""
    bars = {name: row[column] for name, row in rows.items() if row[column].median == row[column].median}
    most = max([figure.high for figure in bars.values()] + ([limit[1]] if limit else [])) * 1.15
    scale = (WIDTH - LEFT - 80) / most
    height = TOP + len(bars) * (BAR + GAP) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" fill="#212529">{escape(title)}</text>',
        *(_bar(name, figure, TOP + place * (BAR + GAP), scale) for place, (name, figure) in enumerate(bars.items())),
    ]
    if limit:
        x = LEFT + limit[1] * scale
        parts.append(f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{TOP - 6}" y2="{height - 26}" stroke="#c92a2a"/>')
        parts.append(f'<text x="{x + 4:.0f}" y="{height - 12}" fill="#c92a2a">{escape(limit[0])}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _bar(name: str, figure: Figure, y: int, scale: float) -> str:
    end, low, high = (LEFT + value * scale for value in (figure.median, figure.low, figure.high))
    middle = y + BAR / 2
    return (
        f'<text x="{LEFT - 8}" y="{middle + 5:.0f}" text-anchor="end" fill="#212529">{escape(name)}</text>'
        f'<rect x="{LEFT}" y="{y}" width="{end - LEFT:.0f}" height="{BAR}" fill="{COLOURS.get(name, "#adb5bd")}"/>'
        f'<line x1="{low:.0f}" x2="{high:.0f}" y1="{middle:.0f}" y2="{middle:.0f}" stroke="#212529" stroke-width="2"/>'
        f'<text x="{max(end, high) + 6:.0f}" y="{middle + 5:.0f}" fill="#212529">{figure.median:.0f}</text>'
    )
