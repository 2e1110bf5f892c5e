"""The tokens that platforms may present, by fingerprint. Every function works inside a transaction of the caller's."""

from __future__ import annotations

import time

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import tokens
from routing.directory import Scope


async def add(
    connection: AsyncConnection,
    platform_id: str,
    fingerprint: bytes,
    scope: Scope,
    expires_at: float | None = None,
) -> None:
    """Accept a token of this platform from now on."""
    await connection.execute(
        insert(tokens).values(
            fingerprint=fingerprint,
            platform_id=platform_id,
            scope=scope,
            expires_at=expires_at,
            created_at=time.time(),
        )
    )


async def drop_all(connection: AsyncConnection, platform_id: str, *, scope: Scope | None = None) -> None:
    """Stop accepting the platform's tokens: all, or those of one scope."""
    where = tokens.c.platform_id == platform_id
    await connection.execute(delete(tokens).where(where if scope is None else where & (tokens.c.scope == scope)))


async def drop(connection: AsyncConnection, fingerprint: bytes) -> None:
    """Stop accepting one token."""
    await connection.execute(delete(tokens).where(tokens.c.fingerprint == fingerprint))


async def expire(connection: AsyncConnection, platform_id: str, expires_at: float) -> None:
    """Let the platform's full tokens end at a time (epoch seconds), for requests that are on their way."""
    await connection.execute(
        update(tokens)
        .where(tokens.c.platform_id == platform_id, tokens.c.scope == Scope.FULL, tokens.c.expires_at.is_(None))
        .values(expires_at=expires_at)
    )
    await connection.execute(
        delete(tokens).where(tokens.c.platform_id == platform_id, tokens.c.expires_at < time.time())
    )


async def widen(connection: AsyncConnection, fingerprint: bytes) -> None:
    """Let a token that was for the handshake only open everything, without an end."""
    await connection.execute(
        update(tokens).where(tokens.c.fingerprint == fingerprint).values(scope=Scope.FULL, expires_at=None)
    )
