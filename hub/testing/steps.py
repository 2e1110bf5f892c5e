"""A step of a story: one thing that was done, who did it, what came of it, and whether that is what OCPI asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.testing.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a story, and whether it did what OCPI asks."""

    number: int
    name: str
    sender: str
    receiver: str
    method: str
    path: str
    """Below the endpoint, the module first."""
    http_status: int | None
    ocpi_code: int | None
    """Both None where the answer is the hub's to see, as with what it pushes."""
    duration_ms: float
    detail: str = ""
    """What is wrong; empty where nothing is."""
    note: str = ""
    """What came of it, where the codes do not say it."""

    @property
    def ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.detail

    @property
    def request(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


Report = Callable[[Step], object]


class Telling:
    """Numbers the steps of a story and reports each; a step that fails is reported, and the story goes on."""

    def __init__(self, report: Report) -> None:
        self.steps: list[Step] = []
        self._report = report

    @property
    def is_good(self) -> bool:
        """Whether every step so far did what OCPI asks."""
        return all(step.ok for step in self.steps)

    def tell(
        self,
        name: str,
        ends: tuple[str, str],
        request: str,
        answer: Exchange | None = None,
        *,
        problem: str = "",
        note: str = "",
        ms: float = 0.0,
    ) -> None:
        """Report a step between these two; `ms` is how long it took where there is no answer that says so."""
        method, _, path = request.partition(" ")
        step = Step(
            number=len(self.steps) + 1,
            name=name,
            sender=ends[0],
            receiver=ends[1],
            method=method,
            path=path,
            http_status=answer.http if answer else None,
            ocpi_code=answer.status_code if answer else None,
            duration_ms=answer.ms if answer else ms,
            detail=problem,
            note=note,
        )
        self.steps.append(step)
        self._report(step)


def unexpected(answer: Exchange) -> str:
    """An answer's codes in words."""
    return f"HTTP {answer.http}, OCPI {answer.status_code} {answer.status_message}".strip()
