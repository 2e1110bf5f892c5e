"""The hub's copies of objects in the store: read and written by the batch, and the questions that are asked of them.

Every function works inside a transaction of the caller's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, tuple_, update
from sqlalchemy import Row as SqlRow
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.many import execute_many
from hub.store.memory_tables import copies, copy_counts
from hub.store.upsert import Upsert
from routing.memory import EVERYBODY, Stored
from routing.ocpi import PartyId

MODULES: Final = tuple(copies)
COLUMNS: Final = tuple(field.name for field in fields(Stored) if field.name not in ("module", "seq"))


async def of_keys(connection: AsyncConnection, module: str, keys: Collection[tuple[str, str]]) -> list[Stored]:
    """Every copy of these (key, owner), locked until the transaction ends, where the store has such locks."""
    table = copies[module]
    # SQLite looks for a list of pairs in every row there is, unless an index leads it to the keys
    named = table.c.key.in_(sorted({key for key, _ in keys}))
    query = select(table).where(named, tuple_(table.c.key, table.c.owner).in_(sorted(keys))).order_by(table.c.seq)
    return [stored_of(module, row) for row in await connection.execute(query.with_for_update())]


async def of_object(connection: AsyncConnection, module: str, key: str, owner: str | None) -> list[Stored]:
    """Every copy of the objects of this key, of an owner or of any, published or not, of every kind."""
    table = copies[module]
    query = select(table).where(table.c.key == key)
    if owner is not None:
        query = query.where(table.c.owner == owner)
    return [stored_of(module, row) for row in await connection.execute(query)]


async def owners(connection: AsyncConnection, module: str, key: str, kind: str | None = None) -> list[str]:
    """Who has an object of this key, published or not."""
    table = copies[module]
    query = select(table.c.owner).where(table.c.key == key)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    return list((await connection.execute(query.distinct())).scalars())


async def of_contract(connection: AsyncConnection, contract: str, audiences: Collection[str]) -> list[Stored]:
    """The tokens of a contract; no more than a few."""
    table = copies["tokens"]
    query = select(table).where(table.c.contract == contract, table.c.contract != "")
    query = query.where(table.c.audience.in_(audiences)).order_by(table.c.arrived_at.desc()).limit(50)
    return [stored_of("tokens", row) for row in await connection.execute(query)]


async def save(
    connection: AsyncConnection,
    module: str,
    *,
    new: Sequence[Stored] = (),
    changed: Sequence[Stored] = (),
    gone: Sequence[Stored] = (),
) -> None:
    """Write what a batch made of copies. Raises IntegrityError where another node made one of the new ones first."""
    table = copies[module]
    await execute_many(connection, insert(table), map(_values, new))
    rows = ({"at_seq": row.seq, **_values(row)} for row in changed)
    await execute_many(connection, update(table).where(table.c.seq == bindparam("at_seq")), rows)
    if gone:
        await connection.execute(delete(table).where(table.c.seq.in_([row.seq for row in gone])))
    published = Counter(row.owner.folded for row in new if row.audience == EVERYBODY)
    published.subtract(row.owner.folded for row in gone if row.audience == EVERYBODY)
    await add_to_counts(connection, module, published)


_COUNT: Final = Upsert(copy_counts, lambda new: {"number": copy_counts.c.number + new.number})


async def add_to_counts(connection: AsyncConnection, module: str, by_owner: Mapping[str, int]) -> None:
    """Keep how many published copies each owner has."""
    rows = [
        {"module": module, "owner": owner, "number": number} for owner, number in sorted(by_owner.items()) if number
    ]
    await execute_many(connection, _COUNT.on(connection), rows)


async def counts(connection: AsyncConnection, module: str | None = None) -> dict[tuple[str, str], int]:
    """How many published copies there are, by module and owner."""
    query = select(copy_counts).where(copy_counts.c.number > 0)
    if module is not None:
        query = query.where(copy_counts.c.module == module)
    return {(row.module, row.owner): row.number for row in await connection.execute(query)}


async def forget(
    connection: AsyncConnection, module: str, owner: str, *, before: float | None = None, at_most: int = 500
) -> int:
    """Delete published copies of an owner that no full pull since `before` had and that have not arrived since
    (None: all of them, published or not), so many at most; how many were found.
    """
    table = copies[module]
    old: ColumnElement[bool] = table.c.owner == owner
    if before is not None:
        old &= (table.c.audience == EVERYBODY) & (table.c.pulled_at < before) & (table.c.arrived_at < before)
    found = (await connection.execute(select(table.c.seq, table.c.audience).where(old).limit(at_most))).all()
    if not found:
        return 0
    # said again, for what arrived at another node in between
    gone = delete(table).where(table.c.seq.in_([row.seq for row in found]), old).returning(table.c.audience)
    audiences = (await connection.execute(gone)).scalars().all()
    await add_to_counts(connection, module, {owner: -sum(audience == EVERYBODY for audience in audiences)})
    return len(found)


async def forget_private(connection: AsyncConnection, module: str, before: float, *, at_most: int = 500) -> int:
    """Delete what was sent to one party only and has not changed since (epoch seconds); how many there were."""
    table = copies[module]
    is_old = (table.c.audience != EVERYBODY) & (table.c.arrived_at < before)
    found = (await connection.scalars(select(table.c.seq).where(is_old).limit(at_most))).all()
    if found:  # said again, for what arrived at another node in between
        await connection.execute(delete(table).where(table.c.seq.in_(found), is_old))
    return len(found)


def _values(row: Stored) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in COLUMNS}
    return values | {"owner": row.owner.folded, "changed_at": max(row.last_updated, row.arrived_at)}


def stored_of(module: str, row: SqlRow[Any]) -> Stored:
    """A row as memory knows it."""
    return Stored(
        module=module,
        owner=PartyId.parse(row.owner),
        key=row.key,
        kind=row.kind,
        audience=row.audience,
        version=row.version,
        body=row.body,
        last_updated=row.last_updated,
        arrived_at=row.arrived_at,
        contract=row.contract,
        pulled_at=row.pulled_at,
        seq=row.seq,
    )
