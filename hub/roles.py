"""Which parties a platform is told of in the hub's credentials: from 2.3.0 on a hub lists all that can be reached.

OCPI 2.3.0, Credentials, Credentials object. A platform is told again when they change, but in batches, since each
time renews its tokens (`hub.renewal`); how they are connected is never said here, but by HubClientInfo.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.core import Core
from hub.slices import slices
from hub.store import roles_told
from hub.versions import listed_roles, own_credentials
from routing.client_info import speaks_payments
from routing.directory import Directory, Platform
from routing.ocpi import VERSIONS, ConnectionStatus

SLICE: Final = 500
"""Parties that are looked at in a stretch, before requests get their turn."""


class Listed:
    """What credentials would list, worked out once as long as nobody comes or goes: for many it takes long."""

    def __init__(self) -> None:
        self._directory: Directory | None = None
        self._digests: dict[tuple[str, bool], str] = {}

    async def digest(self, core: Core, directory: Directory, viewer: Platform) -> str:
        """The digest of what the viewer's credentials would list."""
        if self._directory is not directory:
            if self._directory is None or not _has_same_parties(self._directory, directory):
                self._digests.clear()
            self._directory = directory
        key = viewer.id, speaks_payments(viewer)
        if key not in self._digests:
            self._digests[key] = await _digest(core, directory, viewer)
        return self._digests[key]


def digest_of(credentials: Mapping[str, Any]) -> str:
    """Credentials are told again when this is another: their parties and roles, in any order and spelling."""
    return _digest_of(f"{row['role']} {row['country_code']}{row['party_id']}" for row in credentials["roles"])


def _digest_of(roles: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(role.upper() for role in roles)).encode()).hexdigest()


async def _digest(core: Core, directory: Directory, viewer: Platform) -> str:
    """As `digest_of` the credentials, taking turns with requests."""
    found: set[str] = set()
    for some in slices(directory.parties if viewer.counterpart is None else (), SLICE):
        found |= {f"{role} {party.folded}" for party, role in listed_roles(directory, viewer, some)}
        await asyncio.sleep(0)
    if not found:  # nobody, or one counterpart: that is no work
        return digest_of(own_credentials(core, viewer.version or VERSIONS["2.3.0"], "", viewer))
    return _digest_of(found)


def _has_same_parties(before: Directory, after: Directory) -> bool:
    """Whether no credentials list anybody else for what changed."""
    if before.needs_agreement is not after.needs_agreement or before.platforms.keys() != after.platforms.keys():
        return False
    old = before.platforms
    moved = (
        row for row in after.platforms.values() if row is not old[row.id] and _listing(row) != _listing(old[row.id])
    )
    return next(moved, None) is None and not after.agreements.changed_since(before.agreements)


def _listing(platform: Platform) -> tuple[object, ...]:
    return platform.parties, platform.counterpart, platform.version


async def note_told(core: Core, platform_id: str, credentials: Mapping[str, Any]) -> None:
    """These credentials were just given to a platform."""
    if "roles" in credentials:
        async with core.store.write() as connection:
            await roles_told.note(connection, platform_id, digest_of(credentials))


async def with_news(core: Core, known: Listed) -> list[Platform]:
    """The connected platforms whose credentials would list other parties now than they did."""
    directory = core.picture.directory
    listed = {
        platform.id: await known.digest(core, directory, platform)
        for platform in directory.platforms.values()
        if platform.status is ConnectionStatus.CONNECTED and platform.version and platform.version.has_hub_party_id
    }
    async with core.store.write() as connection:
        told = await roles_told.every(connection)
        await roles_told.expect(connection, listed.keys() - told.keys())
    platforms = core.picture.directory.platforms
    return [platforms[name] for name, digest in listed.items() if name in told and told[name] != digest]
