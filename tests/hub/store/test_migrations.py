"""Migrations from the first day: they make exactly the schema that the statements are written for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
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
    """Nodes are upgraded one by one: the old ones write rows without the new columns, and know no new rules."""
    store = Store(blank_store_url)
    steps = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
    before: dict[str, Table] = {}
    try:
        for revision in steps:
            await store.migrate(revision)
            async with store.read() as connection:
                tables = await connection.run_sync(_tables)
            for name, old in before.items():
                assert name in tables, f"{revision} takes {name} away"
                assert breaks(old, tables[name]) == [], f"{revision} breaks {name} for the version before"
            before = tables
    finally:
        await store.close()


@dataclass(frozen=True, slots=True)
class Table:
    """What those who write into a table must know of it."""

    columns: Mapping[str, Mapping[str, Any]]
    rules: frozenset[tuple[str, ...]]
    """What must be unique, and what must be there in another table."""


def breaks(old: Table, new: Table) -> list[str]:
    """What a node that knows the old table cannot do with the new one."""
    found = [f"no column {name}" for name in old.columns.keys() - new.columns.keys()]
    for name, column in new.columns.items():
        known = old.columns.get(name)
        if known is None:
            if not (column["nullable"] or column["default"]):
                found.append(f"it does not fill {name}")
        elif known["nullable"] and not column["nullable"]:
            found.append(f"it may leave {name} empty")
        elif str(known["type"]) != str(column["type"]):
            found.append(f"{name} was {known['type']}, and is {column['type']}")
    return found + [f"it does not know the rule {' '.join(rule)}" for rule in new.rules - old.rules]


def _tables(connection: Connection) -> dict[str, Table]:
    inspector = inspect(connection)
    found = {}
    for name in inspector.get_table_names():
        unique = [row["column_names"] for row in inspector.get_unique_constraints(name)]
        unique += [row["column_names"] for row in inspector.get_indexes(name) if row["unique"]]
        rules = {("unique", *map(str, columns)) for columns in unique}
        rules |= {
            ("refers to", row["referred_table"], *row["constrained_columns"])
            for row in inspector.get_foreign_keys(name)
        }
        rules |= {("check", row["sqltext"]) for row in inspector.get_check_constraints(name)}
        rules.add(("key", *inspector.get_pk_constraint(name)["constrained_columns"]))
        found[name] = Table({column["name"]: column for column in inspector.get_columns(name)}, frozenset(rules))
    return found


def test_what_an_older_node_cannot_do_is_seen() -> None:
    def column(type_: str, *, nullable: bool, default: str | None = None) -> dict[str, Any]:
        return {"type": type_, "nullable": nullable, "default": default}

    old = Table({"a": column("TEXT", nullable=True), "b": column("TEXT", nullable=False)}, frozenset({("key", "b")}))
    may = {**old.columns, "c": column("TEXT", nullable=True), "d": column("TEXT", nullable=False, default="''")}
    assert breaks(old, Table(may, old.rules)) == []
    renamed = Table({"a": column("FLOAT", nullable=True), "c": column("TEXT", nullable=False)}, old.rules)
    assert breaks(old, renamed) == ["no column b", "a was TEXT, and is FLOAT", "it does not fill c"]
    stricter = Table({**old.columns, "a": column("TEXT", nullable=False)}, old.rules | {("unique", "a")})
    assert breaks(old, stricter) == ["it may leave a empty", "it does not know the rule unique a"]


def test_the_migrations_are_one_line() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
