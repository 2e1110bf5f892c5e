"""One page of the published copies of a module, oldest first, by a cursor that no change underneath can shift.

An object's place is `seq`, given once when the hub first has it: a page begins after the last object of the page
before, so nothing that was there throughout is lost or repeated. Which index leads is said here, not left to the
planner: SQLite knows nothing of how many rows a condition keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, func, literal_column, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store import copies as stored
from hub.store.memory_tables import copies
from routing.memory import EVERYBODY, Page, Stored, Wanted

FEW_CHANGED: Final = 10_000
"""Up to so many recent changes are taken from the index of changes; a list of more is read in its own order."""
SPARSE: Final = 0.1
"""Below this share of all objects, a caller's few owners are read one by one."""
MAX_UNION: Final = 200


async def page(connection: AsyncConnection, wanted: Wanted) -> Page:
    """The page that is asked for; one row more is read, so that the end shows."""
    rows, total = await _rows(connection, wanted, {party.folded for party in wanted.owners})
    items = tuple(rows[: wanted.limit])
    return Page(items, total, is_last=len(rows) <= wanted.limit)


async def _rows(connection: AsyncConnection, wanted: Wanted, visible: set[str]) -> tuple[list[Stored], int]:
    counted = await stored.counts(connection, wanted.module)
    of_owners = {owner: number for (_, owner), number in counted.items() if owner in visible}
    owners = sorted(of_owners)
    if not owners:
        return [], 0
    table = copies[wanted.module]
    public = and_(table.c.audience == EVERYBODY, _is_of(connection, table, owners), *_between(table, wanted))
    if wanted.date_from is not None:
        recent = and_(public, table.c.changed_at >= wanted.date_from)
        changed = await _count(connection, recent, at_most=FEW_CHANGED + 1)
        if changed <= FEW_CHANGED:
            return await _of_changes(connection, table, recent, wanted), changed
    total = wanted.total
    if wanted.date_from is None and wanted.date_to is None:
        total = sum(of_owners.values())
    if total is None:
        total = await _count(connection, public)
    if sum(of_owners.values()) < SPARSE * sum(counted.values()):
        return await _of_few_owners(connection, table, owners, wanted), total
    query: Select[Any] = select(table).where(public, table.c.seq > wanted.after).order_by(table.c.seq)
    return await _read(connection, query, wanted), total


def _is_of(connection: AsyncConnection, table: Table, owners: list[str]) -> ColumnElement[bool]:
    """Whose it is, where these have most of what there is."""
    if connection.dialect.name != "sqlite":  # it knows that
        return table.c.owner.in_(owners)
    # +owner: the index by owner must not lead, for nearly all that there is would be looked at, and sorted, for a page
    owner: ColumnElement[str] = literal_column(f"+{table.name}.owner")
    return owner.in_(owners)


def _between(table: Table, wanted: Wanted) -> list[ColumnElement[bool]]:
    """`date_from` inclusive, `date_to` exclusive, on the owner's `last_updated`.

    An object that reached the hub late would fall between two windows of a caller who chains them: one that arrived
    within the window matches too.
    """
    windows: list[Sequence[ColumnElement[bool]]] = []
    for column in (table.c.last_updated, table.c.arrived_at):
        start = [column >= wanted.date_from] if wanted.date_from is not None else []
        end = [column < wanted.date_to] if wanted.date_to is not None else []
        windows.append([*start, *end])
    return [or_(and_(*windows[0]), and_(*windows[1]))] if windows[0] else []


async def _count(connection: AsyncConnection, condition: ColumnElement[bool], at_most: int | None = None) -> int:
    query: Select[Any] = select(literal_column("1")).where(condition)
    rows = (query.limit(at_most) if at_most else query).subquery()
    return (await connection.execute(select(func.count()).select_from(rows))).scalar_one()


async def _of_changes(
    connection: AsyncConnection, table: Table, recent: ColumnElement[bool], wanted: Wanted
) -> list[Stored]:
    # +seq: no index on seq may lead, for it would walk through all that did not change
    seq: ColumnElement[int] = literal_column(f"+{table.name}.seq")
    query: Select[Any] = select(table).where(recent, seq > wanted.after).order_by(seq)
    return await _read(connection, query, wanted)


async def _of_few_owners(connection: AsyncConnection, table: Table, owners: list[str], wanted: Wanted) -> list[Stored]:
    """The first objects of each owner, of which the first of all are taken."""
    depth = wanted.limit + 1 + (0 if wanted.after else wanted.offset)
    found: list[int] = []
    for at in range(0, len(owners), MAX_UNION):
        parts = [
            select(
                select(table.c.seq)
                .where(table.c.audience == EVERYBODY, table.c.owner == owner, table.c.seq > wanted.after)
                .where(*_between(table, wanted))
                .order_by(table.c.seq)
                .limit(depth)
                .subquery()
                .c.seq
            )
            for owner in owners[at : at + MAX_UNION]
        ]
        found += (await connection.execute(union_all(*parts))).scalars()
    first = sorted(found)[0 if wanted.after else wanted.offset :][: wanted.limit + 1]
    query: Select[Any] = select(table).where(table.c.seq.in_(first)).order_by(table.c.seq)
    return [stored.stored_of(wanted.module, row) for row in await connection.execute(query)]


async def _read(connection: AsyncConnection, query: Select[Any], wanted: Wanted) -> list[Stored]:
    query = query.limit(wanted.limit + 1)
    if wanted.offset and not wanted.after:
        query = query.offset(wanted.offset)
    return [stored.stored_of(wanted.module, row) for row in await connection.execute(query)]
