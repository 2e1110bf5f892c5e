"""How far a handshake came, kept in the store as it happens: an admin follows it on any node."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hub.store import Store, handshakes
from hub.store.handshakes import HandshakeRow

READS_VERSIONS: Final = "read versions"
READS_DETAILS: Final = "read version details"
STORE: Final = "store"

INCOMING: Final = (
    READS_VERSIONS,
    READS_DETAILS,
    "read credentials",
    "check roles",
    "GET versions",
    "choose version",
    "GET version details",
    "check endpoints",
    STORE,
)
"""What happens when a platform registers with the hub."""
OUTGOING: Final = (
    "GET versions",
    "choose version",
    "GET version details",
    "check endpoints",
    "POST credentials",
    "check roles",
    STORE,
)
"""What happens when the hub registers with a platform."""
KEPT_S: Final = 7 * 86_400.0
"""How long an attempt of the hub that failed can still be looked at."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The handshake with one platform. Raises StoreUnavailable in all its calls."""

    store: Store
    platform_id: str

    async def begin(self, name: str, *, is_outgoing: bool, versions_url: str = "") -> None:
        """A new attempt, in place of the one before."""
        async with self.store.write() as connection:
            await mark_begun(connection, self.platform_id, name, is_outgoing=is_outgoing, versions_url=versions_url)

    async def done(self, step: str) -> None:
        """A step went well, and with it those before. A step that comes again begins a new attempt from there."""
        async with self.store.write() as connection:
            await mark_done(connection, self.platform_id, step)

    async def failed(self, step: str, expected: str, came: str) -> None:
        """A step did not go well; the attempt ends with it."""
        async with self.store.write() as connection:
            row = await handshakes.one(connection, self.platform_id, to_change=True)
            if row is None or row.state == "connected":
                return
            kept = {name: value for name, value in row.steps.items() if "came" not in value}
            failure = {"at": time.time(), "expected": expected, "came": came}
            await handshakes.save(connection, replace(row, state="failed", steps=kept | {step: failure}))


async def mark_begun(
    connection: Any, platform_id: str, name: str, *, is_outgoing: bool, versions_url: str = ""
) -> None:
    """A new attempt, as part of a transaction that it must not outlive."""
    now = time.time()
    await handshakes.forget_failed_before(connection, now - KEPT_S)
    await handshakes.save(connection, HandshakeRow(platform_id, name, is_outgoing, versions_url, now, "running"))


async def mark_done(connection: Any, platform_id: str, step: str) -> None:
    """A step went well, as part of a transaction that it must not outlive."""
    row = await handshakes.one(connection, platform_id, to_change=True)
    if row is None or row.state == "connected" or step not in steps_of(row):
        return  # what comes after a handshake, like an update of tokens, is not part of it
    order = steps_of(row)
    before = order[: order.index(step)]
    kept = {name: value for name, value in row.steps.items() if name in before and "came" not in value}
    state = "connected" if step == STORE else "running"
    await handshakes.save(connection, replace(row, state=state, steps=kept | {step: {"at": time.time()}}))


def steps_of(row: HandshakeRow) -> tuple[str, ...]:
    """The steps of this handshake, in order."""
    return OUTGOING if row.is_outgoing else INCOMING


def failure_of(row: HandshakeRow) -> Mapping[str, Any] | None:
    """The step that failed, with `expected` and `came`."""
    return next(({"step": name, **step} for name, step in row.steps.items() if "came" in step), None)
