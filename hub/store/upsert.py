"""An insert that may replace, in the words of whichever database there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


class Upsert:
    """Inserts a row or, where one with its primary key is there, changes that.

    Built once for each database: what SQLAlchemy makes of a statement waits for the garbage collector.
    """

    def __init__(
        self, table: Table, change: Callable[[Any], Mapping[str, Any]], where: Callable[[Any], Any] | None = None
    ) -> None:
        """`change` and `where` are given the row that is new (SQL's `excluded`)."""
        self._by_dialect: dict[str, Any] = {}
        for dialect, module in (("postgresql", postgresql), ("sqlite", sqlite)):
            insert = module.insert(table)
            self._by_dialect[dialect] = insert.on_conflict_do_update(
                index_elements=list(table.primary_key),
                set_=change(insert.excluded),
                where=where(insert.excluded) if where else None,
            )

    def on(self, connection: AsyncConnection) -> Any:
        """The statement."""
        return self._by_dialect[connection.dialect.name]


def replacing(*names: str) -> Callable[[Any], Mapping[str, Any]]:
    """These columns are those of the new row."""
    return lambda new: {name: new[name] for name in names}
