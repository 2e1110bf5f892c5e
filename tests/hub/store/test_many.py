"""Thousands of rows are written in pieces: SQLAlchemy prepares all of a statement's before anybody else has a turn."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from hub.store import Store, liveness, traffic
from hub.store.many import AT_ONCE
from tests.hub.store.test_journal_store import request

MANY = 1000


def longest(store: Store) -> list[int]:
    """How many rows each statement has that is executed from now on."""
    found: list[int] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if executemany:
            found.append(len(parameters))

    event.listen(store._writer.sync_engine, "before_cursor_execute", note)
    return found


async def test_who_was_heard_of(store: Store) -> None:
    found = longest(store)
    async with store.write() as connection:
        await liveness.heard(connection, {f"platform-{number}": 1.0 for number in range(MANY)})
    assert sum(found) == MANY
    assert max(found) == AT_ONCE


async def test_the_traffic_of_a_minute(store: Store) -> None:
    rows = [request(0, platform_id=f"platform-{number}")[0] for number in range(MANY)]
    found = longest(store)
    async with store.write() as connection:
        await traffic.count(connection, rows)
    assert sum(found) == MANY
    assert max(found) == AT_ONCE
