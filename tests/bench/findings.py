"""What a part of the benchmark found: figures with their spread, and which targets they reach."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured in several rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Figure:
        """The figure of these rounds."""
        found = list(values)
        return cls(statistics.median(found), min(found), max(found))


Row = Mapping[str, Figure]


def rows_of(rounds: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, Figure]]:
    """Rounds of targets with their values, as one row for each target."""
    return {
        name: {key: Figure.of(measured[name][key] for measured in rounds) for key in rounds[0][name]}
        for name in rounds[0]
    }


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target, and what was measured."""

    what: str
    asked: str
    measured: str
    is_reached: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the benchmark found."""

    name: str
    rows: Mapping[str, Row] = field(default_factory=dict)
    """By what was measured."""
    verdicts: Sequence[Verdict] = ()


def at_most(what: str, value: float, limit: float, unit: str, digits: int = 2) -> Verdict:
    """A target that is a limit."""
    return Verdict(what, f"at most {limit:g} {unit}", f"{value:.{digits}f} {unit}", value <= limit)
