"""Tokens renewed by schedule, where the admin of the hub wants it (OCPI 2.2.1, Credentials: advised monthly)."""

from __future__ import annotations

import time
from typing import Final

import structlog

from hub.peer import StepFailed
from hub.platforms import Platforms, UnknownPlatform, WrongState
from hub.store import Store, renewals

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
        except (StepFailed, WrongState, UnknownPlatform) as failure:  # the admin reads it at the platform
            log.warning("tokens not renewed", platform=platform_id, reason=str(failure))
        else:
            renewed += 1
