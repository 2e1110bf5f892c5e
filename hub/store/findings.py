"""What is wrong with what parties send, counted in the store.

Every function works inside a transaction of the caller's. What is personal was masked before it came here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import findings
from hub.store.upsert import Upsert


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One kind of mistake: who makes it, in which object, at which field (`evses[].uid`), against which rule."""

    platform_id: str
    module: str
    object_name: str
    field: str
    rule: str
    party: str
    version: str

    @property
    def id(self) -> str:
        """Short, and the same on every node."""
        key = "\n".join(getattr(self, name) for name in _NAMES)
        return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A mistake, how often it was seen and when (epoch seconds), in words, with the last example of it."""

    mistake: Mistake
    count: int
    first_at: float
    last_at: float
    message: str
    example: Mapping[str, Any]

    def plus(self, later: FindingRow) -> FindingRow:
        """Both together."""
        return FindingRow(
            self.mistake, self.count + later.count, self.first_at, later.last_at, later.message, later.example
        )


_NAMES = tuple(field.name for field in fields(Mistake))
_KEY = tuple(findings.c[name] for name in _NAMES)

_ADD: Final = Upsert(
    findings,
    lambda new: {
        "count": findings.c.count + new["count"],
        **{name: new[name] for name in ("last_at", "message", "example")},
    },
)


async def add(connection: AsyncConnection, rows: Sequence[FindingRow]) -> None:
    """Count these mistakes; two nodes may count the same one at the same moment."""
    # in one order on every node, so that none waits for a row that the other holds
    for row in sorted(rows, key=lambda row: row.mistake):
        values = {
            **{name: getattr(row.mistake, name) for name in _NAMES},
            "count": row.count,
            "first_at": row.first_at,
            "last_at": row.last_at,
            "message": row.message,
            "example": dict(row.example),
        }
        await connection.execute(_ADD.on(connection), values)


async def every(connection: AsyncConnection, platform_id: str) -> list[FindingRow]:
    """The mistakes of one platform, by module, object and field: there are no more of them than OCPI has rules."""
    query = select(findings).where(findings.c.platform_id == platform_id).order_by(*_KEY)
    return [
        FindingRow(
            Mistake(*(getattr(row, name) for name in _NAMES)),
            row._mapping["count"],
            row.first_at,
            row.last_at,
            row.message,
            row.example,
        )
        for row in await connection.execute(query)
    ]


async def forget(connection: AsyncConnection, platform_id: str) -> int:
    """Begin to count anew for a platform; how many kinds of mistakes there were."""
    return (await connection.execute(delete(findings).where(findings.c.platform_id == platform_id))).rowcount
