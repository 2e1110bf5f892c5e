"""Credentials that the hub exchanges anew by itself: for a schedule of the admin's, and for parties that changed.

OCPI 2.2.1, Credentials: new tokens are advised monthly. OCPI 2.3.0, Credentials object: the parties that can be reached
through the hub are its roles; since each PUT renews both tokens, changes wait for the next batch.
"""

from __future__ import annotations

import time
from typing import Final

import structlog

from hub.core import Core
from hub.peer import StepFailed
from hub.platforms import Platforms, UnknownPlatform, WrongState
from hub.roles import Listed, with_news
from hub.store import Store, claims, renewals
from hub.store.registry import RoleTaken

log = structlog.get_logger(__name__)

LOOK_S: Final = 60.0
"""How often a node looks for tokens that are due."""
RETRY_S: Final = 6 * 3600.0
"""How long after a failure it is tried again."""


async def renew_due(store: Store, platforms: Platforms) -> int:
    """Renew the tokens of every platform that is due, one after the other; how many were. Raises StoreUnavailable."""
    renewed = 0
    while True:
        async with store.write() as connection:
            platform_id = await renewals.claim_due(connection, time.time(), RETRY_S)
        if platform_id is None:
            return renewed
        try:
            await platforms.rotate(platform_id, by="schedule")
        except RoleTaken as failure:  # the tokens are new, the roles stay: the admin reads it at the platform
            log.warning("roles not renewed", platform=platform_id, reason=str(failure))
            renewed += 1
        except (StepFailed, WrongState, UnknownPlatform) as failure:
            log.warning("tokens not renewed", platform=platform_id, reason=str(failure))
        else:
            renewed += 1


async def tell_changed_roles(core: Core, platforms: Platforms, known: Listed | None = None) -> int:
    """PUT credentials to each platform whose parties are not those that it was told of; how many were told.

    One node does it, at most once in `hub.roles_batch_s`. A failure waits for the next batch. Raises StoreUnavailable.
    """
    async with core.store.write() as connection:
        every_s = core.settings.hub.roles_batch_s
        if not await claims.claim(connection, "telling of roles", now=time.time(), every_s=every_s, at_once=False):
            return 0
    await core.picture.refresh()
    count = 0
    for platform in await with_news(core, known or Listed()):
        try:
            await platforms.rotate(platform.id, by="hub: the parties that it reaches changed")
        except (StepFailed, RoleTaken, WrongState, UnknownPlatform) as failure:  # the admin reads it at the platform
            log.warning("platform was not told of roles", platform=platform.id, reason=str(failure))
        else:
            count += 1
    return count
