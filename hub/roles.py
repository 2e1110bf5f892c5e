"""Which parties a platform is told of in the hub's credentials: from 2.3.0 on a hub lists all that can be reached.

OCPI 2.3.0, Credentials, Credentials object. A platform is told again when they change, but in batches, since each
time renews its tokens (`hub.renewal`); how they are connected is never said here, but by HubClientInfo.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from hub.core import Core
from hub.store import roles_told
from hub.versions import own_credentials
from routing.directory import Platform
from routing.ocpi import ConnectionStatus


def digest_of(credentials: Mapping[str, Any]) -> str:
    """Credentials are told again when this is another: their parties and roles, in any order and spelling."""
    roles = sorted(f"{row['role']} {row['country_code']}{row['party_id']}".upper() for row in credentials["roles"])
    return hashlib.sha256("\n".join(roles).encode()).hexdigest()


async def note_told(core: Core, platform_id: str, credentials: Mapping[str, Any]) -> None:
    """These credentials were just given to a platform."""
    if "roles" in credentials:
        async with core.store.write() as connection:
            await roles_told.note(connection, platform_id, digest_of(credentials))


async def with_news(core: Core) -> list[Platform]:
    """The connected platforms whose credentials would list other parties now than they did."""
    listed = {
        platform.id: digest_of(own_credentials(core, platform.version, "", platform))
        for platform in core.picture.directory.platforms.values()
        if platform.status is ConnectionStatus.CONNECTED and platform.version and platform.version.has_hub_party_id
    }
    async with core.store.write() as connection:
        told = await roles_told.every(connection)
        await roles_told.expect(connection, listed.keys() - told.keys())
    platforms = core.picture.directory.platforms
    return [platforms[name] for name, digest in listed.items() if name in told and told[name] != digest]
