"""When platforms were last heard of, and what follows from silence. Inside a transaction of the caller's.

A status changes only from where OCPI lets it: CONNECTED to OFFLINE and back (routing reference, section 6, States).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store import pulls
from hub.store.many import execute_many
from hub.store.registry import bump
from hub.store.tables import platforms
from routing.ocpi import ConnectionStatus

AHEAD_S = 3600.0
"""What was heard so much later than now was heard before the clock was set back: it is no sign of life."""


async def heard(connection: AsyncConnection, times: Mapping[str, float]) -> None:
    """Note when platforms were heard of (epoch seconds); a later time of another node stays."""
    known = func.coalesce(platforms.c.last_seen_at, 0.0)
    is_later = or_(known < bindparam("at"), known > bindparam("at") + AHEAD_S)
    later = update(platforms).where(platforms.c.id == bindparam("platform"), is_later)
    values = ({"platform": platform_id, "at": at} for platform_id, at in times.items())
    await execute_many(connection, later.values(last_seen_at=bindparam("at")), values)


async def to_check(connection: AsyncConnection, silent_since: float, now: float) -> list[str]:
    """The registered platforms that were not heard of since this time, and all that are offline."""
    heard_at = func.coalesce(platforms.c.last_seen_at, 0.0)
    is_silent = and_(
        platforms.c.status == ConnectionStatus.CONNECTED, or_(heard_at < silent_since, heard_at > now + AHEAD_S)
    )
    found = await connection.scalars(
        select(platforms.c.id)
        .where(or_(is_silent, platforms.c.status == ConnectionStatus.OFFLINE), platforms.c.token_out.is_not(None))
        .order_by(platforms.c.last_seen_at)
    )
    return list(found)


async def went_offline(connection: AsyncConnection, platform_id: str, error: Mapping[str, Any]) -> bool:
    """CONNECTED to OFFLINE, with what the admin is to read; False where it is not connected (any more)."""
    return await _turned(
        connection, platform_id, ConnectionStatus.CONNECTED, status=ConnectionStatus.OFFLINE, last_error=dict(error)
    )


async def came_back(connection: AsyncConnection, platform_id: str, at: float) -> bool:
    """OFFLINE to CONNECTED, and what it publishes is pulled; False where it is not offline (any more), or not
    registered.
    """
    turned = await _turned(
        connection,
        platform_id,
        ConnectionStatus.OFFLINE,
        status=ConnectionStatus.CONNECTED,
        last_error=None,
        last_seen_at=at,
    )
    if turned:
        await pulls.hurry(connection, platform_id, at)
    return turned


async def _turned(connection: AsyncConnection, platform_id: str, before: ConnectionStatus, **values: Any) -> bool:
    revision = await bump(connection)  # first, as everybody does: two changes never wait for each other
    turned = await connection.execute(
        update(platforms)
        .where(platforms.c.id == platform_id, platforms.c.status == before, platforms.c.token_out.is_not(None))
        .values(**values, updated_at=time.time(), revision=revision)
    )
    return bool(turned.rowcount)
