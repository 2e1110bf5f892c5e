"""One statement for many rows, in pieces: between them requests have their turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.slices import slices

AT_ONCE: Final = 100
"""Rows that SQLAlchemy prepares at a stretch, at some 20 µs each."""


async def execute_many(connection: AsyncConnection, statement: Executable, rows: Iterable[Mapping[str, Any]]) -> None:
    """Execute the statement for each of these rows; not at all where there is none."""
    for some in slices(rows, AT_ONCE):
        await connection.execute(statement, some)
