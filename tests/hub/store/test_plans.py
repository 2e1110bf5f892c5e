"""What is asked of large tables is led by an index: SQLite reads every row of millions where a statement hides it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event

from hub.memory import StoredMemory, remembering
from hub.store import Store, client_info, journal, registration
from hub.store.client_info import InfoRow
from routing.memory import Kind, Wanted
from routing.ocpi import ConnectionStatus, PartyId, Role
from tests.hub.test_memory import location, put
from tests.routing.scene import CPO, OTHER_CPO, market

LARGE = re.compile(r"SCAN (copies_\w+|facts|client_info)\b")


@pytest.fixture
def store_kind() -> str:
    """PostgreSQL knows how many rows there are, and plans by that."""
    return "sqlite"


@asynccontextmanager
async def explained(store: Store) -> AsyncIterator[list[str]]:
    """The steps by which SQLite does what is asked inside."""
    asked: list[tuple[str, Any]] = []
    engines = (store._writer.sync_engine, store._reader.sync_engine)

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
            asked.append((statement, parameters[0] if executemany else parameters))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    steps: list[str] = []
    yield steps
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    async with store.read() as connection:
        for statement, parameters in asked:
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps += [f"{row[3]} for {statement}" for row in rows]
    assert steps


async def test_memory_never_reads_a_whole_table(store: Store) -> None:
    async with explained(store) as steps, remembering(StoredMemory(store, market), within_s=10) as memory:
        for number in range(3):
            memory.learn(put(f"/NL/TNM/L{number}", location(f"L{number}")), None, None)
        await memory.settled()
        for kind, *key in ((Kind.LOCATION, "L1"), (Kind.EVSE, "L1-1"), (Kind.TOKEN, "U", "RFID"), (Kind.CONTRACT, "C")):
            await memory.ties(kind, *key)
        for owners in ((CPO, OTHER_CPO), (OTHER_CPO,)):
            for more in ({}, {"after": 1}, {"date_from": 1.0}):
                await memory.page(Wanted("locations", owners, 2, **more))
        assert await memory.find("locations", ("L1",), CPO)
    assert [step for step in steps if LARGE.search(step)] == []


@pytest.mark.parametrize(
    ("asked", "led_by"),
    [
        ({"offset": 1}, "INTEGER PRIMARY KEY"),
        ({"after": 1}, "INTEGER PRIMARY KEY"),
        ({"date_from": 4e9}, "INDEX ix_copies_locations_changed_at"),
    ],
)
async def test_a_page_is_led_by_the_order_of_the_list_or_by_what_changed(
    store: Store, asked: dict[str, Any], led_by: str
) -> None:
    """Led by the owners it would look at nearly all objects for each page, and sort them."""
    async with remembering(StoredMemory(store, market), within_s=10) as memory:
        for number in range(3):
            memory.learn(put(f"/NL/TNM/L{number}", location(f"L{number}")), None, None)
        await memory.settled()
        async with explained(store) as steps:
            await memory.page(Wanted("locations", (CPO, OTHER_CPO), 2, **asked))
    led = [step.partition(" (")[0] for step in steps if "SEARCH copies_locations" in step]
    assert set(led) == {f"SEARCH copies_locations USING {led_by}"}


async def test_news_are_taken_without_reading_all_that_everybody_is_told(store: Store) -> None:
    async with store.write() as connection:
        for name in ("viewer", "other"):
            await registration.add_platform(connection, platform_id=name, name=name, roles=())
        parties = (PartyId("NL", "TNM"), PartyId("BE", "BEC"))
        rows = [InfoRow("viewer", party, Role.CPO, ConnectionStatus.CONNECTED, "other", 1.0) for party in parties]
        await client_info.post(connection, rows)
    async with explained(store) as steps, store.write() as connection:
        assert len(await client_info.claim(connection, now=1.0, until=2.0, at_most=10)) == len(rows)
    assert [step for step in steps if LARGE.search(step)] == []


@pytest.mark.parametrize(
    ("asked", "led_by"),
    [
        ({"outcome": "failed"}, "ix_legs_not_delivered"),
        ({"outcome": "refused", "since": 1.0}, "ix_legs_not_delivered"),
        ({"outcome": "delivered"}, "ix_legs_journey_id"),
        ({"module": "cdrs", "outcome": "failed"}, "ix_legs_module_journey_id_outcome"),
        ({"correlation_id": "c", "module": "cdrs"}, "ix_legs_correlation_id_journey_id"),
    ],
)
async def test_the_journal_is_led_by_its_most_telling_index(store: Store, asked: dict[str, Any], led_by: str) -> None:
    async with explained(store) as steps, store.read() as connection:
        await journal.journeys(connection, journal.Wanted(**asked))
    assert f"INDEX {led_by}" in steps[0]
