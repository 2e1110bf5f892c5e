"""Conformance checks as the API tells them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from admin.journal_json import iso
from admin.words import Moment, Told
from hub.check import Report, Step, Verdict


class CheckCounts(Told):
    """How many steps ended how."""

    passed: int
    warned: int
    failed: int
    skipped: int


class CheckStep(Told):
    """One request of a check, or why it was not made."""

    name: str
    module: str
    interface: str
    verdict: Verdict
    asked: str = Field(description="Method and address; empty where nothing was asked.")
    expected: str
    source: str = Field(description="Where OCPI says so.")
    came: str
    remarks: list[str] = Field(description="What is not as it should be.")
    http: int | None
    ocpi: int | None
    ms: float | None


class CheckJson(Told):
    """A conformance check of a platform, in one line."""

    id: str
    platform: str
    platform_name: str
    party: str
    version: str
    by: str
    status: Literal["running", "done", "broken off"]
    verdict: Verdict | None = Field(description="The worst of its steps; null as long as there is none.")
    progress: float = Field(description="From 0 to 1.")
    counts: CheckCounts
    started_at: Moment
    ended_at: Moment | None


class CheckDetail(CheckJson):
    """A check with every step of it."""

    steps: list[CheckStep]


class CheckList(Told):
    """Checks, newest first."""

    items: list[CheckJson]
    next: str | None


def check_json(report: Report) -> CheckJson:
    """A check in one line."""
    counts = report.counts
    return CheckJson(
        id=report.id,
        platform=report.platform_id,
        platform_name=report.platform_name,
        party=report.party,
        version=report.version,
        by=report.by,
        status=report.status,
        verdict=report.verdict,
        progress=1.0 if report.status == "done" else round(report.topics_done / max(report.topics, 1), 3),
        counts=CheckCounts(
            passed=counts[Verdict.PASS],
            warned=counts[Verdict.WARN],
            failed=counts[Verdict.FAIL],
            skipped=counts[Verdict.SKIPPED],
        ),
        started_at=iso(report.started_at),
        ended_at=iso(report.ended_at) if report.ended_at else None,
    )


def check_detail(report: Report) -> CheckDetail:
    """A check with every step of it."""
    return CheckDetail(**check_json(report).model_dump(), steps=[_step(step) for step in report.steps])


def _step(step: Step) -> CheckStep:
    return CheckStep(
        name=step.name,
        module=step.module,
        interface=step.interface,
        verdict=step.verdict,
        asked=step.asked,
        expected=step.expected,
        source=step.source,
        came=step.came,
        remarks=list(step.remarks),
        http=step.http,
        ocpi=step.ocpi,
        ms=step.ms,
    )
