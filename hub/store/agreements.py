"""Agreements between CPOs and eMSPs. Every function works inside a transaction of the caller's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Select, Table, delete, func, insert, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.registry import bump
from hub.store.tables import agreements, agreements_removed, parties, platforms
from hub.store.upsert import Upsert, replacing
from routing.agreements import Agreement, Agreements, Pair, by_pair
from routing.ocpi import PartyId, party_named

SLICE: Final = 1_000
"""Agreements that are read in a stretch, before requests get their turn."""
_OLDEST_FIRST: Final = (agreements.c.created_at, agreements.c.id)


async def every(connection: AsyncConnection) -> list[Agreement]:
    """Every agreement, oldest first."""
    found: list[tuple[float, str, Agreement]] = []
    last = ""
    while True:
        page = select(agreements).where(agreements.c.id > last).order_by(agreements.c.id).limit(SLICE)
        rows = (await connection.execute(page)).all()
        if not rows:
            return [agreement for *_, agreement in sorted(found)]
        found += [(row.created_at, row.id, _agreement(row)) for row in rows]
        last = rows[-1].id
        await asyncio.sleep(0)


async def one(connection: AsyncConnection, agreement_id: str) -> Agreement | None:
    """One agreement; None for an unknown id."""
    row = (await connection.execute(_all().where(agreements.c.id == agreement_id))).first()
    return None if row is None else _agreement(row)


async def of_pair(connection: AsyncConnection, cpo: PartyId, emsp: PartyId) -> tuple[Agreement, ...]:
    """The agreements of one pair, oldest first."""
    found = await connection.execute(_all().where(agreements.c.cpo == cpo.folded, agreements.c.emsp == emsp.folded))
    return tuple(map(_agreement, found))


@dataclass(frozen=True, slots=True)
class Agreed:
    """The pairs whose agreements changed, each with those that it has now, and how many agreements there are in all."""

    pairs: Mapping[Pair, tuple[Agreement, ...]]
    count: int


async def changed_since(connection: AsyncConnection, revision: int, known: Agreements, known_count: int) -> Agreed:
    """What changed after this revision, against what was known then; all that there is after revision 0.

    A node of the version before leaves no trace of what it removes: then the number is another, and all are read.
    """
    if revision:
        pairs = await _since(connection, revision)
        expected = known_count + sum(len(rows) - len(known.get(pair, ())) for pair, rows in pairs.items())
        if await connection.scalar(select(func.count()).select_from(agreements)) == expected:
            return Agreed(pairs, expected)
    found = await every(connection)
    pairs = by_pair(found)
    return Agreed(dict.fromkeys(known.keys() - pairs.keys(), ()) | pairs, len(found))


async def _since(connection: AsyncConnection, revision: int) -> dict[Pair, tuple[Agreement, ...]]:
    """The agreements, oldest first, of each pair for which one was made or removed after this revision."""
    made = or_(agreements.c.revision > revision, agreements.c.revision.is_(None))
    removed = agreements_removed.c.revision > revision
    changed = union(_pairs(agreements).where(made), _pairs(agreements_removed).where(removed)).subquery()
    is_its = (agreements.c.cpo == changed.c.cpo) & (agreements.c.emsp == changed.c.emsp)
    columns = agreements, changed.c.cpo.label("one"), changed.c.emsp.label("other")
    found: dict[Pair, tuple[Agreement, ...]] = {}
    query = select(*columns).outerjoin_from(changed, agreements, is_its).order_by(*_OLDEST_FIRST)
    for row in await connection.execute(query):
        pair = _party(row.one), _party(row.other)
        found[pair] = (*found.get(pair, ()), *(() if row.id is None else (_agreement(row),)))
    return found


async def add(connection: AsyncConnection, agreement: Agreement) -> None:
    """Record what the admin decided for a pair."""
    revision = await _changed(connection, agreement.cpo.folded, agreement.emsp.folded)
    await connection.execute(
        insert(agreements).values(
            id=agreement.id,
            cpo=agreement.cpo.folded,
            emsp=agreement.emsp.folded,
            modules=sorted(agreement.modules),
            is_allowed=agreement.is_allowed,
            created_at=time.time(),
            revision=revision,
        )
    )


_REMOVED: Final = Upsert(agreements_removed, replacing("revision"))


async def remove(connection: AsyncConnection, agreement_id: str) -> bool:
    """Forget an agreement; False for an unknown one."""
    found = await connection.execute(delete(agreements).where(agreements.c.id == agreement_id).returning(agreements))
    row = found.first()
    if row is None:
        return False
    revision = await _changed(connection, row.cpo, row.emsp)
    removed = {"cpo": row.cpo, "emsp": row.emsp, "revision": revision}
    await connection.execute(_REMOVED.on(connection), removed)
    return True


async def _changed(connection: AsyncConnection, *keys: str) -> int:
    """A change of the directory that concerns the platforms of these parties: what they are told of each other."""
    revision = await bump(connection)
    theirs = select(parties.c.platform_id).where(parties.c.key.in_(keys))
    await connection.execute(update(platforms).where(platforms.c.id.in_(theirs)).values(revision=revision))
    # what nodes of the version before made is read once more, and then no longer at each change
    await connection.execute(update(agreements).where(agreements.c.revision.is_(None)).values(revision=revision))
    return revision


def _all() -> Select[Any]:
    return select(agreements).order_by(*_OLDEST_FIRST)


def _pairs(table: Table) -> Select[Any]:
    return select(table.c.cpo, table.c.emsp)


def _agreement(row: Sequence[Any]) -> Agreement:
    name, cpo, emsp, modules, is_allowed = row[:5]  # by place: there may be a hundred thousand
    return Agreement(name, _party(cpo), _party(emsp), is_allowed, frozenset(modules))


@lru_cache(maxsize=16_384)
def _party(key: str) -> PartyId:
    return party_named(key[:2], key[2:])
