"""Agreements between CPOs and eMSPs. Every function works inside a transaction of the caller's."""

from __future__ import annotations

import time

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.registry import bump
from hub.store.tables import agreements, parties, platforms
from routing.directory import Agreement
from routing.ocpi import PartyId


async def every(connection: AsyncConnection) -> list[Agreement]:
    """Every agreement, oldest first."""
    found = await connection.execute(select(agreements).order_by(agreements.c.created_at, agreements.c.id))
    return [
        Agreement(row.id, PartyId.parse(row.cpo), PartyId.parse(row.emsp), row.is_allowed, frozenset(row.modules))
        for row in found
    ]


async def add(connection: AsyncConnection, agreement: Agreement) -> None:
    """Record what the admin decided for a pair."""
    await _changed(connection, agreement.cpo.folded, agreement.emsp.folded)
    await connection.execute(
        insert(agreements).values(
            id=agreement.id,
            cpo=agreement.cpo.folded,
            emsp=agreement.emsp.folded,
            modules=sorted(agreement.modules),
            is_allowed=agreement.is_allowed,
            created_at=time.time(),
        )
    )


async def remove(connection: AsyncConnection, agreement_id: str) -> bool:
    """Forget an agreement; False for an unknown one."""
    found = await connection.execute(delete(agreements).where(agreements.c.id == agreement_id).returning(agreements))
    row = found.first()
    if row is None:
        return False
    await _changed(connection, row.cpo, row.emsp)
    return True


async def _changed(connection: AsyncConnection, *keys: str) -> None:
    """A change of the directory that concerns the platforms of these parties: what they are told of each other."""
    revision = await bump(connection)
    theirs = select(parties.c.platform_id).where(parties.c.key.in_(keys))
    await connection.execute(update(platforms).where(platforms.c.id.in_(theirs)).values(revision=revision))
