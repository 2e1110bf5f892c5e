"""How far each handshake came, step by step. Every function works inside a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import handshakes


@dataclass(frozen=True, slots=True)
class HandshakeRow:
    """The latest handshake with a platform. It outlives the platform where the hub's attempt to connect failed."""

    platform_id: str
    name: str
    is_outgoing: bool
    versions_url: str
    begun_at: float
    state: str
    """`running`, `connected` or `failed`."""
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What is known of each step, by its name: `at`, and where it failed `expected` and `came`."""


_NAMES = tuple(HandshakeRow.__slots__)


async def one(connection: AsyncConnection, platform_id: str, *, to_change: bool = False) -> HandshakeRow | None:
    """The handshake with this platform."""
    query = select(*(handshakes.c[name] for name in _NAMES)).where(handshakes.c.platform_id == platform_id)
    if to_change:
        query = query.with_for_update()
    found = (await connection.execute(query)).one_or_none()
    return HandshakeRow(*found) if found else None


async def save(connection: AsyncConnection, row: HandshakeRow) -> None:
    """Keep this in place of what was known before."""
    await forget(connection, row.platform_id)
    await connection.execute(insert(handshakes).values({name: getattr(row, name) for name in _NAMES}))


async def forget(connection: AsyncConnection, platform_id: str) -> None:
    """The platform was removed."""
    await connection.execute(delete(handshakes).where(handshakes.c.platform_id == platform_id))


async def forget_failed_before(connection: AsyncConnection, at: float) -> None:
    """Attempts of the hub that came to nothing are of no use any more after a while."""
    is_old = handshakes.c.begun_at < at
    await connection.execute(
        delete(handshakes).where(is_old, handshakes.c.state != "connected", handshakes.c.is_outgoing)
    )


async def failed_since(connection: AsyncConnection, at: float) -> Sequence[HandshakeRow]:
    """Attempts of the hub to connect that failed, the latest first."""
    query = select(*(handshakes.c[name] for name in _NAMES)).where(
        handshakes.c.state == "failed", handshakes.c.is_outgoing, handshakes.c.begun_at >= at
    )
    return [HandshakeRow(*row) for row in await connection.execute(query.order_by(handshakes.c.begun_at.desc()))]
