"""Who owns what, in the store. Every function works inside a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.many import execute_many
from hub.store.memory_tables import facts
from hub.store.upsert import Upsert, replacing
from routing.memory import Fact, Kind
from routing.ocpi import PartyId

_REMEMBER: Final = Upsert(facts, replacing("other", "value", "expires_at"))


async def remember(connection: AsyncConnection, rows: Sequence[Fact]) -> None:
    """Write facts; each replaces the one of its kind, key and owner."""
    # in one order on every node, so that two of them never wait for each other
    await execute_many(connection, _REMEMBER.on(connection), map(_values, sorted(rows, key=lambda row: row.place)))


async def of_key(connection: AsyncConnection, kind: Kind, key: str) -> list[Fact]:
    """What is known under a key."""
    found = await connection.execute(select(facts).where(facts.c.kind == kind.value, facts.c.key == key))
    return [
        Fact(
            kind=kind,
            key=row.key,
            owner=PartyId.parse(row.owner),
            other=PartyId.parse(row.other) if row.other else None,
            value=row.value,
            expires_at=row.expires_at,
        )
        for row in found
    ]


async def forget_expired(connection: AsyncConnection, now: float, *, at_most: int) -> int:
    """Delete facts whose time is over at `now` (epoch seconds), so many at most; how many there were."""
    primary = (facts.c.kind, facts.c.key, facts.c.owner)
    old = (await connection.execute(select(*primary).where(facts.c.expires_at < now).limit(at_most))).all()
    if old:
        await connection.execute(
            delete(facts).where(tuple_(*primary).in_([tuple(row) for row in old]), facts.c.expires_at < now)
        )
    return len(old)


def _values(row: Fact) -> dict[str, Any]:
    return {
        "kind": row.kind.value,
        "key": row.key,
        "owner": row.owner.folded,
        "other": row.other.folded if row.other else "",
        "value": row.value,
        "expires_at": row.expires_at,
    }
