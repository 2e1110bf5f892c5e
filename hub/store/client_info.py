"""What each platform is told of others, and what of it is still to be pushed (HubClientInfo).

Every function works inside a transaction of the caller's. Who changes rows holds the lock until the end of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, and_, bindparam, delete, func, insert, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.client_info_tables import client_info, client_info_outbox, client_info_viewers
from hub.store.tables import counters, forgotten, platforms
from routing.ocpi import ConnectionStatus, PartyId, Role

Place = tuple[str, str, str]
"""A row: viewer, folded party, role."""

MAX_NAMED: Final = 2_000
"""More platforms or parties than these are not named one by one in a question: then all rows are read."""
_COUNTER: Final = "client_info"
_POLICY: Final = "client_info_policy"
_FIRST: Final = text("INSERT INTO counters (name, value) VALUES ('client_info', 0) ON CONFLICT DO NOTHING")
_POST: Final = text(
    "INSERT INTO client_info_outbox (viewer, key, role, updated_at, claimed_until) "
    "VALUES (:viewer, :key, :role, :updated_at, 0) "
    "ON CONFLICT (viewer, key, role) DO UPDATE SET updated_at = excluded.updated_at"
)
_FOLLOW: Final = text(
    "INSERT INTO client_info_viewers (viewer, listens) VALUES (:viewer, :listens) "
    "ON CONFLICT (viewer) DO UPDATE SET listens = excluded.listens"
)
_AT_ONCE: Final = 500
"""Rows that are written at a stretch, before requests get their turn."""


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows a viewer asks for: a window of time (from inclusive, to exclusive), and a page."""

    date_from: float | None
    date_to: float | None
    offset: int
    limit: int


# --- keeping the rows ------------------------------------------------------------------------------------------------


async def lock(connection: AsyncConnection) -> int:
    """Let nobody else change the rows until this transaction ends; the revision of the directory that they are of."""
    mine = update(counters).where(counters.c.name == _COUNTER).values(value=counters.c.value)
    if (await connection.execute(mine)).rowcount == 0:
        await connection.execute(_FIRST)
        await connection.execute(mine)
    return int(await connection.scalar(select(counters.c.value).where(counters.c.name == _COUNTER)) or 0)


async def are_of(connection: AsyncConnection, revision: int) -> None:
    """The rows are now of this revision of the directory."""
    await connection.execute(update(counters).where(counters.c.name == _COUNTER).values(value=revision))


async def is_new_policy(connection: AsyncConnection, needs_agreement: bool) -> bool:
    """Whether the rows were made under another policy; from now on they are of this one."""
    known = await connection.scalar(select(counters.c.value).where(counters.c.name == _POLICY))
    if known == int(needs_agreement):
        return False
    if known is None:
        await connection.execute(insert(counters).values(name=_POLICY, value=int(needs_agreement)))
        return needs_agreement
    await connection.execute(update(counters).where(counters.c.name == _POLICY).values(value=int(needs_agreement)))
    return True


async def changed_since(connection: AsyncConnection, revision: int) -> set[str]:
    """The platforms that changed or were removed after this revision of the directory."""
    changed = await connection.scalars(select(platforms.c.id).where(platforms.c.revision > revision))
    gone = await connection.scalars(select(forgotten.c.platform_id).where(forgotten.c.revision > revision))
    return {*changed, *gone}


async def moments(connection: AsyncConnection) -> dict[str, float]:
    """When each platform was last changed (epoch seconds)."""
    rows = await connection.execute(select(platforms.c.id, platforms.c.updated_at))
    return {row.id: row.updated_at for row in rows}


async def of_platforms(connection: AsyncConnection, ids: Collection[str]) -> list[InfoRow]:
    """The rows in which one of these platforms is told of others, or others are told of it."""
    query = select(client_info).where(client_info.c.viewer.in_(select(client_info_viewers.c.viewer)))
    if len(ids) <= MAX_NAMED:
        query = query.where(or_(client_info.c.viewer.in_(ids), client_info.c.platform_id.in_(ids)))
    return [_row(row) for row in await connection.execute(query)]


async def of_parties(connection: AsyncConnection, keys: Collection[str]) -> list[InfoRow]:
    """The rows in which anybody is told of one of these parties (folded ids)."""
    query = select(client_info).where(client_info.c.viewer.in_(select(client_info_viewers.c.viewer)))
    if len(keys) <= MAX_NAMED:
        query = query.where(client_info.c.key.in_(keys))
    return [_row(row) for row in await connection.execute(query)]


async def save(connection: AsyncConnection, new: Sequence[InfoRow], changed: Sequence[InfoRow]) -> None:
    """Add rows, and replace what others said."""
    for begin in range(0, len(new), _AT_ONCE):
        await connection.execute(insert(client_info), [_values(row) for row in new[begin : begin + _AT_ONCE]])
    if changed:
        same = and_(*(column == bindparam(f"the_{column.name}") for column in client_info.primary_key))
        values = [place | _changeable(row) for place, row in zip(_places(changed), changed, strict=True)]
        await connection.execute(update(client_info).where(same), values)


async def forget_gone(connection: AsyncConnection, before: float) -> None:
    """Let go of parties that have been gone since before this time."""
    await connection.execute(
        delete(client_info).where(client_info.c.is_gone.is_(True), client_info.c.updated_at < before)
    )


# --- reading them ----------------------------------------------------------------------------------------------------


async def page(connection: AsyncConnection, viewer: str, wanted: Wanted) -> tuple[list[InfoRow], int]:
    """One page of what a viewer is told, in a stable order, and how many rows there are on all pages.

    A party that is gone is only there for those who ask for a window of time: for them it is news that it is
    SUSPENDED. A complete list does not have it, and by that it is no longer valid (HubClientInfo, GET).
    """
    mine = [client_info.c.viewer == viewer]
    if wanted.date_from is None and wanted.date_to is None:
        mine.append(client_info.c.is_gone.is_(False))
    if wanted.date_from is not None:
        mine.append(client_info.c.updated_at >= wanted.date_from)
    if wanted.date_to is not None:
        mine.append(client_info.c.updated_at < wanted.date_to)
    total = await connection.scalar(select(func.count()).select_from(client_info).where(*mine))
    rows = await connection.execute(
        select(client_info)
        .where(*mine)
        .order_by(client_info.c.key, client_info.c.role)
        .offset(wanted.offset)
        .limit(wanted.limit)
    )
    return [_row(row) for row in rows], int(total or 0)


async def find(connection: AsyncConnection, place: Place) -> InfoRow | None:
    """One row as it is now."""
    found = await connection.execute(select(client_info).where(tuple_(*client_info.primary_key) == place))
    row = found.first()
    return _row(row) if row is not None else None


# --- what is to be pushed --------------------------------------------------------------------------------------------


async def followed(connection: AsyncConnection) -> dict[str, bool]:
    """The platforms that rows are kept for, and whether changes were pushed to them last time."""
    rows = await connection.execute(select(client_info_viewers.c.viewer, client_info_viewers.c.listens))
    return {row.viewer: row.listens for row in rows}


async def follow(connection: AsyncConnection, viewers: Mapping[str, bool]) -> None:
    """Keep rows for these from now on, and push changes to those that listen."""
    if viewers:
        values = [{"viewer": viewer, "listens": listens} for viewer, listens in viewers.items()]
        await connection.execute(_FOLLOW, values)


async def post(connection: AsyncConnection, rows: Iterable[InfoRow]) -> None:
    """Have these rows pushed to their viewers; what waits already of the same party and role is replaced."""
    if posted := [
        dict(zip(("viewer", "key", "role"), row.place, strict=True), updated_at=row.updated_at) for row in rows
    ]:
        await connection.execute(_POST, posted)


async def claim(connection: AsyncConnection, *, now: float, until: float, at_most: int) -> list[InfoRow]:
    """Take rows to push, which no other node takes until then."""
    free = select(*client_info_outbox.primary_key).where(client_info_outbox.c.claimed_until < now).limit(at_most)
    taken = await connection.execute(
        update(client_info_outbox)
        .where(tuple_(*client_info_outbox.primary_key).in_(free), client_info_outbox.c.claimed_until < now)
        .values(claimed_until=until)
        .returning(*client_info_outbox.primary_key)
    )
    places = [tuple(row) for row in taken]
    if not places:
        return []
    # SQLite looks for a list of triples in every row there is, unless an index leads it to some
    viewers, keys, _ = map(set, zip(*places, strict=True))
    named = client_info.c.viewer.in_(viewers), client_info.c.key.in_(keys)
    wanted = select(client_info).where(*named, tuple_(*client_info.primary_key).in_(places))
    return [_row(row) for row in await connection.execute(wanted.order_by(client_info.c.updated_at))]


async def pushed(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """These were pushed, or given up. What has changed in the meantime waits on, for whoever takes it next."""
    same = and_(*(column == bindparam(f"the_{column.name}") for column in client_info_outbox.primary_key))
    values = [place | {"the_time": row.updated_at} for place, row in zip(_places(rows), rows, strict=True)]
    unchanged = client_info_outbox.c.updated_at == bindparam("the_time")
    await connection.execute(delete(client_info_outbox).where(same, unchanged), values)
    await put_back(connection, rows)


async def put_back(connection: AsyncConnection, rows: Sequence[InfoRow]) -> None:
    """These were claimed, but not pushed: another node may take them at once."""
    same = and_(*(column == bindparam(f"the_{column.name}") for column in client_info_outbox.primary_key))
    await connection.execute(update(client_info_outbox).where(same).values(claimed_until=0), _places(rows))


async def waiting(connection: AsyncConnection) -> set[tuple[str, str]]:
    """Which viewers are still to be told of which parties (folded ids)."""
    rows = await connection.execute(select(client_info_outbox.c.viewer, client_info_outbox.c.key))
    return {(row.viewer, row.key) for row in rows}


def _places(rows: Iterable[InfoRow]) -> list[dict[str, Any]]:
    return [dict(zip(("the_viewer", "the_key", "the_role"), row.place, strict=True)) for row in rows]


def _values(row: InfoRow) -> dict[str, Any]:
    return {
        "viewer": row.viewer,
        "key": row.party.folded,
        "role": row.role,
        "country_code": row.party.country_code,
        "party_id": row.party.party_id,
        **_changeable(row),
    }


def _changeable(row: InfoRow) -> dict[str, Any]:
    return {
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
