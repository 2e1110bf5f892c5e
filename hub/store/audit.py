"""The audit trail: who changed what, when, before and after; written in the transaction of the change itself."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import audit


async def record(
    connection: AsyncConnection, *, actor: str, action: str, subject: str, before: Any = None, after: Any = None
) -> None:
    """Write one row. `before` and `after` are JSON, and hold no secret."""
    await connection.execute(
        insert(audit).values(at=time.time(), actor=actor, action=action, subject=subject, before=before, after=after)
    )


async def page(connection: AsyncConnection, before_id: int | None, limit: int) -> Sequence[Mapping[str, Any]]:
    """Rows newest first, those before an id where one is given."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(audit.c.id < before_id)
    return [dict(row._mapping) for row in await connection.execute(query)]
