"""Admin keys, by fingerprint. Every function works inside a transaction of the caller's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import admin_keys


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as it is kept; the key itself is known to its holder only. Times are epoch seconds."""

    id: str
    name: str
    role: str
    created_at: float
    last_used_at: float | None
    revoked_at: float | None


_COLUMNS = tuple(admin_keys.c[name] for name in KeyRow.__slots__)


async def add(connection: AsyncConnection, *, key_id: str, name: str, role: str, fingerprint: bytes) -> KeyRow:
    """Accept a key from now on."""
    row = KeyRow(key_id, name, role, time.time(), None, None)
    await connection.execute(
        insert(admin_keys).values(
            id=row.id, name=row.name, role=row.role, fingerprint=fingerprint, created_at=row.created_at
        )
    )
    return row


async def by_fingerprint(connection: AsyncConnection, fingerprint: bytes) -> KeyRow | None:
    """The key with this fingerprint; None where there is none, or it was revoked."""
    query = select(*_COLUMNS).where(admin_keys.c.fingerprint == fingerprint, admin_keys.c.revoked_at.is_(None))
    found = (await connection.execute(query)).one_or_none()
    return KeyRow(*found) if found else None


async def every(connection: AsyncConnection) -> Sequence[KeyRow]:
    """Every key, revoked ones too, oldest first."""
    query = select(*_COLUMNS).order_by(admin_keys.c.created_at, admin_keys.c.id)
    return [KeyRow(*row) for row in await connection.execute(query)]


async def revoke(connection: AsyncConnection, key_id: str) -> KeyRow | None:
    """Stop accepting a key; the key as it was, None for an unknown one or one that was revoked before."""
    query = select(*_COLUMNS).where(admin_keys.c.id == key_id, admin_keys.c.revoked_at.is_(None))
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        return None
    await connection.execute(update(admin_keys).where(admin_keys.c.id == key_id).values(revoked_at=time.time()))
    return KeyRow(*found)


async def used(connection: AsyncConnection, key_id: str) -> None:
    """Note that a key was presented."""
    await connection.execute(update(admin_keys).where(admin_keys.c.id == key_id).values(last_used_at=time.time()))
