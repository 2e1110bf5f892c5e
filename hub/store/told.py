"""The directory as it was last told by HubClientInfo, so that what is told next is what changed since.

Every function works inside a transaction of the caller's. Who changes rows holds the lock until the end of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, Select, delete, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.client_info_tables import client_info_told
from hub.store.many import execute_many
from hub.store.tables import counters, platforms
from hub.store.upsert import Upsert, replacing

SLICE: Final = 100
"""Rows that are read or written in a stretch, before requests get their turn."""
_COUNTER: Final = "client_info"
_FIRST: Final = text("INSERT INTO counters (name, value) VALUES ('client_info', 0) ON CONFLICT DO NOTHING")


class Kind(StrEnum):
    """What a row is of."""

    PLATFORM = "platform"
    PAIR = "pair"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One part of the directory, in whatever words `hub.told` has for it; since `gone_at` there is no such part."""

    kind: Kind
    name: str
    said: Any
    gone_at: float | None = None


async def lock(connection: AsyncConnection) -> int:
    """Let nobody else tell anything until this transaction ends; the last turn.

    Nodes of the version before have the same lock.
    """
    mine = update(counters).where(counters.c.name == _COUNTER).values(value=counters.c.value)
    if (await connection.execute(mine)).rowcount == 0:
        await connection.execute(_FIRST)
        await connection.execute(mine)
    return await last_turn(connection)


async def last_turn(connection: AsyncConnection) -> int:
    """How often something was told; 0 where nothing ever was."""
    return await connection.scalar(select(func.max(client_info_told.c.turn))) or 0


async def since(connection: AsyncConnection, turn: int) -> AsyncIterator[list[ToldRow]]:
    """What was told after a turn; everything after turn 0, without what is gone."""
    if turn:
        yield [_row(row) for row in await connection.execute(_all().where(client_info_told.c.turn > turn))]
        return
    key, last = client_info_told.primary_key, ("", "")
    while True:
        query = _all().where(tuple_(*key) > last).order_by(*key).limit(SLICE)
        rows = [_row(row) for row in await connection.execute(query)]
        if not rows:
            return
        last = (rows[-1].kind, rows[-1].name)
        yield rows


async def moments(connection: AsyncConnection) -> dict[str, float]:
    """When each platform was last changed (epoch seconds, to the millisecond)."""
    rows = await connection.execute(select(platforms.c.id, platforms.c.updated_at))
    return {row.id: round(row.updated_at, 3) for row in rows}


_KEEP: Final = Upsert(client_info_told, replacing("said", "turn", "gone_at"))


async def keep(connection: AsyncConnection, rows: Sequence[ToldRow], turn: int) -> None:
    """These were told, in this turn."""
    values = (
        {"kind": row.kind, "name": row.name, "said": row.said, "turn": turn, "gone_at": row.gone_at} for row in rows
    )
    await execute_many(connection, _KEEP.on(connection), values)


async def forget_gone(connection: AsyncConnection, before: float) -> None:
    """Let go of what has been gone since before this time."""
    await connection.execute(delete(client_info_told).where(client_info_told.c.gone_at < before))


def _all() -> Select[Any]:
    return select(client_info_told)


def _row(row: Row[Any]) -> ToldRow:
    return ToldRow(Kind(row.kind), row.name, row.said, row.gone_at)
