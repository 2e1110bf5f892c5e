"""What the hub pulls of whom, and when: a row for each module and owner, claimed by one node at a time.

Every function works inside a transaction of the caller's. Times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.many import execute_many
from hub.store.memory_tables import pulls
from hub.store.tables import platforms
from hub.store.upsert import Upsert
from routing.ocpi import ConnectionStatus, PartyId

MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Source:
    """Whose objects of a module are pulled, where, in which version."""

    module: str
    owner: PartyId
    platform_id: str
    version: str

    @property
    def place(self) -> tuple[str, str]:
        """Its row."""
        return self.module, self.owner.folded


@dataclass(frozen=True, slots=True)
class PullRow:
    """How it stands with one source."""

    source: Source
    due_at: float
    full_at: float | None
    """When the last whole pull began; None where there was none yet."""
    since: float | None
    """Where the next one continues."""
    failures: int
    """Those since it last went well."""
    reason: str


async def owners(connection: AsyncConnection) -> set[PartyId]:
    """Everybody of whom something is pulled."""
    return {PartyId.parse(owner) for owner in await connection.scalars(select(pulls.c.owner).distinct())}


async def of_owners(connection: AsyncConnection, modules: Collection[str], owners: Iterable[PartyId]) -> list[PullRow]:
    """What is pulled of these."""
    query = select(pulls).where(pulls.c.module.in_(modules), pulls.c.owner.in_([owner.folded for owner in owners]))
    return [_row(row) for row in await connection.execute(query)]


_ANEW: Final = ("platform_id", "version", "due_at", "full_at", "since")
_EXPECT: Final = Upsert(
    pulls,
    lambda new: {**{name: new[name] for name in _ANEW}, "failures": 0},
    lambda new: or_(pulls.c.platform_id != new.platform_id, pulls.c.version != new.version),
)


async def expect(connection: AsyncConnection, sources: Sequence[tuple[Source, float]]) -> None:
    """Pull these whole at a time: they are new, or their platform or its version is another.

    Another node may have come first, and may be pulling: then its row stays.
    """
    rows = [
        {
            "module": source.module,
            "owner": source.owner.folded,
            "platform_id": source.platform_id,
            "version": source.version,
            "due_at": due_at,
            "claimed_until": 0.0,
            "full_at": None,
            "since": None,
            "failures": 0,
            "reason": "",
        }
        for source, due_at in sorted(sources, key=lambda pair: pair[0].place)
    ]
    await execute_many(connection, _EXPECT.on(connection), rows)


async def hurry(connection: AsyncConnection, platform_id: str, at: float) -> None:
    """Pull everything of this platform at this time: it is back. Once, in the transaction that says so."""
    await connection.execute(update(pulls).where(pulls.c.platform_id == platform_id).values(due_at=at))


async def forget(connection: AsyncConnection, source: Source) -> None:
    """Pull this no more."""
    await connection.execute(delete(pulls).where(_is(source)))


async def due(
    connection: AsyncConnection, now: float, limit: int, *, latest: float, busy: Collection[str] = ()
) -> list[PullRow]:
    """What is to be pulled now, the longest overdue first; what is due after `latest` was planned by a wrong clock.

    Nothing of platforms that are not connected, or that this node is busy with: they may be overdue for days.
    """
    there = select(platforms.c.id).where(platforms.c.status == ConnectionStatus.CONNECTED, platforms.c.id.not_in(busy))
    query = select(pulls).where(_is_free(now, latest), pulls.c.platform_id.in_(there))
    return [_row(row) for row in await connection.execute(query.order_by(pulls.c.due_at).limit(limit))]


async def claim(connection: AsyncConnection, source: Source, now: float, until: float, *, latest: float) -> bool:
    """Whether this node may do it, until a time; the others leave it alone."""
    open_ = and_(_is(source), _is_free(now, latest))
    return (await connection.execute(update(pulls).where(open_).values(claimed_until=until))).rowcount == 1


async def extend(connection: AsyncConnection, source: Source, until: float) -> None:
    """It takes longer."""
    await connection.execute(update(pulls).where(_is(source)).values(claimed_until=until))


async def went_well(
    connection: AsyncConnection, source: Source, *, due_at: float, since: float, full_at: float | None
) -> None:
    """It is done; `full_at` where it was a whole one."""
    values: dict[str, Any] = {"due_at": due_at, "since": since, "claimed_until": 0.0, "failures": 0, "reason": ""}
    if full_at is not None:
        values["full_at"] = full_at
    await connection.execute(update(pulls).where(_is(source)).values(values))


async def failed(connection: AsyncConnection, source: Source, *, due_at: float, reason: str) -> None:
    """It did not work; when it is tried again, and why it failed."""
    values = {"due_at": due_at, "claimed_until": 0.0, "reason": reason[:MAX_REASON], "failures": pulls.c.failures + 1}
    await connection.execute(update(pulls).where(_is(source)).values(values))


def _is_free(now: float, latest: float) -> ColumnElement[bool]:
    """It is due, and nobody is at it."""
    is_due = or_(pulls.c.due_at <= now, pulls.c.due_at > latest)
    return and_(is_due, or_(pulls.c.claimed_until < now, pulls.c.claimed_until > latest))


def _is(source: Source) -> ColumnElement[bool]:
    """The row, as long as it is of the same platform and version: a pull of the one before changes nothing."""
    is_same = and_(pulls.c.platform_id == source.platform_id, pulls.c.version == source.version)
    return and_(pulls.c.module == source.module, pulls.c.owner == source.owner.folded, is_same)


def _row(row: Any) -> PullRow:
    return PullRow(
        source=Source(row.module, PartyId.parse(row.owner), row.platform_id, row.version),
        due_at=row.due_at,
        full_at=row.full_at,
        since=row.since,
        failures=row.failures,
        reason=row.reason,
    )
