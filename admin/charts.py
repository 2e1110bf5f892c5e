"""Charts as paths of SVG: a line with its area for how much, bars for what went wrong. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

WIDTH: Final = 560
HEIGHT: Final = 150
LEFT: Final = 40
BOTTOM: Final = 20
TOP: Final = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on an axis."""

    x: float
    y: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart that a template draws."""

    line: str
    area: str
    bars: str
    grid: Sequence[Mark]
    ticks: Sequence[Mark]
    words: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def chart(values: Sequence[float], errors: Sequence[float], *, begins_at: float, step_s: float, words: str) -> Figure:
    """Values and errors per step, from a moment on (epoch seconds)."""
    top = ceiling(max([*values, *errors, 1]))
    base = HEIGHT - BOTTOM
    step = (WIDTH - LEFT) / max(len(values), 1)

    def y_of(value: float) -> float:
        return round(base - (base - TOP) * value / top, 1)

    points = [(round(LEFT + step * (place + 0.5), 1), y_of(value)) for place, value in enumerate(values)]
    line = "M" + "L".join(f"{x} {y}" for x, y in points) if points else ""
    area = f"{line}L{points[-1][0]} {base}L{points[0][0]} {base}Z" if points else ""
    bar = max(step * 0.7, 1.5)
    bars = "".join(
        f"M{LEFT + step * (place + 0.5) - bar / 2:.1f} {base}V{y_of(count)}h{bar:.1f}V{base}Z"
        for place, count in enumerate(errors)
        if count
    )
    grid = [Mark(0, y_of(value), _short(value)) for value in (0, top / 2, top)]
    return Figure(line, area, bars, grid, _ticks(begins_at, step_s * len(values)), words)


def ceiling(value: float) -> float:
    """The next round number: 1, 2, 4, 6, 8 or 10 times a power of ten, at least 2."""
    size = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return max(2.0, next(float(size * factor) for factor in (1, 2, 4, 6, 8, 10) if value <= size * factor))


def _ticks(begins_at: float, span_s: float) -> list[Mark]:
    every = next((each for each in (600, 900, 3600, 10_800, 14_400, 21_600) if span_s / each <= 7), 86_400)
    first = math.ceil(begins_at / every) * every
    marks = []
    for number in range(int((begins_at + span_s - first) // every) + 1):
        at = first + number * every
        x = LEFT + (WIDTH - LEFT) * (at - begins_at) / span_s
        if LEFT + 14 <= x <= WIDTH - 14:
            marks.append(Mark(round(x, 1), 0, datetime.fromtimestamp(at, UTC).strftime("%H:%M")))
    return marks


def _short(value: float) -> str:
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
