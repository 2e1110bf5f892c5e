"""Agreements between CPOs and eMSPs. Every function works inside a transaction of the caller's."""

from __future__ import annotations

import time

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.registry import bump
from hub.store.tables import agreements
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
    await bump(connection)
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
    await bump(connection)
    found = await connection.execute(delete(agreements).where(agreements.c.id == agreement_id))
    return found.rowcount > 0
