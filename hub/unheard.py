"""Parties that a receiver is about to be told of: their objects wait until it was, but not for ever.

Receivers may refuse objects of a party that they have not heard of (OCPI, HubClientInfo, CONNECTED).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

from routing.client_info import new_to
from routing.directory import Directory


@dataclass(slots=True, eq=False)
class Unheard:
    """A platform that others are about to be told of: what comes from there waits, but not for ever.

    Who that is becomes known when something comes: there may be thousands who listen.
    """

    platform_id: str
    before: Directory
    after: Directory
    ends_at: float
    told: set[str] = field(default_factory=set)
    """Viewers that have nothing to wait for (any more)."""
    waiting: dict[str, asyncio.Event] = field(default_factory=dict)

    @property
    def keys(self) -> frozenset[str]:
        """Its parties."""
        return frozenset(party.id.folded for party in self.after.platforms[self.platform_id].parties)

    def hold(self, viewer: str) -> Awaitable[None] | None:
        """What a message to this viewer must wait for."""
        if viewer in self.told:
            return None
        if viewer not in self.waiting:
            if not new_to(self.before, self.after, viewer, self.platform_id):
                self.told.add(viewer)
                return None
            self.waiting[viewer] = asyncio.Event()
        return self._wait(self.waiting[viewer])

    def release(self, viewer: str) -> None:
        """It was told, or is not waited for any longer."""
        self.told.add(viewer)
        if event := self.waiting.pop(viewer, None):
            event.set()

    async def _wait(self, told: asyncio.Event) -> None:
        try:
            async with asyncio.timeout_at(self.ends_at):
                await told.wait()
        except TimeoutError:
            return  # it was pushed, and not answered: that must not cost the party its traffic
