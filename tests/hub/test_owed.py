"""What is owed to a partner is written down when the store is there again, whoever waits for it."""

from __future__ import annotations

import asyncio

import pytest

from hub.owed import Owed
from hub.store import StoreUnavailable
from tests.stories.waiting import until


class Away:
    """Work on a store that is away, until it is back."""

    def __init__(self) -> None:
        self.is_back = False
        self.tries = 0

    async def work(self) -> str:
        self.tries += 1
        if not self.is_back:
            raise StoreUnavailable("away")
        return "done"


async def test_who_waits_is_told_when_it_is_done() -> None:
    owed, away = Owed(), Away()
    waiting = asyncio.create_task(owed.settle("it", away.work))
    await until(lambda: away.tries == 2)
    away.is_back = True
    assert await waiting == "done"
    await owed.close(0)


async def test_it_is_done_for_who_waits_no_longer() -> None:
    owed, away = Owed(patience_s=0), Away()
    with pytest.raises(StoreUnavailable, match="when the store is there again"):
        await owed.settle("it", away.work)
    gone = asyncio.create_task(owed.settle("it", away.work))
    await until(lambda: away.tries == 2)
    gone.cancel()
    away.is_back = True
    await owed.close(30)
    assert away.tries == 4


async def test_a_hub_that_stops_does_not_wait_for_ever() -> None:
    owed, away = Owed(patience_s=0), Away()
    with pytest.raises(StoreUnavailable):
        await owed.settle("it", away.work)
    await owed.close(0.01)
    tries = away.tries
    await asyncio.sleep(0)
    assert (tries, away.tries) == (1, 1)


async def test_what_cannot_be_is_told_and_not_tried_again() -> None:
    async def refused() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        await Owed().settle("it", refused)
