"""Which platform's tokens are due to be renewed. A row is claimed, so that one node does it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import platforms
from routing.ocpi import ConnectionStatus

DAY_S: Final = 86_400.0


async def claim_due(connection: AsyncConnection, now: float, retry_s: float) -> str | None:
    """A connected platform whose tokens are older than its admin wants (times in epoch seconds); None if there is none.

    The claim ends by itself after `retry_s`: then whoever looks next tries again, unless the tokens were renewed.
    """
    last = func.coalesce(platforms.c.renewed_at, platforms.c.created_at)
    # what was renewed a day from now was renewed before the clock was set back
    is_old = (last + platforms.c.renew_days * DAY_S < now) | (last > now + DAY_S)
    is_due = (platforms.c.status == ConnectionStatus.CONNECTED) & platforms.c.renew_days.is_not(None) & is_old
    row = (await connection.execute(select(platforms).where(is_due).order_by(last).limit(1))).one_or_none()
    if row is None:
        return None
    mine = (platforms.c.id == row.id) & platforms.c.renewed_at.is_not_distinct_from(row.renewed_at)
    claimed = await connection.execute(
        update(platforms).where(mine).values(renewed_at=now - row.renew_days * DAY_S + retry_s)
    )
    return str(row.id) if claimed.rowcount else None
