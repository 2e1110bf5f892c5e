"""Work that one node does for all: whoever claims it first does it. Inside a transaction of the caller's."""

from __future__ import annotations

from sqlalchemy import delete, or_, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.client_info_tables import claims

SKEW_S = 60.0
"""How far ahead another node's clock may be. What was begun later than that was begun before the clock was set back."""
_FIRST = text("INSERT INTO claims (name, at) VALUES (:name, :now) ON CONFLICT DO NOTHING")


async def claim(connection: AsyncConnection, name: str, *, now: float, every_s: float, at_once: bool = True) -> bool:
    """Whether this node is to do the work now: nobody began it in the last `every_s` seconds.

    What nobody ever began is due `at_once`, or else only after that time.
    """
    is_due = or_(claims.c.at <= now - every_s, claims.c.at > now + SKEW_S)
    due = update(claims).where(claims.c.name == name, is_due).values(at=now)
    if (await connection.execute(due)).rowcount:
        return True
    first = await connection.execute(_FIRST, {"name": name, "now": now})
    return at_once and first.rowcount > 0


async def forget(connection: AsyncConnection, name: str) -> None:
    """This work is no more."""
    await connection.execute(delete(claims).where(claims.c.name == name))
