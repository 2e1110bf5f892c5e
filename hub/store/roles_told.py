"""Which parties platforms were last told of in the hub's credentials. Inside a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.client_info_tables import roles_told
from hub.store.many import execute_many

_NOTE = text(
    "INSERT INTO roles_told (platform_id, digest) VALUES (:platform_id, :digest) "
    "ON CONFLICT (platform_id) DO UPDATE SET digest = excluded.digest"
)
_EXPECT = text("INSERT INTO roles_told (platform_id, digest) VALUES (:platform_id, '') ON CONFLICT DO NOTHING")


async def note(connection: AsyncConnection, platform_id: str, digest: str) -> None:
    """A platform was just told of these parties."""
    await connection.execute(_NOTE, {"platform_id": platform_id, "digest": digest})


async def expect(connection: AsyncConnection, platform_ids: Collection[str]) -> None:
    """It is not known what these were told: if that is still so with the next batch, they are told then.

    An exchange that is under way notes it when it is done.
    """
    await execute_many(connection, _EXPECT, ({"platform_id": platform_id} for platform_id in platform_ids))


async def every(connection: AsyncConnection) -> Mapping[str, str]:
    """What each platform was told, by platform."""
    found = await connection.execute(select(roles_told))
    return {row.platform_id: row.digest for row in found}
