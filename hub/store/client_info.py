"""What of HubClientInfo is kept for one platform alone, and what is still to be pushed.

Every function works inside a transaction of the caller's. Who changes rows holds the lock of `hub.store.told`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, and_, bindparam, case, delete, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.slices import slices
from hub.store.claims import SKEW_S
from hub.store.client_info_tables import client_info, client_info_pushes
from hub.store.many import execute_many
from hub.store.tables import platforms
from hub.store.upsert import Upsert, replacing
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


def _later(new: Any) -> Any:
    """Where the clock was set back, two changes have two times all the same."""
    known = client_info.c.updated_at
    return case((new.updated_at > known, new.updated_at), else_=known + TICK_S)


_NEWS: Final = ("status", "platform_id", "is_gone")
_SAVE: Final = Upsert(client_info, lambda new: {**{name: new[name] for name in _NEWS}, "updated_at": _later(new)})


async def save(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """What these viewers see of these parties changed for them alone."""
    await _in_slices(connection, _SAVE.on(connection), rows)


async def of_viewer(connection: AsyncConnection, viewer: str) -> list[InfoRow]:
    """What changed for this viewer alone."""
    return [_row(row) for row in await connection.execute(select(client_info).where(client_info.c.viewer == viewer))]


async def forget_gone(connection: AsyncConnection, before: float) -> None:
    """Let go of parties that have been gone since before this time."""
    await connection.execute(
        delete(client_info).where(client_info.c.is_gone.is_(True), client_info.c.updated_at < before)
    )


# --- what is to be pushed --------------------------------------------------------------------------------------------


_POST: Final = Upsert(client_info_pushes, replacing(*_NEWS, "updated_at"))


async def post(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """Have these rows pushed to their viewers; what waits already of the same party and role is replaced."""
    await _in_slices(connection, _POST.on(connection), rows, claimed_until=0.0)


# built once: what SQLAlchemy makes of a statement waits for the garbage collector, and there are thousands of pushes
_SAME: Final = and_(*(column == bindparam(f"the_{column.name}") for column in client_info_pushes.primary_key))
_IS_FREE: Final = or_(
    client_info_pushes.c.claimed_until < bindparam("now"), client_info_pushes.c.claimed_until > bindparam("skewed")
)
_FREE: Final = select(*client_info_pushes.primary_key).where(_IS_FREE).limit(bindparam("at_most"))
_ONE: Final = select(client_info_pushes).where(_SAME)
_ANY: Final = select(client_info_pushes.c.key).limit(1)
_CLAIM: Final = (
    update(client_info_pushes)
    .where(tuple_(*client_info_pushes.primary_key).in_(_FREE), _IS_FREE)
    .values(claimed_until=bindparam("until"))
    .returning(client_info_pushes)
)
_PUSHED: Final = delete(client_info_pushes).where(_SAME, client_info_pushes.c.updated_at == bindparam("the_time"))
_PUT_BACK: Final = update(client_info_pushes).where(_SAME).values(claimed_until=0)


async def find(connection: AsyncConnection, place: Place) -> InfoRow | None:
    """What waits to be pushed, as it is now."""
    row = (await connection.execute(_ONE, _named(place))).first()
    return _row(row) if row is not None else None


async def claim(connection: AsyncConnection, *, now: float, until: float, at_most: int) -> list[InfoRow]:
    """Take rows to push, oldest first, which no other node takes until then.

    What is claimed for much longer was claimed before the clock was set back, by a node that is no more.
    """
    given = {"now": now, "until": until, "skewed": until + SKEW_S, "at_most": at_most}
    taken = await connection.execute(_CLAIM, given)
    return sorted((_row(row) for row in taken), key=lambda row: row.updated_at)


async def pushed(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """These were pushed, or given up. What has changed in the meantime waits on, for whoever takes it next."""
    await execute_many(connection, _PUSHED, ({**_named(row.place), "the_time": row.updated_at} for row in rows))
    await put_back(connection, rows)


async def put_back(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """These were claimed, but not pushed: another node may take them at once."""
    await execute_many(connection, _PUT_BACK, (_named(row.place) for row in rows))


async def is_waiting(connection: AsyncConnection, keys: Collection[str] | None = None) -> bool:
    """Whether anything (or anything of these parties, folded) is still to be pushed."""
    query = _ANY if keys is None else _ANY.where(client_info_pushes.c.key.in_(keys))
    return await connection.scalar(query) is not None


async def waiting_of(connection: AsyncConnection, viewers: Collection[str], keys: Collection[str]) -> set[str]:
    """Which of these viewers are still to be told of one of these parties (folded)."""
    viewer, key = client_info_pushes.c.viewer, client_info_pushes.c.key
    return set(await connection.scalars(select(viewer).where(viewer.in_(viewers), key.in_(keys)))) if viewers else set()


async def _in_slices(connection: AsyncConnection, statement: Any, rows: Sequence[InfoRow], **more: Any) -> None:
    for some in slices(rows, SLICE):
        named = select(platforms.c.id).where(platforms.c.id.in_({row.viewer for row in some}))
        # another node may have removed a viewer that this one still has in its picture
        there = set(await connection.scalars(named.with_for_update(read=True, key_share=True)))
        if values := [{**_values(row), **more} for row in some if row.viewer in there]:
            await connection.execute(statement, values)


def _named(place: Place) -> dict[str, Any]:
    return dict(zip(("the_viewer", "the_key", "the_role"), place, strict=True))


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
