"""What a check finds: steps with a verdict each, and the report that they make. Plain data, no token in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a step ended, best first."""

    SKIPPED = "skipped"
    """Not tried, and why is said."""
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    """Against a SHOULD of OCPI, or something that the hub can live with."""
    FAIL = "fail"
    """Against a SHALL or a MUST of OCPI, or no answer that can be used."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is not as it should be."""

    verdict: Verdict
    text: str


def fail(text: str) -> Remark:
    """Against a SHALL or a MUST."""
    return Remark(Verdict.FAIL, text)


def warn(text: str) -> Remark:
    """Against a SHOULD."""
    return Remark(Verdict.WARN, text)


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a check: what was asked, what was expected, what came, and what is to be said about it."""

    name: str
    module: str
    interface: str
    asked: str
    expected: str
    source: str
    """Where OCPI says so."""
    came: str
    verdict: Verdict
    remarks: tuple[str, ...] = ()
    http: int | None = None
    ocpi: int | None = None
    ms: float | None = None


def worst_of(remarks: Iterable[Remark]) -> Verdict:
    """The verdict of a step that was tried."""
    found = {remark.verdict for remark in remarks}
    return next((verdict for verdict in (Verdict.FAIL, Verdict.WARN) if verdict in found), Verdict.PASS)


@dataclass(frozen=True, slots=True)
class Report:
    """A check with everything it found so far. Times in epoch seconds."""

    id: str
    platform_id: str
    platform_name: str
    party: str
    version: str
    by: str
    started_at: float
    ended_at: float | None
    status: str
    """`running`, `done`, or `broken off`."""
    topics: int
    topics_done: int
    steps: tuple[Step, ...]

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many steps ended how."""
        found = Counter(step.verdict for step in self.steps)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def verdict(self) -> Verdict | None:
        """The worst of all steps; None as long as there is none that was tried."""
        found = {step.verdict for step in self.steps}
        return next((v for v in (Verdict.FAIL, Verdict.WARN, Verdict.PASS) if v in found), None)

    @property
    def times_ms(self) -> tuple[float, float, float] | None:
        """The shortest, middle and longest answer; None where there was none."""
        found = sorted(step.ms for step in self.steps if step.ms is not None)
        return (found[0], found[len(found) // 2], found[-1]) if found else None


def step_json(step: Step) -> dict[str, Any]:
    """A step as it is kept."""
    return asdict(step)


def read_step(document: Mapping[str, Any]) -> Step:
    """A step as it was kept."""
    return Step(
        **{**document, "verdict": Verdict(document["verdict"]), "remarks": tuple(document.get("remarks") or ())}
    )
