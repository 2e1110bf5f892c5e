"""Migrations from the first day: they make exactly the schema that the statements are written for."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

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


async def test_a_store_of_a_newer_node_is_good_enough(store: Store) -> None:
    """During an upgrade of nodes the old ones still run on the new schema."""
    async with store.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert await store.is_migrated()


def test_the_migrations_are_one_line() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
