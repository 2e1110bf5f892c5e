"""The picture of who is connected, as this node has it: drawn from the store, swapped whole, never edited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from hub.store import Store, StoreUnavailable, agreements, registry
from hub.store.registry import PlatformRow
from hub.store.secrets import learn_master_keys, token_row
from hub.vault import Vault, VaultError
from routing.directory import Directory, Party, Platform, endpoints_of
from routing.ocpi import VERSIONS, PartyId

log = structlog.get_logger(__name__)

LOOK_AGAIN_S: Final = 0.05
"""The shortest time between two looks at the store for a miss: unknown tokens must not become a load on it."""
WATCH_S: Final = 0.5
"""How often a node looks for what other nodes changed."""

Follower = Callable[[Directory, Directory], Awaitable[None]]
"""Takes the picture before and after a change. It must not fail, and must not refresh the picture."""


class Picture:
    """Holds the directory, and draws the next one when the store's revision moved."""

    def __init__(self, store: Store, vault: Vault, hub: PartyId, *, needs_agreement: bool) -> None:
        self._store = store
        self._vault = vault
        self.directory: Directory = Directory(hub, needs_agreement=needs_agreement)
        self._agreed = 0
        self._followers: list[Follower] = []
        self._drawing = asyncio.Lock()
        self._looking = asyncio.Lock()
        self._looked_at = -LOOK_AGAIN_S
        self._look_failed: str | None = None

    async def refresh(self) -> bool:
        """Draw what is new in the store; whether there was anything. Raises StoreUnavailable."""
        async with self._drawing:
            before, known = self.directory, self.directory.revision
            async with self._store.read() as connection:
                revision = await registry.directory_revision(connection)
                if revision == known:
                    return False
                rows = await registry.platforms_since(connection, known)
                forgotten = await registry.forgotten_since(connection, known)
                agreed = await agreements.changed_since(connection, known, before.agreements, self._agreed)
                await learn_master_keys(connection, self._vault)
            self.directory = before.changed(
                [self._platform(row) for row in rows], forgotten=forgotten, pairs=agreed.pairs, revision=revision
            )
            self._agreed = agreed.count
            # each follower is called before anybody routes on the new picture, then all are waited for
            for settled in [follower(before, self.directory) for follower in self._followers]:
                await settled
            return True

    async def catch_up(self) -> None:
        """Draw what was just written. Where the store went away since, it is done nevertheless, and drawn later."""
        try:
            await self.refresh()
        except StoreUnavailable as error:
            log.warning("store unavailable", while_doing="drawing the directory", reason=str(error))

    def follow(self, follower: Follower) -> None:
        """Call this with each new picture, and wait for what it returns before `refresh` is done."""
        self._followers.append(follower)

    async def look_again(self) -> bool:
        """Whether the store knows more than the picture; asked before a miss is believed. Raises StoreUnavailable.

        Those who miss at the same time share one look, and looks are LOOK_AGAIN_S apart: whoever comes in between
        waits that long instead of being told no.
        """
        asked, seen = time.monotonic(), self.directory.revision
        async with self._looking:
            if self._looked_at < asked:
                await self._look()
        if self._look_failed is not None:
            raise StoreUnavailable(self._look_failed)
        return self.directory.revision != seen

    async def _look(self) -> None:
        await asyncio.sleep(max(0.0, self._looked_at + LOOK_AGAIN_S - time.monotonic()))
        began, self._look_failed = time.monotonic(), None
        try:
            await self.refresh()
        except StoreUnavailable as error:
            self._look_failed = str(error)
        self._looked_at = began  # only now: whoever shares a look that is cut off must look for himself

    def _platform(self, row: PlatformRow) -> Platform:
        try:
            token = None if row.token_out is None else self._vault.unseal(row.token_out, token_row(row.id))
        except VaultError as error:
            log.error("platform token does not open", platform=row.id, reason=str(error))
            token = None
        return Platform(
            id=row.id,
            name=row.name,
            status=row.status,
            version=VERSIONS.get(row.version or ""),
            token_out=token,
            endpoints=endpoints_of(row.endpoints),
            parties=tuple(
                Party(
                    id=role.id,
                    role=role.role,
                    platform_id=row.id,
                    name=str(role.business_details.get("name", "")),
                    website=role.business_details.get("website"),
                    is_suspended=role.is_suspended,
                )
                for role in row.roles
            ),
            quirks=row.quirks,
            versions_url=row.versions_url,
            is_hub=row.is_hub,
            counterpart=row.counterpart,
            allowed_networks=tuple(row.allowed_networks),
            rate_limit=row.rate_limit,
            client_certificates=tuple(row.client_certificates or ()),
            access=row.access,
        )
