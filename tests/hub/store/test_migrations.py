"""Migrations from the first day: they make exactly the schema that the statements are written for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from hub.store import Store
from hub.store.engine import MIGRATIONS
from hub.store.tables import metadata


def _differences(connection: Connection) -> list[Any]:
    # SQLite gives defaults back in other words than they were given in
    options = {"compare_type": True, "compare_server_default": connection.dialect.name != "sqlite"}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))


async def test_a_migrated_store_has_the_tables_of_the_code(store: Store) -> None:
    async with store.read() as connection:
        assert await connection.run_sync(_differences) == []


async def test_migrating_is_done_once_and_can_be_repeated(blank_store_url: str) -> None:
    store = Store(blank_store_url)
    try:
        assert not await store.is_migrated()
        await store.migrate()
        assert await store.is_migrated()
        await store.migrate()
        assert await store.is_migrated()
    finally:
        await store.close()


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
async def test_nodes_that_start_together_on_an_empty_store_migrate_it_once(blank_store_url: str) -> None:
    stores = [Store(blank_store_url) for _ in range(3)]
    try:
        await asyncio.gather(*(store.migrate() for store in stores))
        assert await stores[0].is_migrated()
    finally:
        for store in stores:
            await store.close()


async def test_a_store_of_a_newer_node_is_good_enough(store: Store) -> None:
    """During an upgrade of nodes the old ones still run on the new schema."""
    async with store.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert await store.is_migrated()
    await store.migrate()  # a node that starts late leaves it as it is
    assert await store.is_migrated()


async def test_each_migration_leaves_a_schema_that_the_version_before_can_write(blank_store_url: str) -> None:
    """Nodes are upgraded one by one: the old ones insert rows without the new columns."""
    store = Store(blank_store_url)
    steps = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
    before: dict[str, set[str]] = {}
    try:
        for revision in steps:
            await store.migrate(revision)
            async with store.read() as connection:
                columns = await connection.run_sync(_columns)
            for table, known in before.items():
                assert known <= columns[table].keys(), f"{revision} takes columns away"
                new = [columns[table][name] for name in columns[table].keys() - known]
                must = [column["name"] for column in new if not (column["nullable"] or column["default"])]
                assert must == [], f"{revision}: an older node does not fill {table}.{must}"
            before = {table: set(found) for table, found in columns.items()}
    finally:
        await store.close()


def _columns(connection: Connection) -> dict[str, dict[str, Any]]:
    inspector = inspect(connection)
    return {
        table: {column["name"]: column for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
    }


def test_the_migrations_are_one_line() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
