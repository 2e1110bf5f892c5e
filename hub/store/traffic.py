"""Traffic by the minute: counters beside the journal, so that a chart of a day reads a thousand rows, not a million.

Every function works inside a transaction of the caller's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.journal import LegRow
from hub.store.many import execute_many
from hub.store.tables import traffic_minutes
from hub.store.upsert import Upsert
from routing.journey import Direction, Outcome

ALL: Final = ""
"""In place of a platform: the hub as a whole."""
MINUTE_S: Final = 60
_COUNTS: Final = ("requests", "requests_refused", "requests_failed", "calls", "calls_refused", "calls_failed")

_ADD: Final = Upsert(traffic_minutes, lambda new: {name: traffic_minutes.c[name] + new[name] for name in _COUNTS})


@dataclass(slots=True)
class Traffic:
    """What went through: requests that came to the hub, and calls that it made to parties."""

    requests: int = 0
    requests_refused: int = 0
    requests_failed: int = 0
    calls: int = 0
    calls_refused: int = 0
    calls_failed: int = 0

    @property
    def error_rate(self) -> float | None:
        """The share of legs that did not go well; None where there were none."""
        total = self.requests + self.calls
        bad = self.requests_refused + self.requests_failed + self.calls_refused + self.calls_failed
        return bad / total if total else None


async def count(connection: AsyncConnection, rows: Iterable[LegRow]) -> None:
    """Add legs to the counters of their minute, of the hub and of their platform."""
    alike = Counter((int(row.at // MINUTE_S), row.platform_id, row.direction, row.outcome) for row in rows)
    found: dict[tuple[int, str], Traffic] = {}
    for (minute, platform_id, direction, outcome), number in alike.items():
        for place in {ALL, platform_id}:
            _add(found.setdefault((minute, place), Traffic()), direction, outcome, number)
    values = [
        {"minute": minute, "platform_id": place, **{name: getattr(traffic, name) for name in _COUNTS}}
        for (minute, place), traffic in sorted(found.items())  # in order: two nodes may add to the same rows
    ]
    await execute_many(connection, _ADD.on(connection), values)


async def by_minute(connection: AsyncConnection, since: float, platform_id: str = ALL) -> Mapping[int, Traffic]:
    """The traffic of the hub, or of one platform, by minute since the epoch."""
    columns = (traffic_minutes.c.minute, *(traffic_minutes.c[name] for name in _COUNTS))
    query = select(*columns).where(
        traffic_minutes.c.platform_id == platform_id, traffic_minutes.c.minute >= int(since // MINUTE_S)
    )
    return {row[0]: Traffic(*row[1:]) for row in await connection.execute(query)}


async def by_platform(
    connection: AsyncConnection, since: float, platforms: Sequence[str] | None = None
) -> Mapping[str, Traffic]:
    """The traffic of each platform that had any, or of these."""
    sums = [func.sum(traffic_minutes.c[name]) for name in _COUNTS]
    query = (
        select(traffic_minutes.c.platform_id, *sums)
        .where(traffic_minutes.c.minute >= int(since // MINUTE_S), traffic_minutes.c.platform_id != ALL)
        .group_by(traffic_minutes.c.platform_id)
    )
    if platforms is not None:
        query = query.where(traffic_minutes.c.platform_id.in_(platforms))
    return {row[0]: Traffic(*(int(value) for value in row[1:])) for row in await connection.execute(query)}


async def forget_before(connection: AsyncConnection, at: float) -> None:
    """Delete counters of minutes before this time (epoch seconds)."""
    await connection.execute(delete(traffic_minutes).where(traffic_minutes.c.minute < int(at // MINUTE_S)))


def _add(traffic: Traffic, direction: str, outcome: str, number: int) -> None:
    refused, failed = number * (outcome == Outcome.REFUSED), number * (outcome == Outcome.FAILED)
    if direction == Direction.IN:
        traffic.requests += number
        traffic.requests_refused += refused
        traffic.requests_failed += failed
    else:
        traffic.calls += number
        traffic.calls_refused += refused
        traffic.calls_failed += failed
