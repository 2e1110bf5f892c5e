"""What the journal tells of one exchange."""

from __future__ import annotations

from typing import Any

from hub.lifecycle import Hub
from hub.store import journal as stored
from hub.store.journal import Wanted
from hub.testing import Exchange
from routing.journey import Direction
from tests.stories.waiting import until


async def legs_out(hub: Hub, sent: Exchange) -> list[Any]:
    """The calls of a journey as the journal has them, by receiver and method."""
    await until(lambda: not hub.journal.waiting)
    async with hub.store.read() as connection:
        wanted = Wanted(correlation_id=sent.sent["X-Correlation-ID"])
        ((journey,), *_) = await stored.journeys(connection, wanted)
    legs = [leg for leg in journey.legs if leg.direction == Direction.OUT]
    return sorted(legs, key=lambda leg: (leg.receiver, leg.method))
