"""What shows of a platform's quirks in passing, kept so that the next message knows it."""

from __future__ import annotations

import asyncio

import structlog

from hub.core import Core
from hub.store import StoreUnavailable, audit, registry

log = structlog.get_logger(__name__)


class Particulars:
    """Writes learnt quirks to the registry, each once, beside the message that showed it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}

    def learnt(self, platform_id: str, quirk: str, value: object) -> None:
        """A platform showed a quirk. Returns at once; what an admin said about it stays."""
        key, platform = (platform_id, quirk), self._core.picture.directory.platforms.get(platform_id)
        if key not in self._under_way and platform is not None and quirk not in platform.quirks:
            task = asyncio.create_task(self._keep(platform_id, quirk, value), name=f"learning {quirk}")
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))

    async def close(self) -> None:
        """Wait for what is being written."""
        await asyncio.gather(*self._under_way.values())

    async def _keep(self, platform_id: str, quirk: str, value: object) -> None:
        try:
            async with self._core.store.write() as connection:
                row = await registry.row_to_change(connection, platform_id)
                if row is None or quirk in row.quirks:
                    return
                await registry.touch(connection, platform_id, quirks={**row.quirks, quirk: value})
                after = {"quirks": {quirk: value}}
                await audit.record(connection, actor="hub", action="learnt", subject=platform_id, after=after)
            await self._core.picture.refresh()
        except StoreUnavailable as error:
            log.warning("store unavailable", while_doing=f"learning {quirk}", reason=str(error))
