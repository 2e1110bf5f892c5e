"""One batch of what the hub learnt, written: changes laid over the copies they change, facts beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store import copies, facts
from hub.store.engine import Store
from routing.copies import applied
from routing.errors import Untranslatable
from routing.memory import EVERYBODY, Change, Fact, Stored

TRIES: Final = 5

Place = tuple[str, str, str, str]
"""A copy: owner, key, kind, audience."""


class Conflict(Exception):
    """Another node wrote the same new objects at the same time, again and again; nothing was written."""


async def write(store: Store, changes: Sequence[Change], learnt: Sequence[Fact]) -> int:
    """Write a batch; how many changes fitted no copy. Raises StoreUnavailable or Conflict."""
    for _ in range(TRIES):
        try:
            async with store.write() as connection:
                lost = 0
                for module, rows in groupby(sorted(changes, key=_module), key=_module):
                    lost += await _change(connection, module, list(rows))
                await facts.remember(connection, learnt)
                return lost
        except IntegrityError:
            continue  # it is there now, and will be found
    raise Conflict("the same new objects were written by another node")


_module = attrgetter("module")


async def _change(connection: AsyncConnection, module: str, changes: list[Change]) -> int:
    """Lay changes over the copies of one module, in their order."""
    keys = {(change.key, change.owner.folded) for change in changes}
    before: dict[Place, Stored] = {place_of(row): row for row in await copies.of_keys(connection, module, keys)}
    after: dict[Place, Stored] = dict(before)
    lost = sum(not lay(after, change) for change in changes)
    await copies.save(
        connection,
        module,
        new=[row for place, row in after.items() if place not in before],
        changed=[row for place, row in after.items() if place in before and row is not before[place]],
        gone=[row for place, row in before.items() if place not in after],
    )
    return lost


def lay(state: dict[Place, Stored], change: Change) -> bool:
    """Lay a change over copies, by their places; whether there was anything to lay it over."""
    fitted = change.method == "DELETE"
    for place in _places(state, change):
        copy = state.get(place) or _of_everybody(state, place)
        try:
            result = applied(copy, change)
        except Untranslatable:
            continue
        if result is None:
            state.pop(place, None)
        else:
            state[place] = result
            fitted = True
    return fitted


def _places(state: Iterable[Place], change: Change) -> list[Place]:
    """The copies that a change is of: one, or those of each kind where it does not say which.

    A whole object replaces one at most: what does not say which of several is none of them.
    """
    owner, key = change.owner.folded, change.key
    if change.kind is not None:
        return [(owner, key, change.kind, change.audience)]
    kinds = sorted({kind for at, of, kind, audience in state if at == owner and of == key})
    if change.method == "PUT" and len(kinds) > 1:
        return []
    return [(owner, key, kind, change.audience) for kind in kinds]


def _of_everybody(state: dict[Place, Stored], place: Place) -> Stored | None:
    """What was published, where nothing was sent to this party alone yet."""
    owner, key, kind, audience = place
    published = state.get((owner, key, kind, EVERYBODY)) if audience != EVERYBODY else None
    return replace(published, audience=audience, seq=0) if published else None


def place_of(row: Stored) -> Place:
    """Which copy this is."""
    return row.owner.folded, row.key, row.kind, row.audience
