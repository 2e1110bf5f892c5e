"""Conformance checks, as far as they got. Every function works inside a transaction of the caller's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.check.report import Report, read_step, step_json
from hub.store.tables import checks

KEPT: Final = 20
"""Checks of one platform that are kept."""
STALLED_S: Final = 120.0
"""A check that has done nothing for so long is not running any more: its node died."""
RUNNING: Final = "running"
BROKEN_OFF: Final = "broken off"


async def add(connection: AsyncConnection, report: Report) -> None:
    """Keep a new check, and forget the oldest of its platform."""
    await connection.execute(
        insert(checks).values(
            id=report.id,
            platform_id=report.platform_id,
            platform_name=report.platform_name,
            party=report.party,
            version=report.version,
            actor=report.by,
            started_at=report.started_at,
            updated_at=report.started_at,
            ended_at=report.ended_at,
            status=report.status,
            topics=report.topics,
            topics_done=report.topics_done,
            steps="[]",
        )
    )
    newest = select(checks.c.id).where(checks.c.platform_id == report.platform_id)
    newest = newest.order_by(checks.c.started_at.desc(), checks.c.id.desc()).limit(KEPT)
    kept = list((await connection.execute(newest)).scalars())
    await connection.execute(delete(checks).where(checks.c.platform_id == report.platform_id, checks.c.id.not_in(kept)))


async def save(connection: AsyncConnection, report: Report, now: float) -> None:
    """Keep what was found so far."""
    await connection.execute(
        update(checks)
        .where(checks.c.id == report.id)
        .values(
            updated_at=now,
            ended_at=report.ended_at,
            status=report.status,
            topics_done=report.topics_done,
            steps=json.dumps([step_json(step) for step in report.steps]),
        )
    )


async def one(connection: AsyncConnection, check_id: str, now: float) -> Report | None:
    """A check with everything it found; None for an unknown one."""
    row = (await connection.execute(select(checks).where(checks.c.id == check_id))).one_or_none()
    return _report(row, now) if row is not None else None


async def page(
    connection: AsyncConnection, platform_id: str | None, before: tuple[float, str] | None, limit: int, now: float
) -> Sequence[Report]:
    """Checks newest first: of one platform or all, those before a place where one is given."""
    query = select(checks).order_by(checks.c.started_at.desc(), checks.c.id.desc()).limit(limit)
    if platform_id is not None:
        query = query.where(checks.c.platform_id == platform_id)
    if before is not None:
        at, check_id = before
        query = query.where((checks.c.started_at < at) | ((checks.c.started_at == at) & (checks.c.id < check_id)))
    return [_report(row, now) for row in await connection.execute(query)]


async def is_running(connection: AsyncConnection, platform_id: str, now: float) -> bool:
    """Whether a check of this platform is under way, on any node."""
    query = select(checks.c.id).where(
        checks.c.platform_id == platform_id, checks.c.status == RUNNING, checks.c.updated_at > now - STALLED_S
    )
    return (await connection.execute(query.limit(1))).first() is not None


def _report(row: object, now: float) -> Report:
    values = row._mapping  # type: ignore[attr-defined]
    is_stalled = values["status"] == RUNNING and values["updated_at"] <= now - STALLED_S
    return Report(
        id=values["id"],
        platform_id=values["platform_id"],
        platform_name=values["platform_name"],
        party=values["party"],
        version=values["version"],
        by=values["actor"],
        started_at=values["started_at"],
        ended_at=values["ended_at"],
        status=BROKEN_OFF if is_stalled else values["status"],
        topics=values["topics"],
        topics_done=values["topics_done"],
        steps=tuple(read_step(step) for step in json.loads(values["steps"])),
    )
