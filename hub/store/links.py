"""Links in the store. Those waiting at the same moment share one transaction: a commit costs more than a row."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import delete, insert, select

from hub.store.engine import Store
from hub.store.tables import links
from routing.links import Link, LinkKind
from routing.ocpi import Interface, PartyId


class Links:
    """Saves links durably, a batch at a time, and finds them again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Link, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def save(self, link: Link) -> None:
        """Return when the link will survive this node. Raises StoreUnavailable."""
        saved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((link, saved))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="links")
        await saved

    async def find(self, link_id: str) -> Link | None:
        """The link of this id, None for an unknown one. Raises StoreUnavailable."""
        async with self._store.read() as connection:
            row = (await connection.execute(select(links).where(links.c.id == link_id))).one_or_none()
        if row is None:
            return None
        values = dict(row._mapping)
        values |= {
            "kind": LinkKind(row.kind),
            "interface": Interface(row.interface),
            "owner": PartyId.parse(row.owner),
            "user": PartyId.parse(row.user),
        }
        return Link(**values)

    async def forget_expired(self, now: float, *, at_most: int = 1000) -> int:
        """Delete links that ended before `now` (epoch seconds), a bounded step at a time; how many there were."""
        old = select(links.c.id).where(links.c.expires_at < now).limit(at_most)
        async with self._store.write() as connection:
            return (await connection.execute(delete(links).where(links.c.id.in_(old)))).rowcount

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                async with self._store.write() as connection:
                    await connection.execute(insert(links), [_values(link) for link, _ in batch])
            except Exception as error:  # whoever waits is told, whatever it was
                for _, saved in batch:
                    if not saved.done():
                        saved.set_exception(error)
            else:
                for _, saved in batch:
                    if not saved.done():
                        saved.set_result(None)


def _values(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "kind": link.kind,
        "url": link.url,
        "module": link.module,
        "interface": link.interface,
        "owner_platform": link.owner_platform,
        "owner": link.owner.folded,
        "user_platform": link.user_platform,
        "user": link.user.folded,
        "journey_id": link.journey_id,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
    }
