"""What of HubClientInfo is kept for one platform alone, and what is still to be pushed.

Every function works inside a transaction of the caller's. Who changes rows holds the lock of `hub.store.told`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, and_, bindparam, case, delete, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.slices import slices
from hub.store.claims import SKEW_S
from hub.store.client_info_tables import client_info, client_info_pushes
from hub.store.many import execute_many
from hub.store.tables import platforms
from hub.store.upsert import upsert
from routing.ocpi import ConnectionStatus, PartyId, Role

Place = tuple[str, str, str]
"""A row: viewer, folded party, role."""

SLICE: Final = 100
"""Rows that are written in a stretch, before requests get their turn."""
TICK_S: Final = 0.001
"""Two changes are at least this far apart, however fast they follow each other."""


@dataclass(frozen=True, slots=True)
class InfoRow:
    """What one viewer is told of one party in one role. `updated_at` in epoch seconds, to the millisecond."""

    viewer: str
    party: PartyId
    role: Role
    status: ConnectionStatus
    platform_id: str
    updated_at: float
    is_gone: bool = False

    @property
    def place(self) -> Place:
        """What identifies it."""
        return self.viewer, self.party.folded, self.role


# --- what is of one viewer alone -------------------------------------------------------------------------------------


async def save(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """What these viewers see of these parties changed for them alone."""
    statement = upsert(connection, client_info)
    new, known = statement.excluded.updated_at, client_info.c.updated_at
    # where the clock was set back, two changes have two times all the same
    statement = statement.on_conflict_do_update(
        index_elements=list(client_info.primary_key),
        set_={**_news(statement), "updated_at": case((new > known, new), else_=known + TICK_S)},
    )
    await _in_slices(connection, statement, rows)


async def of_viewer(connection: AsyncConnection, viewer: str) -> list[InfoRow]:
    """What changed for this viewer alone."""
    return [_row(row) for row in await connection.execute(select(client_info).where(client_info.c.viewer == viewer))]


async def forget_gone(connection: AsyncConnection, before: float) -> None:
    """Let go of parties that have been gone since before this time."""
    await connection.execute(
        delete(client_info).where(client_info.c.is_gone.is_(True), client_info.c.updated_at < before)
    )


# --- what is to be pushed --------------------------------------------------------------------------------------------


async def post(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """Have these rows pushed to their viewers; what waits already of the same party and role is replaced."""
    statement = upsert(connection, client_info_pushes).values(claimed_until=0.0)
    await _in_slices(
        connection,
        statement.on_conflict_do_update(
            index_elements=list(client_info_pushes.primary_key),
            set_={**_news(statement), "updated_at": statement.excluded.updated_at},
        ),
        rows,
    )


async def find(connection: AsyncConnection, place: Place) -> InfoRow | None:
    """What waits to be pushed, as it is now."""
    found = await connection.execute(select(client_info_pushes).where(tuple_(*client_info_pushes.primary_key) == place))
    row = found.first()
    return _row(row) if row is not None else None


async def claim(connection: AsyncConnection, *, now: float, until: float, at_most: int) -> list[InfoRow]:
    """Take rows to push, oldest first, which no other node takes until then.

    What is claimed for much longer was claimed before the clock was set back, by a node that is no more.
    """
    claimed_until = client_info_pushes.c.claimed_until
    is_free = or_(claimed_until < now, claimed_until > until + SKEW_S)
    free = select(*client_info_pushes.primary_key).where(is_free).limit(at_most)
    taken = await connection.execute(
        update(client_info_pushes)
        .where(tuple_(*client_info_pushes.primary_key).in_(free), is_free)
        .values(claimed_until=until)
        .returning(client_info_pushes)
    )
    return sorted((_row(row) for row in taken), key=lambda row: row.updated_at)


async def pushed(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """These were pushed, or given up. What has changed in the meantime waits on, for whoever takes it next."""
    same = and_(*(column == bindparam(f"the_{column.name}") for column in client_info_pushes.primary_key))
    values = [place | {"the_time": row.updated_at} for place, row in zip(_places(rows), rows, strict=True)]
    unchanged = client_info_pushes.c.updated_at == bindparam("the_time")
    await execute_many(connection, delete(client_info_pushes).where(same, unchanged), values)
    await put_back(connection, rows)


async def put_back(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """These were claimed, but not pushed: another node may take them at once."""
    same = and_(*(column == bindparam(f"the_{column.name}") for column in client_info_pushes.primary_key))
    await execute_many(connection, update(client_info_pushes).where(same).values(claimed_until=0), _places(rows))


async def is_waiting(connection: AsyncConnection, keys: Collection[str] | None = None) -> bool:
    """Whether anything (or anything of these parties, folded) is still to be pushed."""
    query = select(client_info_pushes.c.key).limit(1)
    return (
        await connection.scalar(query if keys is None else query.where(client_info_pushes.c.key.in_(keys))) is not None
    )


async def waiting_of(connection: AsyncConnection, viewers: Collection[str], keys: Collection[str]) -> set[str]:
    """Which of these viewers are still to be told of one of these parties (folded)."""
    viewer, key = client_info_pushes.c.viewer, client_info_pushes.c.key
    return set(await connection.scalars(select(viewer).where(viewer.in_(viewers), key.in_(keys)))) if viewers else set()


def _news(statement: Any) -> dict[str, Any]:
    return {name: statement.excluded[name] for name in ("status", "platform_id", "is_gone")}


async def _in_slices(connection: AsyncConnection, statement: Any, rows: Sequence[InfoRow]) -> None:
    for some in slices(rows, SLICE):
        named = select(platforms.c.id).where(platforms.c.id.in_({row.viewer for row in some}))
        # another node may have removed a viewer that this one still has in its picture
        there = set(await connection.scalars(named.with_for_update(read=True, key_share=True)))
        if values := [_values(row) for row in some if row.viewer in there]:
            await connection.execute(statement, values)


def _places(rows: Iterable[InfoRow]) -> list[dict[str, Any]]:
    return [dict(zip(("the_viewer", "the_key", "the_role"), row.place, strict=True)) for row in rows]


def _values(row: InfoRow) -> dict[str, Any]:
    return {
        "viewer": row.viewer,
        "key": row.party.folded,
        "role": row.role,
        "country_code": row.party.country_code,
        "party_id": row.party.party_id,
        "status": row.status,
        "platform_id": row.platform_id,
        "updated_at": row.updated_at,
        "is_gone": row.is_gone,
    }


def _row(row: Row[Any]) -> InfoRow:
    return InfoRow(
        viewer=row.viewer,
        party=PartyId(row.country_code, row.party_id),
        role=Role(row.role),
        status=ConnectionStatus(row.status),
        platform_id=row.platform_id,
        updated_at=row.updated_at,
        is_gone=row.is_gone,
    )
